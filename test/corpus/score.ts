// The figures of a corpus: precision, recall, exact sets, errors found where there are none, and time. It prints nothing.

import type { Held } from './hold-findings.ts';

export interface Scored {
  readonly held: Held;
  readonly faithful: boolean;
  readonly milliseconds: number;
}

export interface Figures {
  readonly subjects: number;
  readonly expected: number;
  readonly hits: number;
  readonly invented: number;
  readonly exact: number;
  readonly faithful: number;
  /** Findings of level error on faithful subjects. */
  readonly falseErrors: number;
  readonly precision: number;
  readonly recall: number;
  readonly exactShare: number;
  readonly medianMs: number;
  readonly worstMs: number;
}

export function score(scored: readonly Scored[]): Figures {
  const sum = (of: (s: Scored) => number) => scored.reduce((total, s) => total + of(s), 0);
  const hits = sum((s) => s.held.hits);
  const expected = hits + sum((s) => s.held.missed.length);
  const invented = sum((s) => s.held.invented.length);
  const exact = sum((s) => Number(s.held.exact));
  const times = scored.map((s) => s.milliseconds).sort((a, b) => a - b);
  return {
    subjects: scored.length,
    expected,
    hits,
    invented,
    exact,
    faithful: sum((s) => Number(s.faithful)),
    falseErrors: sum((s) => (s.faithful ? s.held.invented.length : 0)),
    precision: share(hits, hits + invented),
    recall: share(hits, expected),
    exactShare: share(exact, scored.length),
    medianMs: times[times.length >> 1] ?? Number.NaN,
    worstMs: times[times.length - 1] ?? Number.NaN,
  };
}

export function renderFigures(name: string, f: Figures): string {
  return [
    `${name}: ${f.subjects} subjects, ${f.expected} departures`,
    `  precision ${percent(f.precision)} (${f.hits} of ${f.hits + f.invented} found are true)`,
    `  recall    ${percent(f.recall)} (${f.hits} of ${f.expected} true are found)`,
    `  exact set ${percent(f.exactShare)} (${f.exact} of ${f.subjects} subjects, verdict and layer included)`,
    `  ${f.falseErrors} errors found on ${f.faithful} faithful subjects`,
    `  time ${Math.round(f.medianMs)} ms in the median, ${Math.round(f.worstMs)} ms at worst`,
  ].join('\n');
}

/** What is not as expected of one subject; null where all is. */
export function renderMiss(name: string, { exact, missed, invented, remarks }: Held): string | null {
  if (exact) return null;
  const lines = [...missed.map((m) => `missed   ${m}`), ...invented.map((i) => `invented ${i}`), ...remarks];
  return [`✗ ${name}`, ...lines.map((line) => `    ${line}`)].join('\n');
}

// --- internal ---

/** Of nothing there is no share: NaN, which passes no goal. */
const share = (part: number, whole: number) => part / whole;

const percent = (x: number) => `${(100 * x).toFixed(1)} %`;

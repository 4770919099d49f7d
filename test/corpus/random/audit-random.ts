// Random subjects audited, several to a document, and each held against its point: recovered, open, or confidently wrong. It prints nothing.

import { type Auditor, inLanes } from '../audit-corpus.ts';
import { type Held, holdFindings } from '../hold-findings.ts';
import { renderMiss } from '../score.ts';
import type { RandomSubject } from './write-subject.ts';

/**
 * `recovered`: the very set. `open`: something is left `unexplained` or undecided, and nothing untrue is said. `wrong`: an untrue
 * finding, or a true one missing where all is said to be explained.
 */
export type Ending = 'recovered' | 'open' | 'wrong';

export interface Judged {
  readonly subject: RandomSubject;
  readonly held: Held;
  readonly ending: Ending;
}

export interface Tally {
  readonly count: number;
  readonly recovered: number;
  readonly open: number;
  readonly wrong: number;
  /** The goal: 99.5 % recovered, none wrong. */
  readonly met: boolean;
}

export async function auditRandom(
  subjects: readonly RandomSubject[],
  auditor: Auditor,
  lanes: number,
  onJudged: (judged: Judged) => void = () => {},
): Promise<readonly Judged[]> {
  const documents = Array.from({ length: Math.ceil(subjects.length / PER_DOCUMENT) }, (_, i) =>
    subjects.slice(i * PER_DOCUMENT, (i + 1) * PER_DOCUMENT),
  );
  const judged = await inLanes(documents, lanes, async (document) => {
    const text = `import torch\nfrom torch import nn\n\n\n${document.map((s) => s.source).join('\n\n')}`;
    const report = await auditor.audit({
      name: `random-${document[0].index}.py`,
      bytes: new TextEncoder().encode(text),
    });
    return document.map((subject): Judged => {
      const found = report.subjects.find((s) => s.name === subject.name) ?? null;
      const held = holdFindings(subject.expected, found);
      const open = found === null || found.unexplained.length > 0 || found.verdict === 'undecided';
      const said = held.missed.length + held.invented.length === 0 && !open;
      const ending: Ending = said ? 'recovered' : held.invented.length === 0 && open ? 'open' : 'wrong';
      const result = { subject, held, ending };
      onJudged(result);
      return result;
    });
  });
  return judged.flat();
}

export function tallyOf(judged: readonly Judged[]): Tally {
  const of = (ending: Ending) => judged.filter((j) => j.ending === ending).length;
  const [count, recovered, open, wrong] = [judged.length, of('recovered'), of('open'), of('wrong')];
  return { count, recovered, open, wrong, met: wrong === 0 && recovered >= RECOVERED_SHARE * count && count > 0 };
}

export function renderTally({ count, recovered, open, wrong }: Tally): string {
  const share = ((100 * recovered) / count).toFixed(1);
  return `${count} random subjects: ${recovered} recovered exactly (${share} %), ${open} left open, ${wrong} confidently wrong`;
}

/** Null where there is nothing to say. */
export function renderJudged({ subject, held, ending }: Judged, seed: number): string | null {
  if (ending === 'recovered') return null;
  const name = `${ending}: --seed ${seed} --show ${subject.index} (${subject.name}) ${JSON.stringify(subject.expected.findings)}`;
  return renderMiss(name, { ...held, exact: false });
}

// --- internal ---

const PER_DOCUMENT = 10;

const RECOVERED_SHARE = 0.995;

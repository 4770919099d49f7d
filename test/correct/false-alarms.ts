// The false alarms of the judge: every case answered by every correct style and held against the oracle, counted by style, layer, dtype and direction.

import type { Case } from '../../cases/case.ts';
import { judge } from '../../ts-impl/conformance/judge/judge.ts';
import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';
import type { TensorVerdict, Verdict } from '../../ts-impl/conformance/verdict.ts';
import { recompute } from './recompute.ts';
import { applies, type Style, STYLES } from './style.ts';

export interface AlarmCounts {
  cases: number;
  /** Cases that were judged, once for each style that applies. */
  judged: number;
  /** Tensors computed anew and judged. */
  tensors: number;
  alarms: number;
  /** Answers where every element that differs is PyTorch's fault: it alone is beyond the budget around the truth. */
  oracleFaults: number;
  readonly faultyCases: Set<string>;
  /** Alarms and judged tensors by `style layer dtype direction`. */
  readonly cells: Map<string, { tensors: number; alarms: number; worst: number }>;
  readonly examples: { readonly key: string; readonly id: string; readonly line: string }[];
}

export function noCounts(): AlarmCounts {
  return {
    cases: 0,
    judged: 0,
    tensors: 0,
    alarms: 0,
    oracleFaults: 0,
    faultyCases: new Set(),
    cells: new Map(),
    examples: [],
  };
}

/** Asks the oracle one batch and counts into `counts`. */
export async function countAlarms(
  cases: readonly Case[],
  oracle: Subject,
  counts: AlarmCounts,
  styles: readonly Style[] = STYLES,
): Promise<void> {
  const answers = await oracle.ask(cases, { truth: false });
  for (const [i, c] of cases.entries()) {
    counts.cases++;
    for (const style of styles) {
      if (!applies(style, c.dtype)) continue;
      const { outcome, tensors } = recompute(c, answers[i].outcome, style);
      if (tensors === 0) continue;
      counts.judged++;
      counts.tensors += tensors;
      const verdict = judge(
        c,
        { ...answers[i], truth: answers[i].outcome },
        { outcome, truth: null },
        { kind: 'bound' },
      );
      tally(counts, style.name, c, verdict);
    }
  }
}

// --- internal ---

const EXAMPLES_PER_CELL = 3;

function tally(counts: AlarmCounts, style: string, c: Case, verdict: Verdict): void {
  let alarmed = false;
  let faulty = false;
  let misread = false;
  for (const t of verdict.tensors) {
    const key = [style, c.layer, c.dtype, t.direction].join(' | ');
    const cell = counts.cells.get(key) ?? { tensors: 0, alarms: 0, worst: 0 };
    counts.cells.set(key, cell);
    cell.tensors++;
    if (t.differs === 0) cell.worst = Math.max(cell.worst, shareOf(t));
    if (t.differs === 0) continue;
    // Where PyTorch misreads an upstream gradient all its gradients of that case are of another question, within the truth's budget or not.
    if (t.oracleAtFault === t.differs || (t.direction === 'backward' && misread)) {
      faulty = true;
      misread ||= t.direction === 'backward';
      continue;
    }
    cell.alarms++;
    alarmed = true;
    if (cell.alarms <= EXAMPLES_PER_CELL) counts.examples.push({ key, id: c.id, line: describe(t) });
  }
  for (const problem of verdict.problems) {
    alarmed = true;
    counts.examples.push({ key: `${style} | ${c.layer}`, id: c.id, line: problem.message });
  }
  if (alarmed) counts.alarms++;
  else if (faulty) {
    counts.oracleFaults++;
    counts.faultyCases.add(c.id);
  }
}

function shareOf(t: TensorVerdict): number {
  if (t.worst === null || t.worst.absolute === 0) return 0;
  const share = t.worst.absolute / t.worst.budget;
  return Number.isNaN(share) ? Number.POSITIVE_INFINITY : share;
}

function describe(t: TensorVerdict): string {
  const w = t.worst;
  if (w === null) return t.tensor;
  const place = `step ${t.step} ${t.tensor}[${w.index.join(', ')}] ${t.mode}`;
  return `${place}: ${t.differs} of ${t.elements} differ; expected ${w.expected}, got ${w.actual}, share ${(w.absolute / w.budget).toPrecision(3)}`;
}

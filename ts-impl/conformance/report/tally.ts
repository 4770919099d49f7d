// Counting verdicts as they pass: totals, worst elements and cells. It keeps numbers and the few worst elements, never a case.

import type { Case } from '../../../cases/case.ts';
import { toReportNumber } from '../finding.ts';
import { type PlaceLayout, placesOf } from '../place.ts';
import type { TensorVerdict, Verdict } from '../verdict.ts';
import type { Cell, Totals, Worst } from './report.ts';

/** How many of the worst elements a subject's report names. */
const WORST_KEPT = 5;

/** The verdicts of one subject, counted. */
export class Tally {
  private readonly counts = { cases: 0, identical: 0, within: 0, differs: 0, refused: 0, unsupported: 0, undecided: 0 };
  private readonly ranked: { share: number; worst: Worst }[] = [];

  add(verdict: Verdict): void {
    this.counts.cases++;
    this.counts[verdict.kind]++;
    for (const tensor of verdict.tensors) this.rank(verdict.case, tensor);
  }

  totals(): Totals {
    return { ...this.counts };
  }

  worst(): Worst[] {
    return this.ranked.map(({ worst }) => worst);
  }

  /** Keeps the elements with the largest share of their budget, the earlier one of equals. */
  private rank(id: string, tensor: TensorVerdict): void {
    const worst = tensor.worst;
    if (worst === null) return;
    const allowed = tensor.differs === 0 && !Number.isFinite(worst.absolute); // overflow that a correct norm need not have
    const share = allowed ? 0 : shareOf(worst.absolute, worst.budget);
    let at = this.ranked.length;
    while (at > 0 && this.ranked[at - 1].share < share) at--;
    if (at >= WORST_KEPT) return;
    this.ranked.splice(at, 0, { share, worst: toWorst(id, tensor.step, tensor.tensor, worst) });
    if (this.ranked.length > WORST_KEPT) this.ranked.pop();
  }
}

/** Cells over all subjects: layer, dtype, direction, mode and layout. */
export class CellTally {
  private readonly cells = new Map<string, Counted>();

  add(c: Case, verdict: Verdict): void {
    const seen = new Set<Counted>();
    const places = placesOf(c);
    for (const tensor of verdict.tensors) {
      const cell = this.cell(c.layer, places[tensor.step].layout, tensor);
      if (!seen.has(cell)) cell.cases++;
      seen.add(cell);
      cell.elements += tensor.elements;
      cell.identicalElements += tensor.identical;
      cell.within += tensor.within;
      cell.differs += tensor.differs;
      const { maxUlp } = tensor;
      // Nothing is above NaN (one side alone was NaN), so it stays.
      if (maxUlp !== null && (maxUlp > (cell.maxUlp ?? -1) || Number.isNaN(maxUlp))) cell.maxUlp = maxUlp;
    }
  }

  /** In order of layer, dtype, direction, mode, layout, whatever order the cases came in. */
  all(): Cell[] {
    const keys = [...this.cells.keys()].sort();
    return keys.map((key) => {
      const cell = this.cells.get(key) as Counted; // the keys are its own
      return { ...cell, maxUlp: cell.maxUlp === null ? null : toReportNumber(cell.maxUlp) };
    });
  }

  private cell(layer: string, layout: PlaceLayout, tensor: TensorVerdict): Counted {
    const { direction, mode, dtype } = tensor;
    const key = `${layer} ${dtype} ${direction} ${mode} ${layout}`;
    const known = this.cells.get(key);
    if (known !== undefined) return known;
    const fresh: Counted = {
      layer,
      dtype,
      direction,
      mode,
      layout,
      cases: 0,
      elements: 0,
      identicalElements: 0,
      within: 0,
      differs: 0,
      maxUlp: null,
    };
    this.cells.set(key, fresh);
    return fresh;
  }
}

export function addTotals(a: Totals, b: Totals): Totals {
  return {
    cases: a.cases + b.cases,
    identical: a.identical + b.identical,
    within: a.within + b.within,
    differs: a.differs + b.differs,
    refused: a.refused + b.refused,
    unsupported: a.unsupported + b.unsupported,
    undecided: a.undecided + b.undecided,
  };
}

/** How much of its budget an error takes; nothing of one that has no end, not even where one side is no number. */
export function shareOf(absolute: number, budget: number): number {
  if (absolute === 0 || budget === Number.POSITIVE_INFINITY) return 0;
  return Number.isFinite(absolute) ? absolute / budget : Number.POSITIVE_INFINITY;
}

// --- internal ---

interface Counted extends Omit<Cell, 'maxUlp' | 'cases' | 'elements' | 'identicalElements' | 'within' | 'differs'> {
  cases: number;
  elements: number;
  identicalElements: number;
  within: number;
  differs: number;
  maxUlp: number | null;
}

function toWorst(id: string, step: number, tensor: string, worst: NonNullable<TensorVerdict['worst']>): Worst {
  return {
    case: id,
    step,
    tensor,
    index: worst.index,
    expected: toReportNumber(worst.expected),
    actual: toReportNumber(worst.actual),
    ulp: toReportNumber(worst.ulp),
    absolute: toReportNumber(worst.absolute),
    relative: toReportNumber(worst.relative),
    budget: toReportNumber(worst.budget),
    nearer: worst.nearer,
  };
}

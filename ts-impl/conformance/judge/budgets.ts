// What each tensor of a case may differ by: the tolerance's row, or the derived bound where there is one. It compares nothing.

import type { Case } from '../../../cases/case.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Outcome } from '../outcome.ts';
import type { Allowance } from './compare-tensor.ts';
import { conditioningOf, type StepBudgets } from './conditioning/conditioning.ts';
import type { Bound } from './conditioning/openness.ts';
import { FACTOR } from './conditioning/precision.ts';
import { elementsOf } from './elements.ts';
import { BOUND_ROWS, rowBudgets, type Tolerance, TORCH_ROWS, unitRoundoff } from './tolerance.ts';

/** The budgets of one case. The conditioning is worked out once, and only if some element is not identical. */
export class Budgets {
  private readonly c: Case;
  private readonly expected: Outcome;
  private readonly tolerance: Tolerance;
  private conditioning: readonly (StepBudgets | null)[] | null = null;

  constructor(c: Case, expected: Outcome, tolerance: Tolerance) {
    this.c = c;
    this.expected = expected;
    this.tolerance = tolerance;
  }

  /** The allowance of tensor `name` at step `step`, where `expected` was answered. */
  of(step: number, name: string, expected: Tensor): Allowance {
    const tolerance = this.tolerance;
    switch (tolerance.kind) {
      case 'ulp':
        return { kind: 'ranks', ranks: tolerance.ranks };
      case 'torch':
        return { kind: 'budgets', budgets: () => rowBudgets(TORCH_ROWS[expected.dtype], elementsOf(expected)) };
      case 'bound':
        return {
          kind: 'budgets',
          budgets: () => this.derived(step, name, expected),
          open: () => (expected.dtype === 'int64' ? null : (this.bound(step, name)?.open() ?? null)),
        };
      default:
        return tolerance satisfies never;
    }
  }

  private bound(step: number, name: string): Bound | undefined {
    this.conditioning ??= conditioningOf(this.c, this.expected);
    return this.conditioning[step]?.get(name);
  }

  private derived(step: number, name: string, expected: Tensor): Float64Array {
    const values = elementsOf(expected); // [elements]
    if (expected.dtype === 'int64') return rowBudgets(BOUND_ROWS.exact, values);
    const budgets = this.bound(step, name)?.budgets();
    if (budgets === undefined || budgets.length !== values.length)
      return rowBudgets(TORCH_ROWS[expected.dtype], values);
    const sound = new Float64Array(budgets.length); // [elements]
    const unit = unitRoundoff(expected.dtype);
    for (let i = 0; i < sound.length; i++) {
      const rounding = Number.isFinite(values[i]) ? unit * Math.abs(values[i]) : 0;
      // A budget of 0 is exact. NaN: the statistic itself left the numbers, and what PyTorch made of that is to be made again. An infinite
      // budget is an answer: no digit of a correct computation survives there.
      if (budgets[i] === 0) sound[i] = 0;
      else if (Number.isNaN(budgets[i])) sound[i] = BOUND_ROWS.overflowed.roundings * rounding;
      else sound[i] = budgets[i] + FACTOR * rounding;
    }
    return sound;
  }
}

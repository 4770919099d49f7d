// Tolerances: the table of what may differ by how much, a reason in each row, and how a row becomes one budget per element. No comparison here.

import { machineEpsilon, type Dtype } from '../../tensor/dtype.ts';

export type Tolerance =
  /** Derived per element from the conditioning of the case; see docs/tolerances.md. */
  | { readonly kind: 'bound' }
  /** `torch.testing.assert_close` with its defaults. */
  | { readonly kind: 'torch' }
  /** At most this many representable numbers away. */
  | { readonly kind: 'ulp'; readonly ranks: number };

export const DEFAULT_TOLERANCE: Tolerance = { kind: 'bound' };

/** A budget of `absolute + relative · |expected|`. */
export interface Row {
  readonly absolute: number;
  readonly relative: number;
  readonly reason: string;
}

/** The defaults of `torch.testing.assert_close`, to the digit. */
export const TORCH_ROWS: Readonly<Record<Dtype, Row>> = {
  float16: { absolute: 1e-5, relative: 1e-3, reason: 'assert_close default for float16: about one epsilon (9.8e-4)' },
  bfloat16: {
    absolute: 1e-5,
    relative: 1.6e-2,
    reason: 'assert_close default for bfloat16: two epsilons (7.8e-3 each)',
  },
  float32: {
    absolute: 1e-5,
    relative: 1.3e-6,
    reason: 'assert_close default for float32: eleven epsilons (1.2e-7 each)',
  },
  float64: {
    absolute: 1e-7,
    relative: 1e-7,
    reason: 'assert_close default for float64, loose on purpose for mixed algorithms',
  },
  int64: { absolute: 0, relative: 0, reason: 'whole numbers are counted, not rounded: they agree or they do not' },
};

/** Rows of `bound` for what needs no conditioning or has none. */
export const BOUND_ROWS = {
  exact: {
    absolute: 0,
    relative: 0,
    reason: 'stored and handed back without arithmetic: a parameter, a counter',
  },
  unconditioned: {
    reason:
      'the trajectory leaves the model (an attribute the model does not know, a refused step in its midst): assert_close row of the dtype',
  },
  overflowed: {
    roundings: 64,
    reason:
      'a statistic is infinite or NaN, in the input or by overflow: what PyTorch makes of it (often exactly bias, or 0) is exact but for a few roundings',
  },
} as const;

/** Half the distance from 1 to the next number: the relative error of one rounding. */
export function unitRoundoff(dtype: Dtype): number {
  switch (dtype) {
    case 'float16':
      return 2 ** -11;
    case 'bfloat16':
      return 2 ** -8;
    case 'float32':
    case 'float64':
      return machineEpsilon(dtype) / 2;
    case 'int64':
      return 0;
    default:
      return dtype satisfies never;
  }
}

/** Reads `bound`, `torch` or `ulp:N`. Throws RangeError. */
export function parseTolerance(words: string): Tolerance {
  if (words === 'bound' || words === 'torch') return { kind: words };
  const ranks = /^ulp:(\d{1,15})$/.exec(words)?.[1];
  if (ranks !== undefined) return { kind: 'ulp', ranks: Number(ranks) };
  throw new RangeError(`tolerance is "${words}", expected bound, torch or ulp:N with a whole number N, such as ulp:4`);
}

export function formatTolerance(tolerance: Tolerance): string {
  return tolerance.kind === 'ulp' ? `ulp:${tolerance.ranks}` : tolerance.kind;
}

/** The budget of each element of `expected` under one row. */
export function rowBudgets(
  row: { readonly absolute: number; readonly relative: number },
  expected: ArrayLike<number>,
): Float64Array {
  const budgets = new Float64Array(expected.length); // [elements]
  for (let i = 0; i < budgets.length; i++) budgets[i] = row.absolute + row.relative * Math.abs(expected[i]);
  return budgets;
}

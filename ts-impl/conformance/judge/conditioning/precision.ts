// What one rounding costs in each element type, and the constants of the derived bound. docs/tolerances.md gives their reasons.

import type { Dtype } from '../../../tensor/dtype.ts';
import { unitRoundoff } from '../tolerance.ts';

/**
 * How many roundings stand behind each term of the bound, for both sides together. Chosen once, by measuring PyTorch's float32 against its own
 * float64 over the standard suite; docs/tolerances.md holds the measurement.
 */
export const FACTOR = 4;

export interface Precision {
  /** FACTOR roundings, relative. */
  readonly c: number;
  /** The smallest positive number: what an underflow may cost. */
  readonly tiny: number;
  /** Beyond it lies infinity. */
  readonly largest: number;
}

export function precisionOf(dtype: Dtype): Precision {
  const limits = LIMITS[dtype];
  return { c: FACTOR * unitRoundoff(dtype), tiny: limits.tiny, largest: limits.largest };
}

/** How a sum over a set is formed: in blocks, lanes or double, or one float after the other. */
export type SumRule = 'blocked' | 'sequential';

/**
 * Roundings of a sum of n terms and of the few steps around it, in units of FACTOR. Blocked sums grow with the logarithm; a sequential one may
 * be off by n/2 roundings, and one of FACTOR = 4 counts for four.
 */
export function sumFactor(n: number, rule: SumRule = 'blocked'): number {
  const blocked = Math.log2(Math.max(n, 1)) + 4;
  return rule === 'blocked' ? blocked : Math.max(blocked, n / (2 * FACTOR) + 4);
}

/** A float64 as the type would hold it as far as overflow goes; digits are kept. */
export function overflowed(x: number, precision: Precision): number {
  if (Math.abs(x) <= precision.largest) return x;
  return Number.isNaN(x) ? x : Math.sign(x) * Number.POSITIVE_INFINITY;
}

// --- internal ---

const LIMITS: Readonly<Record<Dtype, { readonly tiny: number; readonly largest: number }>> = {
  float16: { tiny: 2 ** -24, largest: 65504 },
  bfloat16: { tiny: 2 ** -133, largest: (2 - 2 ** -7) * 2 ** 127 },
  float32: { tiny: 2 ** -149, largest: (2 - 2 ** -23) * 2 ** 127 },
  float64: { tiny: 2 ** -1074, largest: Number.MAX_VALUE },
  int64: { tiny: 0, largest: 2 ** 63 },
};

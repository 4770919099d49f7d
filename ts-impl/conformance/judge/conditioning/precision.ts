// What one rounding costs in each element type, and the constants of the derived bound. docs/tolerances.md gives their reasons.

import type { Dtype } from '../../../tensor/dtype.ts';
import { unitRoundoff } from '../tolerance.ts';

/**
 * How many roundings stand behind each term of the bound, for both sides together. Chosen once, by measuring PyTorch's float32 against its own
 * float64 over the standard suite; docs/tolerances.md holds the measurement.
 */
export const FACTOR = 4;

export interface Precision {
  /** FACTOR roundings of the arithmetic, relative: float32 for half precision. */
  readonly c: number;
  /** What an underflow in the arithmetic may cost. */
  readonly tiny: number;
  /** Beyond it lies infinity in the arithmetic. */
  readonly workLargest: number;
  /** FACTOR roundings of statistics that are kept in the parameters' half type, and what an underflow of them costs; else 0. */
  readonly keep: number;
  readonly keepTiny: number;
  /** FACTOR roundings of what is answered, or handed from one operation to the next, in the input's half type; else 0. */
  readonly half: number;
  /** The smallest positive and the largest number of the dtype of the answers, and the largest statistic that can be kept. */
  readonly answerTiny: number;
  readonly largest: number;
  readonly keepLargest: number;
}

/** `parameters`: the dtype of parameters and buffers, in which statistics may be kept; `inType`: they may pass through the input's type. */
export function precisionOf(input: Dtype, parameters: Dtype, inType: boolean): Precision {
  const isHalf = input === 'float16' || input === 'bfloat16';
  const work = LIMITS[isHalf ? 'float32' : input];
  const keeps = isHalf && (parameters === 'float16' || parameters === 'bfloat16');
  return {
    c: FACTOR * unitRoundoff(isHalf ? 'float32' : input),
    tiny: work.tiny,
    workLargest: work.largest,
    keep: keeps ? FACTOR * unitRoundoff(parameters) : 0,
    keepTiny: keeps ? LIMITS[parameters].tiny : 0,
    half: isHalf ? FACTOR * unitRoundoff(input) : 0,
    answerTiny: LIMITS[input].tiny,
    largest: LIMITS[input].largest,
    keepLargest: keeps ? LIMITS[parameters].largest : inType ? LIMITS[input].largest : work.largest,
  };
}

/**
 * Roundings of a sum of n terms and of the few steps around it, in units of FACTOR. Blocked sums grow with the logarithm; one accumulator may be
 * off by n/2 roundings, and one of FACTOR = 4 counts for four. Nobody is told to sum in blocks, so the larger counts.
 */
export function sumFactor(n: number): number {
  return Math.max(Math.log2(Math.max(n, 1)) + 4, n / (2 * FACTOR) + 4);
}

// --- internal ---

const LIMITS: Readonly<Record<Dtype, { readonly tiny: number; readonly largest: number }>> = {
  float16: { tiny: 2 ** -24, largest: 65504 },
  bfloat16: { tiny: 2 ** -133, largest: (2 - 2 ** -7) * 2 ** 127 },
  float32: { tiny: 2 ** -149, largest: (2 - 2 ** -23) * 2 ** 127 },
  float64: { tiny: 2 ** -1074, largest: Number.MAX_VALUE },
  int64: { tiny: 0, largest: 2 ** 63 },
};

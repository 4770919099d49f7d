// Where half-precision kernels round: what is stored in the parameters' dtype, and eight float32 lanes added up. It computes no norm.

import type { HalfDtype } from '../tensor/dtype.ts';
import { roundHalf } from '../tensor/half.ts';

export interface HalfPrecision {
  /** The input's. */
  readonly dtype: HalfDtype;
  /** Parameters and statistics have the input's dtype; otherwise they are float32. */
  readonly pure: boolean;
}

/** A number as it is stored among parameters and statistics. */
export function keep(x: number, { dtype, pure }: HalfPrecision): number {
  return pure ? roundHalf(x, dtype) : Math.fround(x);
}

/** Lanes added one after another. */
export function addLanes(lanes: Float32Array): number {
  let sum = lanes[0];
  for (let k = 1; k < 8; k++) sum = Math.fround(sum + lanes[k]);
  return sum;
}

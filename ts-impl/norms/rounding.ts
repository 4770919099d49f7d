// Rounding to a dtype as machine instructions do, number by number or by storing into memory of that dtype. It knows no norm.

import type { ComputeDtype } from '../tensor/dtype.ts';

export type ComputeArray = Float32Array | Float64Array;

/** New zeroed memory of a dtype; storing into it rounds. */
export function makeArray(dtype: ComputeDtype, elements: number): ComputeArray {
  return dtype === 'float32' ? new Float32Array(elements) : new Float64Array(elements);
}

/**
 * `x` rounded to float32 if `single`, else as it is. +, −, ×, ÷ and √ of float32 numbers come out correctly rounded so: a double has
 * more than twice the bits, and rounding twice is then the same as rounding once (Figueroa 1995).
 */
export function round(x: number, single: boolean): number {
  return single ? Math.fround(x) : x;
}

// Sums as a vector unit makes them: AVX2 lanes (8 float32 or 4 float64), then lanes folded as PyTorch folds them. One row at a time.

import { fma } from './fused-multiply-add.ts';
import { type ComputeArray, round } from './rounding.ts';

/** Numbers in one AVX2 register. */
export function laneCount(single: boolean): number {
  return single ? 8 : 4;
}

/** Σ x[at + i], i < size. `at::vec::reduce_all` with +. */
export function sumRow(x: ComputeArray, at: number, size: number, single: boolean): number {
  const K = single ? 8 : 4;
  if (size < K) {
    if (size === 0) return 0;
    let sum = x[at];
    for (let i = 1; i < size; i++) sum = round(sum + x[at + i], single);
    return sum;
  }
  for (let k = 0; k < K; k++) lanes[k] = x[at + k];
  for (let i = K; i < size; i++) {
    const k = i % K;
    lanes[k] = round(lanes[k] + x[at + i], single);
  }
  return foldLanes(lanes, single);
}

/**
 * Σ (x[i] − mean)·y[i] over one row of each. Whole vectors are multiplied, then added; in a last part of a vector PyTorch's
 * compiler fuses the two, but for one kernel (`fuseTail` false).
 */
export function dotCentredRow(
  x: ComputeArray,
  xAt: number,
  mean: number,
  y: ComputeArray,
  yAt: number,
  size: number,
  single: boolean,
  fuseTail: boolean,
): number {
  const K = single ? 8 : 4;
  if (size < K) {
    if (size === 0) return 0;
    let sum = round(round(x[xAt] - mean, single) * y[yAt], single);
    for (let i = 1; i < size; i++) {
      sum = round(sum + round(round(x[xAt + i] - mean, single) * y[yAt + i], single), single);
    }
    return sum;
  }
  const whole = size - (size % K);
  for (let k = 0; k < K; k++) lanes[k] = round(round(x[xAt + k] - mean, single) * y[yAt + k], single);
  for (let i = K; i < size; i++) {
    const k = i % K;
    const centred = round(x[xAt + i] - mean, single);
    lanes[k] =
      i >= whole && fuseTail
        ? fma(centred, y[yAt + i], lanes[k], single)
        : round(lanes[k] + round(centred * y[yAt + i], single), single);
  }
  return foldLanes(lanes, single);
}

/** Σ x[i]·y[i], likewise. */
export function dotRow(
  x: ComputeArray,
  xAt: number,
  y: ComputeArray,
  yAt: number,
  size: number,
  single: boolean,
  fuseTail: boolean,
): number {
  return dotCentredRow(x, xAt, 0, y, yAt, size, single, fuseTail);
}

/** Σ x[i]·y[i]·z[i], likewise, the last part fused. */
export function dot3Row(
  x: ComputeArray,
  xAt: number,
  y: ComputeArray,
  yAt: number,
  z: ComputeArray,
  zAt: number,
  size: number,
  single: boolean,
): number {
  const K = single ? 8 : 4;
  if (size < K) {
    if (size === 0) return 0;
    let sum = round(round(x[xAt] * y[yAt], single) * z[zAt], single);
    for (let i = 1; i < size; i++) {
      sum = round(sum + round(round(x[xAt + i] * y[yAt + i], single) * z[zAt + i], single), single);
    }
    return sum;
  }
  const whole = size - (size % K);
  for (let k = 0; k < K; k++) lanes[k] = round(round(x[xAt + k] * y[yAt + k], single) * z[zAt + k], single);
  for (let i = K; i < size; i++) {
    const k = i % K;
    const product = round(x[xAt + i] * y[yAt + i], single);
    lanes[k] =
      i >= whole
        ? fma(product, z[zAt + i], lanes[k], single)
        : round(lanes[k] + round(product * z[zAt + i], single), single);
  }
  return foldLanes(lanes, single);
}

/** The lanes of a full register in one number: halves onto each other for float32, one after another for float64. */
export function foldLanes(v: Float64Array, single: boolean): number {
  if (!single) return v[0] + v[1] + v[2] + v[3];
  const even = Math.fround(Math.fround(v[0] + v[4]) + Math.fround(v[2] + v[6]));
  const odd = Math.fround(Math.fround(v[1] + v[5]) + Math.fround(v[3] + v[7]));
  return Math.fround(even + odd);
}

// --- internal ---

const lanes = new Float64Array(8); // [K]

// x·alpha + beta of float32 memory, multiplied and added with one rounding: the last step of BatchNorm and GroupNorm. No statistics here.

import { fma32 } from './fused-multiply-add.ts';
import type { ComputeArray } from './rounding.ts';
import { SHORTEST_RUN, vectorKernels, WORTHWHILE } from './wasm/vector-kernels.ts';

/** x·alpha + beta of float32 planes of S numbers, with one rounding each. */
export function foldedPlanes(
  x: ComputeArray, // [N, C, S]
  S: number,
  alpha: ComputeArray, // [C]
  beta: ComputeArray, // [C]
  y: ComputeArray, // [N, C, S]
): void {
  const C = alpha.length;
  const vectors = S >= SHORTEST_RUN && x.length >= WORTHWHILE ? vectorKernels(S) : null;
  if (vectors === null) {
    for (let at = 0, c = 0; at < x.length; at += S, c = c + 1 === C ? 0 : c + 1) {
      foldPlane(x, alpha[c], beta[c], y, at, at + S);
    }
    return;
  }
  const [x32, y32, alpha32, beta32] = [x, y, alpha, beta] as Float32Array[]; // of float32 alone
  vectors.shiftPlanes(x32, y32, S, alpha32, beta32, (from, end, c) => foldPlane(x, alpha[c], beta[c], y, from, end));
}

/** x·alpha + beta of float32 rows, with one rounding each. */
export function foldedRows(
  x: ComputeArray, // [N·S, C]
  alpha: ComputeArray, // [C]
  beta: ComputeArray, // [C]
  y: ComputeArray, // [N·S, C]
): void {
  const C = alpha.length;
  const vectors = x.length >= WORTHWHILE ? vectorKernels(C) : null;
  if (vectors === null) {
    foldRange(x, alpha, beta, y, 0, x.length);
    return;
  }
  const [x32, y32, alpha32, beta32] = [x, y, alpha, beta] as Float32Array[]; // of float32 alone
  vectors.shiftColumns(x32, y32, C, alpha32, beta32, (from, end) => foldRange(x, alpha, beta, y, from, end));
}

/** y = x·a + b for the elements `from` to `end`, with one rounding each. */
export function foldPlane(x: ComputeArray, a: number, b: number, y: ComputeArray, from: number, end: number): void {
  for (let at = from; at < end; at++) {
    const sum = x[at] * a + b;
    const result = Math.fround(sum);
    const other = sum + (sum - result);
    // Half-way between two float32 numbers, perhaps by the rounding to double: `fma32` decides.
    y[at] = Math.fround(other) === other ? fma32(x[at], a, b) : result;
  }
}

// --- internal ---

/** The rows whose elements are `from` to `end`. */
function foldRange(
  x: ComputeArray, // [N·S, C]
  alpha: ComputeArray, // [C]
  beta: ComputeArray, // [C]
  y: ComputeArray, // [N·S, C]
  from: number,
  end: number,
): void {
  const C = alpha.length;
  for (let row = from; row < end; row += C) {
    for (let c = 0; c < C; c++) {
      const sum = x[row + c] * alpha[c] + beta[c];
      const result = Math.fround(sum);
      const other = sum + (sum - result);
      y[row + c] = Math.fround(other) === other ? fma32(x[row + c], alpha[c], beta[c]) : result;
    }
  }
}

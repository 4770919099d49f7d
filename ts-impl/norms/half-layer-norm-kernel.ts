// Layer normalisation of half-precision rows in float32, forward and backward, with PyTorch's rounding points. Shapes and checks are elsewhere.

import type { HalfDtype } from '../tensor/dtype.ts';
import { roundHalf } from '../tensor/half.ts';
import { fma32 } from './fused-multiply-add.ts';
import { foldLanes } from './lanes.ts';
import { inputFactor, inputShift, type RowStatistics } from './layer-norm-kernel.ts';
import { halfRowMoments, type Moments } from './welford.ts';

/** M rows of N values, decoded. */
export interface HalfRows {
  readonly data: Float32Array; // [M, N]
  readonly M: number;
  readonly N: number;
  readonly dtype: HalfDtype;
}

/** y = (x·rstd − mean·rstd)·weight + bias into `y`, which is still to be rounded to the dtype; statistics, unrounded, into `into`. */
export function normaliseHalfRows(
  rows: HalfRows,
  weight: Float32Array | null, // [N]
  bias: Float32Array | null, // [N]
  eps: number,
  y: Float32Array, // [M, N]
  into: RowStatistics,
): void {
  const { data: x, M, N, dtype } = rows;
  const e = Math.fround(eps);
  for (let i = 0; i < M; i++) {
    const at = i * N;
    halfRowMoments(x, at, N, dtype === 'float16', moments);
    const mean = moments.mean;
    const rstd = Math.fround(1 / Math.fround(Math.sqrt(Math.fround(moments.variance + e))));
    const shift = Math.fround(-rstd * mean);
    into.mean[i] = mean;
    into.rstd[i] = rstd;
    for (let j = 0; j < N; j++) {
      const z = fma32(x[at + j], rstd, shift);
      y[at + j] = fma32(z, weight === null ? 1 : weight[j], bias === null ? 0 : bias[j]);
    }
  }
}

/**
 * Gradients into `dx`, still to be rounded, and `dw` and `db`, which must be zero at first. PyTorch adds up the latter two in the input's
 * dtype, rounding after each row, also where the parameters are float32 (`mixed`). `statistics` are as it keeps them: in the parameters' dtype.
 */
export function backwardHalfRows(
  rows: HalfRows,
  g: Float32Array, // [M, N]
  statistics: RowStatistics,
  weight: Float32Array | null, // [N]
  mixed: boolean,
  dx: Float32Array, // [M, N]
  dw: Float32Array, // [N]
  db: Float32Array, // [N]
): void {
  const { data: x, M, N, dtype } = rows;
  const scale = Math.fround(1 / N);
  for (let i = 0; i < M; i++) {
    const at = i * N;
    const a = statistics.rstd[i];
    const mean = statistics.mean[i];
    const shift = Math.fround(-a * mean);
    for (let j = 0; j < N; j++) {
      dw[j] = roundHalf(fma32(g[at + j], fma32(a, x[at + j], shift), dw[j]), dtype);
      db[j] = roundHalf(db[j] + g[at + j], dtype);
    }
    sumRow(g, x, at, N, weight, mixed);
    const b = inputFactor(sums.plain, mean, sums.dot, a, scale, true);
    const c = inputShift(b, mean, sums.plain, a, scale, true);
    for (let j = 0; j < N; j++) {
      const scaled = Math.fround(a * g[at + j]);
      const weighted = weight === null ? scaled : Math.fround(scaled * weight[j]);
      dx[at + j] = fma32(b, x[at + j], weighted) + c;
    }
  }
  // PyTorch adds each thread's sums to 0 at last, which makes −0 of a sum 0.
  for (let j = 0; j < N; j++) {
    dw[j] += 0;
    db[j] += 0;
  }
}

// --- internal ---

const moments: Moments = { mean: 0, variance: 0 };
const sums = { dot: 0, plain: 0 };
const dots = new Float64Array(16); // [lanes]
const plains = new Float64Array(16); // [lanes]

/**
 * Σ g·x·weight and Σ g·weight of a row in 16 lanes, of less than 16 values in 8. The product that is rounded first is g·x, with
 * float32 weights g·weight; the last product is fused into the sum, but for float32 weights' Σ g·weight, whose products serve both sums.
 */
function sumRow(
  g: Float32Array,
  x: Float32Array,
  at: number,
  N: number,
  weight: Float32Array | null,
  mixed: boolean,
): void {
  const lanes = N < 16 ? 8 : 16;
  for (let j = 0; j < N; j++) {
    const k = j & (lanes - 1);
    const dy = g[at + j];
    const w = weight === null ? 1 : weight[j];
    const weighted = Math.fround(dy * w);
    const product = weight === null || mixed ? x[at + j] : Math.fround(dy * x[at + j]);
    const factor = weight === null ? dy : mixed ? weighted : w;
    if (j < lanes) {
      dots[k] = Math.fround(product * factor);
      plains[k] = weighted;
    } else {
      dots[k] = fma32(product, factor, dots[k]);
      plains[k] = mixed ? Math.fround(plains[k] + weighted) : fma32(dy, w, plains[k]);
    }
  }
  sums.dot = foldRow(dots, N, mixed && weight !== null);
  sums.plain = foldRow(plains, N, mixed && weight !== null);
}

/** The lanes in one number: half a vector or less one after another, and so all 8 lanes of up to 15 values but with float32 weights. */
function foldRow(lanes: Float64Array, N: number, mixed: boolean): number {
  if (N >= 16) {
    for (let k = 0; k < 8; k++) lanes[k] = Math.fround(lanes[k] + lanes[k + 8]);
  } else if (N <= 8 || !mixed) {
    let sum = N === 0 ? 0 : lanes[0];
    for (let k = 1; k < Math.min(N, 8); k++) sum = Math.fround(sum + lanes[k]);
    return sum;
  }
  return foldLanes(lanes, true);
}

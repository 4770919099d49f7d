// Layer normalisation of rows, forward and backward. Shapes, defaults and checks are elsewhere.

import { fma, fma32, fma64 } from './fused-multiply-add.ts';
import { type ComputeArray, round } from './rounding.ts';
import { dot3Row, dotRow, sumRow } from './lanes.ts';
import { vectorKernels, WORTHWHILE } from './wasm/vector-kernels.ts';
import { type Moments, rowMoments } from './welford.ts';

/** M rows of N values. */
export interface Rows {
  readonly data: ComputeArray; // [M, N]
  readonly M: number;
  readonly N: number;
  readonly single: boolean;
}

export interface RowStatistics {
  readonly mean: ComputeArray; // [M]
  readonly rstd: ComputeArray; // [M]
}

/** y = (x − mean)·rstd·weight + bias into `y`, statistics into `into`. */
export function normaliseRows(
  rows: Rows,
  weight: ComputeArray | null, // [N]
  bias: ComputeArray | null, // [N]
  eps: number,
  y: ComputeArray, // [M, N]
  into: RowStatistics,
): void {
  const { data: x, M, N, single } = rows;
  const vectors = single && M * N >= WORTHWHILE ? vectorKernels(N) : null;
  if (vectors === null) {
    for (let i = 0; i < M; i++) normaliseRow(rows, i, weight, bias, eps, y, into);
    return;
  }
  // `single`: all of it is float32.
  const w = weight as Float32Array | null;
  const b = bias as Float32Array | null;
  const { mean, rstd } = into as { mean: Float32Array; rstd: Float32Array };
  vectors.layerRows(x as Float32Array, y as Float32Array, M, N, w, b, Math.fround(eps), mean, rstd, (row) =>
    normaliseRow(rows, row, weight, bias, eps, y, into),
  );
}

/** Gradients into `dx`, `dw` and `db`, which must be zero at first. The expanded form of PyTorch: it cancels where means are large. */
export function backwardRows(
  rows: Rows,
  g: ComputeArray, // [M, N]
  statistics: RowStatistics,
  weight: ComputeArray | null, // [N]
  dx: ComputeArray, // [M, N]
  dw: ComputeArray, // [N]
  db: ComputeArray, // [N]
): void {
  const { data: x, M, N, single } = rows;
  const scale = round(1 / N, single);
  for (let i = 0; i < M; i++) {
    const at = i * N;
    const a = statistics.rstd[i];
    const mean = statistics.mean[i];
    const shift = round(-a * mean, single);
    for (let j = 0; j < N; j++) {
      dw[j] = fma(g[at + j], fma(a, x[at + j], shift, single), dw[j], single);
      db[j] += g[at + j];
    }
    const ds = weight === null ? dotRow(g, at, x, at, N, single, true) : dot3Row(g, at, x, at, weight, 0, N, single);
    const dsum = weight === null ? sumRow(g, at, N, single) : dotRow(g, at, weight, 0, N, single, true);
    const b = inputFactor(dsum, mean, ds, a, scale, single);
    const c = inputShift(b, mean, dsum, a, scale, single);
    for (let j = 0; j < N; j++) {
      const scaled = round(a * g[at + j], single);
      const weighted = weight === null ? scaled : round(scaled * weight[j], single);
      dx[at + j] = fma(b, x[at + j], weighted, single) + c;
    }
  }
  // PyTorch adds each thread's sums to 0 at last, which makes 0 of the −0 that products too small left.
  for (let j = 0; j < N; j++) dw[j] += 0;
}

/** (Σg·mean − Σg·x)·rstd³/n: what the input is multiplied by in its gradient. */
export function inputFactor(
  sum: number,
  mean: number,
  dot: number,
  rstd: number,
  scale: number,
  single: boolean,
): number {
  const difference = fma(sum, mean, -dot, single);
  return round(round(round(round(difference * rstd, single) * rstd, single) * rstd, single) * scale, single);
}

/** −factor·mean − Σg·rstd/n: what is added to the input's gradient. */
export function inputShift(
  factor: number,
  mean: number,
  sum: number,
  rstd: number,
  scale: number,
  single: boolean,
): number {
  return fma(-factor, mean, -round(round(sum * rstd, single) * scale, single), single);
}

// --- internal ---

function normaliseRow(
  rows: Rows,
  i: number,
  weight: ComputeArray | null, // [N]
  bias: ComputeArray | null, // [N]
  eps: number,
  y: ComputeArray, // [M, N]
  into: RowStatistics,
): void {
  const { data: x, N, single } = rows;
  const at = i * N;
  rowMoments(x, at, N, single, moments);
  const mean = moments.mean;
  const rstd = round(1 / round(Math.sqrt(round(moments.variance + round(eps, single), single)), single), single);
  into.mean[i] = mean;
  into.rstd[i] = rstd;
  if (single) scaleFloat32(x, at, N, mean, rstd, weight, bias, y);
  else scaleFloat64(x, at, N, mean, rstd, weight, bias, y);
}

/** (x − mean)·rstd·weight + bias of one row, multiplied and added with one rounding; without weight (x − mean)·rstd + bias likewise. */
function scaleFloat32(
  x: ComputeArray,
  at: number,
  N: number,
  mean: number,
  rstd: number,
  weight: ComputeArray | null, // [N]
  bias: ComputeArray | null, // [N]
  y: ComputeArray,
): void {
  for (let j = 0; j < N; j++) {
    const centred = Math.fround(x[at + j] - mean);
    const a = weight === null ? centred : Math.fround(centred * rstd);
    const w = weight === null ? rstd : weight[j];
    const b = bias === null ? 0 : bias[j];
    const sum = a * w + b;
    const result = Math.fround(sum);
    const other = sum + (sum - result);
    // Half-way between two float32 numbers, perhaps by the rounding to double: `fma32` decides.
    y[at + j] = Math.fround(other) === other ? fma32(a, w, b) : result;
  }
}

function scaleFloat64(
  x: ComputeArray,
  at: number,
  N: number,
  mean: number,
  rstd: number,
  weight: ComputeArray | null, // [N]
  bias: ComputeArray | null, // [N]
  y: ComputeArray,
): void {
  for (let j = 0; j < N; j++) {
    const b = bias === null ? 0 : bias[j];
    const centred = x[at + j] - mean;
    y[at + j] = weight === null ? fma64(centred, rstd, b) : fma64(centred * rstd, weight[j], b);
  }
}

const moments: Moments = { mean: 0, variance: 0 };

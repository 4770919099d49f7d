// Group normalisation of (N, C, S) memory, forward and backward. Shapes, defaults and checks are elsewhere.

import { fma, fma64 } from './fused-multiply-add.ts';
import { type ComputeArray, makeArray, round } from './rounding.ts';
import { foldPlane } from './fold.ts';
import { dotRow, sumRow } from './lanes.ts';
import { inputFactor } from './layer-norm-kernel.ts';
import type { ComputeDtype } from '../tensor/dtype.ts';
import { SHORTEST_RUN, vectorKernels, WORTHWHILE } from './wasm/vector-kernels.ts';
import { type Moments, rowMoments } from './welford.ts';

/** N samples, C channels of S values, in G groups of D channels. */
export interface Groups {
  readonly data: ComputeArray; // [N, C, S], or [N, S, C] with channels last
  readonly dtype: ComputeDtype;
  readonly single: boolean;
  readonly N: number;
  readonly C: number;
  readonly S: number;
  readonly G: number;
  readonly D: number;
}

export interface GroupStatistics {
  readonly mean: ComputeArray; // [N, G]
  readonly rstd: ComputeArray; // [N, G]
}

export interface GroupGradients {
  readonly input: ComputeArray; // as `Groups.data`
  readonly weight: ComputeArray; // [C]
  readonly bias: ComputeArray; // [C]
}

/** Forward and backward for one way of lying in memory and one kind of dtype. */
export interface GroupKernels {
  /** Writes `y`, as `Groups.data`, and `into`. */
  normalise(
    groups: Groups,
    weight: ComputeArray | null, // [C]
    bias: ComputeArray | null, // [C]
    eps: number,
    y: ComputeArray,
    into: GroupStatistics,
  ): void;
  backward(
    groups: Groups,
    g: ComputeArray, // as `Groups.data`
    statistics: GroupStatistics,
    weight: ComputeArray | null, // [C]
  ): GroupGradients;
}

/** (x − mean)·rstd without parameters, else x·scale + shift, into `y`; statistics into `into`. */
export function normaliseGroups(
  groups: Groups,
  weight: ComputeArray | null, // [C]
  bias: ComputeArray | null, // [C]
  eps: number,
  y: ComputeArray, // [N, C, S]
  into: GroupStatistics,
): void {
  const { data: x, N, G, D, S, single } = groups;
  const size = D * S;
  // Runs of a few numbers cost more to hand over than they gain.
  const vectors = single && S >= SHORTEST_RUN && x.length >= WORTHWHILE ? vectorKernels(size) : null;
  for (let i = 0; i < N * G; i++) {
    const at = i * size;
    const held = vectors?.moments(x as Float32Array, at, size, moments) === true; // `single`: float32
    if (!held) rowMoments(x, at, size, single, moments);
    const mean = moments.mean;
    const rstd = inverseRoot(moments.variance, eps, single);
    into.mean[i] = mean;
    into.rstd[i] = rstd;
    if (weight === null && bias === null) {
      for (let k = at; k < at + size; k++) y[k] = round(x[k] - mean, single) * rstd;
      continue;
    }
    for (let j = 0; j < D; j++) {
      const c = (i % G) * D + j;
      const scale = round(rstd * (weight === null ? 1 : weight[c]), single);
      const shift = fma(-scale, mean, bias === null ? 0 : bias[c], single);
      const from = at + j * S;
      // What `moments` was given is still there, sure of it or not.
      if (vectors?.shift(y as Float32Array, from, S, at, scale, shift) === true) continue;
      if (single) foldPlane(x, scale, shift, y, from, from + S);
      else for (let k = from; k < from + S; k++) y[k] = fma64(scale, x[k], shift);
    }
  }
}

/** Gradients of a contiguous input. */
export function backwardGroups(
  groups: Groups,
  g: ComputeArray, // [N, C, S]
  statistics: GroupStatistics,
  weight: ComputeArray | null, // [C]
): GroupGradients {
  const { data: x, dtype, N, C, S, G, D, single } = groups;
  const dots = makeArray(dtype, N * C); // [N, C]: Σ g·x
  const sums = makeArray(dtype, N * C); // [N, C]: Σ g
  for (let i = 0; i < N * C; i++) {
    dots[i] = dotRow(g, i * S, x, i * S, S, single, !single);
    sums[i] = sumRow(g, i * S, S, single);
  }
  const dx = makeArray(dtype, N * C * S); // [N, C, S]
  const inverseCount = round(1 / (D * S), single);
  for (let i = 0; i < N * G; i++) {
    const c0 = (i % G) * D;
    const dot = weightedSum(dots, i * D, weight, c0, D, single);
    const sum = weightedSum(sums, i * D, weight, c0, D, single);
    const mean = statistics.mean[i];
    const rstd = statistics.rstd[i];
    const c2 = inputFactor(sum, mean, dot, rstd, inverseCount, single);
    const c3 = groupShift(c2, mean, sum, rstd, inverseCount, single);
    for (let j = 0; j < D; j++) {
      const c1 = round(rstd * (weight === null ? 1 : weight[c0 + j]), single);
      const from = (i * D + j) * S;
      for (let k = from; k < from + S; k++) {
        dx[k] = fma(c1, g[k], round(c2 * x[k], single), single) + c3;
      }
    }
  }
  return { input: dx, ...parameterGradients(groups, statistics, dots, sums) };
}

/** 1/√(variance + eps), the sum in double, a negative variance as 0. */
export function inverseRoot(variance: number, eps: number, single: boolean): number {
  return round(1 / Math.sqrt((variance < 0 ? 0 : variance) + eps), single);
}

/** −factor·mean − Σg·rstd/n, as LayerNorm's `inputShift` but with the other product fused. */
export function groupShift(
  factor: number,
  mean: number,
  sum: number,
  rstd: number,
  scale: number,
  single: boolean,
): number {
  return fma(-round(sum * rstd, single), scale, round(-factor * mean, single), single);
}

/** Weight: Σ over samples of (Σg·x − Σg·mean)·rstd; bias: Σ g. */
export function parameterGradients(
  groups: Groups,
  statistics: GroupStatistics,
  dots: ComputeArray, // [N, C]
  sums: ComputeArray, // [N, C]
): { weight: ComputeArray; bias: ComputeArray } {
  const { dtype, N, C, G, D, single } = groups;
  const weight = makeArray(dtype, C); // [C]
  const bias = makeArray(dtype, C); // [C]
  for (let n = 0; n < N; n++) {
    for (let c = 0; c < C; c++) {
      const i = n * G + Math.floor(c / D);
      const centred = fma(-sums[n * C + c], statistics.mean[i], dots[n * C + c], single);
      weight[c] = fma(centred, statistics.rstd[i], weight[c], single);
      bias[c] += sums[n * C + c];
    }
  }
  return { weight, bias };
}

/** Σ values[d]·weight[d] over a group: whole vectors in lanes, lanes added one after another, then the rest. */
export function weightedSum(
  values: ComputeArray,
  at: number,
  weight: ComputeArray | null,
  weightAt: number,
  D: number,
  single: boolean,
): number {
  const K = single ? 8 : 4;
  const whole = Math.floor(D / K) * K;
  lanes.fill(0);
  for (let d = 0; d < whole; d++) {
    lanes[d % K] = fma(values[at + d], weight === null ? 1 : weight[weightAt + d], lanes[d % K], single);
  }
  let sum = 0;
  for (let k = 0; k < K; k++) sum = round(sum + lanes[k], single);
  // Of what is left over, whole half-registers are multiplied first; the compiler fuses the rest.
  const halves = D - ((D - whole) % (K / 2));
  for (let d = whole; d < halves; d++) {
    sum = round(sum + round(values[at + d] * (weight === null ? 1 : weight[weightAt + d]), single), single);
  }
  for (let d = halves; d < D; d++) sum = fma(values[at + d], weight === null ? 1 : weight[weightAt + d], sum, single);
  return sum;
}

// --- internal ---

const moments: Moments = { mean: 0, variance: 0 };
const lanes = new Float64Array(8); // [K]

// Group normalisation of channels-last memory, forward and backward: plain sums and E[x²] − E[x]², which cancels where means are large.

import { fma } from './fused-multiply-add.ts';
import { type ComputeArray, makeArray, round } from './rounding.ts';
import {
  type GroupGradients,
  type Groups,
  type GroupStatistics,
  inverseRoot,
  parameterGradients,
} from './group-norm-kernel.ts';
import { foldLanes } from './lanes.ts';
import { inputFactor, inputShift } from './layer-norm-kernel.ts';

/** x·scale + shift into `y`; statistics into `into`. */
export function normaliseChannelsLast(
  groups: Groups,
  weight: ComputeArray | null, // [C]
  bias: ComputeArray | null, // [C]
  eps: number,
  y: ComputeArray, // [N, S, C]
  into: GroupStatistics,
): void {
  const { data: x, dtype, N, C, S, G, D, single } = groups;
  const scale = makeArray(dtype, C); // [C]
  const shift = makeArray(dtype, C); // [C]
  const inverseCount = round(1 / (D * S), single);
  for (let n = 0; n < N; n++) {
    for (let group = 0; group < G; group++) {
      if (S < BY_PIXEL_FROM) sumsByLane(groups, n, group);
      else sumsByChannel(groups, n, group);
      const mean = round(sums.plain * inverseCount, single);
      const variance = fma(sums.squares, inverseCount, -round(mean * mean, single), single);
      const rstd = inverseRoot(variance, eps, single);
      const i = n * G + group;
      into.mean[i] = mean;
      into.rstd[i] = rstd;
      for (let c = group * D; c < (group + 1) * D; c++) {
        scale[c] = rstd * (weight === null ? 1 : weight[c]);
        // Without weights −rstd·mean is the same for all channels, so that the compiler rounds it before it adds the bias.
        const b = bias === null ? 0 : bias[c];
        shift[c] = weight === null ? round(-rstd * mean, single) + b : fma(-scale[c], mean, b, single);
      }
    }
    for (let at = n * S * C; at < (n + 1) * S * C; ) {
      for (let c = 0; c < C; c++, at++) y[at] = fma(x[at], scale[c], shift[c], single);
    }
  }
}

/** Gradients of a channels-last input. */
export function backwardChannelsLast(
  groups: Groups,
  g: ComputeArray, // [N, S, C]
  statistics: GroupStatistics,
  weight: ComputeArray | null, // [C]
): GroupGradients {
  const { data: x, dtype, N, C, S, G, D, single } = groups;
  const dots = makeArray(dtype, N * C); // [N, C]: Σ g·x
  const plain = makeArray(dtype, N * C); // [N, C]: Σ g
  const byPixel = S >= BACKWARD_BY_PIXEL_FROM;
  for (let n = 0, at = 0; n < N; n++) {
    for (let s = 0; s < S; s++) {
      for (let c = n * C; c < (n + 1) * C; c++, at++) {
        dots[c] = byPixel ? fma(x[at], g[at], dots[c], single) : dots[c] + round(x[at] * g[at], single);
        plain[c] += g[at];
      }
    }
  }
  const dx = makeArray(dtype, N * C * S); // [N, S, C]
  const inverseCount = round(1 / (D * S), single);
  for (let i = 0; i < N * G; i++) {
    const n = Math.floor(i / G);
    const c0 = (i % G) * D;
    const fold = byPixel ? weightedByChannel : weightedByLane;
    const dot = fold(dots, n * C + c0, weight, c0, D, single);
    const sum = fold(plain, n * C + c0, weight, c0, D, single);
    const rstd = statistics.rstd[i];
    const c2 = inputFactor(sum, statistics.mean[i], dot, rstd, inverseCount, single);
    const c3 = inputShift(c2, statistics.mean[i], sum, rstd, inverseCount, single);
    for (let c = c0; c < c0 + D; c++) {
      const c1 = round(rstd * (weight === null ? 1 : weight[c]), single);
      for (let s = 0, at = n * S * C + c; s < S; s++, at += C) {
        dx[at] = fma(c2, x[at], round(c1 * g[at], single), single) + c3;
      }
    }
  }
  return { input: dx, ...parameterGradients(groups, statistics, dots, plain) };
}

// --- internal ---

/** From this many pixels PyTorch sums channel by channel instead of group by group. */
const BY_PIXEL_FROM = 1024;
const BACKWARD_BY_PIXEL_FROM = 2048;

const sums = { plain: 0, squares: 0 };
const lanes0 = new Float64Array(8); // [K]
const lanes1 = new Float64Array(8); // [K]

/** Σx and Σx² of a group in vector lanes across its channels, pixel after pixel. */
function sumsByLane({ data: x, C, S, D, single }: Groups, n: number, group: number): void {
  const K = single ? 8 : 4;
  lanes0.fill(0);
  lanes1.fill(0);
  for (let s = 0; s < S; s++) {
    const at = (n * S + s) * C + group * D;
    for (let d = 0; d < D; d++) {
      const k = d % K;
      const value = x[at + d];
      lanes0[k] = round(lanes0[k] + value, single);
      lanes1[k] = round(lanes1[k] + round(value * value, single), single);
    }
  }
  sums.plain = foldLanes(lanes0, single);
  sums.squares = foldLanes(lanes1, single);
}

/** Σx and Σx² of each channel over the pixels, then over the channels. */
function sumsByChannel({ data: x, C, S, D, single }: Groups, n: number, group: number): void {
  sums.plain = 0;
  sums.squares = 0;
  for (let c = group * D; c < (group + 1) * D; c++) {
    let plain = 0;
    let squares = 0;
    for (let s = 0, at = n * S * C + c; s < S; s++, at += C) {
      plain = round(plain + x[at], single);
      squares = fma(x[at], x[at], squares, single);
    }
    sums.plain = round(sums.plain + plain, single);
    sums.squares = round(sums.squares + squares, single);
  }
}

/** Σ values·weight of a group, vector after vector, each folded to a number before it is added. */
function weightedByLane(
  values: ComputeArray,
  at: number,
  weight: ComputeArray | null,
  weightAt: number,
  D: number,
  single: boolean,
): number {
  const K = single ? 8 : 4;
  let sum = 0;
  for (let d = 0; d < D; d += K) {
    lanes0.fill(0);
    for (let k = 0; k < K && d + k < D; k++) {
      lanes0[k] = round(values[at + d + k] * (weight === null ? 1 : weight[weightAt + d + k]), single);
    }
    sum = round(sum + foldLanes(lanes0, single), single);
  }
  return sum;
}

/** Σ values·weight of a group, channel after channel. */
function weightedByChannel(
  values: ComputeArray,
  at: number,
  weight: ComputeArray | null,
  weightAt: number,
  D: number,
  single: boolean,
): number {
  let sum = 0;
  for (let d = 0; d < D; d++)
    sum = round(sum + round(values[at + d] * (weight === null ? 1 : weight[weightAt + d]), single), single);
  return sum;
}

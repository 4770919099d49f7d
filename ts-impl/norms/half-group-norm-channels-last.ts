// Group normalisation of half-precision channels-last memory in float32: plain sums and E[x²] − E[x]², with PyTorch's rounding points.

import { fma32 } from './fused-multiply-add.ts';
import { type GroupGradients, type GroupStatistics, inverseRoot, parameterGradients } from './group-norm-kernel.ts';
import type { HalfGroups } from './half-group-norm-kernel.ts';
import { foldLanes } from './lanes.ts';
import { inputFactor, inputShift } from './layer-norm-kernel.ts';

/** x·scale + shift into `y`, still to be rounded; statistics, unrounded, into `into`. */
export function normaliseHalfChannelsLast(
  groups: HalfGroups,
  weight: Float32Array | null, // [C]
  bias: Float32Array | null, // [C]
  eps: number,
  y: Float32Array, // [N, S, C]
  into: GroupStatistics,
): void {
  const { data: x, N, C, S, G, D, half, mixed } = groups;
  const scale = new Float32Array(C); // [C]
  const shift = new Float32Array(C); // [C]
  const inverseCount = Math.fround(1 / (D * S));
  // float16 weights are widened outside the compiler's sight, which then rounds the product before it adds the bias; without
  // weights it is the same for all channels and rounded once.
  const fuseShift = weight !== null && (mixed || half === 'bfloat16');
  for (let n = 0; n < N; n++) {
    for (let group = 0; group < G; group++) {
      if (S < BY_PIXEL_FROM) sumsByLane(groups, n, group);
      else sumsByChannel(groups, n, group);
      const mean = Math.fround(sums.plain * inverseCount);
      const variance = fma32(sums.squares, inverseCount, -Math.fround(mean * mean));
      const rstd = inverseRoot(variance, eps, true);
      const i = n * G + group;
      into.mean[i] = mean;
      into.rstd[i] = rstd;
      for (let c = group * D; c < (group + 1) * D; c++) {
        scale[c] = rstd * (weight === null ? 1 : weight[c]);
        const b = bias === null ? 0 : bias[c];
        shift[c] = fuseShift ? fma32(-scale[c], mean, b) : Math.fround(-scale[c] * mean) + b;
      }
    }
    for (let at = n * S * C; at < (n + 1) * S * C; ) {
      for (let c = 0; c < C; c++, at++) y[at] = fma32(x[at], scale[c], shift[c]);
    }
  }
}

/** Gradients of a channels-last input, still to be rounded; `statistics` as PyTorch keeps them: in the parameters' dtype. */
export function backwardHalfChannelsLast(
  groups: HalfGroups,
  g: Float32Array, // [N, S, C]
  statistics: GroupStatistics,
  weight: Float32Array | null, // [C]
): GroupGradients {
  const { data: x, N, C, S, G, D, half, mixed } = groups;
  const dots = new Float32Array(N * C); // [N, C]: Σ g·x
  const plain = new Float32Array(N * C); // [N, C]: Σ g
  const byPixel = S >= BACKWARD_BY_PIXEL_FROM;
  const whole = D - (D % 16); // channels of a group that fill vectors
  for (let n = 0, at = 0; n < N; n++) {
    for (let s = 0; s < S; s++) {
      for (let c = 0; c < C; c++, at++) {
        const i = n * C + c;
        if (byPixel || c % D < whole) dots[i] = fma32(x[at], g[at], dots[i]);
        else dots[i] += Math.fround(x[at] * g[at]);
        plain[i] += g[at];
      }
    }
  }
  const dx = new Float32Array(N * C * S); // [N, S, C]
  const inverseCount = Math.fround(1 / (D * S));
  // As with the shift above: float16 weights are widened out of line, and the compiler fuses what it rounds elsewhere and the reverse.
  const fuseWeight = byPixel === (half === 'float16' && !mixed);
  for (let i = 0; i < N * G; i++) {
    const n = Math.floor(i / G);
    const c0 = (i % G) * D;
    const vectors = byPixel ? 0 : whole;
    const dot = weightedSum(dots, n * C + c0, weight, c0, D, vectors, fuseWeight);
    const sum = weightedSum(plain, n * C + c0, weight, c0, D, vectors, fuseWeight);
    const rstd = statistics.rstd[i];
    const c2 = inputFactor(sum, statistics.mean[i], dot, rstd, inverseCount, true);
    const c3 = inputShift(c2, statistics.mean[i], sum, rstd, inverseCount, true);
    for (let c = c0; c < c0 + D; c++) {
      const c1 = Math.fround(rstd * (weight === null ? 1 : weight[c]));
      for (let s = 0, at = n * S * C + c; s < S; s++, at += C) {
        dx[at] = fma32(c2, x[at], Math.fround(c1 * g[at])) + c3;
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
const lanes0 = new Float64Array(8); // [lanes]
const lanes1 = new Float64Array(8); // [lanes]

/** Σx and Σx² of a group in 8 lanes across its channels: of a vector of 16 the two halves are added first. */
function sumsByLane({ data: x, C, S, D }: HalfGroups, n: number, group: number): void {
  lanes0.fill(0);
  lanes1.fill(0);
  for (let s = 0; s < S; s++) {
    const first = (n * S + s) * C + group * D;
    for (let at = first; at < first + D; at += 16) {
      const left = first + D - at;
      if (left <= 8) {
        for (let k = 0; k < left; k++) {
          lanes0[k] = Math.fround(lanes0[k] + x[at + k]);
          lanes1[k] = fma32(x[at + k], x[at + k], lanes1[k]);
        }
        continue;
      }
      for (let k = 0; k < 8; k++) {
        const low = x[at + k];
        const high = k + 8 < left ? x[at + k + 8] : 0;
        lanes0[k] = Math.fround(lanes0[k] + Math.fround(low + high));
        lanes1[k] = Math.fround(lanes1[k] + fma32(high, high, Math.fround(low * low)));
      }
    }
  }
  sums.plain = foldLanes(lanes0, true);
  sums.squares = foldLanes(lanes1, true);
}

/** Σx and Σx² of each channel over the pixels, then over the channels. */
function sumsByChannel({ data: x, C, S, D }: HalfGroups, n: number, group: number): void {
  sums.plain = 0;
  sums.squares = 0;
  for (let c = group * D; c < (group + 1) * D; c++) {
    let plain = 0;
    let squares = 0;
    for (let s = 0, at = n * S * C + c; s < S; s++, at += C) {
      plain = Math.fround(plain + x[at]);
      squares = fma32(x[at], x[at], squares);
    }
    sums.plain = Math.fround(sums.plain + plain);
    sums.squares = Math.fround(sums.squares + squares);
  }
}

/** Σ values·weight of a group: the first `vectors` channels eight by eight, each eight folded before it is added, the rest one by one. */
function weightedSum(
  values: Float32Array,
  at: number,
  weight: Float32Array | null,
  weightAt: number,
  D: number,
  vectors: number,
  fuse: boolean,
): number {
  let sum = 0;
  for (let d = 0; d < vectors; d += 8) {
    for (let k = 0; k < 8; k++) {
      lanes0[k] = Math.fround(values[at + d + k] * (weight === null ? 1 : weight[weightAt + d + k]));
    }
    sum = Math.fround(sum + foldLanes(lanes0, true));
  }
  for (let d = vectors; d < D; d++) {
    const w = weight === null ? 1 : weight[weightAt + d];
    sum = fuse ? fma32(values[at + d], w, sum) : Math.fround(sum + Math.fround(values[at + d] * w));
  }
  return sum;
}

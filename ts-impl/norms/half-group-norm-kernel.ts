// Group normalisation of half-precision (N, C, S) memory in float32, forward and backward, with PyTorch's rounding points. No checks.

import type { HalfDtype } from '../tensor/dtype.ts';
import { fma32 } from './fused-multiply-add.ts';
import {
  type GroupGradients,
  type Groups,
  groupShift,
  type GroupStatistics,
  inverseRoot,
  parameterGradients,
  weightedSum,
} from './group-norm-kernel.ts';
import { inputFactor } from './layer-norm-kernel.ts';
import { halfRowMoments, type Moments } from './welford.ts';

/** What a kernel must know of the memory the decoded numbers came from. */
export interface HalfGroups extends Groups {
  readonly data: Float32Array; // as `Groups.data`
  readonly half: HalfDtype;
  /** Parameters and kept statistics are float32, not of the input's dtype. */
  readonly mixed: boolean;
}

/** (x − mean)·rstd without parameters, else x·scale + shift, into `y`, still to be rounded; statistics, unrounded, into `into`. */
export function normaliseHalfGroups(
  groups: HalfGroups,
  weight: Float32Array | null, // [C]
  bias: Float32Array | null, // [C]
  eps: number,
  y: Float32Array, // [N, C, S]
  into: GroupStatistics,
): void {
  const { data: x, N, G, D, S, half } = groups;
  const size = D * S;
  for (let i = 0; i < N * G; i++) {
    const at = i * size;
    halfRowMoments(x, at, size, half === 'float16', moments);
    const mean = moments.mean;
    const rstd = inverseRoot(moments.variance, eps, true);
    into.mean[i] = mean;
    into.rstd[i] = rstd;
    if (weight === null && bias === null) {
      for (let k = at; k < at + size; k++) y[k] = Math.fround(x[k] - mean) * rstd;
      continue;
    }
    for (let j = 0; j < D; j++) {
      const c = (i % G) * D + j;
      const scale = Math.fround(rstd * (weight === null ? 1 : weight[c]));
      const shift = fma32(-scale, mean, bias === null ? 0 : bias[c]);
      const from = at + j * S;
      for (let k = from; k < from + S; k++) y[k] = fma32(scale, x[k], shift);
    }
  }
}

/** Gradients of a contiguous input, still to be rounded; `statistics` as PyTorch keeps them: in the parameters' dtype. */
export function backwardHalfGroups(
  groups: HalfGroups,
  g: Float32Array, // [N, C, S]
  statistics: GroupStatistics,
  weight: Float32Array | null, // [C]
): GroupGradients {
  const { data: x, N, C, S, G, D, half, mixed } = groups;
  const dots = new Float32Array(N * C); // [N, C]: Σ g·x
  const sums = new Float32Array(N * C); // [N, C]: Σ g
  for (let i = 0; i < N * C; i++) sumPlane(groups, g, i, dots, sums);
  const dx = new Float32Array(N * C * S); // [N, C, S]
  const inverseCount = Math.fround(1 / (D * S));
  for (let i = 0; i < N * G; i++) {
    const c0 = (i % G) * D;
    const dot = mixed ? weightedSum(dots, i * D, weight, c0, D, true) : halfWeightedSum(dots, i * D, weight, c0, D);
    const sum = mixed ? weightedSum(sums, i * D, weight, c0, D, true) : halfWeightedSum(sums, i * D, weight, c0, D);
    const mean = statistics.mean[i];
    const rstd = statistics.rstd[i];
    const c2 = inputFactor(sum, mean, dot, rstd, inverseCount, true);
    const c3 = groupShift(c2, mean, sum, rstd, inverseCount, true);
    for (let j = 0; j < D; j++) {
      const c1 = Math.fround(rstd * (weight === null ? 1 : weight[c0 + j]));
      const from = (i * D + j) * S;
      // Which product is fused is the compiler's choice, and it chose differently for the two dtypes.
      if (half === 'float16') {
        for (let k = from; k < from + S; k++) dx[k] = fma32(c2, x[k], Math.fround(c1 * g[k])) + c3;
      } else {
        for (let k = from; k < from + S; k++) dx[k] = fma32(c1, g[k], Math.fround(c2 * x[k])) + c3;
      }
    }
  }
  return { input: dx, ...parameterGradients(groups, statistics, dots, sums) };
}

// --- internal ---

const moments: Moments = { mean: 0, variance: 0 };
const dotLanes = new Float32Array(8); // [lanes]
const sumLanes = new Float32Array(8); // [lanes]

/** Σ g·x and Σ g of one plane: whole vectors of 16 in 8 lanes, the lanes one after another, then the rest. */
function sumPlane(
  { data: x, S }: HalfGroups,
  g: Float32Array,
  plane: number,
  dots: Float32Array,
  sums: Float32Array,
): void {
  const from = plane * S;
  const whole = from + S - (S % 16);
  dotLanes.fill(0);
  sumLanes.fill(0);
  for (let at = from; at < whole; at++) {
    const k = (at - from) & 7;
    dotLanes[k] += Math.fround(g[at] * x[at]);
    sumLanes[k] += g[at];
  }
  let dot = 0;
  let sum = 0;
  for (let k = 0; k < 8; k++) {
    dot = Math.fround(dot + dotLanes[k]);
    sum = Math.fround(sum + sumLanes[k]);
  }
  for (let at = whole; at < from + S; at++) {
    dot = Math.fround(dot + Math.fround(g[at] * x[at]));
    sum = Math.fround(sum + g[at]);
  }
  dots[plane] = dot;
  sums[plane] = sum;
}

/** Σ values[d]·weight[d] with half-precision weights: vectors of 16 in 8 lanes, then the rest, all fused. */
function halfWeightedSum(
  values: Float32Array,
  at: number,
  weight: Float32Array | null,
  weightAt: number,
  D: number,
): number {
  const whole = D - (D % 16);
  dotLanes.fill(0);
  for (let d = 0; d < whole; d++) {
    dotLanes[d & 7] = fma32(values[at + d], weight === null ? 1 : weight[weightAt + d], dotLanes[d & 7]);
  }
  let sum = 0;
  for (let k = 0; k < 8; k++) sum = Math.fround(sum + dotLanes[k]);
  for (let d = whole; d < D; d++) sum = fma32(values[at + d], weight === null ? 1 : weight[weightAt + d], sum);
  return sum;
}

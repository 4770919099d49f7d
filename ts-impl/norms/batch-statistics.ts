// Mean and variance of each channel of a batch, and their running averages. One method per memory layout, as in PyTorch's CPU kernels.

import { fma, fma64 } from './fused-multiply-add.ts';
import { type ComputeArray, makeArray, round } from './rounding.ts';
import { mergeAxes, sortAxes } from './axis-order.ts';
import { sumAxes } from './cascade-sum.ts';
import type { Planes } from './planes.ts';
import { SHORTEST_RUN, vectorKernels, WORTHWHILE } from './wasm/vector-kernels.ts';

export interface BatchStatistics {
  readonly mean: ComputeArray; // [C]
  /** Sums of squared deviations: rounded to the dtype, but double where the input is strided. */
  readonly squares: ComputeArray; // [C]
  /** Elements behind each. */
  readonly count: number;
}

/** Two passes over a non-empty input. */
export function collectStatistics(planes: Planes): BatchStatistics {
  switch (planes.layout) {
    case 'planes':
      return fromPlanes(planes);
    case 'rows':
      return planes.N * planes.S > 1 ? fromRows(planes) : fromPlanes(planes);
    case 'strided':
      return fromStrided(planes);
    default:
      return planes.layout satisfies never;
  }
}

/** 1/√(var + eps) per channel, var biased. A variance and eps of both zero give 0. */
export function inverseDeviation(s: BatchStatistics, planes: Planes, eps: number): ComputeArray {
  const { C, single } = planes;
  const strided = planes.layout === 'strided';
  const inverse = makeArray(planes.dtype, C); // [C]
  for (let c = 0; c < C; c++) {
    // The division happens in the dtype of the sums, √ and reciprocal in double.
    const variance = round(s.squares[c] / s.count, single && !strided);
    inverse[c] = variance === 0 && eps === 0 ? 0 : 1 / Math.sqrt(variance + eps);
  }
  return inverse;
}

/**
 * rm ← (1 − f)·rm + f·mean and rv ← (1 − f)·rv + f·var, var unbiased, in place. Either may be absent. With one element per
 * channel var is 0/0.
 */
export function updateRunning(
  s: BatchStatistics,
  planes: Planes,
  runningMean: ComputeArray | null, // [C]
  runningVar: ComputeArray | null, // [C]
  factor: number,
): void {
  const { C, single } = planes;
  if (planes.layout === 'strided') {
    for (let c = 0; c < C; c++) {
      if (runningMean !== null) runningMean[c] = factor * s.mean[c] + (1 - factor) * runningMean[c];
      if (runningVar !== null) {
        runningVar[c] = factor * (s.squares[c] / (s.count - 1)) + (1 - factor) * runningVar[c];
      }
    }
    return;
  }
  const f = round(factor, single);
  const keep = round(1 - f, single);
  for (let c = 0; c < C; c++) {
    if (runningMean !== null) runningMean[c] = round(f * s.mean[c], single) + round(keep * runningMean[c], single);
    if (runningVar !== null) {
      // The unbiased variance is double in PyTorch, so that its product is rounded only with the sum.
      runningVar[c] = f * round(s.squares[c] / (s.count - 1), single) + round(keep * runningVar[c], single);
    }
  }
}

// --- internal ---

/** [N, C, S]: sums in double, the mean rounded between the passes, deviations formed in the dtype. */
function fromPlanes(planes: Planes): BatchStatistics {
  const { data: x, N, C, S, single } = planes;
  const count = N * S;
  const mean = makeArray(planes.dtype, C); // [C]
  const squares = makeArray(planes.dtype, C); // [C]
  // Each channel's sum is one chain of additions; four channels side by side keep the processor busy.
  const together = single ? C - (C % 4) : 0;
  const vectors = single && S >= SHORTEST_RUN && x.length >= WORTHWHILE ? vectorKernels(4 * count) : null;
  for (let c = 0; c < together; c += 4) {
    if (vectors === null) fourPlanes(x, N, C, S, c, mean, squares);
    else vectors.fourPlanes(x as Float32Array, N, C, S, c, mean as Float32Array, squares as Float32Array); // `single`: float32
  }
  for (let c = together; c < C; c++) {
    let sum = 0;
    for (let n = 0; n < N; n++) {
      const at = (n * C + c) * S;
      for (let i = 0; i < S; i++) sum += x[at + i];
    }
    mean[c] = sum / count;
    const centre = mean[c];
    let square = 0;
    for (let n = 0; n < N; n++) {
      const at = (n * C + c) * S;
      if (single) {
        for (let i = 0; i < S; i++) {
          const d = Math.fround(x[at + i] - centre);
          square += Math.fround(d * d);
        }
      } else {
        // The compiler squares pairs before it adds them up, and fuses the odd one out.
        const paired = S - (S % 2);
        for (let i = 0; i < paired; i++) {
          const d = x[at + i] - centre;
          square += d * d;
        }
        if (paired < S) {
          const d = x[at + paired] - centre;
          square = fma64(d, d, square);
        }
      }
    }
    squares[c] = square;
  }
  return { mean, squares, count };
}

/** Means and sums of squared deviations of the float32 channels c to c + 3. */
function fourPlanes(
  x: ComputeArray, // [N, C, S]
  N: number,
  C: number,
  S: number,
  c: number,
  mean: ComputeArray, // [C]
  squares: ComputeArray, // [C]
): void {
  const count = N * S;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let n = 0; n < N; n++) {
    const at = (n * C + c) * S;
    for (let i = at; i < at + S; i++) {
      s0 += x[i];
      s1 += x[i + S];
      s2 += x[i + 2 * S];
      s3 += x[i + 3 * S];
    }
  }
  mean[c] = s0 / count;
  mean[c + 1] = s1 / count;
  mean[c + 2] = s2 / count;
  mean[c + 3] = s3 / count;
  const m0 = mean[c];
  const m1 = mean[c + 1];
  const m2 = mean[c + 2];
  const m3 = mean[c + 3];
  let q0 = 0;
  let q1 = 0;
  let q2 = 0;
  let q3 = 0;
  for (let n = 0; n < N; n++) {
    const at = (n * C + c) * S;
    for (let i = at; i < at + S; i++) {
      const d0 = Math.fround(x[i] - m0);
      const d1 = Math.fround(x[i + S] - m1);
      const d2 = Math.fround(x[i + 2 * S] - m2);
      const d3 = Math.fround(x[i + 3 * S] - m3);
      q0 += Math.fround(d0 * d0);
      q1 += Math.fround(d1 * d1);
      q2 += Math.fround(d2 * d2);
      q3 += Math.fround(d3 * d3);
    }
  }
  squares[c] = q0;
  squares[c + 1] = q1;
  squares[c + 2] = q2;
  squares[c + 3] = q3;
}

/** [N·S, C]: one accumulator per channel in the dtype, row after row. */
function fromRows(planes: Planes): BatchStatistics {
  const { data: x, N, C, S, single } = planes;
  const count = N * S;
  const mean = makeArray(planes.dtype, C); // [C]
  const squares = makeArray(planes.dtype, C); // [C]
  const vectors = single && x.length >= WORTHWHILE ? vectorKernels(C) : null;
  // `single`: all of it is float32.
  const held = vectors?.columns(x as Float32Array, count, C, mean as Float32Array, squares as Float32Array);
  if (held === true) return { mean, squares, count };
  mean.fill(0);
  squares.fill(0);
  for (let row = 0, at = 0; row < count; row++) {
    for (let c = 0; c < C; c++, at++) mean[c] += x[at];
  }
  for (let c = 0; c < C; c++) mean[c] /= count;
  for (let row = 0, at = 0; row < count; row++) {
    for (let c = 0; c < C; c++, at++) {
      const d = round(x[at] - mean[c], single);
      squares[c] = fma(d, d, squares[c], single);
    }
  }
  return { mean, squares, count };
}

/** Any strides: the mean of the general `mean` kernel, squared deviations in double in the order of memory. */
function fromStrided(planes: Planes): BatchStatistics {
  const { tensor, N, C, S } = planes;
  const count = N * S;
  const mean = sumAxes(
    tensor,
    tensor.shape.map((_, axis) => axis !== 1),
  ); // [C]
  for (let c = 0; c < C; c++) mean[c] /= count;
  const shape = tensor.shape.map((size, axis) => (axis === 1 ? 1 : size));
  const axes = mergeAxes(sortAxes(shape, [tensor.strides], false));
  const x = tensor.storage as ComputeArray; // float32 and float64 memory is one of these
  const squares = new Float64Array(C); // [C]
  const index = new Int32Array(axes.length);
  for (let c = 0; c < C; c++) {
    let at = tensor.offset + c * tensor.strides[1];
    let square = 0;
    const centre = mean[c];
    index.fill(0);
    for (let i = 0; i < count; i++) {
      const d = x[at] - centre;
      square += d * d;
      for (let axis = 0; axis < axes.length; axis++) {
        at += axes[axis].strides[0];
        if (++index[axis] < axes[axis].size) break;
        at -= axes[axis].strides[0] * axes[axis].size;
        index[axis] = 0;
      }
    }
    squares[c] = square;
  }
  return { mean, squares, count };
}

// Mean and variance of each channel of a half-precision batch, and their running averages, with PyTorch's rounding points. One method per layout.

import { roundHalf } from '../tensor/half.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { dense, mergeAxes, sortAxes } from './axis-order.ts';
import { sumAxes } from './cascade-sum.ts';
import { fma32 } from './fused-multiply-add.ts';
import { addLanes, type HalfPrecision, keep } from './half-precision.ts';
import type { Planes } from './planes.ts';

export interface HalfStatistics {
  /** As the backward finds it: in the parameters' dtype. */
  readonly mean: Float32Array; // [C]
  /** 1/√(var + eps), likewise. */
  readonly inverse: Float32Array; // [C]
}

/**
 * Statistics of a non-empty input, widened to float32, and the running averages after it, in place. The averages hold values of the
 * parameters' dtype; either may be absent.
 */
export function collectHalf(
  planes: Planes,
  precision: HalfPrecision,
  eps: number,
  factor: number,
  runningMean: Float32Array | null, // [C]
  runningVar: Float32Array | null, // [C]
): HalfStatistics {
  if (planes.layout === 'strided') return collectStrided(planes, precision, eps, factor, runningMean, runningVar);
  const { C } = planes;
  const mean = new Float32Array(C); // [C]
  const squares = new Float32Array(C); // [C]
  // float16 sums would overflow, so PyTorch keeps them and the mean in float32; bfloat16 it rounds at once.
  const early = precision.pure && precision.dtype === 'bfloat16';
  if (planes.layout === 'planes') sumPlanes(planes, mean, squares);
  else sumRows(planes, early ? precision : null, mean, squares);
  const count = planes.N * planes.S;
  const r = (x: number) => (early ? roundHalf(x, precision.dtype) : Math.fround(x));
  const inverse = new Float32Array(C); // [C]
  const f = r(factor);
  const rest = r(1 - f);
  for (let c = 0; c < C; c++) {
    const m = r(mean[c]);
    const square = r(squares[c]);
    const variance = r(square / r(count));
    inverse[c] = inverseOf(variance, eps, precision);
    mean[c] = keep(m, precision);
    if (runningMean !== null) runningMean[c] = keep(r(f * m) + r(rest * runningMean[c]), precision);
    if (runningVar !== null) {
      const unbiased = r(square / r(count - 1));
      // In bfloat16 the variance has become float32 by now, so that its product stays unrounded in bfloat16.
      runningVar[c] = keep(Math.fround(f * unbiased) + r(rest * runningVar[c]), precision);
    }
  }
  return { mean, inverse };
}

// --- internal ---

/** A variance and eps of both zero give 0. */
function inverseOf(variance: number, eps: number, precision: HalfPrecision): number {
  return variance === 0 && eps === 0 ? 0 : keep(1 / Math.sqrt(variance + eps), precision);
}

/** [N, C, S]: eight lanes of float32 over whole blocks of 16, a sum of its own for what is left over; nothing is fused. */
function sumPlanes(planes: Planes, mean: Float32Array, squares: Float32Array): void {
  const { data: x, N, C, S } = planes;
  const count = N * S;
  const whole = S - (S % 16);
  const lanes = new Float32Array(8); // [8]
  for (let c = 0; c < C; c++) {
    let sum = 0;
    lanes.fill(0);
    for (let n = 0; n < N; n++) {
      const at = (n * C + c) * S;
      for (let i = 0; i < whole; i++) lanes[i & 7] += x[at + i];
      for (let i = whole; i < S; i++) sum = Math.fround(sum + x[at + i]);
    }
    const centre = Math.fround(Math.fround(sum + addLanes(lanes)) / count);
    let square = 0;
    lanes.fill(0);
    for (let n = 0; n < N; n++) {
      const at = (n * C + c) * S;
      for (let i = 0; i < whole; i++) {
        const d = Math.fround(x[at + i] - centre);
        lanes[i & 7] += Math.fround(d * d);
      }
      for (let i = whole; i < S; i++) {
        const d = Math.fround(x[at + i] - centre);
        square = Math.fround(square + Math.fround(d * d));
      }
    }
    mean[c] = centre;
    squares[c] = square + addLanes(lanes);
  }
}

/** [N·S, C]: one float32 accumulator per channel, row after row; with `early` the mean is rounded before it is subtracted. */
function sumRows(planes: Planes, early: HalfPrecision | null, mean: Float32Array, squares: Float32Array): void {
  const { data: x, N, C, S } = planes;
  const count = N * S;
  for (let row = 0, at = 0; row < count; row++) {
    for (let c = 0; c < C; c++, at++) mean[c] += x[at];
  }
  for (let c = 0; c < C; c++) {
    mean[c] /= count;
    if (early !== null) mean[c] = keep(mean[c], early);
  }
  for (let row = 0, at = 0; row < count; row++) {
    for (let c = 0; c < C; c++, at++) {
      const d = Math.fround(x[at] - mean[c]);
      squares[c] = fma32(d, d, squares[c]);
    }
  }
}

/** Any strides: the mean of the general `mean` kernel, squared deviations in float32 in the order of memory, nothing fused. */
function collectStrided(
  planes: Planes,
  precision: HalfPrecision,
  eps: number,
  factor: number,
  runningMean: Float32Array | null,
  runningVar: Float32Array | null,
): HalfStatistics {
  const { tensor, N, C, S } = planes;
  const count = N * S;
  const reduced = tensor.shape.map((_, axis) => axis !== 1);
  const mean = sumAxes(dense(tensor), reduced) as Float32Array; // [C], of a float32 tensor
  const inverse = new Float32Array(C); // [C]
  for (let c = 0; c < C; c++) {
    mean[c] = keep(Math.fround(mean[c] / count), precision);
    const square = squaresOf(tensor, c, mean[c]);
    inverse[c] = inverseOf(Math.fround(square / count), eps, precision);
    if (runningMean !== null) runningMean[c] = keep(factor * mean[c] + (1 - factor) * runningMean[c], precision);
    if (runningVar !== null) {
      const unbiased = Math.fround(square / (count - 1));
      runningVar[c] = keep(factor * unbiased + (1 - factor) * runningVar[c], precision);
    }
  }
  return { mean, inverse };
}

function squaresOf(tensor: Tensor, c: number, centre: number): number {
  const shape = tensor.shape.map((size, axis) => (axis === 1 ? 1 : size));
  const axes = mergeAxes(sortAxes(shape, [tensor.strides], false));
  const x = tensor.storage as Float32Array; // widened by the caller
  const index = new Int32Array(axes.length);
  let at = tensor.offset + c * tensor.strides[1];
  let square = 0;
  for (;;) {
    const d = Math.fround(x[at] - centre);
    square = Math.fround(square + Math.fround(d * d));
    let axis = 0;
    for (; axis < axes.length; axis++) {
      at += axes[axis].strides[0];
      if (++index[axis] < axes[axis].size) break;
      at -= axes[axis].strides[0] * axes[axis].size;
      index[axis] = 0;
    }
    if (axis === axes.length) return square;
  }
}

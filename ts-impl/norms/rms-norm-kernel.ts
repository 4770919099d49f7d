// Root-mean-square normalisation, forward and backward, as the chain of elementwise operations and sums that PyTorch runs on a CPU.

import type { ComputeDtype } from '../tensor/dtype.ts';
import { sizeOf } from '../tensor/shape.ts';
import { contiguous, fromStorage, isContiguous, type Tensor } from '../tensor/tensor.ts';
import { type ComputeArray, makeArray, round } from './rounding.ts';
import { resultStrides } from './axis-order.ts';
import { sumAxes } from './cascade-sum.ts';

/** What the backward needs of a forward. */
export interface RmsCall {
  /** x·r·weight, in the wider dtype of input and weight. */
  readonly output: Tensor;
  readonly input: Tensor;
  readonly x: ComputeArray; // [M, N]
  readonly rsqrt: ComputeArray; // [M]
  readonly weight: Tensor | null;
  /** Axes of the input before the normalised ones. */
  readonly leading: number;
}

/** x·r·weight with r = 1/√(mean(x²) + eps) over the axes from `leading` on. Input float32 or float64. */
export function normaliseRms(input: Tensor, leading: number, weight: Tensor | null, eps: number): RmsCall {
  const dtype = input.dtype as ComputeDtype; // the caller has checked it
  const single = dtype === 'float32';
  const x = flat(input); // [M, N]
  const N = sizeOf(input.shape.slice(leading));
  const M = sizeOf(input.shape.slice(0, leading));
  const squares = makeArray(dtype, x.length); // [M, N]
  for (let i = 0; i < x.length; i++) squares[i] = x[i] * x[i];
  const rsqrt = sumNormalised(squares, input, [input.strides], leading); // [M]: Σ x² at first
  const e = round(eps, single);
  for (let i = 0; i < M; i++) {
    const mean = round(round(rsqrt[i] / N, single) + e, single);
    rsqrt[i] = 1 / round(Math.sqrt(mean), single);
  }
  const wide = single && (weight === null || weight.dtype === 'float32') ? 'float32' : 'float64';
  const w = weight && flat(weight); // [N]
  const y = makeArray(wide, x.length); // [M, N]
  for (let i = 0, at = 0; i < M; i++) {
    const r = rsqrt[i];
    for (let j = 0; j < N; j++, at++) {
      const z = round(x[at] * r, single);
      y[at] = w === null ? z : z * w[j];
    }
  }
  return { output: fromStorage(wide, input.shape, y), input, x, rsqrt, weight, leading };
}

/** Gradients of input and weight; each in its own dtype. */
export function backwardRms(call: RmsCall, upstream: Tensor): { input: Tensor; weight: Tensor | null } {
  const { input, x, rsqrt, weight, leading } = call;
  const dtype = input.dtype as ComputeDtype; // the caller has checked it
  const single = dtype === 'float32';
  const wide = call.output.dtype as ComputeDtype; // made above
  const g = flat(upstream); // [M, N]
  const N = sizeOf(input.shape.slice(leading));
  const M = sizeOf(input.shape.slice(0, leading));
  const zStrides = resultStrides(input.shape, [input.strides, statStrides(input, leading)]);
  let toZ = g; // [M, N]: gradient of x·r
  let toZStrides = upstream.strides;
  let dw: Tensor | null = null;
  if (weight !== null) {
    const w = flat(weight); // [N]
    const product = makeArray(wide, g.length); // [M, N]
    toZ = makeArray(dtype, g.length);
    for (let at = 0; at < g.length; at++) {
      const z = round(x[at] * rsqrt[Math.floor(at / N)], single);
      product[at] = g[at] * z;
      toZ[at] = g[at] * w[at % N];
    }
    const wStrides = [...new Array<number>(leading).fill(0), ...weight.strides];
    toZStrides = resultStrides(input.shape, [upstream.strides, wStrides]);
    dw = sumLeading(product, wide, input, [upstream.strides, zStrides], leading, weight);
  }
  const product = makeArray(dtype, x.length); // [M, N]: gradient of r before it is summed
  for (let at = 0; at < x.length; at++) product[at] = toZ[at] * x[at];
  // A single value is no sum: it keeps the sign of its zero.
  const toR = N === 1 ? product : sumNormalised(product, input, [toZStrides, input.strides], leading); // [M]
  const dx = makeArray(dtype, x.length); // [M, N]
  for (let i = 0, at = 0; i < M; i++) {
    const r = rsqrt[i];
    const cube = round(round(r * r, single) * r, single);
    const toMean = round(round(round(-0.5 * toR[i], single) * cube, single) / N, single);
    for (let j = 0; j < N; j++, at++) {
      const direct = round(toZ[at] * r, single);
      dx[at] = direct + round(toMean * round(2 * x[at], single), single);
    }
  }
  return { input: fromStorage(dtype, input.shape, dx), weight: dw };
}

// --- internal ---

function flat(t: Tensor): ComputeArray {
  return contiguous(t).storage as ComputeArray; // float32 and float64 memory is one of these
}

/** Σ over the normalised axes of values in index order, added up as if they lay in memory as the operands' result would. */
function sumNormalised(
  values: ComputeArray, // [M, N]
  like: Tensor,
  operands: readonly (readonly number[])[],
  leading: number,
): ComputeArray {
  const laid = layAs(values, like, operands);
  return sumAxes(
    laid,
    like.shape.map((_, axis) => axis >= leading),
  ); // [M]
}

/** Σ over the leading axes, in the dtype of `parameter`. */
function sumLeading(
  values: ComputeArray, // [M, N]
  dtype: ComputeDtype,
  like: Tensor,
  operands: readonly (readonly number[])[],
  leading: number,
  parameter: Tensor,
): Tensor {
  const axes = like.shape.map((_, axis) => axis < leading);
  const sum = leading === 0 ? values : sumAxes(layAs(values, { ...like, dtype }, operands), axes); // [N]
  const own = makeArray(parameter.dtype as ComputeDtype, sum.length); // parameters are float32 or float64
  own.set(sum);
  return fromStorage(parameter.dtype, parameter.shape, own);
}

/** The values, given in index order, in memory ordered as an elementwise operation on the operands would order it. */
function layAs(values: ComputeArray, like: Tensor, operands: readonly (readonly number[])[]): Tensor {
  const straight = fromStorage(like.dtype, like.shape, values);
  const strides = resultStrides(like.shape, operands);
  const target: Tensor = { ...straight, strides };
  if (isContiguous(target)) return straight;
  const memory = makeArray(like.dtype as ComputeDtype, values.length); // float32 or float64, as the values are
  const index = new Int32Array(like.shape.length);
  for (let i = 0, at = 0; i < values.length; i++) {
    memory[at] = values[i];
    for (let axis = like.shape.length - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < like.shape[axis]) break;
      at -= strides[axis] * like.shape[axis];
      index[axis] = 0;
    }
  }
  return { ...target, storage: memory };
}

/** Strides of the (*, 1, …) tensor of row statistics, 0 where it is repeated. */
function statStrides(input: Tensor, leading: number): number[] {
  const strides = new Array<number>(input.shape.length).fill(0);
  let stride = 1;
  for (let axis = leading - 1; axis >= 0; axis--) {
    strides[axis] = input.shape[axis] === 1 ? 0 : stride;
    stride *= input.shape[axis];
  }
  return strides;
}

// Short words for what behaviours of numbers are written in: layers over the last axes, half-precision tensors, lists. It holds no behaviour.

import type { HalfDtype } from '../../ts-impl/tensor/dtype.ts';
import { encodeHalves } from '../../ts-impl/tensor/half.ts';
import type { Shape } from '../../ts-impl/tensor/shape.ts';
import { contiguous, fromStorage, type Tensor, tensor } from '../../ts-impl/tensor/tensor.ts';
import { type Arguments, bool, int, ints, type Step } from '../case.ts';
import { construct, setTensor } from '../families/row.ts';

export const TRUE = bool(true);
export const FALSE = bool(false);

/** A LayerNorm or RMSNorm over the last axes. */
export const rows = (layer: 'LayerNorm' | 'RMSNorm', shape: number | readonly number[], more: Arguments = {}): Step =>
  construct(layer, { normalized_shape: typeof shape === 'number' ? int(shape) : ints(shape), ...more });

/** Weight and bias, one after the other. */
export const affine = (weight: Tensor, bias: Tensor): readonly Step[] => [
  setTensor('weight', weight),
  setTensor('bias', bias),
];

/** float16 or bfloat16, each number rounded to it. */
export function halves(flat: readonly number[], shape: Shape, dtype: HalfDtype): Tensor {
  return fromStorage(dtype, shape, encodeHalves(Float32Array.from(flat), dtype));
}

/** The numbers of a float32 or float64 tensor, in index order. */
export function flat(t: Tensor): number[] {
  return Array.from(contiguous(t).storage, Number);
}

/** Sixteenths between 3 and 11 in no order, all exact in float32: [rows, width]. The oracle's probes make the same. */
export function sixteenths(count: number, width: number): Tensor {
  const list = Array.from({ length: count * width }, (_, i) => 3 + (((i * 37) % 101) + ((i * i) % 29)) / 16);
  return tensor(list, [count, width], 'float32');
}

/** Entries by name, each with a row of its own made from its name and value. */
export function each<T, R>(all: Readonly<Record<string, T>>, make: (value: T, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, make(value, name)]));
}

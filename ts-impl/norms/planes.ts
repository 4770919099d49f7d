// How a (N, C, *spatial) input lies in memory, as far as PyTorch's kernels distinguish it. It lays out; it computes nothing.

import { channelsLastView, fromChannelsLastOrder, isChannelsLastContiguous } from '../tensor/memory-format.ts';
import type { ComputeDtype } from '../tensor/dtype.ts';
import type { Shape } from '../tensor/shape.ts';
import { contiguous, fromStorage, isContiguous, type Tensor } from '../tensor/tensor.ts';
import { type ComputeArray, makeArray } from './rounding.ts';

/** `planes`: memory is [N, C, S]. `rows`: memory is [N·S, C]. `strided`: neither; `data` is a copy as [N, C, S]. */
export type Layout = 'planes' | 'rows' | 'strided';

export interface Planes {
  readonly layout: Layout;
  /** [N, C, S], or [N·S, C] for `rows`. Never written. */
  readonly data: ComputeArray;
  readonly dtype: ComputeDtype;
  readonly single: boolean;
  readonly N: number;
  readonly C: number;
  /** Elements of one channel of one sample. */
  readonly S: number;
  /** The tensor as it was given. */
  readonly tensor: Tensor;
}

/** Lays out a non-empty float32 or float64 tensor of rank ≥ 2. One pixel per channel counts as rows, as in PyTorch. */
export function layOut(tensor: Tensor): Planes {
  const [N, C] = tensor.shape;
  let S = 1;
  for (let axis = 2; axis < tensor.shape.length; axis++) S *= tensor.shape[axis];
  const dtype = tensor.dtype as ComputeDtype; // callers refuse every other dtype first
  const layout = layoutOf(tensor, S);
  const ordered = layout === 'rows' ? channelsLastView(tensor) : tensor;
  const data = contiguous(ordered).storage as ComputeArray; // float32 and float64 memory is one of these
  return { layout, data, dtype, single: dtype === 'float32', N, C, S, tensor };
}

/** New memory shaped like `planes.data`. */
export function emptyLike(planes: Planes): ComputeArray {
  return makeArray(planes.dtype, planes.data.length);
}

/** A tensor of `planes`' shape over memory that is laid out like `planes.data`. */
export function toTensor(planes: Planes, data: ComputeArray): Tensor {
  const { shape } = planes.tensor;
  if (planes.layout !== 'rows' || planes.S === 1) return fromStorage(planes.dtype, shape, data);
  const inMemory: Shape = [planes.N, ...shape.slice(2), planes.C];
  return fromChannelsLastOrder(fromStorage(planes.dtype, inMemory, data));
}

// --- internal ---

function layoutOf(t: Tensor, S: number): Layout {
  if (isContiguous(t)) return S === 1 ? 'rows' : 'planes';
  return isChannelsLastContiguous(t) ? 'rows' : 'strided';
}

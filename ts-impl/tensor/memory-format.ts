// Memory formats: whether a tensor's memory runs in index order or with channels last, by PyTorch's rules. No arithmetic.

import { permute } from './views.ts';
import { contiguous, isContiguous, type Tensor } from './tensor.ts';

export type MemoryFormat = 'contiguous' | 'channelsLast';

/** (N, C, *spatial) with memory of its own in the order N, *spatial, C. Other ranks than 4 and 5 throw RangeError, as in PyTorch. */
export function toChannelsLast(t: Tensor): Tensor {
  if (!hasChannelsLast(t)) {
    throw new RangeError(`channels_last needs 4 or 5 axes, but shape is [${t.shape}]`);
  }
  return fromChannelsLastOrder(contiguous(permute(t, channelsLastOrder(t.shape.length))));
}

/** The view (N, *spatial, C) whose index order is the memory order of a channels-last tensor. */
export function channelsLastView(t: Tensor): Tensor {
  return permute(t, channelsLastOrder(t.shape.length));
}

/** The view (N, C, *spatial) of a tensor made as (N, *spatial, C). */
export function fromChannelsLastOrder(t: Tensor): Tensor {
  const rank = t.shape.length;
  const order = [0, rank - 1];
  for (let axis = 1; axis < rank - 1; axis++) order.push(axis);
  return permute(t, order);
}

/** PyTorch's `is_contiguous(memory_format=channels_last)`: rank 4 or 5, no gaps, channels innermost; axes of size 1 do not count. */
export function isChannelsLastContiguous(t: Tensor): boolean {
  return hasChannelsLast(t) && isContiguous(channelsLastView(t));
}

/**
 * PyTorch's `suggest_memory_format()`: channels last where the strides look so, gaps allowed. Ambiguous strides (a single
 * channel, or one pixel) count as contiguous.
 */
export function suggestMemoryFormat(t: Tensor): MemoryFormat {
  if (!hasChannelsLast(t) || t.strides[1] === 0) return 'contiguous';
  const rank = t.shape.length;
  let least = 0;
  // From the innermost axis of channels last outwards: C, W, H, (D,) N.
  for (let step = 0; step < rank; step++) {
    const axis = step === 0 ? 1 : step === rank - 1 ? 0 : rank - step;
    if (t.shape[axis] === 0 || t.strides[axis] < least) return 'contiguous';
    if (axis === 0 && least === t.strides[1]) return 'contiguous';
    least = t.strides[axis];
    if (t.shape[axis] > 1) least *= t.shape[axis];
  }
  return 'channelsLast';
}

/** True where some order of the axes is memory order without gaps: PyTorch's `is_non_overlapping_and_dense`. */
export function isDense(t: Tensor): boolean {
  const axes = t.shape.map((_, axis) => axis).filter((axis) => t.shape[axis] > 1);
  axes.sort((a, b) => t.strides[a] - t.strides[b]);
  let expected = 1;
  for (const axis of axes) {
    if (t.strides[axis] !== expected) return false;
    expected *= t.shape[axis];
  }
  return true;
}

/** The same values in memory of their own with these strides, which must be dense for the shape. */
export function withStrides(t: Tensor, strides: readonly number[]): Tensor {
  const order = t.shape.map((_, axis) => axis).sort((a, b) => strides[b] - strides[a]);
  const own = contiguous(permute(t, order));
  return { ...own, shape: t.shape, strides: [...strides] };
}

// --- internal ---

function hasChannelsLast(t: Tensor): boolean {
  return t.shape.length === 4 || t.shape.length === 5;
}

function channelsLastOrder(rank: number): number[] {
  const order = [0];
  for (let axis = 2; axis < rank; axis++) order.push(axis);
  order.push(1);
  return order;
}

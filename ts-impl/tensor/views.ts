// Views: other ways of seeing the same memory through shape, strides and offset. No value is read, copied or written.

import { contiguous, type Tensor } from './tensor.ts';
import { sizeOf } from './shape.ts';

/** The axes in another order; result axis i is `t`'s axis `order[i]`. Throws RangeError unless `order` names every axis once. */
export function permute(t: Tensor, order: readonly number[]): Tensor {
  const rank = t.shape.length;
  if (order.length !== rank || new Set(order).size !== rank || order.some((axis) => !isAxis(axis, rank))) {
    throw new RangeError(`order [${order}] must name each of the ${rank} axes of shape [${t.shape}] once`);
  }
  return { ...t, shape: order.map((axis) => t.shape[axis]), strides: order.map((axis) => t.strides[axis]) };
}

/** Two axes exchanged. Throws RangeError for an axis that is not there. */
export function transpose(t: Tensor, a: number, b: number): Tensor {
  checkAxis(t, a);
  checkAxis(t, b);
  const order = t.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis));
  return permute(t, order);
}

/** Every `step`-th index of `axis` from `start` up to but not including `stop`. Throws RangeError outside 0 ≤ start ≤ stop ≤ size or step < 1. */
export function slice(t: Tensor, axis: number, start: number, stop: number, step = 1): Tensor {
  checkAxis(t, axis);
  const size = t.shape[axis];
  if (!(Number.isInteger(start) && Number.isInteger(stop) && 0 <= start && start <= stop && stop <= size)) {
    throw new RangeError(`slice ${start}:${stop} of axis ${axis} must lie within 0:${size}`);
  }
  if (!Number.isInteger(step) || step < 1)
    throw new RangeError(`slice step is ${step}, expected a whole number from 1`);
  const shape = [...t.shape];
  const strides = [...t.strides];
  shape[axis] = Math.ceil((stop - start) / step);
  strides[axis] *= step;
  return { ...t, shape, strides, offset: t.offset + start * t.strides[axis] };
}

/** `length` indices of `axis` from `start`. Throws RangeError outside the axis. */
export function narrow(t: Tensor, axis: number, start: number, length: number): Tensor {
  return slice(t, axis, start, start + length);
}

/** One index of `axis`, which goes away. Throws RangeError outside the axis. */
export function select(t: Tensor, axis: number, index: number): Tensor {
  const one = slice(t, axis, index, index + 1);
  const keep = (_: number, other: number) => other !== axis;
  return { ...one, shape: one.shape.filter(keep), strides: one.strides.filter(keep) };
}

/** Axes of size 1, and new leading axes, repeated to `shape` with stride 0. Throws RangeError where another size would have to change. */
export function expand(t: Tensor, shape: readonly number[]): Tensor {
  const added = shape.length - t.shape.length;
  if (added < 0) throw new RangeError(`cannot expand shape [${t.shape}] to fewer axes: [${shape}]`);
  const strides = shape.map((size, axis) => {
    const own = axis - added;
    if (own < 0) return 0;
    if (t.shape[own] === size) return t.strides[own];
    if (t.shape[own] === 1) return 0;
    throw new RangeError(
      `cannot expand axis ${own} of shape [${t.shape}] to ${size}: only an axis of size 1 can be repeated`,
    );
  });
  return { ...t, shape: [...shape], strides };
}

/** A new axis of size 1 before `axis`. */
export function unsqueeze(t: Tensor, axis: number): Tensor {
  const shape = [...t.shape];
  const strides = [...t.strides];
  strides.splice(axis, 0, axis < t.shape.length ? t.shape[axis] * t.strides[axis] : 1);
  shape.splice(axis, 0, 1);
  return { ...t, shape, strides };
}

/** The same elements in index order under another shape; copied first where memory is not in that order. Throws RangeError where sizes differ. */
export function reshape(t: Tensor, shape: readonly number[]): Tensor {
  if (sizeOf(shape) !== sizeOf(t.shape))
    throw new RangeError(`cannot reshape [${t.shape}] to [${shape}]: sizes differ`);
  const own = contiguous(t);
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= Math.max(shape[axis], 1);
  }
  return { ...own, shape: [...shape], strides };
}

// --- internal ---

function isAxis(axis: number, rank: number): boolean {
  return Number.isInteger(axis) && axis >= 0 && axis < rank;
}

function checkAxis(t: Tensor, axis: number): void {
  if (!isAxis(axis, t.shape.length)) throw new RangeError(`axis ${axis} is not one of the axes of shape [${t.shape}]`);
}

// A tensor: flat memory seen through shape, strides and offset. Read-only plain data; views share memory, nothing is mutated.

import { type Dtype, makeStorage, type Storage } from './dtype.ts';
import { encodeHalf, isHalf } from './half.ts';
import { contiguousStrides, type Shape, sizeOf } from './shape.ts';

export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: Shape;
  /** Elements (not bytes) from one index to the next, per axis; 0 on an expanded axis. */
  readonly strides: readonly number[];
  /** Elements before the first one. */
  readonly offset: number;
  readonly storage: Storage;
}

/** A contiguous tensor over `storage`, which must hold exactly the elements of `shape`. */
export function fromStorage(dtype: Dtype, shape: Shape, storage: Storage): Tensor {
  checkShape(shape);
  if (storage.length !== sizeOf(shape)) {
    throw new RangeError(`storage holds ${storage.length} elements, but shape [${shape}] needs ${sizeOf(shape)}`);
  }
  return { dtype, shape, strides: contiguousStrides(shape), offset: 0, storage };
}

/** A contiguous tensor from numbers, rounded to `dtype` (half precision by way of float32; int64 takes whole numbers). */
export function tensor(values: ArrayLike<number>, shape: Shape, dtype: Dtype): Tensor {
  checkShape(shape);
  const storage = makeStorage(dtype, values.length);
  if (storage instanceof BigInt64Array) {
    for (let i = 0; i < values.length; i++) storage[i] = BigInt(values[i]);
  } else if (isHalf(dtype)) {
    for (let i = 0; i < values.length; i++) storage[i] = encodeHalf(values[i], dtype);
  } else {
    storage.set(values);
  }
  return fromStorage(dtype, shape, storage);
}

/** True where memory order is index order without gaps. */
export function isContiguous(t: Tensor): boolean {
  let expected = 1;
  for (let axis = t.shape.length - 1; axis >= 0; axis--) {
    if (t.shape[axis] === 1) continue;
    if (t.strides[axis] !== expected) return false;
    expected *= t.shape[axis];
  }
  return true;
}

/** The same values in index order in memory of their own, or the tensor itself where it already is all of its memory in order. */
export function contiguous(t: Tensor): Tensor {
  const size = sizeOf(t.shape);
  if (isContiguous(t) && t.offset === 0 && t.storage.length === size) return t;
  if (isContiguous(t)) return fromStorage(t.dtype, t.shape, t.storage.slice(t.offset, t.offset + size));
  const storage = makeStorage(t.dtype, size);
  if (size > 0) gather(t, storage);
  return fromStorage(t.dtype, t.shape, storage);
}

/** Calls `visit` with the place in memory of each element, in index order (last axis fastest). */
export function eachOffset(t: Tensor, visit: (at: number) => void): void {
  const rank = t.shape.length;
  if (sizeOf(t.shape) === 0) return;
  const index = new Int32Array(rank);
  let at = t.offset;
  for (;;) {
    visit(at);
    let axis = rank - 1;
    for (; axis >= 0; axis--) {
      at += t.strides[axis];
      if (++index[axis] < t.shape[axis]) break;
      at -= t.strides[axis] * t.shape[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

// --- internal ---

/** Throws TypeError for what is no list, RangeError for sizes that are none. */
function checkShape(shape: Shape): void {
  if (!Array.isArray(shape)) throw new TypeError(`shape is ${shape}, expected a list of sizes such as [2, 3]`);
  for (let axis = 0; axis < shape.length; axis++) {
    if (Number.isInteger(shape[axis]) && shape[axis] >= 0) continue;
    throw new RangeError(`shape [${shape}] has ${shape[axis]} on axis ${axis}; a size is a whole number from 0`);
  }
}

/** `contiguous` of a tensor that has elements: row by row of the last axis. */
function gather(t: Tensor, into: Storage): void {
  const from = t.storage;
  const last = t.shape.length - 1; // a scalar is contiguous and never comes here
  const run = t.shape[last];
  const step = t.strides[last];
  const index = new Int32Array(last);
  let at = t.offset;
  for (let next = 0; next < into.length; ) {
    for (let i = 0, place = at; i < run; i++, place += step) into[next++] = from[place];
    for (let axis = last - 1; axis >= 0; axis--) {
      at += t.strides[axis];
      if (++index[axis] < t.shape[axis]) break;
      at -= t.strides[axis] * t.shape[axis];
      index[axis] = 0;
    }
  }
}

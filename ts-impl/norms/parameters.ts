// Memory of parameters and buffers: making, copying, casting and overwriting it. The only file that writes into a tensor's memory.

import { type FloatDtype, makeStorage } from '../tensor/dtype.ts';
import { decodeHalf, encodeHalf, isHalf } from '../tensor/half.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { contiguous, fromStorage, type Tensor } from '../tensor/tensor.ts';
import { widened } from '../tensor/widen.ts';
import { TorchError } from './torch-error.ts';

/** A new tensor filled with `value`. Throws as torch.empty does for a negative size. */
export function filled(shape: Shape, dtype: FloatDtype, value: number): Tensor {
  const negative = shape.find((size) => size < 0);
  if (negative !== undefined) {
    throw new TorchError(
      'RuntimeError',
      `Trying to create tensor with negative dimension ${negative}: [${shape.join(', ')}]`,
    );
  }
  const target = fromStorage(dtype, shape, makeStorage(dtype, sizeOf(shape)));
  if (value !== 0) refill(target, value);
  return target;
}

/** A new int64 scalar. */
export function counter(value: bigint): Tensor {
  return fromStorage('int64', [], BigInt64Array.of(value));
}

/** A contiguous copy in memory of its own. */
export function cloneTensor(t: Tensor): Tensor {
  const own = contiguous(t);
  return own.storage === t.storage ? fromStorage(t.dtype, t.shape, t.storage.slice()) : own;
}

/** A float tensor in another float dtype, copied; integers are copied as they are. */
export function castTensor(t: Tensor, dtype: FloatDtype): Tensor {
  if (t.dtype === 'int64') return cloneTensor(t);
  const target = filled(t.shape, dtype, 0);
  overwrite(target, t);
  return target;
}

/** Writes the values of `source`, which has as many elements, into the contiguous `target`, rounded or cut off to its dtype. */
export function overwrite(target: Tensor, source: Tensor): void {
  const own = contiguous(source);
  const into = target.storage;
  if (source.dtype === target.dtype) {
    copyMemory(own, into);
    return;
  }
  const from = widened(own).storage;
  const { dtype } = target;
  for (let i = 0; i < into.length; i++) {
    const value = from[i];
    if (into instanceof BigInt64Array) into[i] = typeof value === 'bigint' ? value : truncate(value);
    else into[i] = isHalf(dtype) ? encodeHalf(Number(value), dtype) : Number(value);
  }
}

/** A tensor that `method` is called on. Throws as Python does where it is None. */
export function present(t: Tensor | null, method: string): Tensor {
  if (t === null) throw new TorchError('AttributeError', `'NoneType' object has no attribute '${method}'`);
  return t;
}

/** Fills contiguous memory with one value. */
export function refill(target: Tensor, value: number): void {
  const { dtype, storage } = target;
  if (storage instanceof BigInt64Array) storage.fill(BigInt(value));
  else storage.fill(isHalf(dtype) ? encodeHalf(value, dtype) : value);
}

/** Adds one to every element of contiguous memory; the largest int64 is followed by the smallest. */
export function increment(target: Tensor): void {
  const { dtype, storage } = target;
  if (storage instanceof BigInt64Array) for (let i = 0; i < storage.length; i++) storage[i] += 1n;
  else addInto(target, filled(target.shape, dtype as FloatDtype, 1)); // every other memory is of floats
}

/** target ← target + addend, both contiguous floats of one shape and dtype; half-precision sums are made in float32 and rounded. */
export function addInto(target: Tensor, addend: Tensor): void {
  const { dtype, storage: into } = target;
  const from = contiguous(addend).storage;
  for (let i = 0; i < into.length; i++) {
    into[i] = isHalf(dtype)
      ? encodeHalf(decodeHalf(Number(into[i]), dtype) + decodeHalf(Number(from[i]), dtype), dtype)
      : Number(into[i]) + Number(from[i]);
  }
}

// --- internal ---

/** Between memories of one dtype, bits and all. */
function copyMemory(source: Tensor, into: Tensor['storage']): void {
  const from = source.storage;
  for (let i = 0; i < into.length; i++) into[i] = from[i];
}

/** Towards zero, as a C cast; what has no integer becomes the smallest one. */
function truncate(x: number): bigint {
  const whole = Math.trunc(x);
  return Math.abs(whole) < 2 ** 63 ? BigInt(whole) : -(2n ** 63n);
}

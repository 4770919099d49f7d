// Memory of parameters and buffers: making, copying, casting and overwriting it. The only file that writes into a tensor's memory.

import { type ComputeDtype, makeStorage } from '../tensor/dtype.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { contiguous, fromStorage, type Tensor } from '../tensor/tensor.ts';
import { TorchError } from './torch-error.ts';

/** A new tensor filled with `value`. Throws as torch.empty does for a negative size. */
export function filled(shape: Shape, dtype: ComputeDtype, value: number): Tensor {
  const negative = shape.find((size) => size < 0);
  if (negative !== undefined) {
    throw new TorchError(
      'RuntimeError',
      `Trying to create tensor with negative dimension ${negative}: [${shape.join(', ')}]`,
    );
  }
  const storage = makeStorage(dtype, sizeOf(shape)) as Float32Array | Float64Array; // dtype is one of these two
  return fromStorage(dtype, shape, storage.fill(value));
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
export function castTensor(t: Tensor, dtype: ComputeDtype): Tensor {
  if (t.dtype === 'int64') return cloneTensor(t);
  const target = filled(t.shape, dtype, 0);
  overwrite(target, t);
  return target;
}

/** Writes the values of `source`, which has as many elements, into the contiguous `target`, rounded or cut off to its dtype. */
export function overwrite(target: Tensor, source: Tensor): void {
  const from = contiguous(source).storage;
  const into = target.storage;
  for (let i = 0; i < into.length; i++) {
    const value = from[i];
    if (into instanceof BigInt64Array) into[i] = typeof value === 'bigint' ? value : truncate(value);
    else into[i] = Number(value);
  }
}

/** Fills contiguous memory with one value. */
export function refill(target: Tensor, value: number): void {
  const { storage } = target;
  if (storage instanceof BigInt64Array) storage.fill(BigInt(value));
  else storage.fill(value);
}

/** target ← target + addend, both contiguous floats of one shape. */
export function addInto(target: Tensor, addend: Tensor): void {
  const into = target.storage;
  const from = contiguous(addend).storage;
  for (let i = 0; i < into.length; i++) into[i] = Number(into[i]) + Number(from[i]);
}

// --- internal ---

/** Towards zero, as a C cast; what has no integer becomes the smallest one. */
function truncate(x: number): bigint {
  const whole = Math.trunc(x);
  return Math.abs(whole) < 2 ** 63 ? BigInt(whole) : -(2n ** 63n);
}

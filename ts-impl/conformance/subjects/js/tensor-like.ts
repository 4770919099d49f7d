// Between tensors and what a norm in JavaScript holds or answers in their place. It computes nothing but the rounding of plain numbers.

import type { Dtype, Storage } from '../../../tensor/dtype.ts';
import { type Shape, sameShape, sizeOf } from '../../../tensor/shape.ts';
import { contiguous, fromStorage, type Tensor } from '../../../tensor/tensor.ts';
import { elementsOf } from '../../judge/elements.ts';
import type { FloatArray, TensorLike } from './contract.ts';

/** What a norm answered fits no tensor. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
}

/** A contiguous tensor in memory that nobody else holds. */
export function ownTensor(t: Tensor): Tensor {
  const own = contiguous(t);
  return own.storage === t.storage ? fromStorage(t.dtype, t.shape, t.storage.slice()) : own;
}

/** Its elements in memory that nobody else holds. */
export function ownArray(t: Tensor): FloatArray {
  return ownTensor(t).storage as FloatArray; // integers are refused before
}

export function isTensor(value: unknown): value is Tensor {
  return (
    typeof value === 'object' && value !== null && 'storage' in value && 'shape' in value && isStorage(value.storage)
  );
}

export function isTensorLike(value: unknown): value is TensorLike {
  return isStorage(value) || Array.isArray(value) || isTensor(value);
}

/** As a tensor of its own. A value without a shape has that of `like`, plain numbers and half-precision bits its dtype. Throws ContractError. */
export function toTensor(what: string, value: unknown, like: { readonly dtype: Dtype; readonly shape: Shape }): Tensor {
  if (isTensor(value)) return withStrides(what, value, like.dtype);
  if (isStorage(value)) return shaped(what, dtypeOf(value, like.dtype), like.shape, value, () => value.slice());
  if (Array.isArray(value)) {
    return shaped(what, like.dtype, like.shape, value, () => rounded(what, value, like.dtype));
  }
  throw new ContractError(
    `${what} is ${describe(value)}, expected a typed array, an array of numbers or a tensor ({ dtype, shape, storage })`,
  );
}

/** A number that counts, as PyTorch's int64 scalar. Throws ContractError. */
export function toCount(what: string, value: unknown): Tensor {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) {
    return fromStorage('int64', [], BigInt64Array.of(BigInt(value)));
  }
  if (isTensor(value)) return ownTensor(withStrides(what, value, 'int64'));
  throw new ContractError(`${what} is ${describe(value)}, expected a whole number or an int64 tensor`);
}

/** The same values in float32 or float64, in memory that nobody else holds. */
export function castTo(t: Tensor, dtype: 'float32' | 'float64'): Tensor {
  const values = elementsOf(contiguous(t));
  return fromStorage(dtype, t.shape, dtype === 'float32' ? Float32Array.from(values) : Float64Array.from(values));
}

/** a + b, element by element, rounded to their dtype. Half precision is not added. */
export function sumOf(a: Tensor, b: Tensor): Tensor | null {
  if (!sameShape(a.shape, b.shape) || a.storage instanceof Uint16Array) return null;
  const sum = a.storage.slice();
  for (let i = 0; i < sum.length; i++) sum[i] = Number(sum[i]) + Number(b.storage[i]);
  return fromStorage(a.dtype, a.shape, sum);
}

// --- internal ---

function isStorage(value: unknown): value is Storage {
  return (
    value instanceof Float32Array ||
    value instanceof Float64Array ||
    value instanceof Uint16Array ||
    value instanceof BigInt64Array
  );
}

function withStrides(what: string, t: Tensor, fallback: Dtype): Tensor {
  const { storage, shape } = t;
  const dtype = t.dtype ?? dtypeOf(storage, fallback); // a norm in JavaScript may leave it out
  if (!Array.isArray(shape) || !shape.every((size) => Number.isInteger(size) && size >= 0)) {
    throw new ContractError(`${what} has shape ${JSON.stringify(shape)}, expected an array of whole numbers from 0`);
  }
  if (Array.isArray(t.strides) && t.strides.length === shape.length) {
    return ownTensor({ dtype, shape, strides: t.strides, offset: t.offset ?? 0, storage });
  }
  return shaped(what, dtype, shape, storage, () => storage.slice());
}

/** Counts the elements before it copies them: a wrong answer may be far larger than the right one. */
function shaped(
  what: string,
  dtype: Dtype,
  shape: Shape,
  { length }: { readonly length: number },
  own: () => Storage,
): Tensor {
  if (length !== sizeOf(shape)) {
    throw new ContractError(
      `${what} has ${length} elements, expected ${sizeOf(shape)} for shape [${shape.join(', ')}]`,
    );
  }
  return fromStorage(dtype, shape, own());
}

function dtypeOf(storage: Storage, like: Dtype): Dtype {
  if (storage instanceof Float32Array) return 'float32';
  if (storage instanceof Float64Array) return 'float64';
  if (storage instanceof BigInt64Array) return 'int64';
  return like === 'bfloat16' ? 'bfloat16' : 'float16';
}

function rounded(what: string, values: readonly unknown[], dtype: Dtype): Storage {
  if (!values.every((x) => typeof x === 'number')) {
    throw new ContractError(`${what} is an array that holds other things than numbers`);
  }
  if (dtype === 'float64') return Float64Array.from(values);
  if (dtype === 'float32') return Float32Array.from(values);
  throw new ContractError(`${what} is an array of numbers, expected a Uint16Array of the bits of ${dtype}`);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `an object of ${value.constructor?.name ?? 'no class'}`;
}

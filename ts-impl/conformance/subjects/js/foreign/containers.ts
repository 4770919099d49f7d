// Tensors as the arrays and objects that people write norms on, and back. It rounds nothing and judges nothing.

import { type Shape, sizeOf } from '../../../../tensor/shape.ts';
import type { Container } from './plan.ts';

export type FloatData = Float64Array | Float32Array;

/** Classes of the module by name, for containers that are one of theirs. */
export type Classes = Readonly<Record<string, unknown>>;

/** The elements in a fresh container that nobody else holds. */
export function toContainer(container: Container, data: FloatData, shape: Shape, classes: Classes): unknown {
  switch (container.kind) {
    case 'nested':
      return nested(data, shape, (part) => Array.from(part));
    case 'rows':
      return nested(data, shape, (part) => part.slice());
    case 'typed':
      return data.slice();
    case 'numbers':
      return Array.from(data);
    case 'object':
      return { [container.data]: flat(container.flat, data, shape), [container.shape]: [...shape] };
    case 'class': {
      const made = classes[container.name] as new (first: unknown, second: unknown) => unknown; // the plan names a class
      const elements = flat(container.flat, data, shape);
      return container.first === 'data' ? new made(elements, [...shape]) : new made([...shape], elements);
    }
    default:
      return container satisfies never;
  }
}

export interface Read {
  readonly data: Float64Array;
  readonly shape: Shape;
  /** It was kept in float32. */
  readonly single: boolean;
}

/** What a value holds as a tensor; null for what is none. A flat one has its length for a shape. */
export function readTensor(value: unknown): Read | null {
  if (value instanceof Float64Array) return { data: value.slice(), shape: [value.length], single: false };
  if (value instanceof Float32Array) return { data: Float64Array.from(value), shape: [value.length], single: true };
  if (Array.isArray(value)) return readNested(value);
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Readonly<Record<string, unknown>>; // any of its properties may be there
  const data = DATA_KEYS.map((key) => fields[key]).find((held) => ArrayBuffer.isView(held) || Array.isArray(held));
  const sizes = SHAPE_KEYS.map((key) => fields[key]).find((held) => isSizes(held));
  const inner = data === undefined ? null : readTensor(data);
  if (inner === null) return null;
  if (sizes === undefined) return inner;
  const shape = Array.from(sizes as readonly number[]); // isSizes has looked
  return sizeOf(shape) === inner.data.length ? { ...inner, shape } : null;
}

/** The same with the shape that is expected of it; null where it has other elements. A flat value fits every shape of its length. */
export function readAs(value: unknown, shape: Shape): Read | null {
  const read = readTensor(value);
  if (read === null || read.data.length !== sizeOf(shape)) return null;
  const same = read.shape.length === shape.length && read.shape.every((size, i) => size === shape[i]);
  return same || read.shape.length === 1 ? { ...read, shape } : null;
}

/** Writes elements into a container in place, keeping what it is made of. False where that can't be done. */
export function writeInto(target: unknown, data: FloatData): boolean {
  let at = 0;
  const write = (part: unknown): boolean => {
    if (part instanceof Float64Array || part instanceof Float32Array) {
      if (at + part.length > data.length) return false;
      part.set(data.subarray(at, at + part.length));
      at += part.length;
      return true;
    }
    if (!Array.isArray(part) || Object.isFrozen(part)) return false;
    for (let i = 0; i < part.length; i++) {
      if (typeof part[i] === 'number') part[i] = data[at++];
      else if (!write(part[i])) return false;
    }
    return true;
  };
  return write(target) && at === data.length;
}

export const DATA_KEYS = ['data', 'storage', 'values', 'buffer', 'array', 'elements', 'value', '_data'] as const;
export const SHAPE_KEYS = ['shape', 'dims', 'size', 'sizes', '_shape'] as const;

// --- internal ---

function flat(kind: 'typed' | 'numbers' | 'nested', data: FloatData, shape: Shape): unknown {
  if (kind === 'typed') return data.slice();
  return kind === 'numbers' ? Array.from(data) : nested(data, shape, (part) => Array.from(part));
}

function nested(data: FloatData, shape: Shape, row: (part: FloatData) => unknown): unknown {
  if (shape.length <= 1) return row(data);
  const step = sizeOf(shape.slice(1));
  return Array.from({ length: shape[0] }, (_, i) =>
    nested(data.subarray(i * step, (i + 1) * step), shape.slice(1), row),
  );
}

function readNested(value: readonly unknown[]): Read | null {
  if (value.length === 0) return null;
  if (typeof value[0] === 'number') {
    return value.every((v) => typeof v === 'number')
      ? { data: Float64Array.from(value as readonly number[]), shape: [value.length], single: false } // every one was looked at
      : null;
  }
  const parts = value.map((part) => (Array.isArray(part) || ArrayBuffer.isView(part) ? readTensor(part) : null));
  const [first] = parts;
  if (first === null) return null;
  const data = new Float64Array(value.length * first.data.length);
  for (const [i, part] of parts.entries()) {
    if (part === null || part.shape.join() !== first.shape.join()) return null;
    data.set(part.data, i * first.data.length);
  }
  return { data, shape: [value.length, ...first.shape], single: parts.every((part) => part?.single === true) };
}

function isSizes(value: unknown): value is readonly number[] {
  const list = value instanceof Int32Array || value instanceof Uint32Array || Array.isArray(value);
  return list && Array.from(value as ArrayLike<unknown>).every((n) => Number.isInteger(n));
}

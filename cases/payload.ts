// Tensors and values as the plain parts of a header, their memory in one payload, and back. No case, no steps here.

import { rawBytes, storageFromBytes } from '../ts-impl/tensor/bytes.ts';
import { itemSize, type Storage } from '../ts-impl/tensor/dtype.ts';
import type { Tensor } from '../ts-impl/tensor/tensor.ts';
import type { Value } from './case.ts';
import { asCount, asCounts, asDtype, asList, asMap, MalformedHeader, type Plain, show } from './header.ts';

/** dtype, shape, strides, offset, elements, at. */
const TENSOR_FIELDS = 6;

/** Collects the memory of tensors, each at a multiple of 8 bytes, as one payload. */
export class PayloadWriter {
  private readonly parts: Uint8Array[] = [];
  private length = 0;
  private start = 0;

  /** Begins the memory of another case, and returns how many bytes the one before takes. */
  begin(): number {
    const size = this.length - this.start;
    this.start = this.length;
    return size;
  }

  /** Adds raw memory and returns the byte of its case at which it will lie. */
  add(storage: Storage): number {
    const at = this.length - this.start;
    const bytes = rawBytes(storage);
    this.parts.push(bytes);
    this.length += (bytes.length + 7) & ~7;
    return at;
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      all.set(part, at);
      at += (part.length + 7) & ~7;
    }
    return all;
  }
}

/**
 * The header of a tensor: dtype, shape, strides, offset and elements of memory, and the byte `at` which that memory lies.
 * A list, since there are six tensors to a case and their keys would be most of a message's header.
 */
export function encodeTensor(t: Tensor, payload: PayloadWriter): readonly Plain[] {
  return [t.dtype, t.shape, t.strides, t.offset, t.storage.length, payload.add(t.storage)];
}

/** Reads what `encodeTensor` wrote; the memory is copied out of the payload. Throws MalformedHeader. */
export function decodeTensor(header: Plain, payload: Uint8Array, place: string): Tensor {
  const fields = asList(header, place);
  if (fields.length !== TENSOR_FIELDS) {
    throw new MalformedHeader(`${place} has ${fields.length} fields, expected ${TENSOR_FIELDS}`);
  }
  const dtype = asDtype(fields[0], `${place}.dtype`);
  const shape = asCounts(fields[1], `${place}.shape`);
  const strides = asCounts(fields[2], `${place}.strides`);
  const offset = asCount(fields[3], `${place}.offset`);
  const elements = asCount(fields[4], `${place}.elements`);
  const at = asCount(fields[5], `${place}.at`);
  if (strides.length !== shape.length)
    throw new MalformedHeader(`${place} has ${shape.length} sizes and ${strides.length} strides`);
  const empty = shape.includes(0);
  const last = shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis], offset);
  if (!empty && last >= elements)
    throw new MalformedHeader(`${place} reaches element ${last}, but its memory holds ${elements}`);
  if (at % 8 !== 0 || at + elements * itemSize(dtype) > payload.length) {
    throw new MalformedHeader(
      `${place} lies at byte ${at} with ${elements} elements, outside the payload of ${payload.length} bytes`,
    );
  }
  return { dtype, shape, strides, offset, storage: storageFromBytes(dtype, payload, at, elements) };
}

/** A value in a header: floats as their 8 raw little-endian bytes, so that −0, NaN and 1.0 survive. */
export function encodeValue(v: Value, payload: PayloadWriter): Plain {
  switch (v.kind) {
    case 'null':
      return null;
    case 'bool':
    case 'string':
      return v.value;
    case 'int':
      return { int: v.value };
    case 'float': {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setFloat64(0, v.value, true);
      return { float: bytes };
    }
    case 'list':
      return { list: v.items.map((item) => encodeValue(item, payload)) };
    case 'tensor':
      return { tensor: encodeTensor(v.tensor, payload) };
    default:
      return v satisfies never;
  }
}

/** Reads what `encodeValue` wrote. Throws MalformedHeader. */
export function decodeValue(plain: Plain, payload: Uint8Array, place: string): Value {
  if (plain === null) return { kind: 'null' };
  if (typeof plain === 'boolean') return { kind: 'bool', value: plain };
  if (typeof plain === 'string') return { kind: 'string', value: plain };
  const map = asMap(plain, place);
  if ('int' in map) {
    if (!Number.isSafeInteger(map.int))
      throw new MalformedHeader(`${place}.int is ${show(map.int)}, expected an integer below 2^53`);
    return { kind: 'int', value: map.int as number }; // checked on the line above
  }
  if ('float' in map) {
    const bytes = map.float;
    if (!(bytes instanceof Uint8Array) || bytes.length !== 8)
      throw new MalformedHeader(`${place}.float is ${show(bytes)}, expected 8 raw bytes`);
    return { kind: 'float', value: new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true) };
  }
  if ('list' in map)
    return {
      kind: 'list',
      items: asList(map.list, `${place}.list`).map((item, i) => decodeValue(item, payload, `${place}[${i}]`)),
    };
  if ('tensor' in map) return { kind: 'tensor', tensor: decodeTensor(map.tensor, payload, `${place}.tensor`) };
  throw new MalformedHeader(
    `${place} is ${show(plain)}, expected null, a boolean, a string, or a map of int, float, list or tensor`,
  );
}

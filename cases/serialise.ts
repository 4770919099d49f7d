// A Case as a plain header and a run of raw bytes, and back. The wire and the literal id both use it; no socket, no compression here.

import { itemSize, type Storage } from '../ts-impl/tensor/dtype.ts';
import { rawBytes, storageFromBytes } from '../ts-impl/tensor/bytes.ts';
import type { Tensor } from '../ts-impl/tensor/tensor.ts';
import type { Arguments, Case, NamedTensor, Step, Value } from './case.ts';
import {
  asBoolean,
  asCount,
  asCounts,
  asDtype,
  asList,
  asMap,
  asOneOf,
  asString,
  MalformedHeader,
  type Plain,
  type PlainMap,
  show,
} from './header.ts';

export { asCount, asList, asMap, asString, MalformedHeader, type Plain, type PlainMap } from './header.ts';

/** Collects the memory of tensors, each at a multiple of 8 bytes, as one payload. */
export class PayloadWriter {
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  /** Adds raw memory and returns the byte at which it will lie. */
  add(storage: Storage): number {
    const at = this.length;
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

/** The header of a tensor: dtype, shape, strides, offset and elements of memory, and the byte `at` which that memory lies. */
export function encodeTensor(t: Tensor, payload: PayloadWriter): PlainMap {
  return {
    dtype: t.dtype,
    shape: t.shape,
    strides: t.strides,
    offset: t.offset,
    elements: t.storage.length,
    at: payload.add(t.storage),
  };
}

/** Reads what `encodeTensor` wrote; the memory is copied out of the payload. Throws MalformedHeader. */
export function decodeTensor(header: Plain, payload: Uint8Array, place: string): Tensor {
  const map = asMap(header, place);
  const dtype = asDtype(map.dtype, `${place}.dtype`);
  const shape = asCounts(map.shape, `${place}.shape`);
  const strides = asCounts(map.strides, `${place}.strides`);
  const offset = asCount(map.offset, `${place}.offset`);
  const elements = asCount(map.elements, `${place}.elements`);
  const at = asCount(map.at, `${place}.at`);
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

export function encodeCase(c: Case): { readonly header: PlainMap; readonly payload: Uint8Array } {
  const payload = new PayloadWriter();
  const steps = c.steps.map((step) => encodeStep(step, payload));
  return { header: { id: c.id, layer: c.layer, dtype: c.dtype, layout: c.layout, steps }, payload: payload.bytes() };
}

/** Reads what `encodeCase` wrote. Throws MalformedHeader. */
export function decodeCase(header: Plain, payload: Uint8Array): Case {
  const map = asMap(header, 'case');
  return {
    id: asString(map.id, 'case.id'),
    layer: asString(map.layer, 'case.layer'),
    dtype: asDtype(map.dtype, 'case.dtype'),
    layout: asString(map.layout, 'case.layout'),
    steps: asList(map.steps, 'case.steps').map((step, i) => decodeStep(step, payload, `case.steps[${i}]`)),
  };
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

export function encodeStep(step: Step, payload: PayloadWriter): PlainMap {
  switch (step.kind) {
    case 'construct':
      return { kind: step.kind, layer: step.layer, arguments: encodeArguments(step.arguments, payload) };
    case 'forward':
      return { kind: step.kind, mode: step.mode, input: encodeTensor(step.input, payload), gradient: step.gradient };
    case 'backward':
      return {
        kind: step.kind,
        gradient: encodeTensor(step.gradient, payload),
        accumulate: step.accumulate,
        again: step.again,
      };
    case 'read':
    case 'reset':
      return { kind: step.kind, what: step.what };
    case 'set_attribute':
      return { kind: step.kind, name: step.name, value: encodeValue(step.value, payload) };
    case 'set_tensor':
      return {
        kind: step.kind,
        name: step.name,
        tensor: step.tensor === null ? null : encodeTensor(step.tensor, payload),
      };
    case 'load_state':
      return {
        kind: step.kind,
        entries: step.entries.map(({ name, tensor }) => ({ name, tensor: encodeTensor(tensor, payload) })),
        version: step.version,
        strict: step.strict,
      };
    case 'save_state':
    case 'copy':
      return { kind: step.kind };
    case 'cast':
      return { kind: step.kind, dtype: step.dtype };
    case 'call':
      return {
        kind: step.kind,
        function: step.function,
        arguments: encodeArguments(step.arguments, payload),
        gradient: step.gradient,
      };
    default:
      return step satisfies never;
  }
}

// --- internal ---

function encodeArguments(args: Arguments, payload: PayloadWriter): Plain {
  return Object.entries(args).map(([name, value]) => ({ name, value: encodeValue(value, payload) }));
}

function decodeArguments(plain: Plain, payload: Uint8Array, place: string): Arguments {
  const args: Record<string, Value> = Object.create(null);
  asList(plain, place).forEach((entry, i) => {
    const map = asMap(entry, `${place}[${i}]`);
    args[asString(map.name, `${place}[${i}].name`)] = decodeValue(map.value, payload, `${place}[${i}].value`);
  });
  return args;
}

function decodeStep(plain: Plain, payload: Uint8Array, place: string): Step {
  const map = asMap(plain, place);
  const kind = asString(map.kind, `${place}.kind`) as Step['kind']; // an unknown kind ends in the default branch
  switch (kind) {
    case 'construct':
      return {
        kind,
        layer: asString(map.layer, `${place}.layer`),
        arguments: decodeArguments(map.arguments, payload, `${place}.arguments`),
      };
    case 'forward':
      return {
        kind,
        mode: map.mode === null ? null : asOneOf(map.mode, ['train', 'eval'] as const, `${place}.mode`),
        input: decodeTensor(map.input, payload, `${place}.input`),
        gradient: asBoolean(map.gradient, `${place}.gradient`),
      };
    case 'backward':
      return {
        kind,
        gradient: decodeTensor(map.gradient, payload, `${place}.gradient`),
        accumulate: asBoolean(map.accumulate, `${place}.accumulate`),
        again: asBoolean(map.again, `${place}.again`),
      };
    case 'read':
      return { kind, what: asOneOf(map.what, ['buffers', 'all'] as const, `${place}.what`) };
    case 'reset':
      return { kind, what: asOneOf(map.what, ['running_stats', 'parameters'] as const, `${place}.what`) };
    case 'set_attribute':
      return {
        kind,
        name: asString(map.name, `${place}.name`),
        value: decodeValue(map.value, payload, `${place}.value`),
      };
    case 'set_tensor':
      return {
        kind,
        name: asString(map.name, `${place}.name`),
        tensor: map.tensor === null ? null : decodeTensor(map.tensor, payload, `${place}.tensor`),
      };
    case 'load_state':
      return {
        kind,
        entries: asList(map.entries, `${place}.entries`).map((entry, i): NamedTensor => {
          const fields = asMap(entry, `${place}.entries[${i}]`);
          return {
            name: asString(fields.name, `${place}.entries[${i}].name`),
            tensor: decodeTensor(fields.tensor, payload, `${place}.entries[${i}].tensor`),
          };
        }),
        version: map.version === null ? null : asCount(map.version, `${place}.version`),
        strict: asBoolean(map.strict, `${place}.strict`),
      };
    case 'save_state':
    case 'copy':
      return { kind };
    case 'cast':
      return { kind, dtype: asDtype(map.dtype, `${place}.dtype`) };
    case 'call':
      return {
        kind,
        function: asString(map.function, `${place}.function`),
        arguments: decodeArguments(map.arguments, payload, `${place}.arguments`),
        gradient: asBoolean(map.gradient, `${place}.gradient`),
      };
    default:
      kind satisfies never;
      throw new MalformedHeader(`${place}.kind is ${show(map.kind)}, which is no step`);
  }
}

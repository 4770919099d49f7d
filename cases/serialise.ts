// A Case as a plain header and a run of raw bytes, and back. The wire and the literal id both use it; no socket, no compression here.

import type { Arguments, Case, NamedTensor, Step, Value } from './case.ts';
import {
  asBoolean,
  asCount,
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
import { decodeTensor, decodeValue, encodeTensor, encodeValue, PayloadWriter } from './payload.ts';

export { asCount, asList, asMap, asString, MalformedHeader, type Plain, type PlainMap } from './header.ts';
export { decodeTensor, decodeValue, encodeTensor, encodeValue, PayloadWriter } from './payload.ts';

export function encodeCase(c: Case): { readonly header: PlainMap; readonly payload: Uint8Array } {
  const payload = new PayloadWriter();
  return { header: encodeCaseHeader(c, payload), payload: payload.bytes() };
}

/** The header of a case, its tensors' memory added to a payload that other cases may share. */
export function encodeCaseHeader(c: Case, payload: PayloadWriter): PlainMap {
  const steps = c.steps.map((step) => encodeStep(step, payload));
  return { id: c.id, layer: c.layer, dtype: c.dtype, layout: c.layout, steps };
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
        entries: encodeNamed(step.entries, payload),
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
    case 'double_backward':
      return {
        kind: step.kind,
        gradient: encodeTensor(step.gradient, payload),
        vectors: encodeNamed(step.vectors, payload),
      };
    case 'inspect':
      return { kind: step.kind, names: [...step.names] };
    case 'probe':
      return { kind: step.kind, name: step.name };
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

function encodeNamed(entries: readonly NamedTensor[], payload: PayloadWriter): Plain {
  return entries.map(({ name, tensor }) => ({ name, tensor: encodeTensor(tensor, payload) }));
}

function decodeNamed(plain: Plain, payload: Uint8Array, place: string): readonly NamedTensor[] {
  return asList(plain, place).map((entry, i) => {
    const fields = asMap(entry, `${place}[${i}]`);
    return {
      name: asString(fields.name, `${place}[${i}].name`),
      tensor: decodeTensor(fields.tensor, payload, `${place}[${i}].tensor`),
    };
  });
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
        entries: decodeNamed(map.entries, payload, `${place}.entries`),
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
    case 'double_backward':
      return {
        kind,
        gradient: decodeTensor(map.gradient, payload, `${place}.gradient`),
        vectors: decodeNamed(map.vectors, payload, `${place}.vectors`),
      };
    case 'inspect':
      return {
        kind,
        names: asList(map.names, `${place}.names`).map((name, i) => asString(name, `${place}.names[${i}]`)),
      };
    case 'probe':
      return { kind, name: asString(map.name, `${place}.name`) };
    default:
      kind satisfies never;
      throw new MalformedHeader(`${place}.kind is ${show(map.kind)}, which is no step`);
  }
}

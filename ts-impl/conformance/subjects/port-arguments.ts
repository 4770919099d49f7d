// Python's view of arguments, for the port: how they bind, print and compare, and what PyTorch says of a wrong kind. It calls no norm.

import type { Arguments, Value } from '../../../cases/case.ts';
import { type PythonWords, writePython } from '../../../cases/python-value.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** What Python or PyTorch's argument parser raises before any norm is computed. */
export class PythonError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.name = 'PythonError';
    this.type = type;
  }
}

/** What the port has no notion of; the case is then unsupported. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}

/** What a parameter of PyTorch's C++ signature takes; `?` takes None too. */
export type Kind = 'tensor' | 'tensor?' | 'bool' | 'float' | 'float?' | 'int' | 'ints';

/** Keyword arguments against a Python signature. Throws TypeError for an unknown or a missing one. */
export function bind(callee: string, required: readonly string[], optional: readonly string[], args: Arguments): void {
  for (const name of Object.keys(args)) {
    if (!required.includes(name) && !optional.includes(name)) {
      throw new PythonError('TypeError', `${callee} got an unexpected keyword argument '${name}'`);
    }
  }
  const missing = required.filter((name) => args[name] === undefined).map((name) => `'${name}'`);
  if (missing.length === 0) return;
  const last = missing[missing.length - 1];
  const listed = missing.length < 3 ? missing.join(' and ') : `${missing.slice(0, -1).join(', ')}, and ${last}`;
  const noun = missing.length === 1 ? 'argument' : 'arguments';
  throw new PythonError('TypeError', `${callee} missing ${missing.length} required positional ${noun}: ${listed}`);
}

/** PyTorch's complaint where `value` is no such kind, or null. `position` counts from 1. */
export function complaint(
  callee: string,
  name: string,
  position: number,
  kind: Kind,
  value: Value,
): PythonError | null {
  const wanted = wantedWord(kind);
  if (isKind(kind, value)) return null;
  const place = `${callee}(): argument '${name}' (position ${position}) must be ${wanted}`;
  if (kind === 'ints' && value.kind === 'list') {
    const at = value.items.findIndex((item) => item.kind !== 'int');
    if (at === 0) {
      return new PythonError('TypeError', `${place}, but found element of type ${typeName(value.items[0])} at pos 0`);
    }
    // PyTorch counts this position from 1.
    return new PythonError(
      'TypeError',
      `${callee}(): argument '${name}' failed to unpack the object at pos ${at + 1} with error "type must be ${wanted},but got ${typeName(value.items[at])}"`,
    );
  }
  return new PythonError('TypeError', `${place}, not ${typeName(value)}`);
}

/** `eps <= 0.0` in Python. Throws TypeError for what is no number. */
export function checkComparable(operator: '<' | '<=', value: Value): PythonError | null {
  if (isNumeric(value)) return null;
  return new PythonError(
    'TypeError',
    `'${operator}' not supported between instances of '${typeName(value)}' and 'float'`,
  );
}

export function isNumeric(value: Value): boolean {
  return value.kind === 'int' || value.kind === 'float' || value.kind === 'bool';
}

/** The number a Value stands for where Python would take it as one; NaN otherwise. */
export function numberOf(value: Value): number {
  if (value.kind === 'bool') return value.value ? 1 : 0;
  return value.kind === 'int' || value.kind === 'float' ? value.value : Number.NaN;
}

/** Python's truth of a value. */
export function truthy(value: Value): boolean {
  switch (value.kind) {
    case 'null':
      return false;
    case 'bool':
      return value.value;
    case 'int':
    case 'float':
      return value.value !== 0;
    case 'string':
      return value.value !== '';
    case 'list':
      return value.items.length > 0;
    case 'tensor':
      throw new Unsupported('a tensor given as a flag');
    default:
      return value satisfies never;
  }
}

/** A tensor argument, or null for None. */
export function tensorOf(value: Value | undefined): Tensor | null {
  return value?.kind === 'tensor' ? value.tensor : null;
}

/** Whole numbers of a list of ints, or of an int alone. */
export function intsOf(value: Value): number[] {
  if (value.kind === 'list') return value.items.map(numberOf);
  return [numberOf(value)];
}

/** The name of a value's Python type. */
export function typeName(value: Value): string {
  switch (value.kind) {
    case 'null':
      return 'NoneType';
    case 'string':
      return 'str';
    case 'tensor':
      return 'Tensor';
    case 'bool':
    case 'int':
    case 'float':
    case 'list':
      return value.kind;
    default:
      return value satisfies never;
  }
}

/** Python's `str()` of a value; `repr()` where it stands inside another. */
export function pythonText(value: Value, formatFloat: (x: number) => string, inList = false): string {
  const words: PythonWords = {
    float: formatFloat,
    string: (text, inside) => (inside ? `'${text}'` : text),
    tensor: () => {
      throw new Unsupported('the repr of a tensor');
    },
  };
  return writePython(value, words, inList);
}

/** `tuple(value)` of an argument `normalized_shape` that is no int. Throws TypeError for what cannot be iterated. */
export function tupleOf(value: Value): readonly Value[] {
  if (value.kind === 'int') return [value];
  if (value.kind === 'list') return value.items;
  if (value.kind === 'string') return [...value.value].map((letter) => ({ kind: 'string', value: letter }));
  if (value.kind === 'bool') return [value]; // a bool is an Integral
  if (value.kind === 'tensor') throw new Unsupported('a tensor given as normalized_shape');
  throw new PythonError('TypeError', `'${typeName(value)}' object is not iterable`);
}

/** `a % b != 0` in Python, for GroupNorm's constructor. Throws what Python raises. */
export function leavesRemainder(a: Value, b: Value): boolean {
  if (a.kind === 'string') throw new PythonError('TypeError', 'not all arguments converted during string formatting');
  if (!isNumeric(a) || !isNumeric(b)) {
    throw new PythonError('TypeError', `unsupported operand type(s) for %: '${typeName(a)}' and '${typeName(b)}'`);
  }
  const float = a.kind === 'float' || b.kind === 'float';
  if (numberOf(b) === 0) {
    throw new PythonError('ZeroDivisionError', float ? 'float modulo' : 'integer modulo by zero');
  }
  return numberOf(a) % numberOf(b) !== 0;
}

// --- internal ---

function isKind(kind: Kind, value: Value): boolean {
  switch (kind) {
    case 'tensor':
      return value.kind === 'tensor';
    case 'tensor?':
      return value.kind === 'tensor' || value.kind === 'null';
    case 'bool':
      return value.kind === 'bool';
    case 'float':
      return isNumeric(value);
    case 'float?':
      return isNumeric(value) || value.kind === 'null';
    case 'int':
      return value.kind === 'int';
    case 'ints':
      return value.kind === 'list' && value.items.every((item) => item.kind === 'int');
    default:
      return kind satisfies never;
  }
}

function wantedWord(kind: Kind): string {
  if (kind === 'ints') return 'tuple of ints';
  if (kind === 'tensor' || kind === 'tensor?') return 'Tensor';
  return kind === 'float?' ? 'float' : kind;
}

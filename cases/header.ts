// What a header may hold and how it is read, value by value, with the place named in every complaint. No tensor, no bytes here.

import { DTYPES, type Dtype, isDtype } from '../ts-impl/tensor/dtype.ts';

/** What a header may hold: strings, booleans, null, integers below 2^53, raw bytes, lists and maps of these. Never a float. */
export type Plain =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Plain[]
  | { readonly [key: string]: Plain };
export type PlainMap = { readonly [key: string]: Plain };

/** A header that does not say what it should; the message names the place in it. */
export class MalformedHeader extends Error {
  override readonly name = 'MalformedHeader';
}

export function asMap(plain: Plain | undefined, place: string): PlainMap {
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain) || plain instanceof Uint8Array) {
    throw new MalformedHeader(`${place} is ${show(plain)}, expected a map`);
  }
  return plain as PlainMap; // every other kind is excluded above
}

export function asList(plain: Plain | undefined, place: string): readonly Plain[] {
  if (!Array.isArray(plain)) throw new MalformedHeader(`${place} is ${show(plain)}, expected a list`);
  return plain;
}

export function asString(plain: Plain | undefined, place: string): string {
  if (typeof plain !== 'string') throw new MalformedHeader(`${place} is ${show(plain)}, expected a string`);
  return plain;
}

export function asCount(plain: Plain | undefined, place: string): number {
  if (!Number.isSafeInteger(plain) || (plain as number) < 0)
    throw new MalformedHeader(`${place} is ${show(plain)}, expected a whole number`);
  return plain as number; // checked on the line above
}

export function asCounts(plain: Plain | undefined, place: string): number[] {
  return asList(plain, place).map((n, i) => asCount(n, `${place}[${i}]`));
}

export function asBoolean(plain: Plain | undefined, place: string): boolean {
  if (typeof plain !== 'boolean') throw new MalformedHeader(`${place} is ${show(plain)}, expected true or false`);
  return plain;
}

export function asDtype(plain: Plain | undefined, place: string): Dtype {
  if (!isDtype(plain)) throw new MalformedHeader(`${place} is ${show(plain)}, expected one of ${DTYPES.join(', ')}`);
  return plain;
}

export function asOneOf<T extends string>(plain: Plain | undefined, words: readonly T[], place: string): T {
  const word = words.find((w) => w === plain);
  if (word === undefined) throw new MalformedHeader(`${place} is ${show(plain)}, expected ${words.join(' or ')}`);
  return word;
}

export function show(plain: Plain | undefined): string {
  if (plain === undefined) return 'missing';
  if (plain instanceof Uint8Array) return `${plain.length} raw bytes`;
  return JSON.stringify(plain).slice(0, 60);
}

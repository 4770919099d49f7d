// Case ids: made and read. Generated ones (`g1/…`) name the numbers to make the case from, those of behaviours (`b1/…`) the
// question as it is written; literal ones (`x1/…`) hold the case whole.

import { deflateSync, inflateSync } from 'fflate';
import { BEHAVIOURS, caseOfBehaviour } from './behaviours/behaviours.ts';
import type { Case } from './case.ts';
import { FAMILY_NAMES, generate, hasIndex, isFamilyName } from './g1/generate.ts';
import { packHeader, unpackHeader } from './packed-header.ts';
import { asMap, decodeCase, encodeCase, MalformedHeader } from './serialise.ts';

/** An id that names no case; the message says which rule it breaks. */
export class IdError extends Error {
  override readonly name = 'IdError';
}

/** Longer literal ids are unwieldy on a command line: keep the bytes of `encodeCaseFile` in a file instead. */
export const LONGEST_HANDY_ID = 4096;

/** The case an id names, the same bytes on any machine. Throws IdError. */
export function caseFromId(id: string): Case {
  const stray = id.match(/[^A-Za-z0-9._=/-]/u);
  if (stray !== null) {
    throw new IdError(`${quote(id)} holds ${JSON.stringify(stray[0])}; an id is made of letters, digits and . _ = / -`);
  }
  const version = id.slice(0, id.indexOf('/') + 1);
  if (version === 'g1/') return generatedCase(id);
  if (version === 'b1/') return behaviourCase(id);
  if (version === 'x1/') return literalCase(id);
  throw new IdError(`${quote(id)} begins with none of g1/ (generated), b1/ (of a behaviour) and x1/ (literal)`);
}

/** The case under the literal id that holds all of it. */
export function withLiteralId(c: Case): Case {
  return { ...c, id: `x1/${toBase64Url(encodeCaseFile(c))}` };
}

/** The case as bytes for a file: its length, then the deflated header and payload. The id is left out. */
export function encodeCaseFile(c: Omit<Case, 'id'>): Uint8Array {
  const { header, payload } = encodeCase({ ...c, id: '' });
  const packed = packHeader(header);
  const plain = new Uint8Array(4 + packed.length + payload.length);
  new DataView(plain.buffer).setUint32(0, packed.length, true);
  plain.set(packed, 4);
  plain.set(payload, 4 + packed.length);
  const deflated = deflateSync(plain, { level: 9 });
  const file = new Uint8Array(4 + deflated.length);
  new DataView(file.buffer).setUint32(0, plain.length, true);
  file.set(deflated, 4);
  return file;
}

/** Reads what `encodeCaseFile` wrote and gives the case its literal id. Throws IdError. */
export function decodeCaseFile(file: Uint8Array): Case {
  return { ...readCase(file), id: `x1/${toBase64Url(file)}` };
}

// --- internal ---

/** Bytes that a case may have once inflated. */
const CASE_LIMIT_BYTES = 256 << 20;

/** Deflate packs at most about 1,032 bytes into one. */
const MOST_DEFLATED = 1100;

function generatedCase(id: string): Case {
  const parts = id.split('/');
  if (parts.length !== 5) {
    throw new IdError(`${quote(id)} has ${parts.length} parts; a generated id is g1/<family>/<seed>/<index>/<summary>`);
  }
  const [, family, seed, index] = parts;
  if (!isFamilyName(family)) {
    throw new IdError(`${quote(id)} names the family ${quote(family)}; the families are ${FAMILY_NAMES.join(', ')}`);
  }
  const number = wholeNumber(index, 'index', id);
  if (!hasIndex(family, number))
    throw new IdError(`${quote(id)} has the index ${index}, and ${family} has no such row`);
  const made = generate(family, wholeNumber(seed, 'seed', id), number);
  if (made.id !== id) {
    throw new IdError(
      `${quote(id)} does not match its case, whose id is ${made.id}; ask for that one, or mend the numbers`,
    );
  }
  return made;
}

function behaviourCase(id: string): Case {
  const found = caseOfBehaviour(id);
  if (found !== null) return found;
  const named = BEHAVIOURS.find((behaviour) => behaviour.id === id.split('/')[1]);
  if (named === undefined) {
    throw new IdError(
      `${quote(id)} names no behaviour; an id is b1/B-061/only, and \`normative list behaviours\` lists them`,
    );
  }
  const ids = named.questions.map((question) => question.case.id);
  throw new IdError(`${quote(id)} is no question of ${named.id}, whose cases are ${ids.join(', ') || 'none'}`);
}

function wholeNumber(digits: string, what: string, id: string): number {
  const value = Number(digits);
  if (!/^(0|[1-9][0-9]*)$/.test(digits) || !Number.isSafeInteger(value)) {
    throw new IdError(
      `${quote(id)} has the ${what} ${quote(digits)}; it is a whole number below 2^53, without leading zeros`,
    );
  }
  return value;
}

function literalCase(id: string): Case {
  return { ...readCase(fromBase64Url(id.slice(3), id)), id };
}

function readCase(file: Uint8Array): Case {
  if (file.length < 5) throw new IdError(`the literal case has ${file.length} bytes; it is cut short`);
  const length = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  if (length > CASE_LIMIT_BYTES) {
    throw new IdError(`the literal case claims ${length} bytes; the limit is ${CASE_LIMIT_BYTES}`);
  }
  if (length > file.length * MOST_DEFLATED) {
    throw new IdError(`the literal case claims ${length} bytes, more than its ${file.length} can hold; it is damaged`);
  }
  try {
    const plain = inflateSync(file.subarray(4), { out: new Uint8Array(length) }); // a longer stream throws
    if (plain.length !== length || length < 4) throw new MalformedHeader(`${plain.length} bytes instead of ${length}`);
    const headerLength = new DataView(plain.buffer).getUint32(0, true);
    if (4 + headerLength > length) throw new MalformedHeader(`a header of ${headerLength} bytes in ${length}`);
    const header = unpackHeader(plain.subarray(4, 4 + headerLength));
    return decodeCase({ ...asMap(header, 'case') }, plain.subarray(4 + headerLength));
  } catch (problem) {
    throw new IdError(`the literal case does not read: ${problem instanceof Error ? problem.message : problem}`);
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function toBase64Url(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const bits = (bytes[i] << 16) | ((left > 1 ? bytes[i + 1] : 0) << 8) | (left > 2 ? bytes[i + 2] : 0);
    out += ALPHABET[bits >> 18] + ALPHABET[(bits >> 12) & 63];
    if (left > 1) out += ALPHABET[(bits >> 6) & 63];
    if (left > 2) out += ALPHABET[bits & 63];
  }
  return out;
}

function fromBase64Url(text: string, id: string): Uint8Array {
  const rest = text.length % 4;
  if (rest === 1)
    throw new IdError(`${quote(id)} has ${text.length} characters after x1/, which no bytes give; it is cut short`);
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const value = ALPHABET.indexOf(text[i]);
    if (value < 0)
      throw new IdError(`${quote(id)} holds ${quote(text[i])} after x1/; base64url has letters, digits, - and _`);
    bits = ((bits << 6) | value) & 0xffffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >> held) & 0xff;
    }
  }
  return bytes;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}

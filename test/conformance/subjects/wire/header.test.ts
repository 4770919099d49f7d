// Headers survive the way through MessagePack, and what is no header is refused in words.

import fc from 'fast-check';
import msgpack from 'msgpack-lite';
import { describe, expect, test } from 'vitest';
import type { PlainMap } from '../../../../cases/serialise.ts';
import {
  decodeHeader,
  encodeHeader,
  HEADER_LIMIT_BYTES,
  ProtocolError,
} from '../../../../ts-impl/conformance/subjects/wire/header.ts';

const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);
const key = fc.string().filter((k) => !RESERVED.has(k));
const { plain } = fc.letrec((tie) => ({
  plain: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('plain'), { maxLength: 5 }),
    fc.dictionary(key, tie('plain'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));
const header = fc.dictionary(key, plain, { maxKeys: 6, noNullPrototype: true }) as fc.Arbitrary<PlainMap>;

/** Buffers as the Uint8Arrays that they were. */
function plainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(plainBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, item]) => [k, plainBytes(item)]));
}

describe('encodeHeader and decodeHeader', () => {
  test('give back every header', () => {
    fc.assert(
      fc.property(header, (h) => {
        expect(plainBytes(decodeHeader(encodeHeader(h)))).toStrictEqual(plainBytes(h));
      }),
    );
  });

  test.each([2 ** 31, 2 ** 32, 2 ** 53 - 1, -(2 ** 31) - 1, -(2 ** 53) + 1])('write %d as an integer', (n) => {
    const bytes = encodeHeader({ n });
    expect([0xce, 0xcf, 0xd3]).toContain(bytes[3]); // uint 32, uint 64, int 64; 0xcb would be a float
    expect(decodeHeader(bytes)).toEqual({ n });
  });

  test.each([0.5, Number.NaN, 2 ** 53])('refuse to write %d', (n) => {
    expect(() => encodeHeader({ n })).toThrow(ProtocolError);
  });
});

describe('decodeHeader', () => {
  test('throws nothing but ProtocolError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeHeader(bytes);
        } catch (problem) {
          expect(problem).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  test.each([...RESERVED])('refuses the key %s at any depth and names its place', (word) => {
    const bytes = msgpack.encode(new Map([['a', [new Map([[word, new Map([['x', 1]])]])]]]), {
      codec: msgpack.createCodec({ usemap: true }),
    });
    expect(() => decodeHeader(bytes)).toThrow(`header.a[0] has the key ${word}`);
  });

  test('takes the same words as values', () => {
    const h = { message: 'no attribute __proto__, constructor or prototype' };
    expect(decodeHeader(encodeHeader(h))).toEqual(h);
  });

  test('refuses a header over the cap before decoding it', () => {
    expect(() => decodeHeader(new Uint8Array(HEADER_LIMIT_BYTES + 1))).toThrow('the limit is');
  });
});

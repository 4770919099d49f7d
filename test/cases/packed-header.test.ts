// Headers as MessagePack: the round trip, and what is refused.

import msgpack from 'msgpack-lite';
import { describe, expect, test } from 'vitest';
import { MalformedHeader } from '../../cases/header.ts';
import { packHeader, unpackHeader } from '../../cases/packed-header.ts';

describe('unpackHeader', () => {
  test('gives back what was packed, bytes and wide integers included', () => {
    const header = { a: new Uint8Array([1, 2]), b: [null, true, 'x', -3, 2 ** 32 + 1, 2 ** 53 - 1], c: { d: {} } };
    const bytes = packHeader(header);
    expect(unpackHeader(bytes)).toMatchObject(header);
  });

  const packed = (value: unknown) => new Uint8Array(msgpack.encode(value));

  test.each([
    [
      'a key named __proto__',
      new Uint8Array([0x81, 0xa9, ...Buffer.from('__proto__'), 1]),
      /keys are strings other than __proto__/,
    ],
    ['a key that is no string', new Uint8Array([0x81, 0x01, 0x01]), /has the key 1/],
    ['a float', packed({ a: 1.5 }), /header\.a is 1\.5; numbers of a header are whole/],
    ['bytes cut short', packHeader({ a: 'long enough' }).subarray(0, 5), /is no MessagePack/],
    ['lists without end', packed(Array.from({ length: 40 }).reduce<unknown>((inner) => [inner], 1)), /levels deep/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => unpackHeader(bytes)).toThrow(MalformedHeader);
    expect(() => unpackHeader(bytes)).toThrow(message);
  });
});

// float16 and bfloat16: every pattern decoded and encoded again, and encoding against exact rounding in whole numbers.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HalfDtype } from '../../ts-impl/tensor/dtype.ts';
import { decodeHalf, decodeHalves, encodeHalf, encodeHalves, isHalf, roundHalf } from '../../ts-impl/tensor/half.ts';
import { BFLOAT16, exact, FLOAT16, FLOAT32, type Format, rounded } from './exact-binary.ts';

const FORMATS: readonly [HalfDtype, Format & { fraction: number; bias: number }][] = [
  ['float16', { ...FLOAT16, fraction: 10, bias: 15 }],
  ['bfloat16', { ...BFLOAT16, fraction: 7, bias: 127 }],
];

/** What the bits say, from their definition. */
function meaning(bits: number, { fraction, bias }: { fraction: number; bias: number }): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits & 0x7fff) >> fraction;
  const rest = bits & (2 ** fraction - 1);
  if (exponent === 2 * bias + 1) return rest === 0 ? sign / 0 : Number.NaN;
  return exponent === 0
    ? sign * rest * 2 ** (1 - bias - fraction)
    : sign * (1 + rest * 2 ** -fraction) * 2 ** (exponent - bias);
}

const isNegative = (x: number) => x < 0 || Object.is(x, -0);
const PATTERNS = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

describe.each(FORMATS)('%s', (dtype, format) => {
  test('all 65536 patterns are what they say, and come back', () => {
    const values = decodeHalves(PATTERNS, dtype);
    const again = encodeHalves(values, dtype);
    let nans = 0;
    for (let bits = 0; bits < 65536; bits++) {
      const value = decodeHalf(bits, dtype);
      if (!Object.is(value, meaning(bits, format)) || !Object.is(value, values[bits])) expect.fail(`pattern ${bits}`);
      if (Number.isNaN(value)) {
        nans++;
        if (!Number.isNaN(decodeHalf(encodeHalf(value, dtype), dtype)) || again[bits] === 0) expect.fail(`${bits}`);
        if (!Number.isNaN(decodeHalf(again[bits], dtype))) expect.fail(`pattern ${bits}`);
      } else if (
        encodeHalf(value, dtype) !== bits ||
        again[bits] !== bits ||
        !Object.is(roundHalf(value, dtype), value)
      ) {
        expect.fail(`pattern ${bits} came back as ${encodeHalf(value, dtype)} and ${again[bits]}`);
      }
    }
    expect(nans).toBe(2 * (2 ** format.fraction - 1));
  });

  /** float32 numbers everywhere, half-way between two neighbours, and next to that. */
  const word = new Uint32Array(1); // [1]
  const float = new Float32Array(word.buffer); // [1]
  const numbers = fc.oneof(
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.float({ noNaN: true, min: -70000, max: 70000 }),
    fc.float({ noNaN: true, min: Math.fround(-(2 ** -13)), max: Math.fround(2 ** -13) }),
    fc
      .tuple(fc.integer({ min: 0, max: 65534 }), fc.integer({ min: -1, max: 1 }))
      .map(([bits, steps]) => {
        const [a, b] = [meaning(bits, format), meaning(bits + 1, format)];
        float[0] = (a + b) / 2;
        word[0] += steps;
        return float[0];
      })
      .filter(Number.isFinite),
  );

  test('the nearest of all float32 numbers, ties to even', () => {
    const sample: number[] = [];
    fc.assert(
      fc.property(numbers, (x) => {
        sample.push(x);
        const wanted = rounded(exact(x), format);
        expect(roundHalf(x, dtype) === wanted).toBe(true);
        expect(isNegative(roundHalf(x, dtype))).toBe(isNegative(x)); // of zero too
      }),
      { numRuns: 10_000 },
    );
    expect(Array.from(encodeHalves(Float32Array.from(sample), dtype))).toEqual(sample.map((x) => encodeHalf(x, dtype)));
  });

  test('a double is rounded to float32 first', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e39, max: 1e39 }), (x) => {
        const single = rounded(exact(x), FLOAT32);
        const wanted = Number.isFinite(single) ? rounded(exact(single), format) : single;
        expect(roundHalf(x, dtype) === wanted).toBe(true);
      }),
      { numRuns: 3000 },
    );
    const high = 1 + 2 ** -format.fraction / 2; // half-way between 1 and its neighbour
    expect(roundHalf(high + 2 ** -40, dtype)).toBe(1); // what lies above half-way is gone after the first rounding
  });

  test('overflow, infinities and part of an array', () => {
    expect(roundHalf(format.largest, dtype)).toBe(format.largest);
    const step = format.largest * 2 ** -format.precision; // about half of the last place
    expect(roundHalf(Math.fround(format.largest + step * 1.5), dtype)).toBe(Number.POSITIVE_INFINITY);
    expect(roundHalf(Number.NEGATIVE_INFINITY, dtype)).toBe(Number.NEGATIVE_INFINITY);
    const bits = Uint16Array.of(1, 2, 0x3f80, 0x8000, 5);
    expect(Array.from(decodeHalves(bits, dtype, 1, 3))).toEqual([2, 0x3f80, 0x8000].map((b) => meaning(b, format)));
  });
});

test('which types are half precision', () => {
  expect((['float16', 'bfloat16', 'float32', 'float64', 'int64'] as const).map(isHalf)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

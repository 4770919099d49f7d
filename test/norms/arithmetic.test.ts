// The fused multiply-add: one rounding of the exact a·b + c, judged by whole-number arithmetic.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fma32, fma64 } from '../../ts-impl/norms/arithmetic.ts';

const bits = new DataView(new ArrayBuffer(8));

/** x as mantissa·2^exponent with whole numbers, exactly. */
function exact(x: number): { mantissa: bigint; exponent: number } {
  bits.setFloat64(0, x);
  const raw = bits.getBigUint64(0);
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & ((1n << 52n) - 1n);
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa: raw >> 63n ? -mantissa : mantissa, exponent: (biased === 0 ? 1 : biased) - 1075 };
}

/** The exact mantissa·2^exponent rounded to nearest, ties to even, with `precision` bits and no exponent below `least`. */
function rounded(mantissa: bigint, exponent: number, precision: number, least: number): number {
  const sign = mantissa < 0n ? -1 : 1;
  const size = mantissa < 0n ? -mantissa : mantissa;
  const drop = Math.max(size.toString(2).length - precision, least - exponent, 0);
  const kept = size >> BigInt(drop);
  const rest = size - (kept << BigInt(drop));
  const half = drop === 0 ? 1n : 1n << BigInt(drop - 1);
  const up = drop > 0 && (rest > half || (rest === half && (kept & 1n) === 1n));
  let value = Number(kept + (up ? 1n : 0n));
  let left = exponent + drop;
  for (; left > 900; left -= 900) value *= 2 ** 900;
  for (; left < -900; left += 900) value *= 2 ** -900;
  return sign * value * 2 ** left;
}

function exactFma(a: number, b: number, c: number, precision: number, least: number): number {
  const [x, y, z] = [exact(a), exact(b), exact(c)];
  const exponent = Math.min(x.exponent + y.exponent, z.exponent);
  const product = (x.mantissa * y.mantissa) << BigInt(x.exponent + y.exponent - exponent);
  const sum = product + (z.mantissa << BigInt(z.exponent - exponent));
  return sum === 0n ? 0 : rounded(sum, exponent, precision, least);
}

const finite64 = fc.double({ noNaN: true, noDefaultInfinity: true });
const finite32 = fc.float({ noNaN: true, noDefaultInfinity: true });
/** a, b and a third number near −a·b, where cancellation shows every lost bit. */
const cancelling = (numbers: fc.Arbitrary<number>, round: (x: number) => number) =>
  fc
    .tuple(numbers, numbers, fc.integer({ min: -3, max: 3 }))
    .map(([a, b, steps]) => [a, b, round(-(a * b) * (1 + steps * 2 ** -23))] as const)
    .filter(([, , c]) => Number.isFinite(c));
const tiny64 = fc.tuple(
  fc.double({ min: 2 ** -540, max: 2 ** -500, noNaN: true }),
  fc.double({ min: -(2 ** -500), max: 2 ** -500, noNaN: true }),
  fc.double({ min: -(2 ** -1015), max: 2 ** -1015, noNaN: true }),
);

test.each([
  ['any numbers', fc.tuple(finite64, finite64, finite64)],
  ['cancelling', cancelling(finite64, (x) => x)],
  ['near the least numbers', tiny64],
] as const)('fma64 of %s rounds once', (_, triples) => {
  fc.assert(
    fc.property(triples as fc.Arbitrary<readonly [number, number, number]>, ([a, b, c]) => {
      const wanted = exactFma(a, b, c, 53, -1074);
      // == and not Object.is: whole numbers have no −0.
      expect(fma64(a, b, c) === wanted || Math.abs(wanted) === Number.POSITIVE_INFINITY).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ['any numbers', fc.tuple(finite32, finite32, finite32)],
  ['cancelling', cancelling(finite32, Math.fround)],
] as const)('fma32 of %s rounds once', (_, triples) => {
  fc.assert(
    fc.property(triples as fc.Arbitrary<readonly [number, number, number]>, ([a, b, c]) => {
      const wanted = exactFma(a, b, c, 24, -149);
      expect(fma32(a, b, c) === wanted || Math.abs(wanted) > 3.4e38).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test('half-way cases that rounding twice gets wrong', () => {
  // 1 + 2^-24 lies half-way between two float32 numbers; the product's last bit decides.
  const a = 1 + 2 ** -12;
  const c = Math.fround(1 - a * a + 2 ** -24 + 1);
  expect(fma32(a, a, c)).toBe(exactFma(a, a, c, 24, -149));
  const high = Math.fround(2 ** 30);
  expect(fma32(high, Math.fround(1 + 2 ** -23), Math.fround(2 ** -100))).toBe(2 ** 30 + 2 ** 7);
  expect(fma32(2 ** 12 + 1, 2 ** 12 + 1, 2 ** -60)).toBe(2 ** 24 + 2 ** 13 + 2);
});

test('infinities and NaN go the way of a·b + c', () => {
  const inf = Number.POSITIVE_INFINITY;
  expect(fma64(inf, 1, -inf)).toBeNaN();
  expect(fma64(inf, 0, 1)).toBeNaN();
  expect(fma64(2, 3, -inf)).toBe(-inf);
  expect(fma64(1e200, 1e200, -inf)).toBe(-inf); // the product is finite, only too large to be held
  expect(fma64(1e200, 1e200, 1)).toBe(inf);
  expect(fma64(1e200, 1e200, Number.NaN)).toBeNaN();
  expect(fma32(Math.fround(1e30), Math.fround(1e30), 0)).toBe(inf);
  expect(Object.is(fma64(-0, 1, -0), -0)).toBe(true);
});

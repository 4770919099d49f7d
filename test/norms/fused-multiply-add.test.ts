// The fused multiply-add: one rounding of the exact a·b + c, judged by whole-number arithmetic.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fma32, fma64 } from '../../ts-impl/norms/fused-multiply-add.ts';
import { exact, FLOAT32, FLOAT64, type Format, plus, rounded, times } from '../tensor/exact-binary.ts';

function exactFma(a: number, b: number, c: number, format: Format): number {
  return rounded(plus(times(exact(a), exact(b)), exact(c)), format);
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

/** Products near the least numbers that c nearly takes away: what is left of them is subnormal, and was rounded once already. */
const leftOver64 = fc
  .tuple(
    fc.double({ min: 1, max: 2, noNaN: true }),
    fc.double({ min: 1, max: 2, noNaN: true }),
    fc.integer({ min: -1010, max: -880 }),
    fc.integer({ min: -4, max: 4 }),
  )
  .map(([x, y, exponent, steps]) => {
    const a = x * 2 ** Math.floor(exponent / 2);
    const b = y * 2 ** (exponent - Math.floor(exponent / 2));
    return [a, b, -(a * b) * (1 + steps * 2 ** -52)] as const;
  });

test.each([
  ['any numbers', fc.tuple(finite64, finite64, finite64)],
  ['cancelling', cancelling(finite64, (x) => x)],
  ['near the least numbers', tiny64],
  ['left over near the least numbers', leftOver64],
] as const)('fma64 of %s rounds once', (_, triples) => {
  fc.assert(
    fc.property(triples as fc.Arbitrary<readonly [number, number, number]>, ([a, b, c]) => {
      const wanted = exactFma(a, b, c, FLOAT64);
      // == and not Object.is: whole numbers have no −0.
      expect(fma64(a, b, c) === wanted).toBe(true);
    }),
    { numRuns: 10_000 },
  );
});

test.each([
  ['any numbers', fc.tuple(finite32, finite32, finite32)],
  ['cancelling', cancelling(finite32, Math.fround)],
] as const)('fma32 of %s rounds once', (_, triples) => {
  fc.assert(
    fc.property(triples as fc.Arbitrary<readonly [number, number, number]>, ([a, b, c]) => {
      const wanted = exactFma(a, b, c, FLOAT32);
      expect(fma32(a, b, c) === wanted).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test('half-way cases that rounding twice gets wrong', () => {
  // 1 + 2^-24 lies half-way between two float32 numbers; the product's last bit decides.
  const a = 1 + 2 ** -12;
  const c = Math.fround(1 - a * a + 2 ** -24 + 1);
  expect(fma32(a, a, c)).toBe(exactFma(a, a, c, FLOAT32));
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

test('a product too small for any bit leaves c as it is, and gives a zero its sign', () => {
  for (const [a, b] of [
    [1e-200, 1e-200],
    [-1e-200, 1e-200],
    [1e-200, -1e-200],
    [-1e-200, -1e-200],
    [5e-324, -5e-324],
  ]) {
    const zero = a > 0 === b > 0 ? 0 : -0;
    expect(Object.is(fma64(a, b, 0), zero)).toBe(true);
    expect(Object.is(fma64(a, b, -0), zero)).toBe(true);
    for (const c of [5e-324, -5e-324, 1, -1e300]) expect(fma64(a, b, c)).toBe(c);
  }
});

test('numbers at the ends of the range, by whole-number arithmetic', () => {
  const sizes = [5e-324, 2 ** -1060, 2 ** -1022, 2 ** -600, 2 ** -537, 1, 2 ** 500, 2 ** 1023];
  let subnormal = 0;
  for (const a of sizes) {
    for (const b of sizes) {
      for (const c of [...sizes, 0]) {
        for (const [p, q, r] of [
          [1, 1, 1],
          [1.25, -1.75, 1.5],
          [1 + 2 ** -52, 1 + 2 ** -51, -(1 + 2 ** -50)],
        ]) {
          const [x, y, z] = [a * p, b * q, c * r];
          const wanted = exactFma(x, y, z, FLOAT64);
          expect(fma64(x, y, z) === wanted).toBe(true);
          if (wanted !== 0 && Math.abs(wanted) < 2 ** -1022) subnormal++;
        }
      }
    }
  }
  expect(subnormal).toBeGreaterThan(50);
});

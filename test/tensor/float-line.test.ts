// The integer line of floats: ranks order as numbers do, neighbours are one apart, and distances are differences of ranks.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distanceUlps, rankOf } from '../../ts-impl/tensor/float-line.ts';
import { roundHalf } from '../../ts-impl/tensor/half.ts';

const float32 = fc.float({ noNaN: true });
const float64 = fc.double({ noNaN: true });
const float16 = float32.map((x) => roundHalf(x, 'float16'));
const bfloat16 = float32.map((x) => roundHalf(x, 'bfloat16'));

describe.each([
  ['float32', float32, 2 ** -149, Math.fround(3.4e38)],
  ['float64', float64, 2 ** -1074, Number.MAX_VALUE],
  ['float16', float16, 2 ** -24, 65504],
  ['bfloat16', bfloat16, 2 ** -133, (2 - 2 ** -7) * 2 ** 127],
] as const)('%s', (dtype, numbers, least, most) => {
  test('ranks order as the numbers do, with −0 before +0', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const lower = a < b || (Object.is(a, -0) && Object.is(b, 0));
        expect(rankOf(a, dtype) < rankOf(b, dtype)).toBe(lower);
      }),
    );
  });

  test('a distance is the difference of ranks, either way round', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const apart = rankOf(a, dtype) - rankOf(b, dtype);
        const exact = Number(apart < 0n ? -apart : apart);
        expect(distanceUlps(a, b, dtype)).toBe(exact);
        expect(distanceUlps(b, a, dtype)).toBe(exact);
      }),
      { numRuns: 2000 },
    );
  });

  test('neighbours are one apart, across zero and at the ends', () => {
    expect(distanceUlps(-0, 0, dtype)).toBe(1);
    expect(distanceUlps(0, least, dtype)).toBe(1);
    expect(distanceUlps(-0, -least, dtype)).toBe(1);
    expect(distanceUlps(-least, least, dtype)).toBe(3);
    expect(distanceUlps(Number.POSITIVE_INFINITY, most, dtype)).toBeGreaterThan(0);
    expect(distanceUlps(1, 1, dtype)).toBe(0);
  });

  test('NaN has no rank, and is far from everything but NaN', () => {
    expect(() => rankOf(Number.NaN, dtype)).toThrow(RangeError);
    expect(distanceUlps(Number.NaN, Number.NaN, dtype)).toBe(0);
    expect(distanceUlps(Number.NaN, 1, dtype)).toBeNaN();
    expect(distanceUlps(1, Number.NaN, dtype)).toBeNaN();
  });
});

test('one unit in the last place of 1', () => {
  expect(distanceUlps(1, 1 + 2 ** -23, 'float32')).toBe(1);
  expect(distanceUlps(1, 1 + 2 ** -52, 'float64')).toBe(1);
  expect(distanceUlps(1, 2, 'float64')).toBe(2 ** 52);
});

// The recipes of float32 and half-precision bits: near to exact arithmetic, and different from one another where they should be.

import { describe, expect, test } from 'vitest';
import { halfMoments, halfOutput, halfRootMeanSquare } from '../../../cases/behaviours/half-recipes.ts';
import {
  batchOutput,
  groupOutput,
  inverseDeviation,
  layerOutput,
  type Moments,
  momentsInDoubles,
  momentsInFloats,
  momentsInLanes,
  narrowInverseDeviation,
  runningMeanStep,
  runningVarianceStep,
  unbiased,
} from '../../../cases/behaviours/recipes.ts';
import { decodeBfloat16 } from '../../../ts-impl/tensor/bfloat16.ts';

const uneven = (n: number) => Array.from({ length: n }, (_, i) => Math.fround(3 + ((i * 37) % 101) / 7));
const LENGTHS = [1, 2, 7, 8, 9, 16, 100, 128, 129, 257, 300, 1000, 2100];

function exact(x: readonly number[]): Moments {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  return { mean, squares: x.reduce((sum, value) => sum + (value - mean) ** 2, 0), count: x.length };
}

describe('statistics', () => {
  const ways = { momentsInDoubles, momentsInFloats: (x: readonly number[]) => momentsInFloats(x), momentsInLanes };
  for (const [name, way] of Object.entries(ways)) {
    test(`${name} are float32 and near the exact ones`, () => {
      for (const n of LENGTHS) {
        const x = uneven(n);
        const found = way(x);
        const right = exact(x);
        expect(found.count).toBe(n);
        expect(Math.fround(found.mean)).toBe(found.mean);
        expect(Math.fround(found.squares)).toBe(found.squares);
        expect(Math.abs(found.mean - right.mean)).toBeLessThan(2e-6 * right.mean);
        expect(Math.abs(found.squares - right.squares)).toBeLessThan(3e-5 * right.squares + 1e-9);
      }
    });
  }

  test('each way has bits of its own', () => {
    const x = uneven(300);
    const found = [momentsInDoubles(x), momentsInFloats(x), momentsInFloats(x, 2), momentsInLanes(x)];
    expect(new Set(found.map(({ squares }) => squares)).size).toBe(4);
  });

  test('as many threads as rows leave float64 alone', () => {
    expect(momentsInFloats(uneven(2), 2)).toEqual(momentsInDoubles(uneven(2)));
  });

  test('constants have no deviation', () => {
    for (const n of LENGTHS) expect(momentsInLanes(Array<number>(n).fill(Math.fround(0.1))).squares).toBe(0);
  });
});

describe('what is made of them', () => {
  const moments: Moments = { mean: 3, squares: 8, count: 3 };

  test('outputs of small numbers are what arithmetic makes of them', () => {
    expect(batchOutput(5, 3, 0.5, 4, 1)).toBe(5);
    expect(layerOutput(5, 3, 0.5, 4, 1)).toBe(5);
    expect(layerOutput(5, 3, 0.5, null, 1)).toBe(2);
    expect(layerOutput(5, 3, 0.5, 4, null)).toBe(4);
    expect(layerOutput(5, 3, 0.5, null, null)).toBe(1);
    expect(groupOutput(5, 3, 0.5, { weight: 4, bias: 1 })).toBe(5);
    expect(groupOutput(5, 3, 0.5, null)).toBe(1);
    expect(runningMeanStep(2, 4, 0.5)).toBe(3);
    expect(runningVarianceStep(2, 4, 0.5)).toBe(3);
    expect(unbiased(moments)).toBe(4);
    expect(inverseDeviation({ ...moments, squares: 12 }, 0)).toBe(0.5);
    expect(narrowInverseDeviation(4, 0)).toBe(0.5);
  });

  test('centring first keeps a constant at its bias, folding does not', () => {
    const inverse = inverseDeviation({ mean: 1e7, squares: 0, count: 4 }, 1e-5);
    expect(layerOutput(1e7, 1e7, inverse, 1, 3)).toBe(3);
    expect(batchOutput(1e7, 1e7, inverse, 1, 0)).toBe(-105.14453125);
  });

  test('a mean is rounded once more than a variance', () => {
    const tries = Array.from({ length: 200 }, (_, i) => [Math.fround(i / 7 + 0.3), Math.fround(i / 11 + 2)] as const);
    expect(tries.some(([old, seen]) => runningMeanStep(old, seen, 0.1) !== runningVarianceStep(old, seen, 0.1))).toBe(
      true,
    );
  });
});

describe('half precision', () => {
  const row = [1.5, -2.25, 3.0625, 7, 0.3046875, -1.1015625, 5.5, 0.875];
  const weight = [1.1015625, 0.69921875, 1.296875, 0.8984375, 1.203125, 0.30078125, 1.703125, 0.55078125];
  const isBfloat16 = (x: number) => Array.from({ length: 65536 }, (_, bits) => decodeBfloat16(bits)).includes(x);

  test('rounding twice shows', () => {
    const once = halfRootMeanSquare(row, weight, 'bfloat16');
    expect(once).not.toEqual(halfRootMeanSquare(row, weight, 'bfloat16', true));
    expect(once.every(isBfloat16)).toBe(true);
  });

  test('statistics that are kept in bfloat16 are bfloat16, and near those in float32', () => {
    const kept = halfMoments(row, 1e-5, 'bfloat16');
    const single = halfMoments(row, 1e-5, 'float32');
    expect([isBfloat16(kept.mean), isBfloat16(kept.inverse)]).toEqual([true, true]);
    expect(isBfloat16(single.inverse)).toBe(false);
    expect(kept.mean).toBeCloseTo(single.mean, 1);
    expect(halfOutput(7, single, 1, 0, 'bfloat16')).toBeCloseTo((7 - single.mean) * single.inverse, 1);
  });
});

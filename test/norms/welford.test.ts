// Row moments: near the two-pass formula for every length of row, exact where the numbers allow it.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Moments, rowMoments } from '../../ts-impl/norms/welford.ts';

function momentsOf(values: readonly number[], single: boolean): Moments {
  const into = { mean: 0, variance: 0 };
  const x = single ? Float32Array.from(values) : Float64Array.from(values);
  rowMoments(x, 0, x.length, single, into);
  return into;
}

test.each([
  [true, 1e-5],
  [false, 1e-13],
])('lengths from 1 to 3000 (float32: %s)', (single, share) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(), (length, seed) => {
      const values = Array.from({ length }, (_, i) => Math.fround(Math.sin(seed + i * 12.9898) * 3 + 1));
      const mean = values.reduce((sum, v) => sum + v, 0) / length;
      const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / length;
      const { mean: m, variance: v } = momentsOf(values, single);
      expect(Math.abs(m - mean)).toBeLessThan(share * 10);
      expect(Math.abs(v - variance)).toBeLessThan(share * 10);
    }),
    { numRuns: 150 },
  );
});

test('a constant row has no variance, whatever its length', () => {
  for (const length of [1, 2, 7, 8, 9, 127, 128, 129, 1000, 2049]) {
    expect(momentsOf(new Array<number>(length).fill(0.1), true)).toEqual({ mean: Math.fround(0.1), variance: 0 });
  }
});

test('no row, NaN and infinity', () => {
  expect(momentsOf([], true).variance).toBeNaN();
  expect(momentsOf([1, Number.NaN, 2], false).mean).toBeNaN();
  expect(momentsOf([1, Number.POSITIVE_INFINITY, 2], true).variance).toBeNaN();
});

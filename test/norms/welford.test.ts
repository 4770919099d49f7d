// Row moments: near the two-pass formula for every length of row, exact where the numbers allow it.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { halfRowMoments, type Moments, rowMoments } from '../../ts-impl/norms/welford.ts';

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

/** Both ways of adding what is left of a vector: fused, and rounded twice. */
function halfMomentsOf(values: readonly number[]): Moments[] {
  return [true, false].map((fuseTail) => {
    const into = { mean: 0, variance: 0 };
    halfRowMoments(Float32Array.from(values), 0, values.length, fuseTail, into);
    return into;
  });
}

test('half precision: near the two-pass formula, whichever way the tail is added; whole vectors have none', () => {
  let apart = 0;
  for (let seed = 0; seed < 300; seed++) {
    const length = seed < 150 ? 2 + (seed % 14) : seed * 5;
    const values = Array.from({ length }, (_, i) => Math.fround(Math.sin(seed + i * 12.9898) * 3));
    const mean = values.reduce((sum, v) => sum + v, 0) / length;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / length;
    const [fused, plain] = halfMomentsOf(values);
    expect(Math.abs(plain.mean - mean)).toBeLessThan(1e-6);
    expect(Math.abs(plain.variance - variance)).toBeLessThan(4e-6);
    expect(fused.mean).toBe(plain.mean);
    expect(Math.abs(fused.variance - plain.variance)).toBeLessThan(2e-6);
    if (length % 16 === 0) expect(fused).toEqual(plain);
    if (fused.variance !== plain.variance) apart++;
  }
  expect(apart).toBeGreaterThan(30);
});

test('half precision: a vector is 16 numbers, whose halves are merged', () => {
  // All of one half 0, all of the other 2: the lanes agree, so mean and variance are exact.
  for (const moments of halfMomentsOf(Array.from({ length: 16 }, (_, i) => (i < 8 ? 0 : 2)))) {
    expect(moments).toEqual({ mean: 1, variance: 1 });
  }
});

// Each value family has the property it is named for.

import { describe, expect, test } from 'vitest';
import { makeStream } from '../../../cases/counter.ts';
import { channelSets, fill, VALUE_FAMILIES, type ValueFamily } from '../../../cases/families/values.ts';

const NAMES = Object.keys(VALUE_FAMILIES) as ValueFamily[]; // keys of a literal
const SHAPE = [6, 8, 10];

const filled = (family: ValueFamily, dtype: 'float32' | 'float64' = 'float32', shape: readonly number[] = SHAPE) =>
  fill(family, shape, dtype, makeStream(11, 12, 13));

/** Mean and standard deviation of channel c of [6, 8, 10]. */
function moments(values: ArrayLike<number>, c: number): { mean: number; sigma: number } {
  const set = Array.from({ length: 60 }, (_, k) => values[Math.floor(k / 10) * 80 + c * 10 + (k % 10)]);
  const mean = set.reduce((sum, x) => sum + x, 0) / 60;
  return { mean, sigma: Math.sqrt(set.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 60) };
}

const channels = (values: ArrayLike<number>) => Array.from({ length: 8 }, (_, c) => moments(values, c));

describe('fill', () => {
  test.each(NAMES)('%s fills both dtypes, again the same, and is finite unless it says otherwise', (family) => {
    for (const dtype of ['float32', 'float64'] as const) {
      const values = filled(family, dtype);
      expect(values).toHaveLength(480);
      expect(values.BYTES_PER_ELEMENT).toBe(dtype === 'float32' ? 4 : 8);
      expect(values).toEqual(filled(family, dtype));
      expect(values.every(Number.isFinite)).toBe(family !== 'non-finite');
    }
  });

  test.each(NAMES)('%s takes empty, scalar and flat shapes', (family) => {
    expect(filled(family, 'float32', [0, 3])).toHaveLength(0);
    expect(filled(family, 'float32', [3, 0])).toHaveLength(0);
    expect(filled(family, 'float32', [])).toHaveLength(1);
    expect(filled(family, 'float32', [5])).toHaveLength(5);
  });

  test('large-mean cancels', () => {
    for (const { mean, sigma } of channels(filled('large-mean'))) expect(Math.abs(mean) / sigma).toBeGreaterThan(400);
  });

  test('tiny-variance lies far below 1', () => {
    for (const { sigma } of channels(filled('tiny-variance'))) expect(sigma).toBeLessThan(3e-3);
  });

  test('constant has one value a set', () => {
    const values = filled('constant');
    for (let c = 0; c < 8; c++)
      expect(new Set([values[c * 10], values[c * 10 + 9], values[400 + c * 10]]).size).toBe(1);
  });

  test('huge overflows when squared and stays finite itself', () => {
    const values = filled('huge');
    expect(values.filter((x) => Math.fround(x * x) === Number.POSITIVE_INFINITY).length).toBeGreaterThan(400);
    expect(filled('huge', 'float64').filter((x) => x * x === Number.POSITIVE_INFINITY).length).toBeGreaterThan(300);
  });

  test('subnormal stays below the smallest normal number, and is not all zero', () => {
    expect(filled('subnormal').every((x) => Math.abs(x) < 2 ** -126)).toBe(true);
    expect(filled('subnormal').some((x) => x !== 0)).toBe(true);
    expect(filled('subnormal', 'float64').every((x) => Math.abs(x) < 2 ** -1022)).toBe(true);
    expect(filled('subnormal', 'float64').some((x) => x !== 0)).toBe(true);
  });

  test('signed-zeros holds both zeros', () => {
    const values = [...filled('signed-zeros')];
    expect(values.filter((x) => Object.is(x, -0)).length).toBeGreaterThan(100);
    expect(values.filter((x) => Object.is(x, 0)).length).toBeGreaterThan(50);
  });

  test('non-finite plants one to three elements, of each kind in time', () => {
    const seen = new Set<string>();
    for (let index = 0; index < 60; index++) {
      const odd = fill('non-finite', SHAPE, 'float32', makeStream(0, index, 0)).filter((x) => !Number.isFinite(x));
      expect(odd.length).toBeGreaterThan(0);
      expect(odd.length).toBeLessThan(4);
      for (const x of odd) seen.add(String(x));
    }
    expect([...seen].sort()).toEqual(['-Infinity', 'Infinity', 'NaN']);
  });

  test('two-sigmas has both, many-sigmas a spread, far-variance none near 1', () => {
    const two = channels(filled('two-sigmas')).map(({ sigma }) => sigma);
    expect(two.filter((s) => s < 5e-3).length).toBe(4);
    expect(two.filter((s) => s > 0.5).length).toBe(4);
    const many = channels(filled('many-sigmas')).map(({ sigma }) => sigma);
    expect(Math.max(...many) / Math.min(...many)).toBeGreaterThan(1e5);
    for (const { sigma } of channels(filled('far-variance'))) expect(Math.abs(Math.log10(sigma))).toBeGreaterThan(1);
  });

  test('set-statistics differ from set to set', () => {
    const means = channels(filled('set-statistics')).map(({ mean }) => mean);
    for (let c = 1; c < 8; c++) expect(Math.abs(means[c] - means[c - 1])).toBeGreaterThan(1);
  });

  test('takes the sets of another layer', () => {
    const rows = fill('constant', [4, 6], 'float32', makeStream(1, 1, 1), { outer: 1, count: 4, inner: 6 });
    for (let row = 0; row < 4; row++) expect(new Set(rows.subarray(row * 6, row * 6 + 6)).size).toBe(1);
    expect(new Set(rows).size).toBeGreaterThan(1);
  });

  test('channelSets reads axis 1', () => {
    expect(channelSets([2, 3, 4, 5])).toEqual({ outer: 2, count: 3, inner: 20 });
    expect(channelSets([7])).toEqual({ outer: 1, count: 1, inner: 7 });
  });
});

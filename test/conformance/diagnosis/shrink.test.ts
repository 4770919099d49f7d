// The shrinker: by elements, then steps, then distinct values, then digits; what it gives can't be made smaller by one of its moves and still shows.

import { expect, test } from 'vitest';
import type { Target } from '../../../ts-impl/conformance/diagnosis/axes/target.ts';
import { shrink, weightOf } from '../../../ts-impl/conformance/diagnosis/prove/shrink.ts';
import type { Sketch } from '../../../ts-impl/conformance/diagnosis/prove/sketch.ts';

const target: Target = {
  kind: 'BatchNorm',
  layer: 'BatchNorm2d',
  rank: 4,
  normalizedAxes: 0,
  groups: null,
  tracked: true,
  affine: true,
  options: {},
};
const start: Sketch = {
  target,
  dtype: 'float64',
  shape: [3, 2, 2, 4],
  options: { eps: 0.5, momentum: 0.25 },
  set: { weight: [1.5, -2] },
  acts: [
    { kind: 'forward', mode: 'train', values: Array.from({ length: 48 }, (_, i) => 0.37 * i - 3.14) },
    { kind: 'read' },
    { kind: 'forward', mode: 'eval', values: Array.from({ length: 48 }, (_, i) => ((i * 7) % 5) + 0.125) },
  ],
};
const SIGHT = { poor: false, beside: false };
const stance = { groups: null } as Parameters<typeof shrink>[1]; // all that shrinking reads of it
const inputs = ({ acts }: Sketch) => acts.flatMap((act) => (act.kind === 'forward' ? [act.values] : []));

test('keeps only what is needed to show it', () => {
  const [smallest] = shrink(start, stance, (s) =>
    inputs(s).some((x) => x.length >= 2 && x[0] !== x[1]) ? SIGHT : null,
  );
  expect(smallest.shape.reduce((n, size) => n * size, 1)).toBe(2);
  expect(smallest.acts.length).toBe(1);
  expect(smallest.set).toEqual({});
  expect(smallest.options).toEqual({});
  for (const v of inputs(smallest)[0]) expect(Number.isInteger(v)).toBe(true);
});

test('cuts parameters and inputs together, and keeps a step that is needed', () => {
  const [smallest] = shrink(start, stance, ({ shape, set, acts }) =>
    shape[1] === 2 && set.weight !== undefined && set.weight.length === 2 && acts.some(({ kind }) => kind === 'read')
      ? SIGHT
      : null,
  );
  expect(smallest.shape).toEqual([1, 2, 1, 1]);
  expect(smallest.set.weight?.length).toBe(2);
  expect(smallest.acts.map(({ kind }) => kind)).toContain('read');
  for (const x of inputs(smallest)) expect(x.length).toBe(2);
});

test('gives the way from the start, each smaller than the next, and nothing where the start shows nothing', () => {
  const way = shrink(start, stance, () => SIGHT);
  expect(way.at(-1)).toBe(start);
  for (let i = 1; i < way.length; i++) {
    const [a, b] = [weightOf(way[i - 1], SIGHT), weightOf(way[i], SIGHT)];
    const at = a.findIndex((v, k) => v !== b[k]);
    expect(a[at]).toBeLessThan(b[at]);
  }
  expect(shrink(start, stance, () => null)).toEqual([]);
});

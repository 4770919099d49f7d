// Sums over axes: the exact sum of whole numbers for any strides and any axes.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sumAxes } from '../../ts-impl/norms/cascade-sum.ts';
import { sizeOf } from '../../ts-impl/tensor/shape.ts';
import { contiguous, fromStorage, type Tensor, tensor } from '../../ts-impl/tensor/tensor.ts';
import { expand, permute, slice } from '../../ts-impl/tensor/views.ts';

/** By index, without any order to speak of. */
function plainSums(t: Tensor, reduced: readonly boolean[]): number[] {
  const kept = t.shape.filter((_, axis) => !reduced[axis]);
  const sums = new Array<number>(sizeOf(kept)).fill(0);
  const values = contiguous(t).storage;
  const index = new Array<number>(t.shape.length).fill(0);
  for (let i = 0; i < sizeOf(t.shape); i++) {
    let rest = i;
    for (let axis = t.shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % t.shape[axis];
      rest = Math.floor(rest / t.shape[axis]);
    }
    let at = 0;
    for (const [axis, size] of t.shape.entries()) if (!reduced[axis]) at = at * size + index[axis];
    sums[at] += Number(values[i]);
  }
  return sums;
}

test('whole numbers add up to the same, whatever the order', () => {
  const shapes = fc.array(fc.constantFrom(1, 2, 3, 5, 8, 9, 17, 33), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(shapes, fc.nat(1e6), fc.boolean(), fc.constantFrom('float32', 'float64'), (shape, seed, cut, dtype) => {
      const size = sizeOf(shape);
      let t = tensor(
        Array.from({ length: size }, (_, i) => ((i * 7919 + seed) % 31) - 15),
        shape,
        dtype as 'float32' | 'float64',
      );
      const order = shape.map((_, axis) => axis);
      const turn = seed % shape.length;
      t = permute(t, [...order.slice(turn), ...order.slice(0, turn)]);
      if (cut) t = slice(t, 0, 0, t.shape[0], 2);
      if (seed % 5 === 0) t = expand(t, [3, ...t.shape]);
      const reduced = t.shape.map((_, axis) => ((seed >> axis) & 1) === 0);
      expect(Array.from(sumAxes(t, reduced))).toEqual(plainSums(t, reduced));
    }),
    { numRuns: 300 },
  );
});

test('no element sums to 0', () => {
  expect(Array.from(sumAxes(tensor([], [0, 3], 'float32'), [true, false]))).toEqual([0, 0, 0]);
});

test('a column of so many terms that all levels are put aside', () => {
  const rows = 300_000;
  const t = fromStorage('float64', [rows, 2], new Float64Array(2 * rows).fill(1));
  expect(Array.from(sumAxes(t, [true, false]))).toEqual([rows, rows]);
});

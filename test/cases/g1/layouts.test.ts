// Layouts keep the values and have real strides.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Draw, makeStream } from '../../../cases/counter.ts';
import { LAYOUTS, type Layout, layOut, layoutsOf } from '../../../cases/g1/layouts.ts';
import { sizeOf } from '../../../ts-impl/tensor/shape.ts';
import { contiguous, isContiguous } from '../../../ts-impl/tensor/tensor.ts';

const counting = (shape: readonly number[]) => Float32Array.from({ length: sizeOf(shape) }, (_, i) => i + 1);

const laid = (shape: readonly number[], layout: Layout, seed = 0, repeatable: readonly number[] = [0]) =>
  layOut(counting(shape), shape, 'float32', layout, repeatable, new Draw(makeStream(seed, 0, 0)));

describe('layOut', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });

  test('keeps the values in index order, in memory that all elements lie in', () => {
    fc.assert(
      fc.property(shapes, fc.nat(), fc.constantFrom(...LAYOUTS), (shape, seed, layout) => {
        fc.pre(layoutsOf(shape.length).includes(layout) && layout !== 'expanded');
        const t = laid(shape, layout, seed);
        expect(t.shape).toEqual(shape);
        expect([...contiguous(t).storage]).toEqual([...counting(shape)]);
      }),
    );
  });

  test('repeats one axis of an expanded tensor, and holds it once', () => {
    fc.assert(
      fc.property(shapes, fc.nat(), (shape, seed) => {
        fc.pre(shape.filter((n) => n > 1).length > 1);
        const t = laid(shape, 'expanded', seed, [0, 1]);
        const axis = t.strides.indexOf(0);
        expect(axis).toBeGreaterThanOrEqual(0);
        expect(t.storage.length * shape[axis]).toBe(sizeOf(shape));
        if (shape[0] > 1 || shape[1] > 1) expect(axis).toBeLessThan(2);
        expect(new Set<unknown>(contiguous(t).storage).size).toBe(t.storage.length);
      }),
    );
  });

  test.each(['channels_last', 'transposed', 'expanded', 'sliced'] as const)('%s is not contiguous', (layout) => {
    for (let seed = 0; seed < 20; seed++) expect(isContiguous(laid([2, 3, 4, 5], layout, seed))).toBe(false);
  });

  test('channels_last has PyTorch’s strides', () => {
    expect(laid([2, 3, 4, 5], 'channels_last').strides).toEqual([60, 1, 15, 3]);
    expect(laid([2, 3, 4, 5, 6], 'channels_last').strides).toEqual([360, 1, 90, 18, 3]);
  });

  test('a sliced tensor has NaN in its gaps', () => {
    const t = laid([4, 6], 'sliced');
    const odd = [...(t.storage as Float32Array)].filter(Number.isNaN); // laid from a Float32Array
    expect(odd.length).toBeGreaterThanOrEqual(24);
    expect([...(contiguous(t).storage as Float32Array)].some(Number.isNaN)).toBe(false); // the same
  });
});

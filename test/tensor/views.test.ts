// Views: each shows the element that plain indexing of the same memory would, whatever views it is made of.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sizeOf } from '../../ts-impl/tensor/shape.ts';
import { contiguous, eachOffset, isContiguous, type Tensor, tensor } from '../../ts-impl/tensor/tensor.ts';
import { expand, narrow, permute, reshape, select, slice, transpose, unsqueeze } from '../../ts-impl/tensor/views.ts';

/** A tensor whose elements are 0, 1, 2, … in index order. */
const counting = (shape: readonly number[]): Tensor =>
  tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => i),
    shape,
    'float64',
  );

/** The elements in index order, read one by one through strides. */
function read(t: Tensor): number[] {
  const values: number[] = [];
  const visit = (axis: number, at: number): void => {
    if (axis === t.shape.length) values.push(Number(t.storage[at]));
    else for (let i = 0; i < t.shape[axis]; i++) visit(axis + 1, at + i * t.strides[axis]);
  };
  visit(0, t.offset);
  return values;
}

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 5 });

/** A tensor behind a few random views. */
const viewed = fc
  .tuple(shapes, fc.array(fc.tuple(fc.nat(2), fc.nat(4), fc.nat(4), fc.integer({ min: 1, max: 3 })), { maxLength: 4 }))
  .map(([shape, steps]) => {
    let t = counting(shape);
    for (const [kind, a, b, step] of steps) {
      const axis = a % t.shape.length;
      const size = t.shape[axis];
      if (kind === 0) t = transpose(t, axis, b % t.shape.length);
      else if (kind === 1) t = slice(t, axis, Math.min(b, size), size, step);
      else t = expand(t, [step, ...t.shape]);
      if (t.shape.length > 6) break;
    }
    return t;
  });

test('contiguous holds the same elements in order, in memory of its own size', () => {
  fc.assert(
    fc.property(viewed, (t) => {
      const own = contiguous(t);
      expect(Array.from(own.storage, Number)).toEqual(read(t));
      expect(own.shape).toEqual(t.shape);
      expect(own.storage.length).toBe(sizeOf(t.shape));
      expect(isContiguous(own) || sizeOf(t.shape) === 0).toBe(true);
    }),
  );
});

test('eachOffset visits what strides say, in index order', () => {
  fc.assert(
    fc.property(viewed, (t) => {
      const seen: number[] = [];
      eachOffset(t, (at) => seen.push(Number(t.storage[at])));
      expect(seen).toEqual(read(t));
    }),
  );
});

test('a permutation and its inverse give the tensor back', () => {
  fc.assert(
    fc.property(shapes, fc.infiniteStream(fc.nat()), (shape, stream) => {
      const order = shape.map((_, axis) => axis).sort(() => (Number(stream.next().value) % 2 === 0 ? 1 : -1));
      const inverse = order.map((_, axis) => order.indexOf(axis));
      const t = counting(shape);
      expect(permute(permute(t, order), inverse)).toEqual(t);
    }),
  );
});

test('slices, selections and expansions of a small matrix', () => {
  const t = counting([3, 4]); // 0 1 2 3 / 4 5 6 7 / 8 9 10 11
  expect(read(transpose(t, 0, 1))).toEqual([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
  expect(read(slice(t, 1, 1, 4, 2))).toEqual([1, 3, 5, 7, 9, 11]);
  expect(read(narrow(t, 0, 1, 2))).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
  expect(read(select(t, 1, 2))).toEqual([2, 6, 10]);
  expect(select(t, 1, 2).shape).toEqual([3]);
  expect(read(expand(select(t, 0, 0), [2, 4]))).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  expect(unsqueeze(t, 0).shape).toEqual([1, 3, 4]);
  expect(read(unsqueeze(t, 1))).toEqual(read(t));
  expect(read(reshape(transpose(t, 0, 1), [2, 6]))).toEqual(read(transpose(t, 0, 1)));
});

test('views share memory and copy nothing', () => {
  const t = counting([2, 3]);
  for (const view of [transpose(t, 0, 1), slice(t, 1, 0, 2), expand(t, [4, 2, 3]), select(t, 0, 1)]) {
    expect(view.storage).toBe(t.storage);
  }
});

test('what cannot be seen that way is refused with the argument named', () => {
  const t = counting([2, 3]);
  expect(() => permute(t, [0, 0])).toThrow('order [0,0]');
  expect(() => transpose(t, 0, 2)).toThrow('axis 2');
  expect(() => slice(t, 1, 0, 4)).toThrow('slice 0:4');
  expect(() => slice(t, 1, 0, 3, 0)).toThrow('step is 0');
  expect(() => expand(t, [2, 4])).toThrow('only an axis of size 1');
  expect(() => expand(t, [3])).toThrow('fewer axes');
  expect(() => reshape(t, [7])).toThrow('sizes differ');
});

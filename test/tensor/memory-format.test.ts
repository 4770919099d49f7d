// Memory formats: what PyTorch calls channels last, and its answers for ambiguous strides.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  channelsLastView,
  fromChannelsLastOrder,
  isChannelsLastContiguous,
  suggestMemoryFormat,
  toChannelsLast,
} from '../../ts-impl/tensor/memory-format.ts';
import { sizeOf } from '../../ts-impl/tensor/shape.ts';
import { contiguous, isContiguous, type Tensor, tensor } from '../../ts-impl/tensor/tensor.ts';
import { slice } from '../../ts-impl/tensor/views.ts';

const counting = (shape: readonly number[]): Tensor =>
  tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => i),
    shape,
    'float32',
  );
const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 4, maxLength: 5 });

test('channels last keeps shape and elements, and lies in the order N, *spatial, C', () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const t = toChannelsLast(counting(shape));
      expect(t.shape).toEqual(shape);
      expect(contiguous(t).storage).toEqual(counting(shape).storage);
      expect(isChannelsLastContiguous(t)).toBe(true);
      expect(isContiguous(channelsLastView(t))).toBe(true);
      expect(fromChannelsLastOrder(channelsLastView(t))).toEqual(t);
    }),
  );
});

test('PyTorch suggests channels last for such strides only', () => {
  const t = counting([2, 3, 4, 5]);
  expect(suggestMemoryFormat(t)).toBe('contiguous');
  expect(suggestMemoryFormat(toChannelsLast(t))).toBe('channelsLast');
  expect(suggestMemoryFormat(toChannelsLast(counting([2, 3, 4, 5, 2])))).toBe('channelsLast');
  expect(suggestMemoryFormat(counting([2, 3, 4]))).toBe('contiguous');
  // A gap after each row does not matter to the suggestion, only to contiguity.
  const gaps = slice(toChannelsLast(t), 3, 0, 4);
  expect(suggestMemoryFormat(gaps)).toBe('channelsLast');
  expect(isChannelsLastContiguous(gaps)).toBe(false);
});

test('ambiguous strides', () => {
  const view = (shape: number[], strides: number[]): Tensor => ({ ...counting([sizeOf(shape)]), shape, strides });
  // Answers of torch 2.13 to `suggest_memory_format` through empty_like's strides.
  expect(suggestMemoryFormat(view([5, 1, 1, 5], [5, 1, 5, 1]))).toBe('channelsLast');
  expect(suggestMemoryFormat(view([5, 1, 1, 5], [5, 5, 5, 1]))).toBe('contiguous');
  expect(suggestMemoryFormat(view([4, 1, 1, 1], [1, 1, 1, 1]))).toBe('contiguous');
  expect(suggestMemoryFormat(view([2, 3, 2, 2], [12, 0, 2, 1]))).toBe('contiguous');
  expect(isChannelsLastContiguous(view([8, 16, 1, 1], [16, 1, 16, 16]))).toBe(true);
});

test('other ranks have no channels last', () => {
  expect(() => toChannelsLast(counting([2, 3, 4]))).toThrow('4 or 5 axes');
  expect(isChannelsLastContiguous(counting([2, 3]))).toBe(false);
});

// Half-precision tensors widened and narrowed: values, strides and memory of their own.

import { expect, test } from 'vitest';
import { fromStorage, tensor } from '../../ts-impl/tensor/tensor.ts';
import { transpose } from '../../ts-impl/tensor/views.ts';
import { narrowed, widened } from '../../ts-impl/tensor/widen.ts';

test('widening keeps values, strides and offset, and narrowing takes them back', () => {
  const t = transpose(tensor([1, -2.5, 0.1, 65504, 2 ** -24, 7], [2, 3], 'float16'), 0, 1);
  const wide = widened(t);
  expect(wide).toMatchObject({ dtype: 'float32', shape: [3, 2], strides: [1, 3], offset: 0 });
  expect(Array.from(wide.storage, Number)).toEqual([1, -2.5, Math.fround(0.0999755859375), 65504, 2 ** -24, 7]);
  expect(narrowed(wide, 'float16')).toEqual(t);
});

test('narrowing rounds, and other dtypes pass through', () => {
  const t = tensor([1.00390625, 3.3e38], [2], 'float32');
  expect(widened(narrowed(t, 'bfloat16')).storage).toEqual(Float32Array.of(1, 248 * 2 ** 120));
  expect(narrowed(t, 'float32')).toBe(t);
  expect(widened(t)).toBe(t);
  const whole = fromStorage('int64', [1], BigInt64Array.of(3n));
  expect(widened(whole)).toBe(whole);
});

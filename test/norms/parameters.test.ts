// Memory of parameters and buffers: made, copied, cast and counted as PyTorch does.

import { expect, test } from 'vitest';
import {
  addInto,
  castTensor,
  cloneTensor,
  counter,
  filled,
  increment,
  overwrite,
  present,
  refill,
} from '../../ts-impl/norms/parameters.ts';
import { BatchNorm1d } from '../../ts-impl/norms/index.ts';
import { tensor } from '../../ts-impl/tensor/tensor.ts';
import { transpose } from '../../ts-impl/tensor/views.ts';
import { widened } from '../../ts-impl/tensor/widen.ts';
import { madeUp, valuesOf } from './made-up.ts';

test('a cast to int64 cuts off towards zero, and what has no integer becomes the smallest', () => {
  const target = tensor(new Array<number>(7).fill(0), [7], 'int64');
  overwrite(target, tensor([1e19, -1e19, 2 ** 63, Number.NaN, 1.9, -1.9, 9e18], [7], 'float64'));
  const least = -(2n ** 63n);
  expect([...target.storage]).toEqual([least, least, least, least, 1n, -1n, 9000000000000000000n]);
  overwrite(target, tensor([1, 2, 3, 4, 5, 6, 7], [7], 'int64'));
  expect([...target.storage]).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n]);
  const large = counter(2n ** 60n + 1n);
  const same = counter(0n);
  overwrite(same, large);
  expect([...same.storage]).toEqual([2n ** 60n + 1n]); // no way through a float
});

test('casts are copies, of integers too, in order of the axes', () => {
  const whole = tensor([1, 2], [2], 'int64');
  const cast = castTensor(whole, 'float16');
  expect(cast).toEqual(whole);
  expect(cast.storage).not.toBe(whole.storage);
  const t = transpose(tensor([1, 2, 3, 4], [2, 2], 'float32'), 0, 1);
  expect(valuesOf(castTensor(t, 'float64'))).toEqual([1, 3, 2, 4]);
  expect(valuesOf(cloneTensor(t))).toEqual([1, 3, 2, 4]);
  expect(valuesOf(widened(castTensor(tensor([1.00048828125], [1], 'float32'), 'float16')))).toEqual([1]);
});

test('sizes, values and counts', () => {
  expect(() => filled([2, -3], 'float32', 1)).toThrow('Trying to create tensor with negative dimension -3: [2, -3]');
  expect(valuesOf(widened(filled([2], 'float16', 1.5)))).toEqual([1.5, 1.5]);
  expect(() => present(null, 'zero_')).toThrow("'NoneType' object has no attribute 'zero_'");
  const count = counter(2n ** 63n - 1n);
  increment(count);
  expect([...count.storage]).toEqual([-(2n ** 63n)]);
  const half = filled([1], 'bfloat16', 256);
  increment(half);
  expect(valuesOf(widened(half))).toEqual([256]); // 257 has nine bits
  refill(count, 3);
  expect([...count.storage]).toEqual([3n]);
  const sum = tensor([1, 2], [2], 'float32');
  addInto(sum, tensor([3, 4], [2], 'float32'));
  expect(valuesOf(sum)).toEqual([4, 6]);
});

test('an upstream gradient of another dtype is rounded to the input’s first', () => {
  const x = madeUp([4, 3], 'float16');
  const upstream = madeUp([4, 3], 'float32', 2);
  const [a, b] = [upstream, castTensor(upstream, 'float16')].map((gradient) => {
    const layer = new BatchNorm1d(3);
    layer.forward(x);
    return layer.backward(gradient);
  });
  expect(a.storage).toEqual(b.storage);
});

// Python's spelling of numbers: what Python 3.11's own repr gave.

import { expect, test } from 'vitest';
import { pythonBool, pythonFloat, pythonTuple } from '../../ts-impl/norms/python-words.ts';

test.each([
  [0, '0.0'],
  [-0, '-0.0'],
  [Number.POSITIVE_INFINITY, 'inf'],
  [Number.NEGATIVE_INFINITY, '-inf'],
  [Number.NaN, 'nan'],
  [1e-5, '1e-05'],
  [0.0001, '0.0001'],
  [0.00012, '0.00012'],
  [1e16, '1e+16'],
  [1e15, '1000000000000000.0'],
  [123456789012345680, '1.2345678901234568e+17'],
  [9999999999999998, '9999999999999998.0'],
  [1.5e-7, '1.5e-07'],
  [-2.5e300, '-2.5e+300'],
  [0.1, '0.1'],
  [100, '100.0'],
  [5e-324, '5e-324'],
])('%s is %s', (x, words) => {
  expect(pythonFloat(x)).toBe(words);
});

test('flags and tuples', () => {
  expect([pythonBool(true), pythonBool(false)]).toEqual(['True', 'False']);
  expect([pythonTuple([]), pythonTuple([3]), pythonTuple([3, 'a'])]).toEqual(['()', '(3,)', '(3, a)']);
});

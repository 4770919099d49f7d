// Memory by dtype: what is no dtype is refused by name.

import { expect, test } from 'vitest';
import { DTYPES, type Dtype, itemSize, makeStorage } from '../../ts-impl/tensor/dtype.ts';
import { LayerNorm } from '../../ts-impl/norms/index.ts';

test('memory has as many bytes as its elements', () => {
  for (const dtype of DTYPES) expect(makeStorage(dtype, 3).byteLength).toBe(3 * itemSize(dtype));
});

test('another dtype is named, with those there are', () => {
  const wrong = 'float31' as Dtype; // as JavaScript may call it
  const said = 'dtype is "float31", expected one of float16, bfloat16, float32, float64, int64';
  expect(() => makeStorage(wrong, 3)).toThrow(said);
  expect(() => new LayerNorm([2], { dtype: wrong as 'float32' })).toThrow(said);
});

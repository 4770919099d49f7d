// Half-precision tensors as float32 ones and back, strides and all. Other dtypes pass through; nothing but half-precision memory is copied.

import type { Dtype } from './dtype.ts';
import { decodeHalves, encodeHalves, isHalf } from './half.ts';
import type { Tensor } from './tensor.ts';

/** The same values as float32 where `t` is of a half-precision type, lying in memory the same way; else `t` itself. */
export function widened(t: Tensor): Tensor {
  if (!isHalf(t.dtype)) return t;
  const bits = t.storage as Uint16Array; // half-precision memory is always this
  return { ...t, dtype: 'float32', storage: decodeHalves(bits, t.dtype) };
}

/** A float32 tensor rounded to `dtype` where that is a half-precision type, lying in memory the same way; else `t` itself. */
export function narrowed(t: Tensor, dtype: Dtype): Tensor {
  if (!isHalf(dtype)) return t;
  const values = t.storage as Float32Array; // callers hand over what was computed in float32
  return { ...t, dtype, storage: encodeHalves(values, dtype) };
}

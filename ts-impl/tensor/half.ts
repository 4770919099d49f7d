// Either half-precision type by its name: single numbers and whole arrays. It rounds and widens; it computes nothing.

import { decodeBfloat16, decodeBfloat16s, encodeBfloat16, encodeBfloat16s } from './bfloat16.ts';
import type { Dtype, HalfDtype } from './dtype.ts';
import { decodeFloat16, decodeFloat16s, encodeFloat16, encodeFloat16s } from './float16.ts';

export function isHalf(dtype: Dtype): dtype is HalfDtype {
  return dtype === 'float16' || dtype === 'bfloat16';
}

/** The number that raw bits stand for. */
export function decodeHalf(bits: number, dtype: HalfDtype): number {
  return dtype === 'float16' ? decodeFloat16(bits) : decodeBfloat16(bits);
}

/** The raw bits nearest to a number, which is rounded to float32 first. */
export function encodeHalf(x: number, dtype: HalfDtype): number {
  return dtype === 'float16' ? encodeFloat16(x) : encodeBfloat16(x);
}

/** The half-precision number nearest to `x`, which is rounded to float32 first. */
export function roundHalf(x: number, dtype: HalfDtype): number {
  return dtype === 'float16' ? decodeFloat16(encodeFloat16(x)) : decodeBfloat16(encodeBfloat16(x));
}

/** New float32 memory with the values of `count` elements of `bits`, starting at `at`. */
export function decodeHalves(bits: Uint16Array, dtype: HalfDtype, at = 0, count = bits.length - at): Float32Array {
  const values = new Float32Array(count);
  if (dtype === 'float16') decodeFloat16s(bits, at, count, values);
  else decodeBfloat16s(bits, at, count, values);
  return values;
}

/** New memory with the raw bits nearest to each value. */
export function encodeHalves(values: Float32Array, dtype: HalfDtype): Uint16Array {
  const bits = new Uint16Array(values.length);
  if (dtype === 'float16') encodeFloat16s(values, bits);
  else encodeBfloat16s(values, bits);
  return bits;
}

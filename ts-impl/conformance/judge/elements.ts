// The values of a contiguous tensor as numbers a comparator can subtract. Nothing is rounded: every supported type fits a float64 but int64 beyond 2^53.

import type { Tensor } from '../../tensor/tensor.ts';

/** The elements in index order; memory itself for float32 and float64. */
export function elementsOf(t: Tensor): Float32Array | Float64Array {
  const storage = t.storage;
  if (storage instanceof Float32Array || storage instanceof Float64Array) return storage;
  const values = new Float64Array(storage.length); // [elements]
  if (storage instanceof BigInt64Array) {
    for (let i = 0; i < values.length; i++) values[i] = Number(storage[i]);
    return values;
  }
  const decode = t.dtype === 'bfloat16' ? decodeBfloat16 : decodeFloat16;
  for (let i = 0; i < values.length; i++) values[i] = decode(storage[i]);
  return values;
}

// --- internal ---

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** bfloat16 is the upper half of a float32. */
function decodeBfloat16(half: number): number {
  bits[0] = half << 16;
  return float[0];
}

function decodeFloat16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

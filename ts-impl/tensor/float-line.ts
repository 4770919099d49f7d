// The integer line of floats: every float has a rank, neighbours are one apart, and a ULP distance is a subtraction of ranks.

import type { FloatDtype } from './dtype.ts';
import { encodeHalf, isHalf } from './half.ts';

/**
 * The place of a float on the line: +0 has rank 0, −0 rank −1, so that they are neighbours. The dtype must hold the number exactly.
 * NaN has no rank: RangeError.
 */
export function rankOf(x: number, dtype: FloatDtype): bigint {
  if (Number.isNaN(x)) throw new RangeError('NaN has no rank on the line of floats; test for it before asking');
  if (dtype !== 'float64') return BigInt(shortRank(x, dtype));
  doubles[0] = x;
  const bits = bigs[0];
  return bits >= 0n ? bits : -(bits & 0x7fffffffffffffffn) - 1n;
}

/**
 * How many representable numbers lie from `a` to `b`: 0 for the same number or two NaNs, 1 for neighbours (−0 and +0 too),
 * NaN where only one is NaN. Exact but for float64, where it is exact up to 2^53 and beyond that the nearest number.
 */
export function distanceUlps(a: number, b: number, dtype: FloatDtype): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Number.NaN;
  if (dtype === 'float32') return Math.abs(rank32(a) - rank32(b));
  if (isHalf(dtype)) return Math.abs(shortRank(a, dtype) - shortRank(b, dtype));
  // Two 32-bit halves: a subtraction of each is exact, and their sum too below 2^53.
  doubles[0] = a;
  const lowA = words[0];
  const highA = words[1];
  doubles[0] = b;
  const lowB = words[0];
  const highB = words[1];
  const signA = highA >>> 31;
  const signB = highB >>> 31;
  const high = 2 ** 32;
  if (signA === signB) return Math.abs((highA - highB) * high + (lowA - lowB));
  // −0 and +0 are one apart. All but the last addition is exact.
  return ((highA & 0x7fffffff) + (highB & 0x7fffffff)) * high + (lowA + lowB + 1);
}

// --- internal ---

const floats = new Float32Array(1); // [1]
const ints = new Int32Array(floats.buffer); // [1]
const doubles = new Float64Array(1); // [1]
const words = new Uint32Array(doubles.buffer); // [2]: low, high (little-endian)
const bigs = new BigInt64Array(doubles.buffer); // [1]

function shortRank(x: number, dtype: Exclude<FloatDtype, 'float64'>): number {
  if (dtype === 'float32') return rank32(x);
  const bits = encodeHalf(x, dtype);
  return bits < 0x8000 ? bits : -(bits & 0x7fff) - 1;
}

function rank32(x: number): number {
  floats[0] = x;
  const bits = ints[0];
  return bits >= 0 ? bits : -(bits & 0x7fffffff) - 1;
}

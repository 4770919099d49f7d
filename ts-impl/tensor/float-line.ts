// The integer line of floats: every float has a rank, neighbours are one apart, and a ULP distance is a subtraction of ranks.

import type { ComputeDtype } from './dtype.ts';

/**
 * The place of a float on the line: +0 has rank 0, −0 rank −1, so that they are neighbours. float32 takes a number that is one.
 * NaN has no rank: RangeError.
 */
export function rankOf(x: number, dtype: ComputeDtype): bigint {
  if (Number.isNaN(x)) throw new RangeError('NaN has no rank on the line of floats; test for it before asking');
  if (dtype === 'float32') return BigInt(rank32(x));
  doubles[0] = x;
  const bits = bigs[0];
  return bits >= 0n ? bits : -(bits & 0x7fffffffffffffffn) - 1n;
}

/**
 * How many representable numbers lie from `a` to `b`: 0 for the same number or two NaNs, 1 for neighbours (−0 and +0 too),
 * NaN where only one is NaN. Exact for float32; for float64 exact up to 2^53 and beyond that the nearest number.
 */
export function distanceUlps(a: number, b: number, dtype: ComputeDtype): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Number.NaN;
  if (dtype === 'float32') return Math.abs(rank32(a) - rank32(b));
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
  return ((highA & 0x7fffffff) + (highB & 0x7fffffff)) * high + (lowA + lowB) + 1;
}

// --- internal ---

const floats = new Float32Array(1); // [1]
const ints = new Int32Array(floats.buffer); // [1]
const doubles = new Float64Array(1); // [1]
const words = new Uint32Array(doubles.buffer); // [2]: low, high (little-endian)
const bigs = new BigInt64Array(doubles.buffer); // [1]

function rank32(x: number): number {
  floats[0] = x;
  const bits = ints[0];
  return bits >= 0 ? bits : -(bits & 0x7fffffff) - 1;
}

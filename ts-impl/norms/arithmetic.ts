// Rounded arithmetic: what one machine instruction gives in float32 or float64, the fused multiply-add included. No arrays.

import type { ComputeDtype } from '../tensor/dtype.ts';

export type ComputeArray = Float32Array | Float64Array;

/** New zeroed memory of a dtype; storing into it rounds. */
export function makeArray(dtype: ComputeDtype, elements: number): ComputeArray {
  return dtype === 'float32' ? new Float32Array(elements) : new Float64Array(elements);
}

/** `x` rounded to float32 if `single`, else as it is. +, −, ×, ÷, √ of float32 numbers done in double and rounded once so are exact. */
export function round(x: number, single: boolean): number {
  return single ? Math.fround(x) : x;
}

/** a·b + c with one rounding, of float32 or float64 operands. */
export function fma(a: number, b: number, c: number, single: boolean): number {
  return single ? fma32(a, b, c) : fma64(a, b, c);
}

/** a·b + c of float32 operands, rounded once to float32. */
export function fma32(a: number, b: number, c: number): number {
  const product = a * b; // exact: 24 + 24 bits
  const sum = product + c;
  const result = Math.fround(sum);
  const rest = sum - result;
  if (rest === 0) return result;
  // The sum was rounded to 53 bits first. That matters only where it then lies half-way between two float32 numbers.
  const other = result + 2 * rest;
  if (Math.fround(other) !== other) return result;
  const lost = lostBits(product, c, sum);
  if (lost === 0 || Number.isNaN(lost)) return result;
  return lost > 0 === rest > 0 ? other : result;
}

/** a·b + c of float64 operands, rounded once to float64 (Boldo and Melquiond 2008: the last sum is first rounded to odd). */
export function fma64(a: number, b: number, c: number): number {
  const product = a * b;
  const size = Math.abs(product);
  // Outside this range error terms would overflow or vanish; scaling by powers of two brings most numbers back into it.
  if (!(size < 1e290 && Math.abs(c) < 1e290 && Math.abs(a) < 1e290 && Math.abs(b) < 1e290)) return product + c;
  if (size < 1e-250) return scaledFma64(a, b, c, product);
  const productLow = lostProduct(a, b, product);
  const high = c + productLow;
  const highLow = lostBits(c, productLow, high);
  const sum = product + high;
  const sumLow = lostBits(product, high, sum);
  return sum + addToOdd(highLow, sumLow);
}

// --- internal ---

const double = new Float64Array(1); // [1]
const word = new Int32Array(double.buffer); // [2]: low, high

/** (a + b) − sum without rounding, where sum is a + b rounded (Knuth). */
function lostBits(a: number, b: number, sum: number): number {
  const b2 = sum - a;
  return a - (sum - b2) + (b - b2);
}

/** a·b − product without rounding, where product is a·b rounded (Dekker). */
function lostProduct(a: number, b: number, product: number): number {
  const a1 = a * 134217729;
  const aHigh = a1 - (a1 - a);
  const aLow = a - aHigh;
  const b1 = b * 134217729;
  const bHigh = b1 - (b1 - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** a + b, rounded to the neighbour with an odd last bit where it is not exact. */
function addToOdd(a: number, b: number): number {
  const sum = a + b;
  const lost = lostBits(a, b, sum);
  if (lost === 0 || Number.isNaN(lost)) return sum;
  double[0] = sum;
  if ((word[0] & 1) === 0) {
    const away = lost > 0 === sum > 0;
    const low = word[0];
    if (away) {
      word[0] = low + 1;
    } else {
      word[0] = low - 1;
      if (low === 0) word[1]--;
    }
  }
  return double[0];
}

/** Tiny products: the sum decides alone, or everything is scaled up by 2^300 first. */
function scaledFma64(a: number, b: number, c: number, product: number): number {
  if (a === 0 || b === 0 || Math.abs(c) > 1e-200) return product + c;
  const [small, big] = Math.abs(a) < Math.abs(b) ? [a, b] : [b, a];
  const up = 2 ** 300;
  const scaled = fma64(small * up, big, c * up);
  return scaled / up;
}

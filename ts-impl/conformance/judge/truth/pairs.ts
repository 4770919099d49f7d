// Arrays of double-doubles: high and low parts side by side, and their sums over sets. No norm is known here.

import { add, divide, low } from './double-double.ts';

export interface Pairs {
  readonly hi: Float64Array;
  readonly lo: Float64Array;
}

export function pairs(length: number): Pairs {
  return { hi: new Float64Array(length), lo: new Float64Array(length) };
}

export function fromExact(values: Float64Array): Pairs {
  return { hi: values, lo: new Float64Array(values.length) };
}

/** Adds element `i` of `from` to element `at` of `into`. */
export function accumulate(into: Pairs, at: number, hi: number, lo: number): void {
  into.hi[at] = add(into.hi[at], into.lo[at], hi, lo);
  into.lo[at] = low;
}

/** Divides every element by a whole number, in place. */
export function divideAll(p: Pairs, n: number): void {
  for (let i = 0; i < p.hi.length; i++) {
    p.hi[i] = divide(p.hi[i], p.lo[i], n, 0);
    p.lo[i] = low;
  }
}

/** |x − p| at an index, with the digits that a float64 would lose. NaN where either is no number. */
export function distanceTo(p: Pairs, i: number, x: number): number {
  if (x === p.hi[i] && p.lo[i] === 0) return 0;
  return Math.abs(x - p.hi[i] - p.lo[i]);
}

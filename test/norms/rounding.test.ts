// float32 arithmetic by way of double: one operation and one rounding are correctly rounded, judged by whole-number arithmetic.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeArray, round } from '../../ts-impl/norms/rounding.ts';
import { compare, type Exact, exact, FLOAT32, plus, rounded, times } from '../tensor/exact-binary.ts';

const finite32 = fc.float({ noNaN: true, noDefaultInfinity: true });
/** Few bits, so that sums and products are often half-way between two float32 numbers. */
const short32 = fc
  .tuple(fc.integer({ min: -8191, max: 8191 }), fc.integer({ min: -160, max: 110 }))
  .map(([mantissa, exponent]) => Math.fround(mantissa * 2 ** exponent));
const numbers = fc.oneof(finite32, short32);

/** The float32 number y with the least |y·b − a|, ties to even, found between the neighbours of a first guess. */
function nearestWhere(guess: number, isBelow: (candidate: Exact) => number): number {
  // Half-way points around the guess, exactly: the result is the number whose half-way points enclose the truth.
  const [below, above] = [step(guess, -1), step(guess, 1)];
  const low = middle(below, guess);
  const high = middle(guess, above);
  const atLow = isBelow(low);
  const atHigh = isBelow(high);
  if (atLow > 0 || (atLow === 0 && !isEven(guess))) return below;
  if (atHigh < 0 || (atHigh === 0 && !isEven(guess))) return above;
  return guess;
}

const float = new Float32Array(1); // [1]
const word = new Int32Array(float.buffer); // [1]

/** The next float32 number of a positive one, up or down. */
function step(x: number, by: 1 | -1): number {
  float[0] = x;
  word[0] += by;
  return float[0];
}

function isEven(x: number): boolean {
  float[0] = x;
  return (word[0] & 1) === 0;
}

function middle(a: number, b: number): Exact {
  const sum = plus(exact(a), exact(b));
  return { mantissa: sum.mantissa, exponent: sum.exponent - 1 };
}

test('sums and products of float32 numbers round once', () => {
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      expect(round(a + b, true) === rounded(plus(exact(a), exact(b)), FLOAT32)).toBe(true);
      expect(round(a * b, true) === rounded(times(exact(a), exact(b)), FLOAT32)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

const positive = fc.float({ min: Math.fround(1e-30), max: Math.fround(1e30), noNaN: true });

test('quotients and square roots of float32 numbers are the nearest there are', () => {
  fc.assert(
    fc.property(positive, positive, (a, b) => {
      const quotient = round(a / b, true);
      if (quotient > 2 ** -149 && quotient < 3e38) {
        // A candidate q lies above a/b where q·b > a.
        expect(nearestWhere(quotient, (q) => compare(times(q, exact(b)), exact(a)))).toBe(quotient);
      }
      const root = round(Math.sqrt(a), true);
      expect(nearestWhere(root, (r) => compare(times(r, r), exact(a)))).toBe(root);
    }),
    { numRuns: 3000 },
  );
});

test('the reference itself tells a neighbour from the nearest', () => {
  expect(nearestWhere(step(1.5, 1), (q) => compare(times(q, exact(2)), exact(3)))).toBe(1.5);
  expect(nearestWhere(step(1.5, -1), (q) => compare(times(q, exact(2)), exact(3)))).toBe(1.5);
});

test('storing rounds, and doubles stay as they are', () => {
  const single = makeArray('float32', 1);
  single[0] = 0.1;
  expect(single[0]).toBe(round(0.1, true));
  expect(single[0]).not.toBe(0.1);
  const double = makeArray('float64', 1);
  double[0] = 0.1;
  expect(double[0]).toBe(round(0.1, false));
  expect(double[0]).toBe(0.1);
});

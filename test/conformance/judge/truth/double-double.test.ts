// Double-double arithmetic against exact fractions of BigInts.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as dd from '../../../../ts-impl/conformance/judge/truth/double-double.ts';

/** An exact fraction: n · 2^e. Every float64 is one. */
interface Exact {
  readonly n: bigint;
  readonly e: number;
}

function exact(x: number): Exact {
  if (x === 0) return { n: 0n, e: 0 };
  let e = 0;
  let y = x;
  while (!Number.isInteger(y)) {
    y *= 2;
    e--;
  }
  return { n: BigInt(y), e };
}

function plus(a: Exact, b: Exact): Exact {
  const e = Math.min(a.e, b.e);
  return { n: (a.n << BigInt(a.e - e)) + (b.n << BigInt(b.e - e)), e };
}

const times = (a: Exact, b: Exact): Exact => ({ n: a.n * b.n, e: a.e + b.e });
const negated = (a: Exact): Exact => ({ n: -a.n, e: a.e });
const size = (n: bigint): bigint => (n < 0n ? -n : n);

/** |a − b| ≤ |b|·2^-bits, with no rounding. */
function near(a: Exact, b: Exact, bits: number): boolean {
  const difference = plus(a, negated(b));
  const e = Math.min(difference.e, b.e);
  return size(difference.n) << BigInt(difference.e - e + bits) <= size(b.n) << BigInt(b.e - e);
}

const pair = (hi: number): Exact => plus(exact(hi), exact(dd.low));

/** Numbers of a middling size, where no product under- or overflows, and a low part that belongs to them. */
const numbers = fc
  .tuple(
    fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
    fc.integer({ min: -120, max: 60 }),
    fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
  )
  .map(([n, e, l]) => {
    const hi = n * 2 ** e;
    return { hi, lo: (hi * l) / 2 ** 106 };
  });

const settings = { numRuns: 2000 };

describe('against exact fractions', () => {
  test('a sum, where it does not cancel, and a difference of high parts to the last bit', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const [p, q] = [Math.abs(a.hi), Math.abs(b.hi)];
        expect(
          near(pair(dd.add(p, a.lo, q, b.lo)), plus(plus(exact(p), exact(a.lo)), plus(exact(q), exact(b.lo))), 102),
        ).toBe(true);
        const difference = pair(dd.subtract(a.hi, 0, b.hi, 0));
        expect(plus(difference, plus(negated(exact(a.hi)), exact(b.hi))).n).toBe(0n);
      }),
      settings,
    );
  });

  test('a product', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const truth = times(plus(exact(a.hi), exact(a.lo)), plus(exact(b.hi), exact(b.lo)));
        expect(near(pair(dd.multiply(a.hi, a.lo, b.hi, b.lo)), truth, 100)).toBe(true);
      }),
      settings,
    );
  });

  test('a product of two float64 is exact', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const product = pair(dd.multiply(a.hi, 0, b.hi, 0));
        expect(plus(product, negated(times(exact(a.hi), exact(b.hi)))).n).toBe(0n);
      }),
      settings,
    );
  });

  test('a quotient, multiplied back', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        fc.pre(b.hi !== 0);
        const quotient = pair(dd.divide(a.hi, a.lo, b.hi, b.lo));
        const back = times(quotient, plus(exact(b.hi), exact(b.lo)));
        expect(near(back, plus(exact(a.hi), exact(a.lo)), 98)).toBe(true);
      }),
      settings,
    );
  });

  test('a root, squared', () => {
    fc.assert(
      fc.property(numbers, (a) => {
        const hi = Math.abs(a.hi);
        fc.pre(hi > 0);
        const s = pair(dd.root(hi, a.lo));
        expect(near(times(s, s), plus(exact(hi), exact(a.lo)), 98)).toBe(true);
      }),
      settings,
    );
  });

  test('the checks can fail', () => {
    expect(near(exact(1), exact(1 + 2 ** -40), 60)).toBe(false);
    expect(near(exact(1), exact(1 + 2 ** -40), 30)).toBe(true);
  });
});

describe('beyond the numbers', () => {
  test.each([
    ['a sum', () => dd.add(Number.MAX_VALUE, 0, Number.MAX_VALUE, 0), Number.POSITIVE_INFINITY],
    ['a product', () => dd.multiply(1e200, 0, -1e200, 0), Number.NEGATIVE_INFINITY],
    ['a quotient by 0', () => dd.divide(1, 0, 0, 0), Number.POSITIVE_INFINITY],
    ['a quotient by infinity', () => dd.divide(1, 0, Number.POSITIVE_INFINITY, 0), 0],
    ['a root of a negative number', () => dd.root(-1, 0), Number.NaN],
    ['a root of 0', () => dd.root(0, 0), 0],
    ['a sum with NaN', () => dd.add(Number.NaN, 0, 1, 0), Number.NaN],
  ])('%s is what float64 makes of it, without a low part', (_, compute, expected) => {
    expect(compute()).toBe(expected);
    expect(dd.low).toBe(0);
  });
});

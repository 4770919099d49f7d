// Every number that a comparison tells, to the digit: counts, distances, the worst element, budgets in ranks, who is at fault. Made to kill mutants.

import { describe, expect, test } from 'vitest';
import { type Allowance, type Comparison, compareTensor } from '../../../ts-impl/conformance/judge/compare-tensor.ts';
import { CLOSED, OPEN, type Openness, TOGETHER } from '../../../ts-impl/conformance/judge/conditioning/openness.ts';
import { rankOf } from '../../../ts-impl/tensor/float-line.ts';
import { fromStorage, type Tensor, tensor } from '../../../ts-impl/tensor/tensor.ts';
import { float32, float64 } from './hand-made.ts';

const budgets = (...values: number[]): Allowance => ({ kind: 'budgets', budgets: () => Float64Array.from(values) });
const ranks = (n: number): Allowance => ({ kind: 'ranks', ranks: n });
const half = (dtype: 'float16' | 'bfloat16', ...bits: number[]) =>
  fromStorage(dtype, [bits.length], Uint16Array.from(bits));
const whole = (...values: bigint[]) => fromStorage('int64', [values.length], BigInt64Array.from(values));
const truth = (hi: readonly number[], lo: readonly number[] | null = null) => ({ hi, lo });

function compare(e: Tensor, a: Tensor, allowance: Allowance, told: ReturnType<typeof truth> | null = null): Comparison {
  return compareTensor(e, a, allowance, () => told);
}

const NONE = { within: 0, differs: 0, worst: null, oracleAtFault: 0 };

describe('identical', () => {
  test('tells its size, and no distance of no element', () => {
    const zero = { maxUlp: 0, maxAbsolute: 0, maxRelative: 0 };
    expect(compare(float32([1, 2]), float32([1, 2]), ranks(0))).toEqual({
      elements: 2,
      identical: 2,
      ...NONE,
      ...zero,
    });
    const nothing = { maxUlp: null, maxAbsolute: null, maxRelative: null };
    expect(compare(float32([], [0]), float32([], [0]), ranks(0))).toEqual({
      elements: 0,
      identical: 0,
      ...NONE,
      ...nothing,
    });
    const nan = fromStorage('float32', [1], new Float32Array(Uint32Array.of(0xffc00001).buffer));
    expect(compare(float32([Number.NaN]), nan, ranks(0))).toEqual({ elements: 1, identical: 1, ...NONE, ...zero });
  });

  test('a −0 is a −0 and no 0, beside elements that differ', () => {
    expect(compare(float32([-0, 1]), float32([-0, 2]), ranks(0))).toMatchObject({ identical: 1, differs: 1 });
    expect(compare(float32([0, 0, 1]), float32([-0, 0, 1]), ranks(0))).toMatchObject({ identical: 2, differs: 1 });
  });

  test('fewer or more elements are never the same bytes', () => {
    expect(compare(float32([1, 2]), float32([1]), ranks(0)).identical).toBe(1);
  });
});

describe('the truth is asked for', () => {
  test.each([
    [1.25, 0.5, false],
    [1.25, 0.1, true],
  ])('of %d within %d: wrong is %s', (actual, budget, wrong) => {
    const asked: boolean[] = [];
    compareTensor(float64([1]), float64([actual]), budgets(budget), (w) => {
      asked.push(w);
      return null;
    });
    expect(asked).toEqual([wrong]);
  });
});

describe('maxima are over all elements', () => {
  test('of ranks, absolutely and relatively, wherever they stand', () => {
    const seen = compare(float64([1, 100, 4]), float64([1.5, 103, 5]), budgets(1, 1, 1));
    expect(seen).toMatchObject({ maxAbsolute: 3, maxRelative: 0.5, identical: 0, within: 2, differs: 1 });
    expect(seen.maxUlp).toBe(2 ** 51);
    expect(compare(float64([100, 1]), float64([103, 1.5]), budgets(9, 9))).toMatchObject({
      maxAbsolute: 3,
      maxRelative: 0.5,
    });
  });

  test('NaN and Infinity are larger than any', () => {
    const nan = compare(float64([1, 1, 1]), float64([2, Number.NaN, 9]), budgets(9, 9, 9));
    expect(nan).toMatchObject({
      maxAbsolute: Number.NaN,
      maxRelative: Number.NaN,
      maxUlp: Number.NaN,
      differs: 1,
      within: 2,
    });
    const infinite = compare(float64([0, 1]), float64([1, Number.POSITIVE_INFINITY]), budgets(9, 9));
    expect(infinite).toMatchObject({ maxAbsolute: Number.POSITIVE_INFINITY, maxRelative: Number.POSITIVE_INFINITY });
  });

  test('between −0 and 0 lies one rank and no distance', () => {
    const seen = compare(float64([0, 1]), float64([-0, 1]), budgets(0, 0));
    expect(seen).toMatchObject({ maxUlp: 1, maxAbsolute: 0, maxRelative: 0, within: 1 });
    expect(seen.worst).toMatchObject({ index: [0], relative: 0, absolute: 0, budget: 0 });
  });
});

describe('the worst element', () => {
  test('is the first of those that use as much of their budget', () => {
    expect(compare(float64([1, 1, 1]), float64([1, 2, 0]), budgets(1, 4, 4)).worst?.index).toEqual([1]);
  });

  test('is one that can’t be compared before any other, and a signed zero after all', () => {
    const nan = compare(float64([1, 1, 1]), float64([9, Number.NaN, 9]), budgets(1, 1, 1));
    expect(nan.worst).toMatchObject({
      index: [1],
      actual: Number.NaN,
      nearer: null,
      oracleError: null,
      subjectError: null,
    });
    expect(compare(float64([0, 1]), float64([-0, 1.5]), budgets(0, 9)).worst?.index).toEqual([1]);
  });

  test('has an index in every axis', () => {
    const e = new Float64Array(24);
    const a = Float64Array.from(e, (_, i) => (i === 17 ? 1 : 0));
    expect(compare(float64([...e], [2, 3, 4]), float64([...a], [2, 3, 4]), ranks(0)).worst?.index).toEqual([1, 1, 1]);
    expect(compare(float64([1], []), float64([2], []), ranks(0)).worst?.index).toEqual([]);
  });

  test.each<[string, Tensor, Tensor, number]>([
    ['float32', float32([1]), float32([1.5]), 3 * 2 ** -23],
    ['just below a power of two', float32([1 - 2 ** -24]), float32([2]), 3 * 2 ** -24],
    ['just below a large one', float64([8 - 2 ** -50]), float64([9]), 3 * 2 ** -50],
    ['negative', float32([-6]), float32([1]), 3 * 2 ** -21],
    ['subnormal', float32([2 ** -149]), float32([1]), 3 * 2 ** -149],
    ['zero', float32([0]), float32([1]), 3 * 2 ** -149],
    ['float64', float64([4]), float64([5]), 3 * 2 ** -50],
    ['float64 zero', float64([0]), float64([5]), 3 * 2 ** -1074],
    ['float16', half('float16', 0x3c00), half('float16', 0x3d00), 3 * 2 ** -10],
    ['float16 subnormal', half('float16', 0x0001), half('float16', 0x3d00), 3 * 2 ** -24],
    ['bfloat16', half('bfloat16', 0x3f80), half('bfloat16', 0x3f90), 3 * 2 ** -7],
    ['bfloat16 subnormal', half('bfloat16', 0x0001), half('bfloat16', 0x3f90), 3 * 2 ** -133],
    ['int64', whole(5n), whole(9n), 3],
    ['Infinity', float32([Number.POSITIVE_INFINITY]), float32([1]), Number.NaN],
  ])('tells three ranks as a distance: %s', (_, e, a, budget) => {
    expect(compare(e, a, ranks(3)).worst?.budget).toBe(budget);
  });

  test('says how far each side is from a truth of two parts', () => {
    const seen = compare(float64([1]), float64([1.5]), budgets(9), truth([1], [0.25]));
    expect(seen.worst).toMatchObject({ oracleError: 0.25, subjectError: 0.25, nearer: 'tie' });
    const other = compare(float64([1]), float64([1.5]), budgets(9), truth([1.5], [-0.125]));
    expect(other.worst).toMatchObject({ oracleError: 0.375, subjectError: 0.125, nearer: 'subject' });
    const nan = compare(float64([Number.NaN]), float64([1]), budgets(9), truth([Number.NaN]));
    expect(nan.worst).toMatchObject({ oracleError: 0, subjectError: Number.POSITIVE_INFINITY, nearer: 'oracle' });
  });
});

describe('16-bit floats', () => {
  test.each([
    [0x3c00, 0x3c02, 2],
    [0xbc00, 0xbc01, 1],
    [0x8000, 0x0000, 1],
    [0x8001, 0x0001, 3],
    [0xbc00, 0x3c00, 2 * 0x3c00 + 1],
  ])('%i and %i are %i apart', (a, b, apart) => {
    for (const dtype of ['float16', 'bfloat16'] as const) {
      expect(compare(half(dtype, a), half(dtype, b), ranks(0)).maxUlp).toBe(apart);
      expect(compare(half(dtype, b), half(dtype, a), ranks(apart)).within).toBe(1);
      expect(compare(half(dtype, b), half(dtype, a), ranks(apart - 1)).differs).toBe(1);
    }
  });

  test('NaN is no distance from NaN, and none from a number', () => {
    expect(compare(half('float16', 0x7e00, 0x3c00), half('float16', 0x7e01, 0x3c01), ranks(1))).toMatchObject({
      identical: 1,
      within: 1,
      maxUlp: 1,
    });
    for (const [e, a] of [
      [0x7e00, 0x3c00],
      [0x3c00, 0x7e00],
    ])
      expect(compare(half('float16', e), half('float16', a), ranks(1e9))).toMatchObject({
        differs: 1,
        maxUlp: Number.NaN,
      });
  });
});

describe('whole numbers', () => {
  test('are as far apart as they differ, and one at least', () => {
    expect(compare(whole(3n), whole(7n), budgets(0))).toMatchObject({ maxAbsolute: 4, maxUlp: 4, differs: 1 });
    expect(compare(whole(2n ** 60n), whole(2n ** 60n + 1n), ranks(0))).toMatchObject({
      maxAbsolute: 1,
      maxUlp: 1,
      differs: 1,
    });
    expect(compare(whole(3n, 4n), whole(3n, 5n), ranks(1))).toMatchObject({ identical: 1, within: 1 });
    expect(compare(tensor([1, 2], [2], 'int64'), whole(1n, 3n), ranks(0))).toMatchObject({ identical: 1, differs: 1 });
  });
});

describe('where a side may leave the numbers', () => {
  const open = (kind: number, reach: number): Allowance => ({
    kind: 'budgets',
    budgets: () => Float64Array.of(0),
    open: () => ({ kind: Uint8Array.of(kind), reach: Float64Array.of(reach) }) as Openness, // one element of it
  });
  const inf = Number.POSITIVE_INFINITY;

  test.each<[string, number, number, number, number, boolean]>([
    ['nowhere where it is closed', CLOSED, inf, inf, 1, false],
    ['not even both', CLOSED, inf, inf, Number.NaN, false],
    ['both at once where they go together', TOGETHER, inf, inf, Number.NaN, true],
    ['and not one alone', TOGETHER, inf, inf, 1, false],
    ['one alone where the other is within reach', OPEN, 5, inf, 5, true],
    ['either one', OPEN, 5, -5, Number.NaN, true],
    ['and no farther', OPEN, 5, inf, 5.5, false],
    ['in size', OPEN, 5, -5.5, inf, false],
    ['both', OPEN, 0, inf, -inf, true],
  ])('%s', (_, kind, reach, e, a, ok) => {
    const seen = compare(float64([e]), float64([a]), open(kind, reach));
    expect(seen).toMatchObject({ within: ok ? 1 : 0, differs: ok ? 0 : 1 });
  });

  test('is asked for once, and only where it matters', () => {
    let asked = 0;
    const counting: Allowance = {
      kind: 'budgets',
      budgets: () => Float64Array.of(9, 9, 9),
      open: () => {
        asked++;
        return null;
      },
    };
    expect(compare(float64([1, 1, 1]), float64([2, 2, 2]), counting).within).toBe(3);
    expect(asked).toBe(0);
    expect(compare(float64([1, 1, 1]), float64([inf, inf, 2]), counting)).toMatchObject({ differs: 2, within: 1 });
    expect(asked).toBe(1);
  });

  test('what may leave uses nothing of its budget', () => {
    const two: Allowance = {
      kind: 'budgets',
      budgets: () => Float64Array.of(0, 9),
      open: () => ({ kind: Uint8Array.of(OPEN, CLOSED), reach: Float64Array.of(9, 0) }) as Openness, // two elements of it
    };
    expect(compare(float64([1, 1]), float64([inf, 2]), two).worst?.index).toEqual([1]);
  });
});

describe('the oracle is at fault', () => {
  test.each<[string, number[], number[], number[], number]>([
    ['where it alone is off', [5, 1], [1, 1], [1, 1], 1],
    ['not where the subject is off', [1, 1], [5, 1], [1, 1], 0],
    ['not where both are', [5, 1], [9, 1], [1, 1], 0],
    ['not within the budget', [1.25, 1], [1, 1], [1, 1], 0],
    ['at the budget it is right', [1.5, 9], [2, 1], [2, 1], 1],
    ['nor where both are near', [1.5, 1], [2.25, 1], [1.9, 1], 0],
    ['in as many elements', [5, 7], [1, 1], [1, 1], 2],
    ['with those it is merely far from', [5, 1.5], [1, 2.25], [1, 1.9], 2],
    ['not a number', [Number.NaN, 1], [1, 1], [1, 1], 1],
  ])('%s', (_, e, a, t, count) => {
    expect(compare(float64(e), float64(a), budgets(0.5, 0.5), truth(t)).oracleAtFault).toBe(count);
  });

  test('only if there is a truth', () => {
    expect(compare(float64([5]), float64([1]), budgets(0.5)).oracleAtFault).toBe(0);
  });
});

test('too few budgets are told by number and shape', () => {
  expect(() => compare(float64([1, 2], [2, 1]), float64([1, 3], [2, 1]), budgets(1))).toThrow(
    '1 budgets for 2 elements of shape [2,1]: the tolerance is wrong',
  );
});

test('ranks of zeros, and of what has none', () => {
  for (const dtype of ['float16', 'bfloat16', 'float32', 'float64'] as const) {
    expect(rankOf(0, dtype)).toBe(0n);
    expect(rankOf(-0, dtype)).toBe(-1n);
    expect(() => rankOf(Number.NaN, dtype)).toThrow('NaN has no rank on the line of floats; test for it before asking');
  }
});

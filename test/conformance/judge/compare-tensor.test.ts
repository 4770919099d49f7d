// The comparator: what it calls identical, within and differing, that it looks at every element, and that no fault slips through it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Allowance, compareTensor } from '../../../ts-impl/conformance/judge/compare-tensor.ts';
import { fromStorage, type Tensor, tensor } from '../../../ts-impl/tensor/tensor.ts';
import { float32, float64 } from './hand-made.ts';

const exactly: Allowance = { kind: 'ranks', ranks: 0 };
const within = (budget: number): Allowance => ({
  kind: 'budgets',
  budgets: () => new Float64Array(64).fill(budget).subarray(0, sizeForBudget),
});
let sizeForBudget = 1;

function compare(expected: Tensor, actual: Tensor, allowance: Allowance | number, truth: Tensor | null = null) {
  sizeForBudget = expected.storage.length;
  return compareTensor(expected, actual, typeof allowance === 'number' ? within(allowance) : allowance, () =>
    told(truth),
  );
}

const told = (truth: Tensor | null) => (truth === null ? null : { hi: truth.storage as Float64Array, lo: null }); // truths are made as float64

describe('identical', () => {
  test('the same bytes, and no budget is asked for', () => {
    const never: Allowance = {
      kind: 'budgets',
      budgets: () => {
        throw new Error('asked');
      },
    };
    const seen = compareTensor(float32([1, -0, Number.NaN]), float32([1, -0, Number.NaN]), never, () => null);
    expect(seen).toMatchObject({ elements: 3, identical: 3, within: 0, differs: 0, maxUlp: 0, worst: null });
  });

  test('any NaN is any NaN', () => {
    const quiet = fromStorage('float32', [2], new Float32Array(new Uint32Array([0x7fc00000, 0x3f800000]).buffer));
    const other = fromStorage('float32', [2], new Float32Array(new Uint32Array([0xffc00001, 0x3f800000]).buffer));
    expect(compare(quiet, other, exactly)).toMatchObject({ identical: 2, differs: 0, worst: null });
  });

  test('no element is no evidence of a distance', () => {
    expect(compare(float32([], [0, 3]), float32([], [0, 3]), exactly)).toMatchObject({ elements: 0, maxUlp: null });
  });

  test('−0 and +0 are one ULP apart: not identical, but within any budget', () => {
    expect(compare(float32([0]), float32([-0]), exactly)).toMatchObject({ identical: 0, differs: 1, maxUlp: 1 });
    expect(compare(float32([0]), float32([-0]), 0)).toMatchObject({ identical: 0, within: 1, maxUlp: 1 });
  });
});

describe('differs', () => {
  test.each([
    ['NaN for a number', [1], [Number.NaN]],
    ['a number for NaN', [Number.NaN], [1]],
    ['Infinity for a number', [1], [Number.POSITIVE_INFINITY]],
    ['a number for Infinity', [Number.POSITIVE_INFINITY], [1]],
    ['the other Infinity', [Number.POSITIVE_INFINITY], [Number.NEGATIVE_INFINITY]],
    ['NaN for Infinity', [Number.POSITIVE_INFINITY], [Number.NaN]],
  ])('%s, whatever the budget', (_, expected, actual) => {
    for (const allowance of [1e300, Number.POSITIVE_INFINITY, { kind: 'ranks', ranks: 1e15 } as const]) {
      expect(compare(float32(expected), float32(actual), allowance)).toMatchObject({
        identical: 0,
        within: 0,
        differs: 1,
      });
    }
  });

  test('a budget that is NaN allows nothing', () => {
    expect(compare(float32([1]), float32([1.5]), Number.NaN)).toMatchObject({ within: 0, differs: 1 });
  });

  test('one past the budget, and not one at it', () => {
    expect(compare(float64([1]), float64([1.25]), 0.25)).toMatchObject({ within: 1, differs: 0 });
    expect(compare(float64([1]), float64([1.25]), 0.2499)).toMatchObject({ within: 0, differs: 1 });
    const next = 1 + 2 ** -23;
    expect(compare(float32([1]), float32([next]), { kind: 'ranks', ranks: 1 })).toMatchObject({ within: 1 });
    expect(compare(float32([1]), float32([1 + 2 ** -22]), { kind: 'ranks', ranks: 1 })).toMatchObject({ differs: 1 });
  });

  test('too few budgets are a fault of ours, not an agreement', () => {
    const short: Allowance = { kind: 'budgets', budgets: () => new Float64Array(1) };
    expect(() => compareTensor(float32([1, 2]), float32([1, 3]), short, () => null)).toThrow(
      /1 budgets for 2 elements/,
    );
  });
});

describe('the worst element', () => {
  test('has the largest share of its budget, with index, distances and the nearer side', () => {
    const expected = float32([1, 2, 3, 4], [2, 2]);
    const actual = float32([1, 2.5, 3.25, 4], [2, 2]);
    const allowance: Allowance = { kind: 'budgets', budgets: () => new Float64Array([1, 10, 0.5, 1]) };
    const seen = compareTensor(expected, actual, allowance, () => told(float64([1, 2, 3.2, 4], [2, 2])));
    expect(seen).toMatchObject({ identical: 2, within: 2, differs: 0, maxAbsolute: 0.5, maxRelative: 0.25 });
    expect(seen.worst).toEqual({
      index: [1, 0],
      expected: 3,
      actual: 3.25,
      ulp: 2 ** 20,
      absolute: 0.25,
      relative: 0.25 / 3,
      budget: 0.5,
      nearer: 'subject',
      oracleError: Math.abs(3 - 3.2),
      subjectError: 3.25 - 3.2,
    });
  });

  test.each([
    ['oracle', 1, 1.5, 1.1],
    ['subject', 1, 1.5, 1.4],
    ['tie', 1, 1.5, 1.25],
    ['oracle', 1, Number.NaN, 1.25],
    ['subject', Number.POSITIVE_INFINITY, 3e38, 3e38],
  ] as const)('%s is nearer', (nearer, expected, actual, truth) => {
    expect(compare(float32([expected]), float32([actual]), 1, float64([truth])).worst?.nearer).toBe(nearer);
  });

  test('one side NaN stays the largest distance whatever follows', () => {
    const seen = compare(float32([1, 1, 1]), float32([2, Number.NaN, 5]), 0);
    expect(seen).toMatchObject({ differs: 3, maxUlp: Number.NaN });
    expect(seen.worst).not.toBeNull();
  });
});

describe('element types', () => {
  test('whole numbers beyond 2^53 are told apart', () => {
    const wide = (n: bigint) => fromStorage('int64', [1], new BigInt64Array([n]));
    expect(compare(wide(2n ** 53n), wide(2n ** 53n + 1n), 0)).toMatchObject({ identical: 0, differs: 1, maxUlp: 1 });
    expect(compare(tensor([7], [1], 'int64'), tensor([7], [1], 'int64'), 0)).toMatchObject({ identical: 1 });
  });

  test('half precision is compared by value and counted in its own ranks', () => {
    const half = (dtype: 'float16' | 'bfloat16', bits: number) => fromStorage(dtype, [1], new Uint16Array([bits]));
    const seen = compare(half('float16', 0x3c00), half('float16', 0x3c01), 0);
    expect(seen).toMatchObject({ differs: 1, maxUlp: 1, maxAbsolute: 2 ** -10 });
    expect(compare(half('bfloat16', 0x3f80), half('bfloat16', 0x3f82), 0)).toMatchObject({
      maxUlp: 2,
      maxAbsolute: 2 ** -6,
    });
    expect(compare(half('float16', 0x0000), half('float16', 0x8000), exactly)).toMatchObject({ maxUlp: 1, differs: 1 });
  });
});

test('every element is counted once, and a single changed bit is always seen', () => {
  const arrays = fc.array(fc.float(), { minLength: 1, maxLength: 40 });
  const where = fc.nat();
  fc.assert(
    fc.property(arrays, where, fc.integer({ min: 0, max: 31 }), (values, at, bit) => {
      const expected = Float32Array.from(values);
      const actual = expected.slice();
      new Uint32Array(actual.buffer)[at % values.length] ^= 1 << bit;
      const e = fromStorage('float32', [values.length], expected);
      const a = fromStorage('float32', [values.length], actual);
      const seen = compare(e, a, exactly);
      expect(seen.identical + seen.within + seen.differs).toBe(seen.elements);
      const place = at % values.length;
      const bothNaN = Number.isNaN(expected[place]) && Number.isNaN(actual[place]);
      expect(seen.differs).toBe(bothNaN ? 0 : 1);
      if (!bothNaN) expect(seen.worst?.index).toEqual([place]);
    }),
  );
});

// The counter-based generator: the same words everywhere, and words fit for values.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Draw, makeStream, normalAt, uniformAt, wordAt } from '../../cases/counter.ts';

describe('wordAt', () => {
  test('gives these words on every machine', () => {
    const { a, b } = makeStream(42, 7, 3);
    expect([0, 1, 2, 1000].map((i) => wordAt(a, b, i))).toMatchInlineSnapshot(`
      [
        2062040196,
        1747618899,
        3979350835,
        1467256760,
      ]
    `);
  });

  test('tells seeds, indices and streams apart, beyond 32 bits too', () => {
    const first = (seed: number, index: number, number: number) => {
      const { a, b } = makeStream(seed, index, number);
      return `${wordAt(a, b, 0)} ${wordAt(a, b, 1)}`;
    };
    const keys = [0, 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52, 2 ** 53 - 1];
    const seen = new Set(keys.flatMap((s) => keys.flatMap((i) => keys.map((n) => first(s, i, n)))));
    expect(seen.size).toBe(keys.length ** 3);
  });

  test('sets each bit half of the time, and one step changes half of the bits', () => {
    const { a, b } = makeStream(1, 2, 3);
    const set = new Array<number>(32).fill(0);
    let changed = 0;
    for (let i = 0; i < 20_000; i++) {
      const word = wordAt(a, b, i);
      for (let bit = 0; bit < 32; bit++) set[bit] += (word >>> bit) & 1;
      for (let rest = word ^ wordAt(a, b, i + 1); rest !== 0; rest &= rest - 1) changed++;
    }
    for (const count of set) expect(Math.abs(count / 20_000 - 0.5)).toBeLessThan(0.02);
    expect(changed / 20_000 / 32).toBeCloseTo(0.5, 1);
  });
});

describe('normalAt', () => {
  test('has mean 0, standard deviation 1 and both tails', () => {
    const { a, b } = makeStream(0, 0, 0);
    const n = 100_000;
    let sum = 0;
    let squares = 0;
    let far = 0;
    for (let i = 0; i < n; i++) {
      const z = normalAt(a, b, i);
      expect(Math.abs(z)).toBeLessThan(3.47);
      sum += z;
      squares += z * z;
      if (Math.abs(z) > 2) far++;
    }
    expect(Math.abs(sum / n)).toBeLessThan(0.01);
    expect(Math.abs(squares / n - 1)).toBeLessThan(0.02);
    expect(far / n).toBeGreaterThan(0.02); // of a normal 0.0455, of a uniform 0
  });
});

describe('Draw', () => {
  test('stays in bounds and reaches both ends', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 50 }), (seed, n) => {
        const draw = new Draw(makeStream(seed, 0, 0));
        const seen = Array.from({ length: 40 * n }, () => draw.between(3, 3 + n - 1));
        expect(Math.min(...seen)).toBe(3);
        expect(Math.max(...seen)).toBe(3 + n - 1);
      }),
      { numRuns: 30 },
    );
  });

  test('will not pick from nothing', () => {
    expect(() => new Draw(makeStream(0, 0, 0)).pick([])).toThrow('pick needs at least one item');
  });

  test('uniformAt lies in [0, 1)', () => {
    const { a, b } = makeStream(5, 5, 5);
    for (let i = 0; i < 1000; i++) expect(uniformAt(a, b, i)).toSatisfy((u: number) => u >= 0 && u < 1);
  });
});

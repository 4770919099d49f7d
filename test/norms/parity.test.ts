// The port against the live oracle, bit for bit: every layer, dtype and layout, forward, backward and buffers, and every refusal.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bool, type Case, none, tensorValue } from '../../cases/case.ts';
import { generate, hasIndex, LISTED_FAMILIES, nthIndex } from '../../cases/g1/generate.ts';
import type { Outcome } from '../../ts-impl/conformance/outcome.ts';
import { type Oracle, startOracle } from '../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../ts-impl/conformance/subjects/port.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../conformance/subjects/live-python.ts';
import { type Difference, differences } from './differences.ts';
import { LAYOUTS, madeUp } from './made-up.ts';
import { caseFor, SUBJECTS } from './parity-cases.ts';
import { type Tensor, tensor } from '../../ts-impl/tensor/tensor.ts';

let oracle: Oracle;
const port = makePort();
beforeAll(async () => {
  if (hasPython) oracle = await startOracle({ python: PYTHON });
});
afterAll(() => oracle?.close());

async function compare(cases: readonly Case[]): Promise<{ found: Difference[]; elements: number }> {
  const [theirs, ours] = await Promise.all([oracle.ask(cases, { truth: false }), port.ask(cases, { truth: false })]);
  const all = cases.map((c, i) => differences(c.id, theirs[i].outcome, ours[i].outcome));
  return { found: all.flatMap((one) => one.found), elements: all.reduce((sum, one) => sum + one.elements, 0) };
}

/**
 * PyTorch takes 1/√(var + eps) of a strided eval BatchNorm with the square root of MKL, whose last bit depends on the
 * machine. Its forward is near and no more.
 */
const nearOnly = (where: string) =>
  /BatchNorm.*\/(transposed|sliced|expanded)\/.* step 7 output|BatchNorm1d.*\/channels_last\/.* step 7 output/.test(
    where,
  );

describe.skipIf(!hasPython)(`live${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  for (const dtype of ['float32', 'float64'] as const) {
    test.each(LAYOUTS)(`${dtype} %s: identical bits`, async (layout) => {
      const cases = SUBJECTS.flatMap((subject) => [1, 2, 3].map((seed) => caseFor(subject, dtype, layout, 100 * seed)));
      const { found, elements } = await compare(cases);
      expect(elements).toBeGreaterThan(50_000);
      expect(found.filter(({ where }) => !nearOnly(where))).toEqual([]);
      for (const { where, ulps } of found) expect(ulps, where).toBeLessThan(1e4); // the sum with the bias may cancel
    });
  }

  test.each(Object.keys(LISTED_FAMILIES) as (keyof typeof LISTED_FAMILIES)[])(
    'the written-out family %s: same bits, types and words',
    async (family) => {
      const cases: Case[] = [];
      for (let n = 0; n < LISTED_FAMILIES[family].length; n++) {
        const index = nthIndex(family, n);
        if (hasIndex(family, index)) cases.push(generate(family, 7, index));
      }
      expect(cases.length).toBeGreaterThan(5);
      const { found } = await compare(cases);
      expect(found).toEqual([]);
    },
  );

  test('batch_norm of a vector or a number: the same words', async () => {
    const given = (t: Tensor | null) => (t === null ? none : tensorValue(t));
    const vector = (n: number) => tensor(new Array(n).fill(0.5), [n], 'float32');
    const inputs = [vector(3), vector(1), vector(0), tensor([0.5], [], 'float32')];
    const cases = inputs.flatMap((input, i) =>
      [true, false].flatMap((training) =>
        [null, vector(3), vector(0)].flatMap((statistic) =>
          [null, vector(3), vector(0)].flatMap((weight): Case[] => {
            const empty = statistic?.shape[0] === 0;
            if (input.shape.length === 0 && !training && empty) return []; // PyTorch: a list of 2⁶⁴ − 1 axes does not fit
            const [running_mean, running_var] = [given(statistic), given(statistic)];
            const values = { input: given(input), running_mean, running_var, weight: given(weight) };
            const step = { kind: 'call', function: 'batch_norm', gradient: false } as const;
            const id = `vector/${i}/${training}/${statistic?.shape}/${weight?.shape}`;
            const about = { layer: 'batch_norm', dtype: 'float32', layout: 'contiguous' } as const;
            return [{ id, ...about, steps: [{ ...step, arguments: { ...values, training: bool(training) } }] }];
          }),
        ),
      ),
    );
    expect(cases).toHaveLength(69);
    expect((await compare(cases)).found).toEqual([]);
  });
});

test('a difference is seen', () => {
  const one: Outcome = { kind: 'returned', steps: [{ kind: 'returned', tensors: [], texts: { repr: 'a' } }] };
  const other: Outcome = { kind: 'returned', steps: [{ kind: 'returned', tensors: [], texts: { repr: 'b' } }] };
  const value = (v: number): Outcome => ({
    kind: 'returned',
    steps: [
      {
        kind: 'returned',
        tensors: [{ name: 'output', tensor: { ...madeUp([1]), storage: Float64Array.of(v) } }],
        texts: {},
      },
    ],
  });
  expect(differences('x', one, other).found).toHaveLength(1);
  expect(differences('x', value(1), value(1 + 2 ** -52)).found).toMatchObject([{ ulps: 1 }]);
  expect(differences('x', value(0), value(-0)).found).toMatchObject([{ ulps: 1 }]);
  expect(differences('x', value(Number.NaN), value(Number.NaN)).found).toEqual([]);
  expect(differences('x', value(1), { kind: 'unsupported', reason: 'x' }).found).toHaveLength(1);
});

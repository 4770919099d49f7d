// Claims held against made-up answers: each kind holds of what it states, and fails on a fault planted for it.

import { describe, expect, test } from 'vitest';
import type { Claim } from '../../../cases/behaviours/claim.ts';
import { holdClaim } from '../../../ts-impl/conformance/behaviours/hold-claim.ts';
import { type Outcome, outcomeOf, type StepResult } from '../../../ts-impl/conformance/outcome.ts';
import type { Dtype } from '../../../ts-impl/tensor/dtype.ts';
import { fromStorage, type Tensor, tensor } from '../../../ts-impl/tensor/tensor.ts';

const at = { question: null, step: 0, name: 'output' };
const as = { question: null, step: 1, name: 'output' };
const f32 = (...values: number[]) => tensor(values, [values.length], 'float32');
const empty = tensor([], [0], 'float32');
const gives = (output: Tensor, texts: Readonly<Record<string, string>> = {}): StepResult => ({
  kind: 'returned',
  tensors: [{ name: 'output', tensor: output }],
  texts,
});
const says = (words: string): StepResult => ({ kind: 'returned', tensors: [], texts: { output: words } });
const refuses = (type: string, message: string): StepResult => ({ kind: 'refused', type, message });
const NOT_RUN: StepResult = { kind: 'not_run' };

const hold = (claim: Claim, ...steps: StepResult[]) => holdClaim(claim, new Map([['only', outcomeOf(steps)]]));

interface Row {
  readonly claim: Claim;
  readonly holds: readonly (readonly StepResult[])[];
  readonly fails: readonly (readonly StepResult[])[];
}

const NAN = Number.NaN;
const ROWS: Readonly<Record<Claim['kind'], readonly Row[]>> = {
  values: [
    {
      claim: { kind: 'values', at, values: [0.1, NAN, -0], absolute: 0 },
      holds: [[gives(f32(0.1, NAN, -0))]],
      fails: [
        [gives(f32(0.1, NAN, 0))],
        [gives(f32(0.1, 0, -0))],
        [gives(f32(NAN, NAN, -0))],
        [gives(f32(Math.fround(0.1) + 2 ** -27, NAN, -0))],
        [gives(f32(0.1, NAN))],
        [gives(tensor([0.1000001, NAN, -0], [3], 'float64'))],
      ],
    },
    {
      claim: { kind: 'values', at, values: [1, Number.POSITIVE_INFINITY], absolute: 1e-3 },
      holds: [[gives(f32(1.0005, Number.POSITIVE_INFINITY))]],
      fails: [
        [gives(f32(1.002, Number.POSITIVE_INFINITY))],
        [gives(f32(1, Number.NEGATIVE_INFINITY))],
        [gives(f32(1, NAN))],
      ],
    },
  ],
  element: [
    {
      claim: { kind: 'element', at, index: 1, value: 2, absolute: 0 },
      holds: [[gives(f32(9, 2))]],
      fails: [[gives(f32(2, 9))], [gives(f32(2))], [gives(f32(9, NAN))]],
    },
  ],
  every: [
    {
      claim: { kind: 'every', at, is: 'nan' },
      holds: [[gives(f32(NAN))]],
      fails: [[gives(f32(NAN, 1))], [gives(empty)]],
    },
    {
      claim: { kind: 'every', at, is: 'zero' },
      holds: [[gives(f32(0, -0))]],
      fails: [[gives(f32(0, 1e-40))], [gives(empty)]],
    },
    {
      claim: { kind: 'every', at, is: 'finite' },
      holds: [[gives(f32(1))]],
      fails: [[gives(f32(NAN))], [gives(empty)]],
    },
    {
      claim: { kind: 'every', at, is: 'infinite' },
      holds: [[gives(f32(Number.NEGATIVE_INFINITY))]],
      fails: [[gives(f32(1))], [gives(f32(NAN))]],
    },
  ],
  largest: [
    {
      claim: { kind: 'largest', at, least: 1, most: 2 },
      holds: [[gives(f32(0, -1.5))]],
      fails: [[gives(f32(0.5))], [gives(f32(3))], [gives(f32(1.5, NAN))], [gives(f32(NAN, 1.5))], [gives(empty)]],
    },
  ],
  shape: [
    {
      claim: { kind: 'shape', at, shape: [2] },
      holds: [[gives(f32(1, 2))]],
      fails: [[gives(f32(1))], [gives(tensor([1, 2], [1, 2], 'float32'))]],
    },
  ],
  dtype: [
    {
      claim: { kind: 'dtype', at, dtype: 'float32' },
      holds: [[gives(f32(1))]],
      fails: [[gives(tensor([1], [1], 'float64'))]],
    },
  ],
  names: [
    {
      claim: { kind: 'names', question: null, step: 0, names: ['output'] },
      holds: [[gives(f32(1))]],
      fails: [[says('')], [NOT_RUN]],
    },
    { claim: { kind: 'names', question: null, step: 0, names: [] }, holds: [[says('')]], fails: [[gives(f32(1))]] },
  ],
  text: [
    {
      claim: { kind: 'text', at, is: 'None' },
      holds: [[says('None')]],
      fails: [[says('None ')], [gives(f32(1))], [NOT_RUN]],
    },
  ],
  'text-contains': [
    {
      claim: { kind: 'text-contains', at, part: 'eps=1' },
      holds: [[says('(eps=1)')]],
      fails: [[says('(eps=2)')], [NOT_RUN]],
    },
  ],
  same: [
    {
      claim: { kind: 'same', at, as, absolute: 0 },
      holds: [
        [gives(f32(1, NAN)), gives(f32(1, NAN))],
        [gives(f32(1, 2)), gives(tensor([1, 2], [2, 1], 'float32'))],
      ],
      fails: [
        [gives(f32(0)), gives(f32(-0))],
        [gives(f32(1)), gives(f32(1 + 2 ** -23))],
        [gives(f32(1)), gives(f32(1, 1))],
        [gives(f32(1)), gives(tensor([1], [1], 'float64'))],
        [gives(f32(1)), NOT_RUN],
        [gives(f32(NAN)), gives(f32(1))],
      ],
    },
    {
      claim: { kind: 'same', at, as, absolute: 0.5 },
      holds: [[gives(f32(1)), gives(f32(1.25))]],
      fails: [
        [gives(f32(1)), gives(f32(1.75))],
        [gives(f32(NAN)), gives(f32(1))],
      ],
    },
  ],
  apart: [
    {
      claim: { kind: 'apart', at, from: as, least: 1, most: 2 },
      holds: [[gives(f32(0, 5)), gives(f32(0.5, 3.5))]],
      fails: [
        [gives(f32(0)), gives(f32(0))],
        [gives(f32(0)), gives(f32(3))],
        [gives(f32(0, NAN)), gives(f32(1, 1))],
        [gives(empty), gives(empty)],
      ],
    },
  ],
  other: [
    {
      claim: { kind: 'other', at, than: as },
      holds: [[gives(f32(1, 2)), gives(f32(1, 3))]],
      fails: [
        [gives(f32(1, NAN)), gives(f32(1, NAN))],
        [gives(f32(1)), NOT_RUN],
      ],
    },
  ],
  returns: [
    {
      claim: { kind: 'returns', question: null, step: 0 },
      holds: [[says('')]],
      fails: [[refuses('E', '')], [NOT_RUN], []],
    },
  ],
  refuses: [
    {
      claim: { kind: 'refuses', question: null, step: 0, type: 'ValueError', message: 'no' },
      holds: [[refuses('ValueError', 'no')]],
      fails: [[refuses('RuntimeError', 'no')], [refuses('ValueError', 'no.')], [says('no')], [NOT_RUN]],
    },
  ],
};

describe.each(Object.entries(ROWS))('%s', (_, rows) => {
  test.each(rows)('$claim', ({ claim, holds, fails }) => {
    expect(holds.length * fails.length).toBeGreaterThan(0);
    for (const steps of holds) expect(hold(claim, ...steps)).toBeNull();
    for (const steps of fails)
      expect(hold(claim, ...steps)).toMatchObject({ step: expect.any(Number), came: expect.stringMatching(/./) });
  });
});

test('a broken claim says what was claimed, what came and where', () => {
  const claim: Claim = { kind: 'values', at, values: [1, 2], absolute: 0 };
  expect(hold(claim, gives(f32(1, 3)))).toEqual({
    question: null,
    step: 0,
    name: 'output',
    claimed: '[1, 2]',
    came: '3 at 1 where it is 2',
  });
});

test('the element farthest off is the one that is told', () => {
  const claim: Claim = { kind: 'values', at, values: [0, 0, 0], absolute: 0.5 };
  expect(hold(claim, gives(f32(1, 7, 2)))?.came).toBe('7 at 1 where it is 0');
  expect(hold(claim, gives(f32(1, NAN, 2)))?.came).toBe('NaN at 1 where it is 0');
});

test.each<[Dtype, number, number]>([
  ['float16', 0x3e00, 1.5],
  ['bfloat16', 0x3fc0, 1.5],
])('numbers of %s are read from their bits', (dtype, bits, value) => {
  const half = fromStorage(dtype, [1], Uint16Array.of(bits));
  expect(hold({ kind: 'values', at, values: [value], absolute: 0 }, gives(half))).toBeNull();
  expect(hold({ kind: 'values', at, values: [bits], absolute: 0 }, gives(half))).not.toBeNull();
});

test('no claim holds of a question that is not there, of no answer, or past the last step', () => {
  const claim: Claim = { kind: 'returns', question: 'other', step: 0 };
  const unsupported: Outcome = { kind: 'unsupported', reason: 'no such layer' };
  const undecided: Outcome = { kind: 'undecided', reason: { kind: 'crash', message: 'gone' } };
  expect(holdClaim(claim, new Map([['only', outcomeOf([says('')])]]))?.came).toMatch(/no question "other"/);
  expect(holdClaim(claim, new Map([['other', unsupported]]))?.came).toBe('unsupported: no such layer');
  expect(holdClaim(claim, new Map([['other', undecided]]))?.came).toBe('no answer (crash): gone');
  expect(holdClaim({ ...claim, question: null, step: 3 }, new Map([['other', outcomeOf([says('')])]]))?.came).toBe(
    'no step 3 of 1',
  );
});

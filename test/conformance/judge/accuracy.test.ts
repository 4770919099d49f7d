// Where PyTorch is inaccurate: found by the truth of the case alone, and not where its digits are right or squares overflow.

import { expect, test } from 'vitest';
import { AccuracyTally } from '../../../ts-impl/conformance/judge/accuracy.ts';
import { type Step, int } from '../../../cases/case.ts';
import { answer, caseOf, float32, oneForward, refused, returned } from './hand-made.ts';

const made = returned({}, { repr: 'BatchNorm1d(1)' });
const answered = (values: readonly number[]) => {
  const steps = [made, returned({ output: float32(values, [4, 1]) })];
  return answer(steps, steps); // a float64 answer that repeats the fault tells nothing
};

function inaccurate(input: readonly number[], output: readonly number[]) {
  const tally = new AccuracyTally();
  tally.add(oneForward(float32(input, [4, 1])), answered(output));
  return tally.inaccurate();
}

test('BatchNorm of a constant is 0, and what else is answered is off by all of its digits', () => {
  const constant = [1e7, 1e7, 1e7, 1e7];
  expect(inaccurate(constant, [0, 0, 0, 0])).toEqual([]);
  expect(inaccurate(constant, [105.1, 105.1, 105.1, 105.1])).toMatchObject([
    { layer: 'BatchNorm1d', direction: 'forward', tensor: 'output', truth: 0, relative: 1 },
  ]);
});

test('a last digit is no inaccuracy, and overflow is another matter', () => {
  const right = [-1.3416355, -0.4472118, 0.4472118, 1.3416355];
  expect(inaccurate([1, 2, 3, 4], right)).toEqual([]);
  expect(inaccurate([1, 2, 3, 4], right.with(0, -1.34))).toHaveLength(1);
  expect(inaccurate([1e30, 2e30, 3e30, 4e30], [0, 0, 0, 0])).toEqual([]);
});

test('a call that the narrow dtype refuses says nothing of the state it leaves', () => {
  const steps: Step[] = [
    { kind: 'construct', layer: 'BatchNorm1d', arguments: { num_features: int(1) } },
    { kind: 'forward', mode: 'train', input: float32([1, 2, 3, 4], [4, 1]), gradient: false },
    { kind: 'read', what: 'buffers' },
  ];
  const output = returned({ output: float32([-1.34, -0.45, 0.45, 1.34], [4, 1]) });
  const tally = new AccuracyTally();
  tally.add(
    caseOf(steps),
    answer(
      [made, refused('RuntimeError', 'mixed dtype'), returned({ running_mean: float32([0]) })],
      [made, output, returned({ running_mean: float32([0.25]) })],
    ),
  );
  expect(tally.inaccurate()).toEqual([]);
});

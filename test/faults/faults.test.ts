// Every seeded fault is killed by the standard suite, the median within 50 cases; the norm they are seeded in is accepted without them.

import { beforeAll, describe, expect, test } from 'vitest';
import type { Case, Step } from '../../cases/case.ts';
import { makePort } from '../../ts-impl/conformance/subjects/port.ts';
import { isContiguous, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import { isFollowed } from './plain-norm.ts';
import { FAULTS } from './faults.ts';
import { type Kill, kill, medianOf, type Round, standardRounds } from './kill.ts';

// The port stands in for PyTorch, whose bits it has (test/norms/parity.test.ts); `npm run faults` asks the live oracle.
let rounds: readonly Round[];
const kills: Kill[] = [];
beforeAll(async () => {
  rounds = await standardRounds(makePort(), makePort());
}, 120_000);

test('there are at least 60 faults, each with a name of its own', () => {
  expect(FAULTS.length).toBeGreaterThanOrEqual(60);
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
});

/** Where PyTorch's own input.grad pairs elements of different channels: a memory format that sizes of 1 leave ambiguous. */
function isMisreadByPyTorch({ steps }: Case): boolean {
  const ambiguous = (t: Tensor) => t.shape.length > 2 && t.shape.includes(1);
  const inputs = steps.some((s) => s.kind === 'forward' && ambiguous(s.input));
  return inputs && steps.some((s) => (s.kind === 'backward' && !isContiguous(s.gradient)) || isStrided(s));
}

const isStrided = (s: Step) => s.kind === 'forward' && !isContiguous(s.input);

test('the norm is accepted without any fault, but where PyTorch misreads a gradient', () => {
  const followed = rounds.filter(({ case: c }) => isFollowed(c));
  const rejected = followed.filter(({ counts }) => !counts).map((round) => round.case);
  const left = rejected.filter((c) => !isMisreadByPyTorch(c));
  expect(followed.length).toBeGreaterThan(1500);
  expect(left.map(({ id }) => id)).toEqual([]);
  expect(rejected.length).toBeLessThan(followed.length / 50);
});

describe('killed', () => {
  test.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s', async (_, fault) => {
    const killed = await kill(fault, rounds);
    kills.push(killed);
    expect(killed.at).not.toBeNull();
  });
});

test('the median fault within 50 cases', () => {
  expect(kills.length).toBe(FAULTS.length);
  expect(medianOf(kills)).toBeLessThanOrEqual(50);
});

// The derived bound: no false alarm for PyTorch's own float32 against its float64, and honesty about what it can’t derive.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bool, type Case, float, int, none } from '../../../cases/case.ts';
import { suite } from '../../../cases/suites.ts';
import { Budgets } from '../../../ts-impl/conformance/judge/budgets.ts';
import { conditioningOf } from '../../../ts-impl/conformance/judge/conditioning/conditioning.ts';
import { TORCH_ROWS, rowBudgets } from '../../../ts-impl/conformance/judge/tolerance.ts';
import type { Answer } from '../../../ts-impl/conformance/outcome.ts';
import { type Oracle, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import type { Tensor } from '../../../ts-impl/tensor/tensor.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../subjects/live-python.ts';
import { answer, caseOf, float32, oneForward, returned } from './hand-made.ts';

/** The budgets of the output of the last step. */
function outputBudgets(c: Case, output: Tensor): readonly number[] {
  const steps = c.steps.map((_, i) => returned(i === c.steps.length - 1 ? { output } : {}));
  const budgets = new Budgets(c, answer(steps).outcome, { kind: 'bound' });
  const allowance = budgets.of(c.steps.length - 1, 'output', output);
  return allowance.kind === 'budgets' ? [...allowance.budgets()] : [];
}

describe('the size of a budget', () => {
  const soft = float32([0, 1, 2, 4], [4, 1]);

  test('is some roundings of well-conditioned values', () => {
    for (const budget of outputBudgets(oneForward(soft), float32([-1.18, -0.5, 0.17, 1.5], [4, 1]))) {
      expect(budget).toBeGreaterThan(2 ** -24);
      expect(budget).toBeLessThan(256 * 2 ** -24);
    }
  });

  test('grows with the mean over the deviation, as cancellation does', () => {
    const far = oneForward(float32([4096, 4097, 4098, 4100], [4, 1]));
    const near = outputBudgets(oneForward(soft), soft);
    const ratio = outputBudgets(far, soft)[0] / near[0];
    expect(ratio).toBeGreaterThan(100);
    expect(ratio).toBeLessThan(1e5);
  });

  test('is infinite where no digit survives: equal values, eps 0', () => {
    const lost = caseOf([
      { kind: 'construct', layer: 'LayerNorm', arguments: { normalized_shape: int(2), eps: float(0) } },
      { kind: 'forward', mode: null, input: float32([3, 3, 1, 2], [2, 2]), gradient: false },
    ]);
    const budgets = outputBudgets(lost, float32([0, 0, -1, 1], [2, 2]));
    expect(budgets.slice(0, 2)).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(Math.max(...budgets.slice(2))).toBeLessThan(1e-4);
  });

  test('is a few roundings of the expected value where a set holds NaN or Infinity', () => {
    const c = oneForward(float32([Number.NaN, 1, 2, 4], [4, 1]));
    expect(outputBudgets(c, float32([1, 1, 1, 1], [4, 1]))).toEqual(new Array(4).fill(64 * 2 ** -24));
  });

  test('is the row of assert_close where the model does not know the trajectory', () => {
    const unknown = caseOf([
      { kind: 'construct', layer: 'Other', arguments: {} },
      { kind: 'forward', mode: null, input: soft, gradient: false },
    ]);
    expect(conditioningOf(unknown, answer([returned({}), returned({})]).outcome)).toEqual([null, null]);
    const values = float32([1, 2, 3, 4], [4, 1]);
    expect(outputBudgets(unknown, values)).toEqual([...rowBudgets(TORCH_ROWS.float32, values.storage as Float32Array)]); // made as float32
  });

  test('is 0 for what was set and not touched', () => {
    const c = caseOf([
      { kind: 'construct', layer: 'BatchNorm1d', arguments: { num_features: int(2), momentum: none } },
      { kind: 'set_attribute', name: 'momentum', value: float(0.5) },
      { kind: 'set_tensor', name: 'running_mean', tensor: float32([1, 2]) },
      { kind: 'read', what: 'all' },
    ]);
    const steps = conditioningOf(c, answer(c.steps.map(() => returned({}))).outcome);
    for (const name of ['weight', 'bias', 'running_mean'])
      expect([...(steps[3]?.get(name)?.budgets() ?? [])]).toEqual([0, 0]);
  });

  test('carries the error of a buffer into eval', () => {
    const forward = (mode: 'train' | 'eval') =>
      ({ kind: 'forward', mode, input: float32([4096, 4097, 4098, 4100], [4, 1]), gradient: false }) as const;
    const made = {
      kind: 'construct',
      layer: 'BatchNorm1d',
      arguments: { num_features: int(1), affine: bool(false), momentum: float(1) },
    } as const;
    const output = float32([0, 0, 0, 0], [4, 1]);
    const fresh = outputBudgets(
      caseOf([made, { kind: 'set_tensor', name: 'running_mean', tensor: float32([4097]) }, forward('eval')]),
      output,
    );
    const trained = outputBudgets(caseOf([made, forward('train'), forward('eval')]), output);
    expect(trained[0]).toBeGreaterThan(2 * fresh[0]);
  });
});

describe.skipIf(!hasPython)(`against live PyTorch${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  let oracle: Oracle;
  const cases = [...suite('standard', { seed: 3 })].filter(
    (c) => c.dtype === 'float32' && !c.id.includes('/huge/') && !c.id.includes('/refusals/'),
  );
  let answers: readonly Answer[] = [];

  beforeAll(async () => {
    oracle = await startOracle({ python: PYTHON });
    answers = await oracle.ask(cases, { truth: true });
  });
  afterAll(() => oracle?.close());

  test('float32 is within the bound of float64 on every element of the standard suite', () => {
    let elements = 0;
    const over: string[] = [];
    for (let i = 0; i < cases.length; i++)
      elements += eachShare(cases[i], answers[i], (share, place) => share > 1 && over.push(`${place}: ${share}`));
    expect(elements).toBeGreaterThan(100_000);
    expect(over).toEqual([]);
  });
});

/** Calls `see` with the share of its budget that PyTorch's own rounding uses, for each finite element; returns how many there were. */
function eachShare(c: Case, { outcome, truth }: Answer, see: (share: number, place: string) => void): number {
  if (
    (outcome.kind !== 'returned' && outcome.kind !== 'refused') ||
    (truth?.kind !== 'returned' && truth?.kind !== 'refused')
  )
    return 0;
  let count = 0;
  const budgets = new Budgets(c, outcome, { kind: 'bound' });
  outcome.steps.forEach((step, at) => {
    const true64 = truth.steps[at];
    if (step.kind !== 'returned' || true64.kind !== 'returned') return;
    for (const { name, tensor } of step.tensors) {
      const exact = true64.tensors.find((entry) => entry.name === name)?.tensor;
      if (exact === undefined || tensor.dtype !== 'float32') continue;
      const allowance = budgets.of(at, name, tensor);
      const budget = allowance.kind === 'budgets' ? allowance.budgets() : [];
      for (let i = 0; i < tensor.storage.length; i++) {
        const [x, y] = [Number(tensor.storage[i]), Math.fround(Number(exact.storage[i]))];
        if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
        count++;
        see(x === y ? 0 : Math.abs(x - y) / budget[i], `${c.id} step ${at} ${name}[${i}]`);
      }
    }
  });
  return count;
}

// What the live oracle makes of each step: values worked out by hand, PyTorch's own words, and float64 beside it as truth.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Arguments, type Case, float, int, ints, none, type Step, tensorValue, text } from '../../cases/case.ts';
import type { Outcome, StepResult } from '../../ts-impl/conformance/outcome.ts';
import { type Oracle, startOracle } from '../../ts-impl/conformance/subjects/oracle.ts';
import { type Tensor, tensor } from '../../ts-impl/tensor/tensor.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../conformance/subjects/live-python.ts';
import { caseOf, construct, forward } from '../conformance/subjects/small-cases.ts';

let oracle: Oracle;
beforeAll(async () => {
  if (hasPython) oracle = await startOracle({ python: PYTHON });
});
afterAll(() => oracle?.close());

async function run(steps: readonly Step[], dtype?: Case['dtype'], truth = false): Promise<readonly StepResult[]> {
  const [answer] = await oracle.ask([caseOf('x', steps, dtype)], { truth });
  return stepsOf(truth ? answer.truth : answer.outcome);
}

function stepsOf(outcome: Outcome | null): readonly StepResult[] {
  if (outcome?.kind === 'returned' || outcome?.kind === 'refused') return outcome.steps;
  throw new Error(JSON.stringify(outcome));
}

/** The values of a step by name. */
function values(step: StepResult): Record<string, number[]> {
  if (step.kind !== 'returned') throw new Error(JSON.stringify(step));
  return Object.fromEntries(step.tensors.map(({ name, tensor: t }) => [name, Array.from(t.storage, Number)]));
}

const norm = (more: Arguments = {}) =>
  construct('BatchNorm1d', { num_features: int(1), eps: float(2 ** -20), momentum: float(0.25), ...more });
const backward = (given: number[], more: { accumulate?: boolean; again?: boolean } = {}): Step => ({
  kind: 'backward',
  gradient: tensor(given, [2, 1], 'float32'),
  accumulate: more.accumulate ?? false,
  again: more.again ?? false,
});
const read: Step = { kind: 'read', what: 'buffers' };
const readAll: Step = { kind: 'read', what: 'all' };
const set = (name: string, t: Tensor | null): Step => ({ kind: 'set_tensor', name, tensor: t });
const column = (numbers: number[]) => tensor(numbers, [numbers.length], 'float32');

describe.skipIf(!hasPython)(`steps${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test('construct answers the repr', async () => {
    const [made] = await run([norm()]);
    expect(made).toMatchObject({ kind: 'returned', tensors: [] });
    expect(JSON.stringify(made)).toContain('BatchNorm1d(1, eps=9.5367431640625e-07, momentum=0.25');
  });

  test('train uses the batch and tracks it, eval uses what was tracked', async () => {
    const [, trained, tracked, after] = await run([norm(), forward('train'), read, forward('eval')]);
    expect(values(trained).output.map(Math.fround)).toEqual(
      [-1, 1].map((v) => Math.fround(v / Math.sqrt(1 + 2 ** -20))),
    );
    expect(values(tracked)).toEqual({ running_mean: [0.25], running_var: [1.25], num_batches_tracked: [1] });
    expect(values(after).output[0]).toBeCloseTo(-0.25 / Math.sqrt(1.25), 5);
  });

  test('null leaves the mode as it is', async () => {
    const steps = await run([norm(), forward('eval'), forward(null), read]);
    expect(values(steps[2])).toEqual(values(steps[1]));
    expect(values(steps[3]).num_batches_tracked).toEqual([0]);
  });

  test('backward answers gradients; accumulate adds to them, again asks the same graph', async () => {
    const steps = await run([
      norm(),
      forward('train', true),
      backward([1, 0]),
      backward([1, 0], { again: true }),
      backward([1, 0], { accumulate: true, again: true }),
    ]);
    const first = values(steps[2]);
    expect(Object.keys(first)).toEqual(['input.grad', 'weight.grad', 'bias.grad']);
    expect(first['bias.grad']).toEqual([1]);
    expect(values(steps[3])).toEqual(first);
    expect(values(steps[4])['bias.grad']).toEqual([2]);
    expect(values(steps[4])['weight.grad']).toEqual(first['weight.grad'].map((g) => 2 * g));
  });

  test('set_tensor writes parameters and buffers, and null takes them away', async () => {
    const steps = await run([
      norm(),
      set('weight', column([3])),
      set('running_mean', column([1])),
      readAll,
      forward('eval'),
      set('bias', null),
      readAll,
    ]);
    expect(values(steps[3])).toEqual({
      weight: [3],
      bias: [0],
      running_mean: [1],
      running_var: [1],
      num_batches_tracked: [0],
    });
    expect(values(steps[4]).output[0]).toBeCloseTo(-3, 5);
    expect(Object.keys(values(steps[6]))).toEqual(['weight', 'running_mean', 'running_var', 'num_batches_tracked']);
  });

  test('set_attribute, reset and copy act on the layer', async () => {
    const steps = await run([
      norm(),
      { kind: 'set_attribute', name: 'momentum', value: float(1) },
      forward('train'),
      { kind: 'copy' },
      read,
      { kind: 'reset', what: 'running_stats' },
      read,
    ]);
    expect(values(steps[4]).running_mean).toEqual([1]);
    expect(values(steps[6])).toEqual({ running_mean: [0], running_var: [1], num_batches_tracked: [0] });
  });

  test('save_state and load_state speak of keys as PyTorch does', async () => {
    const entries = [
      { name: 'weight', tensor: column([2]) },
      { name: 'wight', tensor: column([2]) },
    ];
    const steps = await run([
      norm(),
      { kind: 'save_state' },
      { kind: 'load_state', entries, version: 2, strict: false },
      { kind: 'load_state', entries, version: 2, strict: true },
    ]);
    expect(Object.keys(values(steps[1]))).toEqual([
      'weight',
      'bias',
      'running_mean',
      'running_var',
      'num_batches_tracked',
    ]);
    expect(JSON.stringify(steps[2])).toContain("unexpected_keys=['wight']");
    expect(steps[3]).toMatchObject({ kind: 'refused', type: 'RuntimeError' });
  });

  test('cast changes the dtype of what the layer answers', async () => {
    const [, , all] = await run([norm(), { kind: 'cast', dtype: 'float64' }, readAll]);
    if (all.kind !== 'returned') throw new Error(JSON.stringify(all));
    expect(all.tensors.map(({ tensor: t }) => t.dtype)).toEqual(['float64', 'float64', 'float64', 'float64', 'int64']);
  });

  test('call answers the output and the running tensors that it was given', async () => {
    const args = {
      input: tensorValue(tensor([0, 2], [2, 1], 'float32')),
      running_mean: tensorValue(column([0])),
      running_var: tensorValue(column([1])),
      weight: tensorValue(column([1])),
      training: { kind: 'bool', value: true } as const,
      momentum: float(0.5),
    };
    const [called, back] = await run([
      { kind: 'call', function: 'batch_norm', arguments: args, gradient: true },
      backward([1, 0]),
    ]);
    expect(values(called)).toMatchObject({ running_mean: [0.5], running_var: [1.5] });
    expect(Object.keys(values(back))).toEqual(['input.grad', 'weight.grad']);
  });

  test('an input arrives with its strides, its offset and its expansion', async () => {
    const memory = new Float32Array([9, 1, 2, 3, 4, 9]);
    const transposed: Tensor = { dtype: 'float32', shape: [2, 2], strides: [1, 2], offset: 1, storage: memory };
    const expanded: Tensor = { dtype: 'float32', shape: [2, 2], strides: [0, 1], offset: 2, storage: memory };
    const layer = construct('BatchNorm1d', { num_features: int(2), eps: float(1e-30) });
    const ask = (input: Tensor): Step => ({ kind: 'forward', mode: 'eval', input, gradient: false });
    const [, first, second] = await run([layer, ask(transposed), ask(expanded)]);
    expect(values(first).output).toEqual([1, 3, 2, 4]);
    expect(values(second).output).toEqual([2, 3, 2, 3]);
  });

  test('half types travel as their 16 bits', async () => {
    const input: Tensor = {
      dtype: 'bfloat16',
      shape: [2, 1],
      strides: [1, 1],
      offset: 0,
      storage: new Uint16Array([0x3f80, 0x4000]),
    };
    const [, out] = await run([norm(), { kind: 'forward', mode: 'eval', input, gradient: false }], 'bfloat16');
    if (out.kind !== 'returned') throw new Error(JSON.stringify(out));
    expect(out.tensors[0].tensor).toMatchObject({ dtype: 'bfloat16', storage: new Uint16Array([0x3f80, 0x4000]) });
  });
});

describe.skipIf(!hasPython)(`refusals${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test('carry type and text, and the layer goes on', async () => {
    const flat: Step = { kind: 'forward', mode: 'train', input: column([1]), gradient: true };
    const steps = await run([norm(), flat, backward([1, 0]), forward('eval')]);
    expect(steps[1]).toEqual({
      kind: 'refused',
      type: 'ValueError',
      message: 'expected 2D or 3D input (got 1D input)',
    });
    expect(steps[2]).toEqual({ kind: 'not_run' });
    expect(steps[3].kind).toBe('returned');
  });

  test('of a construct leave nothing to run', async () => {
    const steps = await run([
      construct('GroupNorm', { num_groups: int(3), num_channels: int(10) }),
      forward('train'),
      read,
    ]);
    expect(steps.map(({ kind }) => kind)).toEqual(['refused', 'not_run', 'not_run']);
    expect(steps[0]).toMatchObject({ type: 'ValueError' });
  });

  test('tell Python’s int from its float, None and str', async () => {
    const kinds = [float(2), none, text('2')].map((value) => construct('LayerNorm', { normalized_shape: value }));
    for (const step of kinds) expect((await run([step]))[0]).toMatchObject({ kind: 'refused', type: 'TypeError' });
    expect((await run([construct('LayerNorm', { normalized_shape: ints([2]) })]))[0].kind).toBe('returned');
  });

  test('of one case leave no trace in the next', async () => {
    const mutating = caseOf('a', [norm(), set('running_mean', column([5])), forward('train', true), backward([1, 2])]);
    const plain = caseOf('b', [norm(), readAll]);
    const answers = await oracle.ask([plain, mutating, plain], { truth: true });
    expect(answers[2]).toEqual(answers[0]);
  });
});

describe.skipIf(!hasPython)(`truth${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test('is the same trajectory in float64 on the same numbers', async () => {
    const x = tensor([0.1, 0.3], [2, 1], 'float32');
    const step: Step = { kind: 'forward', mode: 'train', input: x, gradient: true };
    const steps = await run([norm({ momentum: float(0.1) }), step, backward([1, 0]), read], 'float32', true);
    const [a, b] = x.storage as Float32Array;
    const mean = (a + b) / 2;
    const sigma = Math.sqrt(((a - mean) ** 2 + (b - mean) ** 2) / 2 + 2 ** -20);
    expect(values(steps[1]).output[0]).toBeCloseTo((a - mean) / sigma, 14);
    expect(values(steps[3]).running_mean[0]).toBeCloseTo(0.1 * mean, 16);
    for (const step of steps) {
      if (step.kind !== 'returned') throw new Error(JSON.stringify(step));
      for (const { tensor: t } of step.tensors) expect(['float64', 'int64']).toContain(t.dtype);
    }
  });

  test('of a float64 case is its own outcome', async () => {
    const input = tensor([0, 2], [2, 1], 'float64');
    const steps: Step[] = [
      construct('BatchNorm1d', { num_features: int(1) }),
      { kind: 'forward', mode: 'train', input, gradient: false },
    ];
    const [{ outcome, truth }] = await oracle.ask([caseOf('x', steps, 'float64')], { truth: true });
    expect(truth).toEqual(outcome);
    expect(stepsOf(outcome)[1]).toMatchObject({ tensors: [{ tensor: { dtype: 'float64' } }] });
  });

  test('takes RMSNorm’s eps=None as the epsilon of the type that the case computes in', async () => {
    const layer = construct('RMSNorm', { normalized_shape: ints([2]) });
    const tiny = tensor([2 ** -12, 0], [1, 2], 'float32');
    const expected = 2 ** -12 / Math.sqrt(2 ** -25 + 2 ** -23);
    const [, out] = await run(
      [layer, { kind: 'forward', mode: 'eval', input: tiny, gradient: false }],
      'float32',
      true,
    );
    expect(values(out).output[0]).toBeCloseTo(expected, 14);
    const call: Step = {
      kind: 'call',
      function: 'rms_norm',
      arguments: { input: tensorValue(tiny), normalized_shape: ints([2]) },
      gradient: false,
    };
    expect(values((await run([call], 'float32', true))[0]).output[0]).toBeCloseTo(expected, 14);
  });

  test('is not made where it is not asked', async () => {
    const [answer] = await oracle.ask([caseOf('x', [norm(), forward('train')])], { truth: false });
    expect(answer.truth).toBeNull();
  });
});

// What the oracle and the port say when they are inspected: worked out by hand, and the same words from both.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Arguments, type Case, bool, int, ints, none, type Step, text } from '../../../cases/case.ts';
import type { StepResult } from '../../../ts-impl/conformance/outcome.ts';
import { type Oracle, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../../ts-impl/conformance/subjects/port.ts';
import { toChannelsLast } from '../../../ts-impl/tensor/memory-format.ts';
import { type Tensor, tensor } from '../../../ts-impl/tensor/tensor.ts';
import { transpose } from '../../../ts-impl/tensor/views.ts';
import { hasPython, NO_PYTHON, PYTHON } from './live-python.ts';
import { caseOf, construct } from './small-cases.ts';

const port = makePort();
let oracle: Oracle | null = null;
beforeAll(async () => {
  if (hasPython) oracle = await startOracle({ python: PYTHON });
});
afterAll(() => oracle?.close());

const inspect = (...names: string[]): Step => ({ kind: 'inspect', names });
const forward = (input: Tensor, gradient = true): Step => ({ kind: 'forward', mode: 'train', input, gradient });
const backward = (gradient: Tensor): Step => ({ kind: 'backward', gradient, accumulate: false, again: false });
const set = (name: string, value: Parameters<typeof construct>[1][string]): Step => ({
  kind: 'set_attribute',
  name,
  value,
});
const counting = (shape: readonly number[]) =>
  tensor(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 7) % 5),
    shape,
    'float32',
  );

/** The steps' results by the port; the oracle, where there is one, must have said the same words. */
async function run(steps: readonly Step[], layer = 'BatchNorm1d'): Promise<readonly StepResult[]> {
  const c: Case = { ...caseOf('x', steps), layer };
  const [answer] = await port.ask([c], { truth: false });
  if (answer.outcome.kind !== 'returned' && answer.outcome.kind !== 'refused') throw new Error(JSON.stringify(answer));
  if (oracle !== null) {
    const [live] = await oracle.ask([c], { truth: false });
    if (live.outcome.kind !== 'returned' && live.outcome.kind !== 'refused') throw new Error(JSON.stringify(live));
    expect(answer.outcome.steps.map(words)).toEqual(live.outcome.steps.map(words));
  }
  return answer.outcome.steps;
}

function words(step: StepResult): unknown {
  if (step.kind === 'returned') return step.texts;
  return step.kind === 'refused' ? { type: step.type, message: step.message } : 'not run';
}

async function texts(steps: readonly Step[]): Promise<Readonly<Record<string, string>>> {
  const last = (await run(steps)).at(-1);
  if (last?.kind !== 'returned') throw new Error(JSON.stringify(last));
  return last.texts;
}

const norm = (args: Arguments = {}) => construct('BatchNorm1d', { num_features: int(2), ...args });
const kinds = hasPython ? 'by port and oracle' : `by the port alone (${NO_PYTHON})`;

describe(`attributes ${kinds}`, () => {
  test('are written as Python writes them', async () => {
    const names = ['eps', 'momentum', 'training', 'num_features', 'weight', 'running_mean', 'num_batches_tracked'];
    expect(await texts([norm({ momentum: none, affine: bool(false) }), inspect(...names)])).toEqual({
      eps: '1e-05',
      momentum: 'None',
      training: 'True',
      num_features: '2',
      weight: 'None',
      running_mean: 'Tensor float32 (2,)',
      num_batches_tracked: 'Tensor int64 ()',
    });
  });

  test('keep the kind they were given: an int, a string, a list after a tuple', async () => {
    const layer = construct('LayerNorm', { normalized_shape: ints([3, 4]), eps: int(2) });
    const steps = [
      layer,
      inspect('eps', 'normalized_shape'),
      set('normalized_shape', ints([4])),
      set('eps', text('x')),
    ];
    const [, before, , , after] = await run([...steps, inspect('eps', 'normalized_shape', 'repr')]);
    expect(words(before)).toEqual({ eps: '2', normalized_shape: '(3, 4)' });
    expect(words(after)).toMatchObject({ eps: "'x'", normalized_shape: '[4]' });
  });

  test('tell the version, the class, and the names of parameters and buffers', async () => {
    expect(await texts([norm(), inspect('_version', 'class', 'named_parameters', 'named_buffers')])).toEqual({
      _version: '2',
      class: 'BatchNorm1d',
      named_parameters: 'weight, bias',
      named_buffers: 'running_mean, running_var, num_batches_tracked',
    });
    const rms = construct('RMSNorm', { normalized_shape: int(2) });
    expect(await texts([rms, inspect('_version', 'named_parameters', 'named_buffers', 'eps')])).toEqual({
      _version: '1',
      named_parameters: 'weight',
      named_buffers: '',
      eps: 'None',
    });
  });

  test.each([
    ['foo', "'BatchNorm1d' object has no attribute 'foo'"],
    ['weight.foo', "'Parameter' object has no attribute 'foo'"],
    ['eps.stride', "'float' object has no attribute 'stride'"],
    ['output.stride', "'NoneType' object has no attribute 'stride'"],
    ['weight.grad.stride', "'NoneType' object has no attribute 'stride'"],
    ['num_groups', "'BatchNorm1d' object has no attribute 'num_groups'"],
  ])('%s is refused as Python does', async (name, message) => {
    expect((await run([norm(), inspect('eps', name)]))[1]).toEqual({
      kind: 'refused',
      type: 'AttributeError',
      message,
    });
  });

  test('of a training flag set by hand, until the mode is set again', async () => {
    const steps = [
      norm(),
      set('training', int(1)),
      inspect('training'),
      forward(counting([2, 2])),
      inspect('training'),
    ];
    const results = await run(steps);
    expect(words(results[2])).toEqual({ training: '1' });
    expect(words(results[4])).toEqual({ training: 'True' });
  });

  test('that name a parameter or buffer take nothing else', async () => {
    const results = await run([
      norm(),
      set('weight', int(1)),
      set('running_mean', text('x')),
      set('bias', none),
      inspect('repr'),
    ]);
    expect(words(results[1])).toMatchObject({
      type: 'TypeError',
      message: expect.stringContaining("'int' as parameter 'weight'"),
    });
    expect(words(results[2])).toMatchObject({
      type: 'TypeError',
      message: expect.stringContaining("'str' as buffer 'running_mean'"),
    });
    expect(words(results[4])).toMatchObject({ repr: expect.stringContaining('bias=False') });
  });
});

describe(`outputs and gradients ${kinds}`, () => {
  const facts = [
    'output.stride',
    'output.memory_format',
    'output.is_contiguous',
    'output.requires_grad',
    'output.is_leaf',
  ];
  const images = counting([2, 2, 3, 4]);

  test('BatchNorm2d and GroupNorm keep channels last, InstanceNorm2d and LayerNorm do not', async () => {
    const kept = { 'output.stride': '(24, 1, 8, 2)', 'output.memory_format': 'channels_last' };
    const lost = { 'output.stride': '(24, 12, 4, 1)', 'output.memory_format': 'contiguous' };
    for (const [layer, args, expected] of [
      ['BatchNorm2d', { num_features: int(2) }, kept],
      ['GroupNorm', { num_groups: int(1), num_channels: int(2) }, kept],
      ['InstanceNorm2d', { num_features: int(2) }, lost],
      ['LayerNorm', { normalized_shape: int(4) }, lost],
      ['RMSNorm', { normalized_shape: int(4) }, kept],
    ] as const) {
      const steps = [construct(layer, args), forward(toChannelsLast(images)), inspect(...facts)];
      expect(await texts(steps), layer).toMatchObject(expected);
    }
  });

  test('a transposed input gives a contiguous output and a gradient in its own strides', async () => {
    const input = transpose(counting([4, 2, 3]), 0, 2); // [3, 2, 4]
    const steps = [
      norm(),
      forward(input),
      backward(counting([3, 2, 4])),
      inspect(...facts, 'input.grad.stride', 'input'),
    ];
    expect(await texts(steps)).toEqual({
      'output.stride': '(8, 4, 1)',
      'output.memory_format': 'contiguous',
      'output.is_contiguous': 'True',
      'output.requires_grad': 'True',
      'output.is_leaf': 'False',
      'input.grad.stride': '(1, 3, 6)',
      input: 'Tensor float32 (3, 2, 4)',
    });
  });

  test('nothing requires grad where no gradient was asked for', async () => {
    const steps = [norm(), forward(counting([3, 2]), false)];
    expect(await texts([...steps, inspect('output.requires_grad', 'output.is_leaf', 'weight.requires_grad')])).toEqual({
      'output.requires_grad': 'False',
      'output.is_leaf': 'True',
      'weight.requires_grad': 'True',
    });
  });

  test('a frozen weight gathers no gradient, and all others do', async () => {
    const x = counting([3, 2]);
    const steps = [norm(), set('weight.requires_grad', bool(false)), forward(x), backward(x)];
    const results = await run([...steps, inspect('weight.requires_grad', 'weight.grad', 'bias.grad', 'input.grad')]);
    const gradients = results[3];
    if (gradients.kind !== 'returned') throw new Error(JSON.stringify(gradients));
    expect(gradients.tensors.map(({ name }) => name)).toEqual(['input.grad', 'bias.grad']);
    expect(words(results[4])).toEqual({
      'weight.requires_grad': 'False',
      'weight.grad': 'None',
      'bias.grad': 'Tensor float32 (2,)',
      'input.grad': 'Tensor float32 (3, 2)',
    });
  });

  test('a weight frozen between forward and backward gathers none either; a copy has none and stays frozen', async () => {
    const x = counting([3, 2]);
    const freeze = set('weight.requires_grad', bool(false));
    const results = await run([
      ...[norm(), forward(x), freeze, backward(x), inspect('weight.grad', 'bias.grad')],
      ...[{ kind: 'copy' } as const, inspect('weight.requires_grad', 'bias.grad')],
      ...[set('weight.requires_grad', int(1)), set('weight', none), set('weight.requires_grad', bool(true))],
    ]);
    expect(words(results[4])).toEqual({ 'weight.grad': 'None', 'bias.grad': 'Tensor float32 (2,)' });
    expect(words(results[6])).toEqual({ 'weight.requires_grad': 'False', 'bias.grad': 'None' });
    expect(words(results[7])).toEqual({ type: 'RuntimeError', message: 'requires_grad must be a bool' });
    expect(words(results[9])).toMatchObject({ type: 'AttributeError' });
  });
});

describe(`warnings ${kinds}`, () => {
  test('InstanceNorm warns of channels that it was not made for, at every call', async () => {
    const layer = construct('InstanceNorm1d', { num_features: int(7) });
    const steps = [
      layer,
      inspect('warnings'),
      forward(counting([2, 3, 4])),
      forward(counting([3, 4])),
      inspect('warnings'),
    ];
    const results = await run(steps, 'InstanceNorm1d');
    expect(words(results[1])).toEqual({ warnings: '' });
    const [first, second, ...more] = (words(results[4]) as { warnings: string }).warnings.split('\n');
    expect(first).toMatch(/^UserWarning: input's size at dim=1 does not match num_features/);
    expect(second).toMatch(/^UserWarning: input's size at dim=0 does not match num_features/);
    expect(more).toEqual([]);
  });

  test('RMSNorm warns of a weight of another dtype', async () => {
    const steps = [
      construct('RMSNorm', { normalized_shape: int(4) }),
      { kind: 'set_tensor', name: 'weight', tensor: tensor([1, 2, 3, 4], [4], 'float64') } as const,
      ...[forward(counting([2, 4])), forward(counting([2, 4])), inspect('warnings')],
    ];
    const line =
      'UserWarning: Mismatch dtype between input and weight: input dtype = float, weight dtype = double, Cannot dispatch to fused implementation.';
    expect(await texts(steps)).toEqual({ warnings: `${line}\n${line}` });
  });

  test('one case hears nothing of another', async () => {
    const layer = construct('InstanceNorm1d', { num_features: int(7) });
    await run([layer, forward(counting([2, 3, 4])), inspect('warnings')], 'InstanceNorm1d');
    expect(await texts([layer, inspect('warnings')])).toEqual({ warnings: '' });
  });
});

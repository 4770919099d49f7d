// Lazy layers, before and after their first call: by hand in the port, and step by step as live PyTorch has them.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Arguments, bool, type Case, int, none, type Step, text, type Value } from '../../../cases/case.ts';
import { judge } from '../../../ts-impl/conformance/judge/judge.ts';
import { type Oracle, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../../ts-impl/conformance/subjects/port.ts';
import { BatchNorm1d, LazyBatchNorm1d, LazyInstanceNorm2d, TorchError } from '../../../ts-impl/norms/index.ts';
import type { Shape } from '../../../ts-impl/tensor/shape.ts';
import { tensor } from '../../../ts-impl/tensor/tensor.ts';
import { madeUp } from '../../norms/made-up.ts';
import { hasPython, NO_PYTHON, PYTHON } from './live-python.ts';

describe('in the port', () => {
  test('a lazy layer takes its size from its first input and becomes what it stands for', () => {
    const layer = new LazyBatchNorm1d({ momentum: null });
    expect(String(layer)).toContain('LazyBatchNorm1d(0, eps=1e-05, momentum=None');
    expect([...layer.uninitialized]).toEqual(['weight', 'bias', 'running_mean', 'running_var']);
    expect(layer.stateDict().entries.map(({ name }) => name)).toEqual(['num_batches_tracked']);
    const input = madeUp([4, 3], 'float32');
    const output = layer.forward(input);
    expect(String(layer)).toContain('BatchNorm1d(3, ');
    expect(layer.className).toBe('BatchNorm1d');
    expect(layer.uninitialized.size).toBe(0);
    expect(output).toEqual(new BatchNorm1d(3).forward(input));
    expect(layer).toBeInstanceOf(BatchNorm1d);
    layer.forward(madeUp([4, 3], 'float32'));
    expect(() => layer.forward(madeUp([4, 5], 'float32'))).toThrow(TorchError);
  });

  test('LazyInstanceNorm is affine and tracks, unlike InstanceNorm', () => {
    const layer = new LazyInstanceNorm2d();
    layer.forward(madeUp([2, 3, 2, 2], 'float32'));
    expect(String(layer)).toBe(
      'InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)',
    );
  });

  test('nothing can be copied or reset before there is a size; a copy made later has its own', () => {
    const layer = new LazyBatchNorm1d();
    expect(() => layer.clone()).toThrow('Attempted to use an uninitialized parameter');
    expect(() => layer.resetRunningStats()).toThrow('zero_');
    layer.resetParameters();
    const bare = new LazyBatchNorm1d({ trackRunningStats: false });
    const copy = bare.clone();
    bare.forward(madeUp([4, 3], 'float32'));
    expect([bare.uninitialized.size, copy.uninitialized.size]).toEqual([0, 2]);
    expect(copy.forward(madeUp([4, 5], 'float32')).shape).toEqual([4, 5]);
  });
});

// --- against live PyTorch ---

interface Lazy {
  readonly layer: string;
  /** A shape it takes, one without a batch (or of a wrong rank), and one of another rank. */
  readonly shapes: readonly [Shape, Shape, Shape];
}

const LAYERS: readonly Lazy[] = [
  {
    layer: 'LazyBatchNorm1d',
    shapes: [
      [4, 3, 5],
      [4, 3],
      [2, 3, 4, 5],
    ],
  },
  {
    layer: 'LazyBatchNorm2d',
    shapes: [
      [2, 3, 2, 2],
      [2, 3, 4],
      [2, 3],
    ],
  },
  { layer: 'LazyBatchNorm3d', shapes: [[2, 3, 2, 2, 1], [2, 3], [1]] },
  {
    layer: 'LazyInstanceNorm1d',
    shapes: [
      [4, 3, 5],
      [3, 5],
      [2, 3, 4, 5],
    ],
  },
  {
    layer: 'LazyInstanceNorm2d',
    shapes: [
      [2, 3, 2, 2],
      [3, 3, 4],
      [2, 3],
    ],
  },
  { layer: 'LazyInstanceNorm3d', shapes: [[2, 3, 2, 2, 2], [3, 4, 2, 2], [1]] },
];

const OPTIONS: readonly Arguments[] = [
  {},
  { eps: int(1), momentum: none },
  { affine: bool(false) },
  { track_running_stats: bool(false) },
  { affine: bool(false), track_running_stats: bool(false) },
  { bias: bool(false) },
  { dtype: text('float64') },
];

const FACTS = [
  ...['class', 'repr', 'num_features', 'weight', 'bias', 'running_mean', 'num_batches_tracked', '_version', 'training'],
  ...['named_parameters', 'named_buffers', 'warnings'],
];
const PARTS = ['weight.stride', 'weight.shape', 'bias.is_contiguous', 'running_mean.stride', 'running_var.shape'];
const OTHER_PARTS = ['weight.memory_format', 'running_mean.requires_grad', 'weight.grad', 'weight.foo', 'nothing'];

const ALL: Step = { kind: 'read', what: 'all' };
const COPY: Step = { kind: 'copy' };
const inspect = (...names: string[]): Step => ({ kind: 'inspect', names });
const reset = (what: 'parameters' | 'running_stats'): Step => ({ kind: 'reset', what });
const attribute = (name: string, value: Value): Step => ({ kind: 'set_attribute', name, value });
const set = (name: string, shape: Shape | null): Step => ({
  kind: 'set_tensor',
  name,
  tensor: shape && madeUp(shape, 'float32', 9),
});

function load(size: number, without: string): Step {
  const sized = ['weight', 'bias', 'running_mean', 'running_var'];
  const entries = sized.map((name) => ({ name, tensor: madeUp([size], 'float32', name.length) }));
  entries[3] = { name: 'running_var', tensor: tensor(new Array<number>(size).fill(2), [size], 'float32') };
  entries.push({ name: 'num_batches_tracked', tensor: tensor([5], [], 'int64') });
  return { kind: 'load_state', entries: entries.filter(({ name }) => name !== without), version: 2, strict: true };
}

function questions({ layer, shapes }: Lazy, options: Arguments): readonly Case[] {
  const made: Step = { kind: 'construct', layer, arguments: options };
  const dtype = options.dtype === undefined ? 'float32' : 'float64';
  const forward = (shape: Shape, mode: 'train' | 'eval' = 'train'): Step => ({
    kind: 'forward',
    mode,
    input: madeUp(shape, dtype, shape.length),
    gradient: true,
  });
  const [fits, unbatched, other] = shapes;
  const backward: Step = { kind: 'backward', gradient: madeUp(fits, dtype, 3), accumulate: false, again: false };
  const tell = inspect(...FACTS);
  const trajectories: Readonly<Record<string, readonly Step[]>> = {
    forward: [ALL, { kind: 'save_state' }, tell, forward(fits), tell, ALL, { kind: 'save_state' }, backward],
    later: [forward(fits), COPY, forward(fits, 'eval'), reset('parameters'), ALL],
    unbatched: [forward(unbatched), tell, ALL, forward(unbatched), forward(fits), ALL],
    'other-rank': [forward(other), tell, ALL, forward(fits)],
    eval: [forward(fits, 'eval'), ALL, tell],
    load: [load(3, ''), tell, ALL, forward(fits), tell, forward(fits, 'eval'), ALL],
    'load-other-size': [load(4, ''), forward(fits), tell, ALL],
    'load-without-count': [load(3, 'num_batches_tracked'), tell, ALL],
    'load-without-mean': [load(3, 'running_mean'), tell, forward(fits), tell],
    'load-afterwards': [forward(fits), load(3, ''), ALL, load(4, '')],
    copy: [COPY, forward(fits), COPY, ALL],
    reset: [reset('parameters'), reset('running_stats'), forward(fits), reset('running_stats'), ALL],
    cast: [{ kind: 'cast', dtype: 'float64' }, tell],
    frozen: [attribute('weight.requires_grad', bool(false)), forward(fits), inspect('weight.requires_grad'), backward],
    'features-set': [attribute('num_features', int(7)), tell, forward(fits), tell],
    'eps-set': [attribute('eps', text('x')), tell, forward(fits), tell, ALL],
    'weight-none': [set('weight', null), forward(fits), inspect('class', 'repr')],
    'weight-set': [set('weight', [3]), tell, forward(fits), inspect('class', 'repr')],
    'mean-set': [set('running_mean', [3]), tell, forward(fits), inspect('class', 'repr')],
    'mean-none': [set('running_mean', null), tell, forward(fits), inspect('class', 'repr')],
    'bias-none': [set('bias', null), tell, forward(fits), tell],
    parts: [...PARTS, ...OTHER_PARTS].map((name) => inspect(name)),
  };
  return Object.entries(trajectories).map(([name, steps]) => ({
    id: `${layer}/${Object.keys(options).join('-') || 'defaults'}/${name}`,
    layer,
    dtype: 'float32',
    layout: 'contiguous',
    steps: [made, ...steps],
  }));
}

let oracle: Oracle | null = null;
beforeAll(async () => {
  if (hasPython) oracle = await startOracle({ python: PYTHON });
});
afterAll(() => oracle?.close());

describe.skipIf(!hasPython)(`live PyTorch${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test.each(LAYERS)('answers for $layer as the port does', async (lazy) => {
    const wrong = { kind: 'construct', layer: lazy.layer, arguments: { num_features: int(3) } } as const;
    const refused: Case = { id: 'x', layer: lazy.layer, dtype: 'float32', layout: 'contiguous', steps: [wrong] };
    const cases = [...OPTIONS.flatMap((options) => questions(lazy, options)), refused];
    expect(cases.length).toBeGreaterThan(150);
    const live = (await oracle?.ask(cases, { truth: false })) ?? [];
    const own = await makePort().ask(cases, { truth: false });
    const verdicts = cases.map((c, i) => judge(c, live[i], own[i], { kind: 'bound' }));
    const bad = verdicts.filter(({ kind }) => kind !== 'identical' && kind !== 'within');
    expect(bad.map((v) => `${v.case}: ${v.kind} ${v.problems[0]?.message}`)).toEqual([]);
  });
});

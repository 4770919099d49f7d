// Attributes and tensors changed after construction, and between a call and its way back: as live PyTorch has them, in the same words.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Arguments,
  bool,
  type Case,
  float,
  int,
  ints,
  type NamedTensor,
  none,
  type Step,
  text,
  type Value,
} from '../../../cases/case.ts';
import { judge } from '../../../ts-impl/conformance/judge/judge.ts';
import { type Oracle, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../../ts-impl/conformance/subjects/port.ts';
import type { Shape } from '../../../ts-impl/tensor/shape.ts';
import { type Tensor, tensor } from '../../../ts-impl/tensor/tensor.ts';
import { madeUp } from '../../norms/made-up.ts';
import { hasPython, NO_PYTHON, PYTHON } from './live-python.ts';

interface Layer {
  readonly layer: string;
  readonly args: Arguments;
  readonly input: Shape;
  readonly parameters: Shape;
}

const THREE = { num_features: int(3) };
const LAYERS: readonly Layer[] = [
  { layer: 'BatchNorm1d', args: THREE, input: [4, 3], parameters: [3] },
  { layer: 'BatchNorm1d', args: { ...THREE, momentum: none }, input: [4, 3], parameters: [3] },
  { layer: 'BatchNorm2d', args: { ...THREE, track_running_stats: bool(false) }, input: [2, 3, 2, 2], parameters: [3] },
  {
    layer: 'InstanceNorm2d',
    args: { ...THREE, affine: bool(true), track_running_stats: bool(true) },
    input: [2, 3, 2, 2],
    parameters: [3],
  },
  { layer: 'InstanceNorm1d', args: THREE, input: [2, 3, 4], parameters: [3] },
  { layer: 'LayerNorm', args: { normalized_shape: ints([2, 3]) }, input: [4, 2, 3], parameters: [2, 3] },
  { layer: 'GroupNorm', args: { num_groups: int(1), num_channels: int(3) }, input: [2, 3, 2], parameters: [3] },
  { layer: 'RMSNorm', args: { normalized_shape: ints([3]) }, input: [4, 3], parameters: [3] },
];

const VALUES: Readonly<Record<string, Value>> = {
  zero: int(0),
  two: int(2),
  half: float(0.5),
  negative: float(-0.1),
  infinite: float(Number.POSITIVE_INFINITY),
  true: bool(true),
  false: bool(false),
  none,
  word: text('abc'),
  list: ints([3]),
};

const NAMES = ['eps', 'momentum', 'affine', 'track_running_stats', 'num_groups', 'normalized_shape', 'training', 'foo'];

const ALL: Step = { kind: 'read', what: 'all' };
const set = (name: string, given: Tensor | null): Step => ({ kind: 'set_tensor', name, tensor: given });
const load = (entries: readonly NamedTensor[]): Step => ({ kind: 'load_state', entries, version: 2, strict: false });
const count = (values: readonly number[], shape: Shape, dtype: 'int64' | 'float32'): Step =>
  set('num_batches_tracked', tensor(values, shape, dtype));

function changed({ input }: Layer): Readonly<Record<string, readonly Step[]>> {
  const forward = (mode: 'train' | 'eval' | null): Step => ({
    kind: 'forward',
    mode,
    input: madeUp(input, 'float32', 2),
    gradient: true,
  });
  const single = input.map((size, axis) => (axis === 1 ? size : 1));
  const alone: Step = { kind: 'forward', mode: 'train', input: madeUp(single, 'float32', 2), gradient: false };
  const after: Step[] = [forward('train'), ALL, alone, forward('eval'), { kind: 'copy' }, forward('train')];
  after.push({ kind: 'reset', what: 'parameters' }, ALL);
  const changes: Record<string, readonly Step[]> = {};
  for (const name of NAMES) {
    for (const [word, value] of Object.entries(VALUES)) {
      const attribute: Step = { kind: 'set_attribute', name, value };
      changes[`${name}-${word}`] = [attribute, { kind: 'inspect', names: [name, 'repr'] }, forward(null), ...after];
    }
  }
  for (const names of [['running_mean'], ['running_var'], ['running_mean', 'running_var'], ['num_batches_tracked']]) {
    changes[`without-${names.join('-')}`] = [...names.map((name) => set(name, null)), ...after, load([])];
  }
  changes['count-float'] = [count([2.5], [], 'float32'), ...after];
  changes['count-of-two'] = [count([3, 4], [2], 'int64'), ...after];
  changes['count-minus-one'] = [count([-1], [], 'int64'), ...after];
  changes['weight-int'] = [set('weight', tensor([1, 2, 3], [3], 'int64')), ...after];
  changes['weight-none'] = [set('weight', null), ...after];
  changes['weight-2d'] = [set('weight', madeUp([3, 1], 'float32', 4)), forward('train')];
  changes['weight-2d'] = [...changes['weight-2d'], backwardOf(input), ALL];
  return changes;
}

function backwardOf(shape: Shape): Step {
  return { kind: 'backward', gradient: madeUp(shape, 'float32', 3), accumulate: false, again: false };
}

/** What happens after a call, before its way back. */
function between({ input, parameters }: Layer): Readonly<Record<string, readonly Step[]>> {
  const moved = madeUp(parameters, 'float32', 5);
  const acts: Readonly<Record<string, readonly Step[]>> = {
    'weight-moved': [set('weight', moved)],
    'weight-replaced': [set('weight', madeUp([5], 'float32', 5))],
    'weight-in-float64': [set('weight', madeUp(parameters, 'float64', 5))],
    'weight-gone': [set('weight', null)],
    'weight-loaded': [load([{ name: 'weight', tensor: moved }])],
    'bias-loaded': [load([{ name: 'bias', tensor: moved }])],
    'mean-loaded': [load([{ name: 'running_mean', tensor: moved }])],
    'all-loaded-twice': [load(named(moved)), load(named(moved))],
    'mean-set': [set('running_mean', madeUp([3], 'float32', 6)), set('running_var', tensor([1, 2, 3], [3], 'float32'))],
    'replaced-and-loaded': [set('weight', null), set('weight', moved), load([{ name: 'weight', tensor: moved }])],
    'parameters-reset': [{ kind: 'reset', what: 'parameters' }],
    'statistics-reset': [{ kind: 'reset', what: 'running_stats' }],
    copied: [{ kind: 'copy' }],
    'mode-changed': [{ kind: 'set_attribute', name: 'training', value: bool(false) }],
    'eps-changed': [{ kind: 'set_attribute', name: 'eps', value: float(3) }],
  };
  const steps: Record<string, readonly Step[]> = {};
  for (const [name, act] of Object.entries(acts)) {
    if (/mean|statistics/.test(name) && input.length < 2) continue;
    for (const mode of ['train', 'eval'] as const) {
      const forward: Step = { kind: 'forward', mode, input: madeUp(input, 'float32', 2), gradient: true };
      const again: Step = { kind: 'inspect', names: ['weight.grad', 'weight.requires_grad'] };
      steps[`${name}-${mode}`] = [set('weight', madeUp(parameters, 'float32', 7)), forward, ...act, backwardOf(input)];
      if (name !== 'weight-gone') steps[`${name}-${mode}`] = [...steps[`${name}-${mode}`], again, ALL];
    }
  }
  return steps;
}

/** State dicts whole, with a part missing or odd, and with parts that nobody asked for; of every version, strict or not. */
function loaded({ input, parameters }: Layer): Readonly<Record<string, readonly Step[]>> {
  const whole: Readonly<Record<string, Tensor>> = {
    weight: madeUp(parameters, 'float32', 1),
    bias: madeUp(parameters, 'float64', 2),
    running_mean: madeUp([3], 'float32', 3),
    running_var: tensor([1, 2, 3], [3], 'float64'),
    num_batches_tracked: tensor([7], [], 'int64'),
  };
  const odd: Readonly<Record<string, Tensor>> = {
    longer: madeUp([4], 'float32', 4),
    scalar: madeUp([], 'float32', 5),
    one: tensor([3.75], [1], 'float32'),
    huge: tensor([1e30], [], 'float64'),
    nan: tensor([Number.NaN], [], 'float32'),
    whole: tensor([1, 2, 3], [3], 'int64'),
  };
  const dicts: Record<string, Readonly<Record<string, Tensor>>> = {
    whole,
    none: {},
    more: { ...whole, 'x.y': odd.one, z: odd.one },
  };
  for (const name of Object.keys(whole)) {
    dicts[`no-${name}`] = Object.fromEntries(Object.entries(whole).filter(([other]) => other !== name));
    for (const [word, value] of Object.entries(odd)) dicts[`${word}-${name}`] = { ...whole, [name]: value };
  }
  const forward: Step = { kind: 'forward', mode: 'train', input: madeUp(input, 'float32', 2), gradient: false };
  const trajectories: Record<string, readonly Step[]> = {};
  for (const [name, dict] of Object.entries(dicts)) {
    const entries = Object.entries(dict).map(([key, value]) => ({ name: key, tensor: value }));
    for (const version of [null, 0, 1, 2, 3]) {
      for (const strict of [true, false]) {
        const step: Step = { kind: 'load_state', entries, version, strict };
        trajectories[`${name}-${version}-${strict}`] = [step, { kind: 'save_state' }, forward, ALL];
      }
    }
  }
  trajectories.twice = [
    { kind: 'load_state', entries: [...named(odd.longer), ...named(whole.weight)], version: 2, strict: false },
    ALL,
  ];
  return trajectories;
}

function named(t: Tensor): readonly NamedTensor[] {
  return ['weight', 'bias', 'running_mean'].map((name) => ({ name, tensor: t }));
}

let oracle: Oracle | null = null;
beforeAll(async () => {
  if (hasPython) oracle = await startOracle({ python: PYTHON });
});
afterAll(() => oracle?.close());

/** Cases that the two answer differently, with the first of what differs; and how many the port does not support. */
async function compare({ layer, args }: Layer, trajectories: Readonly<Record<string, readonly Step[]>>) {
  const made: Step = { kind: 'construct', layer, arguments: args };
  const cases = Object.entries(trajectories).map(
    ([name, steps]): Case => ({ id: name, layer, dtype: 'float32', layout: 'contiguous', steps: [made, ...steps] }),
  );
  const live = (await oracle?.ask(cases, { truth: false })) ?? [];
  const own = await makePort().ask(cases, { truth: false });
  const verdicts = cases.map((c, i) => judge(c, live[i], own[i], { kind: 'bound' }));
  const lacking = verdicts.filter(({ kind }) => kind === 'unsupported');
  const bad = verdicts.filter(({ kind }) => !['identical', 'within', 'unsupported'].includes(kind));
  return {
    cases: cases.length,
    lacking: lacking.map((v) => v.case),
    bad: bad.map((v) => [v.case, v.kind, v.problems]),
  };
}

describe.skipIf(!hasPython)(`live PyTorch${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  describe.each(LAYERS)('$layer $args', (one) => {
    test('changed after construction', async () => {
      const { cases, bad, lacking } = await compare(one, changed(one));
      expect(bad).toEqual([]);
      expect(cases).toBeGreaterThan(80);
      // A layer without statistics takes a tensor of any name in PyTorch, as a plain attribute; the port does not.
      expect(lacking.filter((name) => !/^count|^without/.test(name))).toEqual([]);
    });

    test('loaded', async () => {
      const { cases, bad, lacking } = await compare(one, loaded(one));
      expect(bad).toEqual([]);
      expect(lacking).toEqual([]);
      expect(cases).toBeGreaterThan(350);
    });

    test('changed between a call and its way back', async () => {
      const { cases, bad, lacking } = await compare(one, between(one));
      expect(bad).toEqual([]);
      expect(cases).toBeGreaterThan(20);
      expect(lacking.filter((name) => !/^mean-set/.test(name))).toEqual([]);
    });
  });
});

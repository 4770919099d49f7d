// What lazy layers are asked before and after their first call: for the live test and for the recorded answers. It knows no answer.

import { type Arguments, bool, type Case, int, none, type Step, text, type Value } from '../../../cases/case.ts';
import type { Shape } from '../../../ts-impl/tensor/shape.ts';
import { tensor } from '../../../ts-impl/tensor/tensor.ts';
import { madeUp } from '../../norms/made-up.ts';

export interface Lazy {
  readonly layer: string;
  /** A shape it takes, one without a batch (or of a wrong rank), and one of another rank. */
  readonly shapes: readonly [Shape, Shape, Shape];
}

export const LAZY_LAYERS: readonly Lazy[] = [
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

export const LAZY_OPTIONS: readonly Arguments[] = [
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

/** Trajectories of one layer with these options; their ids are `lazy/<layer>/<options>/<name>`. */
export function lazyCases({ layer, shapes }: Lazy, options: Arguments): readonly Case[] {
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
    id: `lazy/${layer}/${Object.keys(options).join('-') || 'defaults'}/${name}`,
    layer,
    dtype: 'float32',
    layout: 'contiguous',
    steps: [made, ...steps],
  }));
}

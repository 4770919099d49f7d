// Train and eval: which statistics are used, which move, and what becomes of flags and buffers changed after construction.

import { bool, ints, none, type Step, type Value } from '../case.ts';
import { call, construct, evaluate, READ, setAttribute, setTensor, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { names, other, refuses, same, texts, values, words } from './say.ts';
import { features, groups, inspect, probe, X, XI } from './steps.ts';
import { behaviour, drawn, numbers } from './write.ts';

const BN = ['BatchNorm1d', 'BatchNorm2d', 'BatchNorm3d'];
const IN = ['InstanceNorm1d', 'InstanceNorm2d', 'InstanceNorm3d'];
const TRACKING = { track_running_stats: bool(true) };
const NOT_TRACKING = { track_running_stats: bool(false) };

const two = (more: Readonly<Record<string, Value>> = {}): Step => features('BatchNorm1d', 2, more);
const instance = (more: Readonly<Record<string, Value>> = {}): Step => features('InstanceNorm1d', 2, more);
const pair = (a: number, b: number) => numbers([a, b], [2]);
const track = (on: boolean) => setAttribute('track_running_stats', bool(on));

const NORMALISED = [-1.224742, -1.224744, 0, 0, 1.224742, 1.224744];
/** X less 1 and 2, over √4 and √16. */
const BY_BUFFERS = [0, 0, 1, 1, 2, 2];
const SET = [setTensor('running_mean', pair(1, 2)), setTensor('running_var', pair(4, 16))];
const UNDEFINED = (name: string) => `${name} must be defined in evaluation mode`;

/** XI normalised by plane. */
const THIRD = [-Math.SQRT1_2, -Math.SQRT1_2, Math.SQRT2];
const PLANES = [-1.2247, 0, 1.2247, -1.019, -0.3397, 1.3587, ...THIRD, ...THIRD];

export const MODES: readonly Behaviour[] = [
  behaviour('B-086', {
    layers: BN,
    line: 'without running statistics eval normalises by the batch, as training does',
    ask: [two(NOT_TRACKING), train(X), evaluate(X)],
    claims: [same('2 output', '1 output'), values('2 output', NORMALISED, 2e-6)],
  }),
  behaviour('B-087', {
    layers: BN,
    line: 'track_running_stats set False later: training moves neither the buffers nor the counter',
    ask: [two(), ...SET, track(false), train(X), READ],
    claims: [
      values('4 output', NORMALISED, 2e-6),
      values('5 running_mean', [1, 2]),
      values('5 running_var', [4, 16]),
      values('5 num_batches_tracked', [0]),
    ],
  }),
  behaviour('B-088', {
    layers: BN,
    line: 'track_running_stats set False later: eval still uses the buffers',
    ask: [two(), ...SET, track(false), evaluate(X)],
    claims: [values('4 output', BY_BUFFERS, 5e-6)],
  }),
  behaviour('B-089', {
    layers: BN,
    line: 'track_running_stats set True later on a layer without buffers: it trains, and has none still',
    ask: [two(NOT_TRACKING), track(true), train(X), READ],
    claims: [values('2 output', NORMALISED, 2e-6), names('3', [])],
  }),
  behaviour('B-090', {
    layers: BN,
    line: 'with both running tensors set to None eval normalises by the batch',
    ask: [two(), setTensor('running_mean', null), setTensor('running_var', null), evaluate(X), READ],
    claims: [values('3 output', NORMALISED, 2e-6), names('4', ['num_batches_tracked'])],
  }),
  behaviour('B-091', {
    layers: BN,
    line: 'with one running tensor None eval is refused, and the other one can serve nobody',
    ask: {
      mean: [two(), setTensor('running_mean', null), evaluate(X)],
      variance: [two(), setTensor('running_var', null), evaluate(X)],
    },
    claims: [
      refuses('mean:2', 'RuntimeError', UNDEFINED('running_mean')),
      refuses('variance:2', 'RuntimeError', UNDEFINED('running_var')),
    ],
  }),
  behaviour('B-092', {
    layers: BN,
    line: 'with one running tensor None training is refused, and the batch is counted all the same',
    ask: [two(), setTensor('running_mean', null), train(X), READ],
    claims: [
      refuses('2', 'ValueError', 'running_mean and running_var must either both be None or neither be None'),
      values('3 running_var', [1, 1]),
      values('3 num_batches_tracked', [1]),
    ],
  }),
  behaviour('B-093', {
    layers: ['batch_norm'],
    line: 'evaluation without running tensors is refused by the name of the first that is missing',
    ask: {
      both: [call('batch_norm', { input: X, running_mean: none, running_var: none })],
      mean: [call('batch_norm', { input: X, running_mean: none, running_var: pair(1, 1) })],
      variance: [call('batch_norm', { input: X, running_mean: pair(0, 0), running_var: none })],
    },
    claims: [
      refuses('both:0', 'RuntimeError', UNDEFINED('running_mean')),
      refuses('mean:0', 'RuntimeError', UNDEFINED('running_mean')),
      refuses('variance:0', 'RuntimeError', UNDEFINED('running_var')),
    ],
  }),
  behaviour('B-094', {
    layers: ['BatchNorm1d', 'LayerNorm', 'InstanceNorm1d', 'GroupNorm'],
    line: 'a new layer is in training; train() and eval() reach every layer inside a container',
    ask: {
      alone: [two(), inspect('training'), evaluate(X), inspect('training'), train(X), inspect('training')],
      inside: { steps: [probe('containers')], layer: 'BatchNorm1d' },
    },
    claims: [
      words('alone:1 training', 'True'),
      words('alone:3 training', 'False'),
      words('alone:5 training', 'True'),
      ...texts('inside:0', { new: contained(true), eval: contained(false), train: contained(true) }),
    ],
  }),
  behaviour('B-095', {
    layers: ['LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'train and eval give the same bits',
    ask: {
      layernorm: [construct('LayerNorm', { normalized_shape: ints([3]) }), train(XI), evaluate(XI)],
      groupnorm: [groups(2, 2), train(XI), evaluate(XI)],
      rmsnorm: [construct('RMSNorm', { normalized_shape: ints([3]) }), train(XI), evaluate(XI)],
    },
    claims: [
      ...['layernorm', 'groupnorm', 'rmsnorm'].map((name) => same(`${name}:2 output`, `${name}:1 output`)),
      values('layernorm:2 output', PLANES, 1e-4),
      values('groupnorm:2 output', PLANES, 1e-4),
      values(
        'rmsnorm:2 output',
        [0.4629, 0.9258, 1.3887, 0.3447, 0.6894, 1.5511, 0, 0, 1.7321, 0.4082, 0.4082, 1.633],
        1e-4,
      ),
    ],
  }),
  behaviour('B-096', {
    layers: IN,
    line: 'without running statistics train and eval give the same bits',
    ask: [instance(), train(XI), evaluate(XI)],
    claims: [same('2 output', '1 output'), values('2 output', PLANES, 1e-4)],
  }),
  behaviour('B-097', {
    layers: IN,
    line: 'with running statistics eval is that of BatchNorm with the same buffers',
    ask: {
      instance: [instance(TRACKING), ...SET, evaluate(XI), READ],
      batch: [two(), ...SET, evaluate(XI)],
    },
    claims: [
      same('instance:3 output', 'batch:3 output'),
      values('instance:3 output', [0, 0.5, 1, 0, 0.5, 1.75, -0.5, -0.5, 1, 2, 2, 9.5], 1e-5),
      values('instance:4 running_mean', [1, 2]),
    ],
  }),
  behaviour('B-098', {
    layers: IN,
    line: 'in training each running statistic moves by the average over the samples, variances unbiased',
    ask: [instance(TRACKING), train(XI), READ],
    claims: [
      values('2 running_mean', [0.15, 1.25], 1e-7),
      values('2 running_var', [1.1, 16.55], 2e-6),
      values('1 output', PLANES, 1e-4),
    ],
  }),
  behaviour('B-099', {
    layers: IN,
    line: 'a second step moves them again',
    ask: [instance(TRACKING), train(XI), train(XI), READ],
    claims: [values('3 running_mean', [0.285, 2.375], 3e-7), values('3 running_var', [1.19, 30.545], 4e-6)],
  }),
  behaviour('B-100', {
    layers: IN,
    line: 'num_batches_tracked stays 0 however often it trains',
    ask: [instance(TRACKING), train(XI), train(XI), train(XI), READ],
    claims: [values('4 num_batches_tracked', [0]), values('4 running_mean', [0.4065, 3.3875], 5e-7)],
  }),
  behaviour('B-101', {
    layers: IN,
    line: 'momentum None freezes the running statistics',
    ask: [instance({ ...TRACKING, momentum: none }), train(XI), READ, train(XI), READ],
    claims: [
      values('1 output', PLANES, 1e-4),
      ...[2, 4].flatMap((step) => [values(`${step} running_mean`, [0, 0]), values(`${step} running_var`, [1, 1])]),
    ],
  }),
  behaviour('B-102', {
    layers: IN,
    line: 'track_running_stats set False later: the buffers go on moving, in training and in eval',
    ask: [instance(TRACKING), track(false), train(XI), READ, evaluate(XI), READ],
    claims: [
      values('3 running_mean', [0.15, 1.25], 1e-7),
      values('5 running_mean', [0.285, 2.375], 3e-7),
      values('5 running_var', [1.19, 30.545], 4e-6),
      values('4 output', PLANES, 1e-4),
    ],
  }),
  behaviour('B-103', {
    layers: IN,
    line: 'track_running_stats set True later without buffers: eval is refused, training works',
    ask: [instance(), track(true), evaluate(XI), train(XI), READ],
    claims: [
      refuses('2', 'RuntimeError', 'Expected running_mean and running_var to be defined when use_input_stats is false'),
      values('3 output', PLANES, 1e-4),
      names('4', []),
    ],
  }),
  behaviour('B-104', {
    layers: IN,
    line: 'an unbatched input moves the running statistics as one sample',
    ask: [instance(TRACKING), train(numbers([1, 2, 3, 2, 4, 9], [2, 3])), READ],
    claims: [values('2 running_mean', [0.2, 0.5], 1e-7), values('2 running_var', [1, 2.2], 5e-7)],
  }),
  behaviour('B-105', {
    layers: IN,
    line: 'eval leaves the running statistics to the last bit, with three samples as well',
    ask: [
      features('InstanceNorm1d', 4, TRACKING),
      train(drawn(105, [3, 4, 5])),
      READ,
      evaluate(drawn(106, [3, 4, 5])),
      READ,
      evaluate(drawn(107, [3, 4, 5])),
      READ,
      train(drawn(107, [3, 4, 5])),
      READ,
    ],
    claims: ['running_mean', 'running_var'].flatMap((name) => [
      same(`4 ${name}`, `2 ${name}`),
      same(`6 ${name}`, `2 ${name}`),
      other(`8 ${name}`, `2 ${name}`),
    ]),
  }),
  behaviour('B-106', {
    layers: ['instance_norm'],
    line: 'use_input_stats=False needs both running tensors',
    ask: {
      none: [byBuffers({})],
      mean: [byBuffers({ running_mean: pair(0, 0) })],
      both: [byBuffers({ running_mean: pair(1, 2), running_var: pair(4, 16) })],
    },
    claims: [
      ...['none', 'mean'].map((name) =>
        refuses(
          `${name}:0`,
          'RuntimeError',
          'Expected running_mean and running_var to be defined when use_input_stats is false',
        ),
      ),
      values('both:0 output', [0, 0.5, 1, 0, 0.5, 1.75, -0.5, -0.5, 1, 2, 2, 9.5], 1e-5),
    ],
  }),
];

// --- internal ---

function byBuffers(running: Readonly<Record<string, ReturnType<typeof pair>>>): Step {
  return call('instance_norm', { input: XI, ...running, use_input_stats: bool(false) });
}

function contained(training: boolean): string {
  const layers = ['Sequential', 'BatchNorm1d', 'ModuleList', 'LayerNorm', 'Sequential', 'GroupNorm', 'InstanceNorm1d'];
  return layers.map((layer) => `${layer} ${training ? 'True' : 'False'}`).join(', ');
}

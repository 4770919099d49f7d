// Construction: defaults, what parameters and buffers a layer is born with, and their names.

import { bool, float, int, ints, type LayerName, list, text } from '../case.ts';
import { construct, READ, SAVE, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { dtype, every, names, refuses, returns, shape, texts, values, words } from './say.ts';
import { cast, features, forward, groups, inspect, probe, READ_ALL } from './steps.ts';
import { behaviour, drawn, filled, pin } from './write.ts';

const BN: readonly LayerName[] = ['BatchNorm1d', 'BatchNorm2d', 'BatchNorm3d'];
const IN: readonly LayerName[] = ['InstanceNorm1d', 'InstanceNorm2d', 'InstanceNorm3d'];
const ALL: readonly LayerName[] = [...BN, 'LayerNorm', ...IN, 'GroupNorm', 'RMSNorm'];

const NO = bool(false);
const BUFFERS = ['running_mean', 'running_var', 'num_batches_tracked'];
const KEYS = ['weight', 'bias', ...BUFFERS];
const OPTIONS = inspect('eps', 'momentum', 'affine', 'track_running_stats', 'training');

const ln = (...sizes: number[]) => construct('LayerNorm', { normalized_shape: ints(sizes) });
const each = <T>(layers: readonly LayerName[], of: (layer: LayerName) => T): Record<string, T> =>
  Object.fromEntries(layers.map((layer) => [layer.toLowerCase(), of(layer)]));

/** A layer of every class, three channels or elements wide. */
const SMALL: Readonly<Record<string, ReturnType<typeof construct>>> = {
  ...each([...BN], (layer) => features(layer, 3)),
  ...each([...IN], (layer) => features(layer, 3, { affine: bool(true) })),
  layernorm: ln(3),
  groupnorm: groups(1, 3),
};

export const CONSTRUCTION: readonly Behaviour[] = [
  behaviour('B-001', {
    layers: BN,
    line: 'defaults: eps 1e-5, momentum 0.1, with parameters and running statistics, in training mode',
    ask: each(BN, (layer) => [features(layer, 3), OPTIONS, SAVE]),
    claims: BN.flatMap((layer) => [
      ...texts(`${layer.toLowerCase()}:1`, {
        eps: '1e-05',
        momentum: '0.1',
        affine: 'True',
        track_running_stats: 'True',
        training: 'True',
      }),
      names(`${layer.toLowerCase()}:2`, KEYS),
    ]),
  }),
  behaviour('B-002', {
    layers: IN,
    line: 'defaults: eps 1e-5, momentum 0.1, neither parameters nor running statistics',
    ask: each(IN, (layer) => [features(layer, 3), OPTIONS, SAVE]),
    claims: IN.flatMap((layer) => [
      ...texts(`${layer.toLowerCase()}:1`, {
        eps: '1e-05',
        momentum: '0.1',
        affine: 'False',
        track_running_stats: 'False',
      }),
      names(`${layer.toLowerCase()}:2`, []),
    ]),
  }),
  behaviour('B-003', {
    layers: ['LayerNorm'],
    line: 'defaults: eps 1e-5, weight and bias',
    ask: [ln(3), inspect('eps', 'elementwise_affine', 'normalized_shape'), SAVE],
    claims: [
      ...texts('1', { eps: '1e-05', elementwise_affine: 'True', normalized_shape: '(3,)' }),
      names('2', ['weight', 'bias']),
    ],
  }),
  behaviour('B-004', {
    layers: ['GroupNorm'],
    line: 'defaults: eps 1e-5, weight and bias',
    ask: [groups(2, 4), inspect('eps', 'affine', 'num_groups', 'num_channels'), SAVE],
    claims: [
      ...texts('1', { eps: '1e-05', affine: 'True', num_groups: '2', num_channels: '4' }),
      names('2', ['weight', 'bias']),
    ],
  }),
  behaviour('B-005', {
    layers: ['RMSNorm'],
    line: 'eps is None and stays None, in the attribute and in repr; there is no bias',
    ask: [construct('RMSNorm', { normalized_shape: ints([3]) }), inspect('eps'), SAVE],
    claims: [
      words('1 eps', 'None'),
      words('0 repr', 'RMSNorm((3,), eps=None, elementwise_affine=True)'),
      names('2', ['weight']),
    ],
  }),
  behaviour('B-006', {
    layers: ALL,
    line: 'weight begins as ones, bias as zeros',
    ask: {
      ...Object.fromEntries(Object.entries(SMALL).map(([name, made]) => [name, [made, READ_ALL]])),
      rmsnorm: [construct('RMSNorm', { normalized_shape: ints([3]) }), READ_ALL],
    },
    claims: [
      ...Object.keys(SMALL).flatMap((name) => [
        values(`${name}:1 weight`, [1, 1, 1]),
        values(`${name}:1 bias`, [0, 0, 0]),
      ]),
      values('rmsnorm:1 weight', [1, 1, 1]),
    ],
  }),
  behaviour('B-007', {
    layers: BN,
    line: 'running_mean begins as zeros, running_var as ones, num_batches_tracked as an int64 0 of no axis',
    ask: [features('BatchNorm1d', 3), READ],
    claims: [
      names('1', BUFFERS),
      values('1 running_mean', [0, 0, 0]),
      values('1 running_var', [1, 1, 1]),
      values('1 num_batches_tracked', [0]),
      dtype('1 num_batches_tracked', 'int64'),
      shape('1 num_batches_tracked'),
    ],
  }),
  behaviour('B-008', {
    layers: BN,
    line: 'affine=False leaves weight and bias None, without keys',
    ask: [features('BatchNorm1d', 3, { affine: NO }), SAVE, inspect('weight', 'bias')],
    claims: [names('1', BUFFERS), ...texts('2', { weight: 'None', bias: 'None' })],
  }),
  behaviour('B-009', {
    layers: BN,
    line: 'track_running_stats=False leaves all three buffers None, without keys',
    ask: [features('BatchNorm1d', 3, { track_running_stats: NO }), SAVE, inspect(...BUFFERS), READ],
    claims: [
      names('1', ['weight', 'bias']),
      ...texts('2', { running_mean: 'None', running_var: 'None', num_batches_tracked: 'None' }),
      names('3', []),
    ],
  }),
  behaviour('B-010', {
    layers: IN,
    line: 'a default layer has an empty state dict',
    ask: each(IN, (layer) => [features(layer, 3), SAVE]),
    claims: IN.map((layer) => names(`${layer.toLowerCase()}:1`, [])),
  }),
  behaviour('B-011', {
    layers: ['LayerNorm'],
    line: 'weight and bias have the shape normalized_shape',
    ask: [ln(3, 4), SAVE],
    claims: [shape('1 weight', 3, 4), shape('1 bias', 3, 4)],
  }),
  behaviour('B-012', {
    layers: ['LayerNorm'],
    line: 'normalized_shape given as an int, a list, a tuple or a Size is kept as a tuple; a float is refused',
    ask: {
      int: [construct('LayerNorm', { normalized_shape: int(4) }), inspect('normalized_shape')],
      list: [ln(3, 4), inspect('normalized_shape')],
      float: [construct('LayerNorm', { normalized_shape: float(5) })],
      python: { steps: [probe('normalized-shapes')], layer: 'LayerNorm' },
    },
    claims: [
      words('int:1 normalized_shape', '(4,)'),
      words('list:1 normalized_shape', '(3, 4)'),
      refuses('float:0', 'TypeError', "'float' object is not iterable"),
      ...texts('python:0', { tuple: '(3, 4)', size: '(3, 4)', type: 'tuple, tuple, tuple, tuple' }),
    ],
  }),
  behaviour('B-013', {
    layers: ['LayerNorm'],
    line: 'bias=False keeps weight alone; elementwise_affine=False drops both, whatever bias says',
    ask: {
      'no-bias': [construct('LayerNorm', { normalized_shape: ints([3]), bias: NO }), SAVE],
      plain: [
        construct('LayerNorm', { normalized_shape: ints([3]), elementwise_affine: NO, bias: bool(true) }),
        SAVE,
        inspect('weight', 'bias'),
      ],
    },
    claims: [
      names('no-bias:1', ['weight']),
      names('plain:1', []),
      ...texts('plain:2', { weight: 'None', bias: 'None' }),
    ],
  }),
  behaviour('B-014', {
    layers: [...BN, ...IN, 'GroupNorm'],
    line: 'bias=False keeps weight alone; with affine=False there is neither, whatever bias says',
    ask: {
      batch: [features('BatchNorm1d', 3, { bias: NO, track_running_stats: NO }), SAVE],
      instance: [features('InstanceNorm1d', 3, { affine: bool(true), bias: NO }), SAVE],
      group: [groups(1, 3, { bias: NO }), SAVE],
      plain: [groups(1, 3, { affine: NO, bias: bool(true) }), SAVE],
    },
    claims: [
      names('batch:1', ['weight']),
      names('instance:1', ['weight']),
      names('group:1', ['weight']),
      names('plain:1', []),
    ],
  }),
  behaviour('B-015', {
    layers: BN,
    line: 'the state dict is weight, bias, running_mean, running_var, num_batches_tracked, in this order',
    ask: each(BN, (layer) => [features(layer, 2), SAVE]),
    claims: BN.map((layer) => names(`${layer.toLowerCase()}:1`, KEYS)),
  }),
  pin('B-016', 'the metadata of a state dict is kept in an attribute of a Python dict', {
    layers: ALL,
    line: 'state dicts of BatchNorm and InstanceNorm claim version 2, those of LayerNorm, GroupNorm and RMSNorm version 1',
    ask: { steps: [probe('metadata-versions')], layer: 'BatchNorm1d' },
    claims: texts('0', { BatchNorm1d: '2', InstanceNorm1d: '2', LayerNorm: '1', GroupNorm: '1', RMSNorm: '1' }),
  }),
  behaviour('B-017', {
    layers: BN,
    line: 'parameters are weight and bias, buffers the other three',
    ask: [features('BatchNorm1d', 2), inspect('named_parameters', 'named_buffers')],
    claims: texts('1', { named_parameters: 'weight, bias', named_buffers: BUFFERS.join(', ') }),
  }),
  behaviour('B-018', {
    layers: BN,
    line: 'the dtype argument is that of parameters and running statistics, but not of the counter',
    ask: { steps: [features('BatchNorm1d', 2, { dtype: text('bfloat16') }), SAVE], dtype: 'bfloat16' },
    claims: dtypes('1', 'bfloat16'),
  }),
  behaviour('B-019', {
    layers: BN,
    line: 'casting a layer leaves num_batches_tracked int64',
    ask: [features('BatchNorm1d', 2), cast('float16'), SAVE, cast('float64'), SAVE],
    claims: [...dtypes('2', 'float16'), ...dtypes('4', 'float64')],
  }),
  behaviour('B-020', {
    layers: ALL,
    line: 'repr names each option in the order of the constructor',
    ask: {
      ...Object.fromEntries(Object.entries(SMALL).map(([name, made]) => [name, [made]])),
      rmsnorm: [construct('RMSNorm', { normalized_shape: ints([3, 4]), eps: float(1e-6) })],
      options: [features('BatchNorm2d', 7, { eps: float(0.5), momentum: { kind: 'null' }, affine: NO })],
    },
    claims: [
      ...[...BN, ...IN].map((layer) =>
        words(
          `${layer.toLowerCase()}:0 repr`,
          `${layer}(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=${layer.startsWith('B') ? 'True' : 'False'})`,
        ),
      ),
      words('layernorm:0 repr', 'LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=True)'),
      words('groupnorm:0 repr', 'GroupNorm(1, 3, eps=1e-05, affine=True, bias=True)'),
      words('rmsnorm:0 repr', 'RMSNorm((3, 4), eps=1e-06, elementwise_affine=True)'),
      words(
        'options:0 repr',
        'BatchNorm2d(7, eps=0.5, momentum=None, affine=False, bias=False, track_running_stats=True)',
      ),
    ],
  }),
  behaviour('B-021', {
    layers: ['GroupNorm'],
    line: 'channels that the groups do not divide are refused',
    ask: [groups(3, 10)],
    claims: [refuses('0', 'ValueError', 'num_channels (10) must be divisible by num_groups (3)')],
  }),
  behaviour('B-022', {
    layers: ['GroupNorm'],
    line: 'more groups than channels are refused in the same words',
    ask: [groups(6, 3)],
    claims: [refuses('0', 'ValueError', 'num_channels (3) must be divisible by num_groups (6)')],
  }),
  behaviour('B-023', {
    layers: ['GroupNorm'],
    line: 'no group at all is a division by zero, not a refusal of its own',
    ask: [groups(0, 6)],
    claims: [refuses('0', 'ZeroDivisionError', 'integer modulo by zero')],
  }),
  behaviour('B-024', {
    layers: ['GroupNorm'],
    line: 'a negative number of groups constructs, and is refused at the forward',
    ask: { negative: [groups(-2, 6), forward(drawn(24, [2, 6, 3]))], empty: [groups(2, 0), SAVE] },
    claims: [
      returns('negative:0'),
      refuses('negative:1', 'RuntimeError', 'Expected num groups to be greater than 0, got -2'),
      shape('empty:1 weight', 0),
    ],
  }),
  behaviour('B-025', {
    layers: ['LayerNorm'],
    line: 'an empty normalized_shape constructs with parameters of no axis, and is refused at the forward',
    ask: [construct('LayerNorm', { normalized_shape: list([]) }), SAVE, forward(drawn(25, [2, 3]))],
    claims: [
      shape('1 weight'),
      refuses(
        '2',
        'RuntimeError',
        'Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got normalized_shape = []',
      ),
    ],
  }),
  behaviour('B-026', {
    layers: BN,
    line: 'a negative num_features is refused at construction, none at all is allowed',
    ask: { negative: [features('BatchNorm1d', -1)], none: [features('BatchNorm1d', 0), SAVE] },
    claims: [
      refuses('negative:0', 'RuntimeError', 'Trying to create tensor with negative dimension -1: [-1]'),
      shape('none:1 running_mean', 0),
    ],
  }),
  behaviour('B-027', {
    layers: BN,
    line: 'construction takes any eps and any momentum',
    ask: {
      high: [features('BatchNorm1d', 2, { eps: float(-1), momentum: float(7.5) }), inspect('eps', 'momentum')],
      low: [features('BatchNorm1d', 2, { eps: float(0), momentum: float(-5) }), inspect('eps', 'momentum')],
    },
    claims: [...texts('high:1', { eps: '-1.0', momentum: '7.5' }), ...texts('low:1', { eps: '0.0', momentum: '-5.0' })],
  }),
  behaviour('B-028', {
    layers: IN,
    line: 'num_features is not looked at without parameters and running statistics',
    ask: {
      words: [construct('InstanceNorm1d', { num_features: text('max') }), train(filled(2, [2, 3, 4]))],
      negative: [features('InstanceNorm1d', -1), train(filled(2, [2, 3, 4]))],
    },
    claims: [
      words(
        'words:0 repr',
        'InstanceNorm1d(max, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=False)',
      ),
      every('words:1 output', 'zero'),
      shape('negative:1 output', 2, 3, 4),
    ],
  }),
];

// --- internal ---

function dtypes(step: string, of: string) {
  const floats = ['weight', 'bias', 'running_mean', 'running_var'];
  return [...floats.map((name) => dtype(`${step} ${name}`, of)), dtype(`${step} num_batches_tracked`, 'int64')];
}

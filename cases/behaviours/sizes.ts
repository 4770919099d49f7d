// Sizes that do not fit: channels, parameters and running statistics of another length, and which of them is named.

import { bool, int, type Step } from '../case.ts';
import { call, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { every, refuses, same, shape, values, words } from './say.ts';
import { features, forward, groups, inspect } from './steps.ts';
import { behaviour, drawn, filled, numbers } from './write.ts';

const NO = bool(false);
const of = (...sizes: number[]): Step => forward(drawn(47, sizes));
const ones = (n: number) => filled(1, [n]);

const mismatch = (name: string, needed: number, have: number) =>
  `${name} should contain ${needed} elements not ${have}`;
const notFeatures = (dim: number, have: number, came: number) =>
  `expected input's size at dim=${dim} to match num_features (${have}), but got: ${came}.`;
const unused = (dim: number) =>
  `UserWarning: input's size at dim=${dim} does not match num_features. You can silence this warning by not passing in num_features, which is not used because affine=False`;

/** F.batch_norm of a (4, 3) input with tensors that fit, but for those given. */
function batchNorm(given: Readonly<Record<string, ReturnType<typeof ones>>>): Step[] {
  const fitting = { running_mean: filled(0, [3]), running_var: ones(3), weight: ones(3), bias: filled(0, [3]) };
  return [call('batch_norm', { input: drawn(50, [4, 3]), ...fitting, ...given, training: bool(true) })];
}

const layerNorm = (given: Readonly<Record<string, ReturnType<typeof ones>>>): Step[] => [
  call('layer_norm', { input: drawn(59, [2, 4]), normalized_shape: { kind: 'list', items: [int(4)] }, ...given }),
];

const groupNorm = (given: Readonly<Record<string, ReturnType<typeof ones>>>): Step[] => [
  call('group_norm', { input: drawn(58, [2, 6, 3]), num_groups: int(2), ...given }),
];

export const SIZES: readonly Behaviour[] = [
  behaviour('B-047', {
    layers: ['BatchNorm1d'],
    line: 'the size of running_mean is refused before that of weight',
    ask: [features('BatchNorm1d', 3), of(4, 5)],
    claims: [refuses('1', 'RuntimeError', mismatch('running_mean', 5, 3))],
  }),
  behaviour('B-048', {
    layers: ['BatchNorm1d'],
    line: 'without running statistics it is weight that does not fit',
    ask: [features('BatchNorm1d', 3, { track_running_stats: NO }), of(4, 5)],
    claims: [refuses('1', 'RuntimeError', mismatch('weight', 5, 3))],
  }),
  behaviour('B-049', {
    layers: ['BatchNorm1d'],
    line: 'without parameters and running statistics any number of channels is taken',
    ask: [
      features('BatchNorm1d', 3, { affine: NO, track_running_stats: NO }),
      train(numbers([1, 2, 3, 6, 5, 10], [3, 2])),
    ],
    claims: [values('1 output', [-1.2247, -1.2247, 0, 0, 1.2247, 1.2247], 1e-4)],
  }),
  behaviour('B-050', {
    layers: ['batch_norm'],
    line: 'each tensor of another size is refused under its own name',
    ask: {
      'running-mean': batchNorm({ running_mean: ones(4) }),
      'running-var': batchNorm({ running_var: ones(4) }),
      weight: batchNorm({ weight: ones(2) }),
      bias: batchNorm({ bias: ones(5) }),
    },
    claims: [
      refuses('running-mean:0', 'RuntimeError', mismatch('running_mean', 3, 4)),
      refuses('running-var:0', 'RuntimeError', mismatch('running_var', 3, 4)),
      refuses('weight:0', 'RuntimeError', mismatch('weight', 3, 2)),
      refuses('bias:0', 'RuntimeError', mismatch('bias', 3, 5)),
    ],
  }),
  behaviour('B-051', {
    layers: ['batch_norm'],
    line: 'a 2-D weight of as many elements is taken, a 2-D running_mean is not',
    ask: {
      flat: batchNorm({ weight: numbers([1, 2, 3], [3]) }),
      weight: batchNorm({ weight: numbers([1, 2, 3], [3, 1]) }),
      'running-mean': batchNorm({ running_mean: filled(0, [3, 1]) }),
    },
    claims: [
      same('weight:0 output', 'flat:0 output'),
      shape('weight:0 output', 4, 3),
      refuses('running-mean:0', 'RuntimeError', 'TensorAccessor expected 1 dims but tensor has 2'),
    ],
  }),
  behaviour('B-052', {
    layers: ['InstanceNorm1d'],
    line: 'with parameters, another number of channels is a ValueError that names the axis',
    ask: [features('InstanceNorm1d', 3, { affine: bool(true) }), of(2, 5, 4)],
    claims: [refuses('1', 'ValueError', notFeatures(1, 3, 5))],
  }),
  behaviour('B-053', {
    layers: ['InstanceNorm1d'],
    line: 'of an unbatched input the axis named is 0',
    ask: [features('InstanceNorm1d', 3, { affine: bool(true) }), of(5, 4)],
    claims: [refuses('1', 'ValueError', notFeatures(0, 3, 5))],
  }),
  behaviour('B-054', {
    layers: ['InstanceNorm1d'],
    line: 'without parameters, another number of channels warns at every call and is taken',
    ask: [
      features('InstanceNorm1d', 3),
      forward(filled(4, [2, 5, 4])),
      inspect('warnings'),
      of(2, 5, 4),
      inspect('warnings'),
      of(5, 4),
      inspect('warnings'),
      of(2, 3, 4),
      inspect('warnings'),
    ],
    // All that was warned of so far: one more each time, and none for the input that fits.
    claims: [
      every('1 output', 'zero'),
      words('2 warnings', unused(1)),
      words('4 warnings', `${unused(1)}\n${unused(1)}`),
      words('6 warnings', `${unused(1)}\n${unused(1)}\n${unused(0)}`),
      words('8 warnings', `${unused(1)}\n${unused(1)}\n${unused(0)}`),
    ],
  }),
  behaviour('B-055', {
    layers: ['InstanceNorm1d'],
    line: 'with running statistics alone it is running_mean that does not fit, N times over',
    ask: [features('InstanceNorm1d', 3, { track_running_stats: bool(true) }), of(2, 5, 4)],
    claims: [refuses('1', 'RuntimeError', mismatch('running_mean', 10, 6))],
  }),
  behaviour('B-056', {
    layers: ['GroupNorm'],
    line: 'other channels than num_channels: weight does not fit, and without parameters they are taken',
    ask: { affine: [groups(2, 4), of(2, 6, 3)], plain: [groups(2, 4, { affine: NO }), of(2, 6, 3)] },
    claims: [
      refuses(
        'affine:1',
        'RuntimeError',
        'Expected weight to be a vector of size equal to the number of channels in input, but got weight of shape [4] and input of shape [2, 6, 3]',
      ),
      shape('plain:1 output', 2, 6, 3),
    ],
  }),
  behaviour('B-057', {
    layers: ['GroupNorm'],
    line: 'channels of the input that the groups do not divide are refused with both',
    ask: [groups(2, 4, { affine: NO }), of(2, 7, 4)],
    claims: [
      refuses(
        '1',
        'RuntimeError',
        'Expected number of channels in input to be divisible by num_groups, but got input of shape [2, 7, 4] and num_groups=2',
      ),
    ],
  }),
  behaviour('B-058', {
    layers: ['group_norm', 'GroupNorm'],
    line: 'the refusal of a bias prints the shape of the weight, [0] where there is none',
    ask: { both: groupNorm({ weight: ones(6), bias: ones(5) }), alone: groupNorm({ bias: ones(5) }) },
    claims: [refuses('both:0', 'RuntimeError', wrongBias('[6]')), refuses('alone:0', 'RuntimeError', wrongBias('[0]'))],
  }),
  behaviour('B-059', {
    layers: ['layer_norm'],
    line: 'a weight or a bias of another shape is refused under its own name',
    ask: { weight: layerNorm({ weight: ones(3) }), bias: layerNorm({ weight: ones(4), bias: ones(5) }) },
    claims: [
      refuses(
        'weight:0',
        'RuntimeError',
        'Expected weight to be of same shape as normalized_shape, but got weight of shape [3] and normalized_shape = [4]',
      ),
      refuses(
        'bias:0',
        'RuntimeError',
        'Expected bias to be of same shape as normalized_shape, but got bias of shape [5] and normalized_shape = [4]',
      ),
    ],
  }),
  behaviour('B-060', {
    layers: ['group_norm'],
    line: 'a weight of two axes is refused',
    ask: [call('group_norm', { input: drawn(60, [2, 4, 3]), num_groups: int(2), weight: filled(1, [2, 2]) })],
    claims: [
      refuses(
        '0',
        'RuntimeError',
        'Expected weight to be a vector of size equal to the number of channels in input, but got weight of shape [2, 2] and input of shape [2, 4, 3]',
      ),
    ],
  }),
];

// --- internal ---

function wrongBias(shown: string): string {
  return `Expected bias to be a vector of size equal to the number of channels in input, but got bias of shape ${shown} and input of shape [2, 6, 3]`;
}

// Weight and bias: along which axis they go, what zero and missing ones do, and that their memory may have gaps.

import { slice } from '../../ts-impl/tensor/views.ts';
import { call, setTensor, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { element, same, values } from './say.ts';
import { affine, rows, TRUE } from './short.ts';
import { features, groups } from './steps.ts';
import { behaviour, drawn, numbers } from './write.ts';

/** Each set of two values has mean 2 and variance 1. */
const PAIRS = numbers([1, 3, 3, 1, 1, 3, 3, 1], [2, 2, 2]);
const WEIGHT = numbers([2, 3], [2]);
const BIAS = numbers([10, 20], [2]);
const BY_CHANNEL = [8, 12, 23, 17, 8, 12, 23, 17];
/** [3, 2]: one channel of finite values, one with an infinite one. */
const INFINITE = numbers([1, 2, 3, Number.POSITIVE_INFINITY, 5, 10], [3, 2]);

/** Four weights with a gap after each, and the same without gaps. */
const GAPPED = slice(numbers([1.5, 9, -0.6, 9, 0.3, 9, 0.7, 9], [8]), 0, 0, 8, 2);
const DENSE = numbers([1.5, -0.6, 0.3, 0.7], [4]);
const IMAGES = drawn(143, [2, 4, 3, 3]);

export const AFFINE: readonly Behaviour[] = [
  behaviour('B-141', {
    layers: ['BatchNorm1d', 'InstanceNorm1d', 'GroupNorm', 'LayerNorm', 'RMSNorm'],
    line: 'weight and bias go by channel in BatchNorm, InstanceNorm and GroupNorm, by element of the shape in the others',
    ask: {
      batch: [features('BatchNorm1d', 2), ...affine(WEIGHT, BIAS), train(PAIRS)],
      instance: [features('InstanceNorm1d', 2, { affine: TRUE }), ...affine(WEIGHT, BIAS), train(PAIRS)],
      group: [groups(1, 2), ...affine(WEIGHT, BIAS), train(PAIRS)],
      layer: [rows('LayerNorm', 2), ...affine(WEIGHT, BIAS), train(PAIRS)],
      'layer-plane': [
        rows('LayerNorm', [2, 2]),
        ...affine(numbers([1, 2, 3, 4], [2, 2]), numbers([10, 20, 30, 40], [2, 2])),
        train(PAIRS),
      ],
      rms: [rows('RMSNorm', 2), setTensor('weight', WEIGHT), train(PAIRS)],
    },
    claims: [
      values('batch:3 output', BY_CHANNEL, 1e-4),
      values('instance:3 output', BY_CHANNEL, 1e-4),
      values('group:3 output', BY_CHANNEL, 1e-4),
      values('layer:3 output', [8, 23, 12, 17, 8, 23, 12, 17], 1e-4),
      values('layer-plane:3 output', [9, 22, 33, 36, 9, 22, 33, 36], 1e-4),
      values(
        'rms:2 output',
        [2, 9, 6, 3, 2, 9, 6, 3].map((x) => x / Math.sqrt(5)),
        1e-5,
      ),
    ],
  }),
  behaviour('B-142', {
    layers: ['BatchNorm1d', 'LayerNorm', 'GroupNorm'],
    line: 'a zero weight leaves the bias of a finite input, but a channel with an infinite value is NaN all the same',
    ask: {
      batch: [features('BatchNorm1d', 2), ...affine(numbers([0, 0], [2]), BIAS), train(INFINITE)],
      layer: [rows('LayerNorm', 2), ...affine(numbers([0, 0], [2]), BIAS), train(INFINITE)],
      group: [groups(1, 2), ...affine(numbers([0, 0], [2]), BIAS), train(PAIRS)],
    },
    claims: [
      values('batch:3 output', [10, Number.NaN, 10, Number.NaN, 10, Number.NaN]),
      values('layer:3 output', [10, 20, Number.NaN, Number.NaN, 10, 20]),
      values('group:3 output', [10, 10, 20, 20, 10, 10, 20, 20]),
    ],
  }),
  behaviour('B-143', {
    layers: ['group_norm', 'batch_norm'],
    line: 'a weight with gaps in memory: GroupNorm has the bits of one without, BatchNorm is within 2.4e-7',
    ask: {
      group: [call('group_norm', { input: IMAGES, num_groups: { kind: 'int', value: 2 }, weight: GAPPED })],
      'group-dense': [call('group_norm', { input: IMAGES, num_groups: { kind: 'int', value: 2 }, weight: DENSE })],
      batch: [
        call('batch_norm', {
          input: IMAGES,
          running_mean: { kind: 'null' },
          running_var: { kind: 'null' },
          weight: GAPPED,
          training: TRUE,
        }),
      ],
      'batch-dense': [
        call('batch_norm', {
          input: IMAGES,
          running_mean: { kind: 'null' },
          running_var: { kind: 'null' },
          weight: DENSE,
          training: TRUE,
        }),
      ],
    },
    claims: [
      same('group:0 output', 'group-dense:0 output'),
      same('batch:0 output', 'batch-dense:0 output', 2.4e-7),
      element('batch-dense:0 output', 0, 0, 30),
    ],
  }),
  behaviour('B-144', {
    layers: ['layer_norm'],
    line: 'layer_norm takes a weight alone and a bias alone',
    ask: {
      weight: [
        call('layer_norm', {
          input: PAIRS,
          normalized_shape: { kind: 'list', items: [{ kind: 'int', value: 2 }] },
          weight: WEIGHT,
        }),
      ],
      bias: [
        call('layer_norm', {
          input: PAIRS,
          normalized_shape: { kind: 'list', items: [{ kind: 'int', value: 2 }] },
          bias: BIAS,
        }),
      ],
      neither: [
        call('layer_norm', { input: PAIRS, normalized_shape: { kind: 'list', items: [{ kind: 'int', value: 2 }] } }),
      ],
    },
    claims: [
      values('weight:0 output', [-2, 3, 2, -3, -2, 3, 2, -3], 1e-4),
      values('bias:0 output', [9, 21, 11, 19, 9, 21, 11, 19], 1e-4),
      values('neither:0 output', [-1, 1, 1, -1, -1, 1, 1, -1], 1e-4),
    ],
  }),
];

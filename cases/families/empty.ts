// Empty inputs that PyTorch takes: no batch, or no extent. One row a behaviour.

import { bool, int, ints, none } from '../case.ts';
import { backward, call, construct, evaluate, READ, type Row, train } from './row.ts';

export const EMPTY: readonly Row[] = [
  ...[
    [0, 3],
    [2, 3, 0],
    [0, 3, 4],
  ].map(
    (shape): Row => ({
      name: `train-${shape.join('x')}`,
      subject: 'BatchNorm1d',
      steps: (v) => [
        construct('BatchNorm1d', { num_features: int(3) }),
        train(v.f32(...shape), true),
        backward(v.f32(...shape)),
        READ,
        evaluate(v.f32(...shape)),
        READ,
      ],
    }),
  ),
  {
    name: 'sizes-unchecked',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(3) }), train(v.f32(0, 5)), READ],
  },
  {
    name: 'no-channels',
    subject: 'BatchNorm2d',
    steps: (v) => [construct('BatchNorm2d', { num_features: int(5) }), train(v.f32(1, 0, 2, 2)), READ],
  },
  {
    name: 'eval-without-buffers',
    subject: 'batch_norm',
    steps: (v) => [call('batch_norm', { input: v.f32(0, 3), running_mean: none, running_var: none })],
  },
  {
    name: 'no-extent',
    subject: 'InstanceNorm1d',
    steps: (v) => [
      construct('InstanceNorm1d', { num_features: int(3), affine: bool(true) }),
      train(v.f32(2, 3, 0), true),
      backward(v.f32(2, 3, 0)),
    ],
  },
  {
    name: 'no-batch',
    subject: 'InstanceNorm1d',
    steps: (v) => [
      construct('InstanceNorm1d', { num_features: int(3) }),
      train(v.f32(0, 3, 4), true),
      backward(v.f32(0, 3, 4)),
    ],
  },
  {
    name: 'no-batch-tracked',
    subject: 'InstanceNorm2d',
    steps: (v) => [
      construct('InstanceNorm2d', { num_features: int(3), track_running_stats: bool(true) }),
      evaluate(v.f32(0, 3, 2, 2)),
      READ,
      train(v.f32(0, 3, 2, 2)),
      READ,
    ],
  },
  ...[
    [0, 4],
    [0, 4, 3],
    [2, 4, 0],
  ].map(
    (shape): Row => ({
      name: `train-${shape.join('x')}`,
      subject: 'GroupNorm',
      steps: (v) => [
        construct('GroupNorm', { num_groups: int(2), num_channels: int(4) }),
        train(v.f32(...shape), true),
        backward(v.f32(...shape)),
      ],
    }),
  ),
  ...(['LayerNorm', 'RMSNorm'] as const).flatMap((layer): Row[] => [
    {
      name: 'no-batch',
      subject: layer,
      steps: (v) => [construct(layer, { normalized_shape: int(5) }), train(v.f32(0, 5), true), backward(v.f32(0, 5))],
    },
    {
      name: 'no-extent',
      subject: layer,
      steps: (v) => [
        construct(layer, { normalized_shape: ints([3, 0]) }),
        train(v.f32(2, 3, 0), true),
        backward(v.f32(2, 3, 0)),
      ],
    },
  ]),
];

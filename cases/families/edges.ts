// Legal but surprising: what PyTorch takes although one would expect it to refuse, and values at the edge of an option.

import { tensor } from '../../ts-impl/tensor/tensor.ts';
import { bool, float, int, text, type LayerName } from '../case.ts';
import { backward, call, construct, evaluate, READ, type Row, setTensor, train } from './row.ts';

const THREE = { num_features: int(3) };

export const EDGES: readonly Row[] = [
  ...[-1, 2].map(
    (momentum): Row => ({
      name: momentum < 0 ? 'momentum-negative' : 'momentum-above-1',
      subject: 'BatchNorm1d',
      steps: (v) => [construct('BatchNorm1d', { ...THREE, momentum: float(momentum) }), train(v.f32(4, 3)), READ],
    }),
  ),
  {
    name: 'eps-negative-construct',
    subject: 'BatchNorm2d',
    steps: () => [construct('BatchNorm2d', { ...THREE, eps: float(-1), momentum: float(7.5) }), READ],
  },
  {
    name: 'eps-integer',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { ...THREE, eps: int(1), momentum: int(1) }), train(v.f32(4, 3)), READ],
  },
  {
    name: 'eps-zero-eval',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', { ...THREE, eps: float(0) }),
      evaluate(v.f32(4, 3), true),
      backward(v.f32(4, 3)),
    ],
  },
  {
    name: 'running-var-negative',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', THREE),
      setTensor('running_var', tensor([-1, 0, 2], [3], 'float32')),
      evaluate(v.f32(4, 3)),
    ],
  },
  {
    name: 'any-channels',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', { ...THREE, affine: bool(false), track_running_stats: bool(false) }),
      train(v.f32(4, 5), true),
      backward(v.f32(4, 5)),
    ],
  },
  {
    name: 'no-channels',
    subject: 'BatchNorm1d',
    steps: () => [construct('BatchNorm1d', { num_features: int(0) }), READ],
  },
  {
    name: 'single-sample',
    subject: 'BatchNorm2d',
    steps: (v) => [construct('BatchNorm2d', THREE), train(v.f32(1, 3, 2, 2), true), backward(v.f32(1, 3, 2, 2)), READ],
  },
  {
    name: 'weight-removed',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', THREE),
      setTensor('weight', null),
      setTensor('bias', v.f32(3)),
      train(v.f32(4, 3), true),
      backward(v.f32(4, 3)),
    ],
  },
  {
    name: 'weight-2d',
    subject: 'batch_norm',
    steps: (v) => [
      call('batch_norm', {
        input: v.f32(4, 3),
        running_mean: v.f32(3),
        running_var: v.variance(3),
        weight: v.f32(1, 3),
        training: bool(true),
      }),
    ],
  },
  {
    name: 'rank-6',
    subject: 'batch_norm',
    steps: (v) => [
      call('batch_norm', {
        input: v.f32(2, 3, 1, 2, 1, 2),
        running_mean: v.f32(3),
        running_var: v.variance(3),
        training: bool(true),
      }),
    ],
  },
  {
    name: 'features-unused',
    subject: 'InstanceNorm1d',
    steps: (v) => [construct('InstanceNorm1d', { num_features: text('max') }), train(v.f32(2, 5, 4))],
  },
  {
    name: 'momentum-none',
    subject: 'InstanceNorm1d',
    steps: (v) => [
      construct('InstanceNorm1d', { ...THREE, momentum: { kind: 'null' }, track_running_stats: bool(true) }),
      train(v.f32(2, 3, 4)),
      READ,
    ],
  },
  {
    name: 'input-float64-buffers-float32',
    subject: 'InstanceNorm2d',
    steps: (v) => [
      construct('InstanceNorm2d', { ...THREE, track_running_stats: bool(true) }),
      train(v.f64(2, 3, 2, 2)),
      READ,
    ],
  },
  {
    name: 'single-value-eval',
    subject: 'InstanceNorm1d',
    steps: (v) => [
      construct('InstanceNorm1d', { ...THREE, track_running_stats: bool(true) }),
      evaluate(v.f32(2, 3, 1)),
      READ,
    ],
  },
  ...(
    [
      ['LayerNorm', { normalized_shape: int(4) }, [3, 4]],
      ['RMSNorm', { normalized_shape: int(4) }, [3, 4]],
      ['GroupNorm', { num_groups: int(2), num_channels: int(4) }, [3, 4, 2]],
      ['InstanceNorm1d', { num_features: int(4), affine: bool(true) }, [3, 4, 5]],
    ] as const satisfies readonly (readonly [LayerName, object, readonly number[]])[]
  ).flatMap(([layer, args, shape]): Row[] =>
    [
      ['negative', -0.01],
      ['infinite', Number.POSITIVE_INFINITY],
      ['nan', Number.NaN],
    ].map(([name, eps]) => ({
      name: `eps-${name}`,
      subject: layer,
      steps: (v) => [construct(layer, { ...args, eps: float(Number(eps)) }), train(v.f32(...shape))],
    })),
  ),
  {
    name: 'groups-of-one-value',
    subject: 'GroupNorm',
    steps: (v) => [
      construct('GroupNorm', { num_groups: int(4), num_channels: int(4), affine: bool(false) }),
      train(v.f32(2, 4)),
    ],
  },
  {
    name: 'channels-differ-plain',
    subject: 'GroupNorm',
    steps: (v) => [
      construct('GroupNorm', { num_groups: int(2), num_channels: int(4), affine: bool(false) }),
      train(v.f32(2, 6, 3), true),
      backward(v.f32(2, 6, 3)),
    ],
  },
  {
    name: 'no-channels',
    subject: 'GroupNorm',
    steps: () => [construct('GroupNorm', { num_groups: int(2), num_channels: int(0) }), READ],
  },
  {
    name: 'shape-empty-construct',
    subject: 'LayerNorm',
    steps: () => [construct('LayerNorm', { normalized_shape: { kind: 'list', items: [] } }), READ],
  },
  {
    name: 'bias-without-weight-argument',
    subject: 'LayerNorm',
    steps: (v) => [
      construct('LayerNorm', { normalized_shape: int(4), elementwise_affine: bool(false), bias: bool(true) }),
      train(v.f32(3, 4)),
    ],
  },
];

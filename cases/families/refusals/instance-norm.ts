// What InstanceNorm refuses, one row an error. Type and text are the live oracle's to say.

import { bool, int, none, text } from '../../case.ts';
import { call, construct, evaluate, load, READ, type Row, setAttribute, train } from '../row.ts';

const TRACKED = { num_features: int(3), track_running_stats: bool(true) };
const AFFINE = { num_features: int(3), affine: bool(true) };

export const INSTANCE_NORM_REFUSALS: readonly Row[] = [
  {
    name: 'rank-1',
    subject: 'InstanceNorm1d',
    steps: (v) => [construct('InstanceNorm1d', { num_features: int(3) }), train(v.f32(3))],
  },
  {
    name: 'rank-4',
    subject: 'InstanceNorm1d',
    steps: (v) => [construct('InstanceNorm1d', { num_features: int(3) }), train(v.f32(2, 3, 2, 2))],
  },
  {
    name: 'rank-2',
    subject: 'InstanceNorm2d',
    steps: (v) => [construct('InstanceNorm2d', { num_features: int(3) }), train(v.f32(2, 3))],
  },
  {
    name: 'rank-5',
    subject: 'InstanceNorm2d',
    steps: (v) => [construct('InstanceNorm2d', { num_features: int(3) }), evaluate(v.f32(1, 3, 2, 2, 2))],
  },
  {
    name: 'rank-3',
    subject: 'InstanceNorm3d',
    steps: (v) => [construct('InstanceNorm3d', { num_features: int(3) }), train(v.f32(2, 3, 4))],
  },
  {
    name: 'rank-6',
    subject: 'InstanceNorm3d',
    steps: (v) => [construct('InstanceNorm3d', { num_features: int(3) }), train(v.f32(1, 3, 2, 2, 2, 1))],
  },

  // one spatial element, whatever the batch
  {
    name: 'single-value',
    subject: 'InstanceNorm1d',
    steps: (v) => [construct('InstanceNorm1d', { num_features: int(4) }), train(v.f32(2, 4, 1))],
  },
  {
    name: 'single-value-eval',
    subject: 'InstanceNorm2d',
    steps: (v) => [construct('InstanceNorm2d', { num_features: int(4) }), evaluate(v.f32(2, 4, 1, 1))],
  },
  {
    name: 'single-value-unbatched',
    subject: 'InstanceNorm1d',
    steps: (v) => [construct('InstanceNorm1d', { num_features: int(4) }), train(v.f32(4, 1))],
  },
  {
    name: 'single-value-tracked',
    subject: 'InstanceNorm3d',
    steps: (v) => [construct('InstanceNorm3d', TRACKED), train(v.f32(2, 3, 1, 1, 1)), READ],
  },
  { name: 'single-value', subject: 'instance_norm', steps: (v) => [call('instance_norm', { input: v.f32(2, 3, 1) })] },
  { name: 'rank-2', subject: 'instance_norm', steps: (v) => [call('instance_norm', { input: v.f32(3, 5) })] },

  // channels
  {
    name: 'channels-affine',
    subject: 'InstanceNorm1d',
    steps: (v) => [construct('InstanceNorm1d', AFFINE), train(v.f32(2, 5, 4))],
  },
  {
    name: 'channels-affine-unbatched',
    subject: 'InstanceNorm1d',
    steps: (v) => [construct('InstanceNorm1d', AFFINE), train(v.f32(5, 4))],
  },
  {
    name: 'channels-affine-eval',
    subject: 'InstanceNorm2d',
    steps: (v) => [construct('InstanceNorm2d', AFFINE), evaluate(v.f32(2, 4, 2, 2))],
  },
  {
    name: 'channels-tracked',
    subject: 'InstanceNorm1d',
    steps: (v) => [construct('InstanceNorm1d', TRACKED), train(v.f32(2, 5, 4)), READ],
  },
  {
    name: 'empty-batch-affine',
    subject: 'InstanceNorm1d',
    steps: (v) => [construct('InstanceNorm1d', AFFINE), train(v.f32(0, 3, 4))],
  },
  {
    name: 'size-weight',
    subject: 'instance_norm',
    steps: (v) => [call('instance_norm', { input: v.f32(2, 3, 4), weight: v.f32(5) })],
  },

  // statistics that are not there
  {
    name: 'track-set-later-eval',
    subject: 'InstanceNorm1d',
    steps: (v) => [
      construct('InstanceNorm1d', { num_features: int(3) }),
      setAttribute('track_running_stats', bool(true)),
      evaluate(v.f32(2, 3, 4)),
    ],
  },
  {
    name: 'running-missing',
    subject: 'instance_norm',
    steps: (v) => [call('instance_norm', { input: v.f32(2, 3, 4), use_input_stats: bool(false) })],
  },
  {
    name: 'running-var-missing',
    subject: 'instance_norm',
    steps: (v) => [
      call('instance_norm', {
        input: v.f32(2, 3, 4),
        running_mean: v.f32(3),
        running_var: none,
        use_input_stats: bool(false),
      }),
    ],
  },

  // a checkpoint from before 0.4, even where loading is not strict
  ...[true, false].map(
    (strict): Row => ({
      name: strict ? 'old-checkpoint' : 'old-checkpoint-not-strict',
      subject: 'InstanceNorm1d',
      steps: (v) => [
        construct('InstanceNorm1d', { num_features: int(3) }),
        load({ running_mean: v.f32(3), running_var: v.variance(3) }, null, strict),
      ],
    }),
  ),
  {
    name: 'unexpected-buffers-version-1',
    subject: 'InstanceNorm2d',
    steps: (v) => [
      construct('InstanceNorm2d', { num_features: int(3) }),
      load({ running_mean: v.f32(3), running_var: v.variance(3) }, 1),
    ],
  },

  // arguments and dtypes
  {
    name: 'features-negative',
    subject: 'InstanceNorm1d',
    steps: (v) => [construct('InstanceNorm1d', { num_features: int(-2), affine: bool(true) }), train(v.f32(2, 3, 4))],
  },
  {
    name: 'features-string-affine',
    subject: 'InstanceNorm2d',
    steps: (v) => [
      construct('InstanceNorm2d', { num_features: text('max'), affine: bool(true) }),
      train(v.f32(2, 3, 2, 2)),
    ],
  },
  {
    name: 'momentum-string',
    subject: 'InstanceNorm1d',
    steps: (v) => [construct('InstanceNorm1d', { num_features: int(3), momentum: text('0.1') }), train(v.f32(2, 3, 4))],
  },
  {
    name: 'input-int64',
    subject: 'InstanceNorm1d',
    steps: (v) => [construct('InstanceNorm1d', { num_features: int(3) }), train(v.i64(2, 3, 4))],
  },
  {
    name: 'input-int64-affine',
    subject: 'InstanceNorm2d',
    steps: (v) => [construct('InstanceNorm2d', AFFINE), train(v.i64(2, 3, 2, 2))],
  },
  {
    name: 'input-float64-layer-float32',
    subject: 'InstanceNorm1d',
    steps: (v) => [construct('InstanceNorm1d', AFFINE), train(v.f64(2, 3, 4))],
  },
];

// State dicts that do not load, one row an error. Type and text are the live oracle's to say.

import { bool, int } from '../../case.ts';
import { construct, count, load, type Row, SAVE } from '../row.ts';

const THREE = { num_features: int(3) };

export const STATE_REFUSALS: readonly Row[] = [
  {
    name: 'load-count-missing',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', THREE),
      load({ weight: v.f32(3), bias: v.f32(3), running_mean: v.f32(3), running_var: v.variance(3) }, 2),
      SAVE,
    ],
  },
  {
    name: 'load-statistics-missing',
    subject: 'BatchNorm2d',
    steps: (v) => [
      construct('BatchNorm2d', THREE),
      load({ weight: v.f32(3), bias: v.f32(3), num_batches_tracked: count(4) }, 2),
      SAVE,
    ],
  },
  { name: 'load-nothing', subject: 'BatchNorm3d', steps: () => [construct('BatchNorm3d', THREE), load({}, 2), SAVE] },
  {
    name: 'load-unexpected-statistics',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', { ...THREE, track_running_stats: bool(false) }),
      load({ weight: v.f32(3), bias: v.f32(3), running_mean: v.f32(3), running_var: v.variance(3) }, 2),
    ],
  },
  ...[true, false].map(
    (strict): Row => ({
      name: strict ? 'load-sizes' : 'load-sizes-not-strict',
      subject: 'BatchNorm1d',
      steps: (v) => [
        construct('BatchNorm1d', THREE),
        load(
          {
            weight: v.f32(2),
            bias: v.f32(2),
            running_mean: v.f32(3),
            running_var: v.variance(2),
            num_batches_tracked: count(1),
          },
          2,
          strict,
        ),
        SAVE,
      ],
    }),
  ),
  {
    name: 'load-missing-unexpected-and-size',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', THREE),
      load({ weight: v.f32(2), extra: v.f32(3), running_mean: v.f32(3) }, 2),
    ],
  },
  {
    name: 'load-scalar-weight',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', { num_features: int(1), track_running_stats: bool(false) }),
      load({ weight: v.f32(), bias: v.f32(1) }, 2),
    ],
  },
  {
    name: 'load-unexpected-bias',
    subject: 'LayerNorm',
    steps: (v) => [
      construct('LayerNorm', { normalized_shape: int(5), bias: bool(false) }),
      load({ weight: v.f32(5), bias: v.f32(5) }, 1),
    ],
  },
  {
    name: 'load-size',
    subject: 'LayerNorm',
    steps: (v) => [
      construct('LayerNorm', { normalized_shape: int(5) }),
      load({ weight: v.f32(1, 5), bias: v.f32(5) }, 1),
    ],
  },
  {
    name: 'load-bias-missing',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', { num_groups: int(2), num_channels: int(4) }), load({ weight: v.f32(4) }, 1)],
  },
  {
    name: 'load-unexpected-bias',
    subject: 'RMSNorm',
    steps: (v) => [construct('RMSNorm', { normalized_shape: int(5) }), load({ weight: v.f32(5), bias: v.f32(5) }, 1)],
  },
  {
    name: 'load-statistics-missing',
    subject: 'InstanceNorm2d',
    steps: (v) => [
      construct('InstanceNorm2d', { ...THREE, affine: bool(true), track_running_stats: bool(true) }),
      load({ weight: v.f32(3), bias: v.f32(3) }, 2),
    ],
  },
];

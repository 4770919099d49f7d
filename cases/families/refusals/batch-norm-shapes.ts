// What BatchNorm refuses for the shape of its tensors, one row an error. Type and text are the live oracle's to say.

import { bool, int, none } from '../../case.ts';
import { call, construct, evaluate, READ, type Row, setTensor, train } from '../row.ts';

export const BATCH_NORM_SHAPE_REFUSALS: readonly Row[] = [
  // ranks: the counter of batches stays 0
  {
    name: 'rank-1',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(3) }), train(v.f32(3)), READ],
  },
  {
    name: 'rank-4',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(3) }), train(v.f32(2, 3, 2, 2)), READ],
  },
  {
    name: 'rank-3',
    subject: 'BatchNorm2d',
    steps: (v) => [construct('BatchNorm2d', { num_features: int(3) }), train(v.f32(2, 3, 4)), READ],
  },
  {
    name: 'rank-5',
    subject: 'BatchNorm2d',
    steps: (v) => [construct('BatchNorm2d', { num_features: int(3) }), evaluate(v.f32(2, 3, 2, 2, 2)), READ],
  },
  {
    name: 'rank-4',
    subject: 'BatchNorm3d',
    steps: (v) => [construct('BatchNorm3d', { num_features: int(3) }), train(v.f32(2, 3, 4, 2)), READ],
  },
  {
    name: 'rank-2',
    subject: 'BatchNorm3d',
    steps: (v) => [construct('BatchNorm3d', { num_features: int(3) }), evaluate(v.f32(2, 3))],
  },

  // one value per channel: the counter of batches is already 1
  {
    name: 'single-value',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(4) }), train(v.f32(1, 4)), READ],
  },
  {
    name: 'single-value-length-1',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(4) }), train(v.f32(1, 4, 1)), READ],
  },
  {
    name: 'single-value',
    subject: 'BatchNorm2d',
    steps: (v) => [construct('BatchNorm2d', { num_features: int(3) }), train(v.f32(1, 3, 1, 1)), READ],
  },
  {
    name: 'single-value',
    subject: 'BatchNorm3d',
    steps: (v) => [construct('BatchNorm3d', { num_features: int(2) }), train(v.f32(1, 2, 1, 1, 1)), READ],
  },
  {
    name: 'single-value-untracked-eval',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', { num_features: int(4), track_running_stats: bool(false) }),
      evaluate(v.f32(1, 4)),
    ],
  },
  {
    name: 'single-value',
    subject: 'batch_norm',
    steps: (v) => [
      call('batch_norm', { input: v.f32(1, 4), running_mean: none, running_var: none, training: bool(true) }),
    ],
  },

  // sizes, in the order they are checked
  {
    name: 'channels-tracked',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(3) }), train(v.f32(4, 5)), READ],
  },
  {
    name: 'channels-tracked-eval',
    subject: 'BatchNorm2d',
    steps: (v) => [construct('BatchNorm2d', { num_features: int(3) }), evaluate(v.f32(2, 5, 2, 2)), READ],
  },
  {
    name: 'channels-last-axis',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(10) }), train(v.f32(4, 7, 10)), READ],
  },
  {
    name: 'unbatched',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(3) }), train(v.f32(3, 10)), READ],
  },
  {
    name: 'channels-untracked',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', { num_features: int(3), track_running_stats: bool(false) }),
      train(v.f32(4, 5)),
    ],
  },
  {
    name: 'channels-bias-only',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', { num_features: int(3), track_running_stats: bool(false) }),
      setTensor('weight', null),
      train(v.f32(4, 5)),
    ],
  },
  ...(['running_mean', 'running_var', 'weight', 'bias'] as const).map(
    (wrong): Row => ({
      name: `size-${wrong.replace('_', '-')}`,
      subject: 'batch_norm',
      steps: (v) => {
        const sized = { running_mean: v.f32(3), running_var: v.variance(3), weight: v.f32(3), bias: v.f32(3) };
        return [call('batch_norm', { input: v.f32(4, 3), ...sized, [wrong]: v.variance(5), training: bool(true) })];
      },
    }),
  ),
  {
    name: 'running-mean-2d',
    subject: 'batch_norm',
    steps: (v) => [
      call('batch_norm', {
        input: v.f32(4, 3),
        running_mean: v.f32(1, 3),
        running_var: v.variance(1, 3),
        training: bool(true),
      }),
    ],
  },
  {
    name: 'zero-channels-affine',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(0) }), train(v.f32(2, 0)), READ],
  },
  {
    name: 'rank-1-train',
    subject: 'batch_norm',
    steps: (v) => [
      call('batch_norm', { input: v.f32(3), running_mean: none, running_var: none, training: bool(true) }),
    ],
  },
];

// What BatchNorm refuses for its options, buffers and dtypes, one row an error. Type and text are the live oracle's to say.

import { bool, float, int, none, text } from '../../case.ts';
import { call, construct, evaluate, READ, type Row, setTensor, train } from '../row.ts';

export const BATCH_NORM_OPTION_REFUSALS: readonly Row[] = [
  // missing buffers
  {
    name: 'eval-mean-missing',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', { num_features: int(3) }),
      setTensor('running_mean', null),
      evaluate(v.f32(4, 3)),
      READ,
    ],
  },
  {
    name: 'eval-var-missing',
    subject: 'BatchNorm2d',
    steps: (v) => [
      construct('BatchNorm2d', { num_features: int(3) }),
      setTensor('running_var', null),
      evaluate(v.f32(2, 3, 2, 2)),
      READ,
    ],
  },
  {
    name: 'train-mean-missing',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', { num_features: int(3) }),
      setTensor('running_mean', null),
      train(v.f32(4, 3)),
      READ,
    ],
  },
  {
    name: 'train-var-missing',
    subject: 'BatchNorm3d',
    steps: (v) => [
      construct('BatchNorm3d', { num_features: int(3) }),
      setTensor('running_var', null),
      train(v.f32(2, 3, 2, 1, 2)),
      READ,
    ],
  },
  {
    name: 'eval-both-missing',
    subject: 'batch_norm',
    steps: (v) => [call('batch_norm', { input: v.f32(4, 3), running_mean: none, running_var: none })],
  },
  {
    name: 'eval-mean-missing',
    subject: 'batch_norm',
    steps: (v) => [call('batch_norm', { input: v.f32(4, 3), running_mean: none, running_var: v.variance(3) })],
  },
  {
    name: 'eval-var-missing',
    subject: 'batch_norm',
    steps: (v) => [call('batch_norm', { input: v.f32(4, 3), running_mean: v.f32(3), running_var: none })],
  },

  // eps
  {
    name: 'eps-zero-train',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(3), eps: float(0) }), train(v.f32(4, 3)), READ],
  },
  {
    name: 'eps-negative-train',
    subject: 'BatchNorm2d',
    steps: (v) => [
      construct('BatchNorm2d', { num_features: int(2), eps: float(-1e-5) }),
      train(v.f32(2, 2, 2, 2)),
      READ,
    ],
  },
  {
    name: 'eps-negative-eval',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(3), eps: float(-0.5) }), evaluate(v.f32(4, 3)), READ],
  },
  {
    name: 'eps-zero-untracked-eval',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', { num_features: int(3), eps: float(0), track_running_stats: bool(false) }),
      evaluate(v.f32(4, 3)),
    ],
  },
  {
    name: 'eps-zero-train',
    subject: 'batch_norm',
    steps: (v) => [
      call('batch_norm', {
        input: v.f32(4, 3),
        running_mean: none,
        running_var: none,
        training: bool(true),
        eps: float(0),
      }),
    ],
  },
  {
    name: 'eps-negative-eval',
    subject: 'batch_norm',
    steps: (v) => [
      call('batch_norm', { input: v.f32(4, 3), running_mean: v.f32(3), running_var: v.variance(3), eps: float(-1) }),
    ],
  },

  // arguments of the wrong kind
  {
    name: 'features-negative',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(-1) }), train(v.f32(4, 3))],
  },
  {
    name: 'features-float',
    subject: 'BatchNorm2d',
    steps: (v) => [construct('BatchNorm2d', { num_features: float(3) }), train(v.f32(2, 3, 2, 2))],
  },
  {
    name: 'momentum-string',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(3), momentum: text('0.1') }), train(v.f32(4, 3)), READ],
  },

  {
    name: 'momentum-none',
    subject: 'batch_norm',
    steps: (v) => [
      call('batch_norm', {
        input: v.f32(4, 3),
        running_mean: v.f32(3),
        running_var: v.variance(3),
        training: bool(true),
        momentum: none,
      }),
    ],
  },
  {
    name: 'eps-string',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(3), eps: text('1e-5') }), train(v.f32(4, 3)), READ],
  },
  {
    name: 'argument-unknown',
    subject: 'BatchNorm3d',
    steps: (v) => [
      construct('BatchNorm3d', { num_features: int(3), epsilon: float(1e-5) }),
      train(v.f32(2, 3, 2, 2, 2)),
    ],
  },
  {
    name: 'features-missing',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', {}), train(v.f32(4, 3))],
  },
  { name: 'running-missing', subject: 'batch_norm', steps: (v) => [call('batch_norm', { input: v.f32(4, 3) })] },

  // dtypes
  {
    name: 'input-int64',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(3) }), train(v.i64(4, 3)), READ],
  },
  {
    name: 'input-int64-eval',
    subject: 'BatchNorm2d',
    steps: (v) => [construct('BatchNorm2d', { num_features: int(3) }), evaluate(v.i64(2, 3, 2, 2))],
  },
  {
    name: 'input-float64-layer-float32',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', { num_features: int(3) }), train(v.f64(4, 3)), READ],
  },
  {
    name: 'input-float64-buffers-float32',
    subject: 'BatchNorm2d',
    steps: (v) => [
      construct('BatchNorm2d', { num_features: int(3), affine: bool(false) }),
      train(v.f64(2, 3, 2, 2)),
      READ,
    ],
  },
  {
    name: 'input-float32-layer-float64',
    subject: 'BatchNorm1d',
    dtype: 'float64',
    steps: (v) => [
      construct('BatchNorm1d', { num_features: int(3) }),
      { kind: 'cast', dtype: 'float64' },
      train(v.f32(4, 3)),
      READ,
    ],
  },
];

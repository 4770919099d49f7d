// What is refused of half precision: mixes of dtypes that no kernel takes, one row an error. Type and text are the live oracle's to say.

import { bool, int, ints, text } from '../../case.ts';
import { call, construct, evaluate, READ, type Row, setTensor, train } from '../row.ts';

const THREE = { num_features: int(3) };

export const HALF_REFUSALS: readonly Row[] = [
  {
    name: 'weight-of-the-other-half',
    subject: 'batch_norm',
    dtype: 'float16',
    steps: (v) => [
      call('batch_norm', {
        input: v.half('float16', 4, 3),
        running_mean: v.half('float16', 3),
        running_var: v.variance(3),
        weight: v.half('bfloat16', 3),
        training: bool(true),
      }),
    ],
  },
  {
    name: 'half-weight-float32-buffers',
    subject: 'batch_norm',
    dtype: 'bfloat16',
    steps: (v) => [
      call('batch_norm', {
        input: v.half('bfloat16', 4, 3),
        running_mean: v.f32(3),
        running_var: v.variance(3),
        weight: v.half('bfloat16', 3),
        bias: v.half('bfloat16', 3),
      }),
    ],
  },
  {
    name: 'float32-weight-half-buffers',
    subject: 'batch_norm',
    dtype: 'bfloat16',
    steps: (v) => [
      call('batch_norm', {
        input: v.half('bfloat16', 4, 3),
        running_mean: v.half('bfloat16', 3),
        running_var: v.half('bfloat16', 3),
        weight: v.f32(3),
      }),
    ],
  },
  {
    name: 'half-layer-float32-input',
    subject: 'BatchNorm1d',
    dtype: 'float16',
    steps: (v) => [construct('BatchNorm1d', { ...THREE, dtype: text('float16') }), train(v.f32(4, 3)), READ],
  },
  {
    name: 'float64-layer-half-input',
    subject: 'BatchNorm2d',
    dtype: 'bfloat16',
    steps: (v) => [
      construct('BatchNorm2d', { ...THREE, dtype: text('float64') }),
      evaluate(v.half('bfloat16', 2, 3, 2, 2)),
      READ,
    ],
  },
  {
    // The running statistics have been updated by the time the bias is looked at.
    name: 'float64-bias-after-update',
    subject: 'BatchNorm1d',
    dtype: 'bfloat16',
    steps: (v) => [
      construct('BatchNorm1d', { ...THREE, dtype: text('bfloat16') }),
      setTensor('bias', v.f64(3)),
      train(v.half('bfloat16', 4, 3)),
      READ,
    ],
  },
  {
    // Without a weight the buffers are cast to the input's dtype, and the bias is then of another.
    name: 'float32-bias-and-buffers',
    subject: 'instance_norm',
    dtype: 'float16',
    steps: (v) => [
      call('instance_norm', {
        input: v.half('float16', 2, 3, 4),
        running_mean: v.f32(3),
        running_var: v.variance(3),
        bias: v.f32(3),
      }),
    ],
  },
  {
    name: 'float32-mean-alone',
    subject: 'instance_norm',
    dtype: 'bfloat16',
    steps: (v) => [call('instance_norm', { input: v.half('bfloat16', 2, 3, 4), running_mean: v.f32(3) })],
  },
  {
    name: 'float32-bias-alone',
    subject: 'layer_norm',
    dtype: 'bfloat16',
    steps: (v) => [
      call('layer_norm', { input: v.half('bfloat16', 2, 3), normalized_shape: ints([3]), bias: v.f32(3) }, true),
      { kind: 'backward', gradient: v.half('bfloat16', 2, 3), accumulate: false, again: false },
    ],
  },
  {
    name: 'half-layer-other-half-input',
    subject: 'LayerNorm',
    dtype: 'bfloat16',
    steps: (v) => [
      construct('LayerNorm', { normalized_shape: int(3), dtype: text('float16') }),
      train(v.half('bfloat16', 2, 3)),
    ],
  },
  {
    name: 'float64-weight-half-input',
    subject: 'group_norm',
    dtype: 'float16',
    steps: (v) => [
      call('group_norm', {
        input: v.half('float16', 2, 4, 3),
        num_groups: int(2),
        weight: v.f64(4),
        bias: v.f64(4),
      }),
    ],
  },
  {
    name: 'float32-bias-half-weight',
    subject: 'group_norm',
    dtype: 'bfloat16',
    steps: (v) => [
      call('group_norm', {
        input: v.half('bfloat16', 2, 4, 3),
        num_groups: int(2),
        weight: v.half('bfloat16', 4),
        bias: v.f32(4),
      }),
    ],
  },
];

// What LayerNorm and RMSNorm refuse, one row an error. Type and text are the live oracle's to say.

import { bool, float, int, ints, list, none, text } from '../../case.ts';
import { call, construct, type Row, train } from '../row.ts';

const PLAIN = { normalized_shape: int(5) };

export const LAYER_NORM_REFUSALS: readonly Row[] = [
  { name: 'shape-mismatch', subject: 'LayerNorm', steps: (v) => [construct('LayerNorm', PLAIN), train(v.f32(2, 4))] },
  {
    name: 'shape-mismatch-two',
    subject: 'LayerNorm',
    steps: (v) => [construct('LayerNorm', { normalized_shape: ints([3, 4]) }), train(v.f32(2, 4, 3))],
  },
  {
    name: 'rank-too-small',
    subject: 'LayerNorm',
    steps: (v) => [construct('LayerNorm', { normalized_shape: ints([3, 4]) }), train(v.f32(4))],
  },
  { name: 'rank-0', subject: 'LayerNorm', steps: (v) => [construct('LayerNorm', PLAIN), train(v.f32())] },
  {
    name: 'shape-empty',
    subject: 'LayerNorm',
    steps: (v) => [construct('LayerNorm', { normalized_shape: list([]) }), train(v.f32(2, 4))],
  },
  {
    name: 'shape-float',
    subject: 'LayerNorm',
    steps: (v) => [construct('LayerNorm', { normalized_shape: float(5) }), train(v.f32(2, 5))],
  },
  {
    name: 'shape-negative',
    subject: 'LayerNorm',
    steps: (v) => [construct('LayerNorm', { normalized_shape: int(-5) }), train(v.f32(2, 5))],
  },
  {
    name: 'eps-string',
    subject: 'LayerNorm',
    steps: (v) => [construct('LayerNorm', { ...PLAIN, eps: text('1e-5') }), train(v.f32(2, 5))],
  },
  {
    name: 'argument-unknown',
    subject: 'RMSNorm',
    steps: (v) => [construct('RMSNorm', { ...PLAIN, bias: bool(true) }), train(v.f32(2, 5))],
  },
  {
    name: 'eps-none',
    subject: 'LayerNorm',
    steps: (v) => [construct('LayerNorm', { ...PLAIN, eps: none }), train(v.f32(2, 5))],
  },
  { name: 'input-int64', subject: 'LayerNorm', steps: (v) => [construct('LayerNorm', PLAIN), train(v.i64(2, 5))] },
  {
    name: 'input-int64-plain',
    subject: 'LayerNorm',
    steps: (v) => [construct('LayerNorm', { ...PLAIN, elementwise_affine: bool(false) }), train(v.i64(2, 5))],
  },
  {
    name: 'input-float64-layer-float32',
    subject: 'LayerNorm',
    steps: (v) => [construct('LayerNorm', PLAIN), train(v.f64(2, 5))],
  },
  {
    name: 'input-float32-layer-float64',
    subject: 'LayerNorm',
    dtype: 'float64',
    steps: (v) => [construct('LayerNorm', PLAIN), { kind: 'cast', dtype: 'float64' }, train(v.f32(2, 5))],
  },
  {
    name: 'size-weight',
    subject: 'layer_norm',
    steps: (v) => [call('layer_norm', { input: v.f32(2, 4), normalized_shape: ints([4]), weight: v.f32(3) })],
  },
  {
    name: 'size-bias',
    subject: 'layer_norm',
    steps: (v) => [
      call('layer_norm', { input: v.f32(2, 4), normalized_shape: ints([4]), weight: v.f32(4), bias: v.f32(3) }),
    ],
  },
  {
    name: 'shape-mismatch',
    subject: 'layer_norm',
    steps: (v) => [call('layer_norm', { input: v.f32(2, 4), normalized_shape: ints([5]) })],
  },
  {
    name: 'shape-empty',
    subject: 'layer_norm',
    steps: (v) => [call('layer_norm', { input: v.f32(2, 4), normalized_shape: list([]) })],
  },

  {
    name: 'rank-too-small',
    subject: 'RMSNorm',
    steps: (v) => [construct('RMSNorm', { normalized_shape: ints([3, 4]) }), train(v.f32(4))],
  },
  { name: 'shape-mismatch', subject: 'RMSNorm', steps: (v) => [construct('RMSNorm', PLAIN), train(v.f32(2, 4))] },
  {
    name: 'shape-mismatch-two',
    subject: 'RMSNorm',
    steps: (v) => [construct('RMSNorm', { normalized_shape: ints([3, 4]) }), train(v.f32(2, 4, 3))],
  },
  {
    name: 'shape-empty',
    subject: 'RMSNorm',
    steps: (v) => [construct('RMSNorm', { normalized_shape: list([]) }), train(v.f32(2, 4))],
  },
  {
    name: 'shape-float',
    subject: 'RMSNorm',
    steps: (v) => [construct('RMSNorm', { normalized_shape: float(5) }), train(v.f32(2, 5))],
  },
  {
    name: 'shape-negative',
    subject: 'RMSNorm',
    steps: (v) => [construct('RMSNorm', { normalized_shape: int(-5) }), train(v.f32(2, 5))],
  },
  { name: 'input-int64', subject: 'RMSNorm', steps: (v) => [construct('RMSNorm', PLAIN), train(v.i64(2, 5))] },
  {
    name: 'input-int64-plain',
    subject: 'RMSNorm',
    steps: (v) => [construct('RMSNorm', { ...PLAIN, elementwise_affine: bool(false) }), train(v.i64(2, 5))],
  },
  {
    name: 'size-weight',
    subject: 'rms_norm',
    steps: (v) => [call('rms_norm', { input: v.f32(2, 4), normalized_shape: ints([4]), weight: v.f32(3) })],
  },
  {
    name: 'shape-mismatch',
    subject: 'rms_norm',
    steps: (v) => [call('rms_norm', { input: v.f32(2, 4), normalized_shape: ints([5]) })],
  },
];

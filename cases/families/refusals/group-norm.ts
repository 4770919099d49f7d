// What GroupNorm refuses, one row an error. Type and text are the live oracle's to say.

import { bool, float, int } from '../../case.ts';
import { backward, call, construct, evaluate, type Row, train } from '../row.ts';

const PLAIN = { num_groups: int(2), num_channels: int(4) };

export const GROUP_NORM_REFUSALS: readonly Row[] = [
  {
    name: 'groups-do-not-divide',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', { num_groups: int(3), num_channels: int(10) }), train(v.f32(2, 10, 4))],
  },
  {
    name: 'groups-exceed-channels',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', { num_groups: int(6), num_channels: int(3) }), train(v.f32(2, 3, 4))],
  },
  {
    name: 'groups-zero',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', { num_groups: int(0), num_channels: int(6) }), train(v.f32(2, 6, 4))],
  },
  {
    name: 'groups-negative',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', { num_groups: int(-2), num_channels: int(6) }), train(v.f32(2, 6, 4))],
  },
  {
    name: 'groups-float',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', { num_groups: float(2), num_channels: int(4) }), train(v.f32(2, 4, 3))],
  },
  {
    name: 'channels-negative',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', { num_groups: int(2), num_channels: int(-4) }), train(v.f32(2, 4, 3))],
  },
  { name: 'rank-1', subject: 'GroupNorm', steps: (v) => [construct('GroupNorm', PLAIN), train(v.f32(4))] },
  { name: 'rank-0', subject: 'GroupNorm', steps: (v) => [construct('GroupNorm', PLAIN), train(v.f32())] },
  {
    name: 'single-value',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', { num_groups: int(4), num_channels: int(4) }), train(v.f32(1, 4))],
  },
  {
    name: 'single-value-eval',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', { num_groups: int(4), num_channels: int(4) }), evaluate(v.f32(1, 4, 1))],
  },
  {
    name: 'channels-do-not-divide',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', PLAIN), train(v.f32(2, 7, 4))],
  },
  {
    name: 'channels-affine',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', PLAIN), train(v.f32(2, 6, 3))],
  },
  { name: 'input-int64', subject: 'GroupNorm', steps: (v) => [construct('GroupNorm', PLAIN), train(v.i64(2, 4, 3))] },
  {
    name: 'input-int64-plain',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', { ...PLAIN, affine: bool(false) }), train(v.i64(2, 4, 3))],
  },
  {
    name: 'input-float64-layer-float32',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', PLAIN), train(v.f64(2, 4, 3))],
  },
  {
    name: 'input-float32-layer-float64',
    subject: 'GroupNorm',
    dtype: 'float64',
    steps: (v) => [construct('GroupNorm', PLAIN), { kind: 'cast', dtype: 'float64' }, train(v.f32(2, 4, 3))],
  },
  {
    name: 'size-weight',
    subject: 'group_norm',
    steps: (v) => [call('group_norm', { input: v.f32(2, 6, 3), num_groups: int(2), weight: v.f32(4) })],
  },
  {
    name: 'size-bias',
    subject: 'group_norm',
    steps: (v) => [call('group_norm', { input: v.f32(2, 4, 3), num_groups: int(2), weight: v.f32(4), bias: v.f32(5) })],
  },
  {
    name: 'size-bias-only',
    subject: 'group_norm',
    steps: (v) => [call('group_norm', { input: v.f32(2, 4, 3), num_groups: int(2), bias: v.f32(5) })],
  },
  {
    name: 'weight-2d',
    subject: 'group_norm',
    steps: (v) => [call('group_norm', { input: v.f32(2, 4, 3), num_groups: int(2), weight: v.f32(2, 2) })],
  },
  {
    name: 'groups-zero',
    subject: 'group_norm',
    steps: (v) => [call('group_norm', { input: v.f32(2, 4, 3), num_groups: int(0) })],
  },
  {
    name: 'groups-negative',
    subject: 'group_norm',
    steps: (v) => [call('group_norm', { input: v.f32(2, 4, 3), num_groups: int(-2) })],
  },
  {
    name: 'channels-do-not-divide',
    subject: 'group_norm',
    steps: (v) => [call('group_norm', { input: v.f32(2, 7, 4), num_groups: int(2) })],
  },
  {
    name: 'single-value',
    subject: 'group_norm',
    steps: (v) => [call('group_norm', { input: v.f32(1, 4), num_groups: int(4) })],
  },
  {
    name: 'backward-bias-only',
    subject: 'group_norm',
    steps: (v) => [
      call('group_norm', { input: v.f32(2, 4, 3), num_groups: int(2), bias: v.f32(4) }, true),
      backward(v.f32(2, 4, 3)),
    ],
  },
  {
    name: 'channels-missing',
    subject: 'GroupNorm',
    steps: (v) => [construct('GroupNorm', { num_groups: int(2) }), train(v.f32(2, 4, 3))],
  },
];

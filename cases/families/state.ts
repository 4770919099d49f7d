// State in motion: saving, loading, copying, casting, resetting and changing attributes, all of it taken by PyTorch.

import { tensor } from '../../ts-impl/tensor/tensor.ts';
import { type Arguments, bool, float, int, ints, type LayerName, none, type Step } from '../case.ts';
import { construct, count, evaluate, load, READ, type Row, SAVE, setAttribute, setTensor, train } from './row.ts';

const THREE = { num_features: int(3) };
const COPY: Step = { kind: 'copy' };
const READ_ALL: Step = { kind: 'read', what: 'all' };

const TRACKED = { ...THREE, affine: bool(true), track_running_stats: bool(true) };

/** Each layer with all the tensors it can have, and a shape it takes. */
const ROUNDED_OUT: Readonly<Record<LayerName, readonly [Arguments, readonly number[]]>> = {
  BatchNorm1d: [THREE, [4, 3]],
  BatchNorm2d: [THREE, [2, 3, 2, 2]],
  BatchNorm3d: [THREE, [2, 3, 2, 1, 2]],
  LayerNorm: [{ normalized_shape: ints([2, 3]) }, [2, 2, 3]],
  InstanceNorm1d: [TRACKED, [2, 3, 4]],
  InstanceNorm2d: [TRACKED, [2, 3, 2, 2]],
  InstanceNorm3d: [TRACKED, [2, 3, 2, 1, 2]],
  GroupNorm: [{ num_groups: int(2), num_channels: int(4) }, [2, 4, 3]],
  RMSNorm: [{ normalized_shape: int(5) }, [3, 5]],
};

export const STATE: readonly Row[] = [
  {
    name: 'save-train-load',
    subject: 'BatchNorm2d',
    steps: (v) => {
      const saved = { weight: v.f32(3), bias: v.f32(3), running_mean: v.f32(3), running_var: v.variance(3) };
      return [
        construct('BatchNorm2d', THREE),
        load({ ...saved, num_batches_tracked: count(7) }, 2),
        SAVE,
        train(v.f32(2, 3, 2, 2)),
        READ,
        load({ ...saved, num_batches_tracked: count(7) }, 2),
        SAVE,
        evaluate(v.f32(2, 3, 2, 2)),
      ];
    },
  },
  ...[1, null].map(
    (version): Row => ({
      name: version === null ? 'load-without-version' : 'load-version-1',
      subject: 'BatchNorm1d',
      steps: (v) => [
        construct('BatchNorm1d', THREE),
        train(v.f32(4, 3)),
        load({ weight: v.f32(3), bias: v.f32(3), running_mean: v.f32(3), running_var: v.variance(3) }, version),
        SAVE,
      ],
    }),
  ),
  {
    name: 'load-float64-and-odd-counts',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', THREE),
      load(
        {
          weight: v.f64(3),
          bias: v.f64(3),
          running_mean: v.f64(3),
          running_var: v.variance(3),
          num_batches_tracked: tensor([3.75], [], 'float32'),
        },
        2,
      ),
      SAVE,
      load({ num_batches_tracked: tensor([5], [1], 'int64') }, 2, false),
      SAVE,
    ],
  },
  {
    name: 'load-not-strict',
    subject: 'BatchNorm3d',
    steps: (v) => [construct('BatchNorm3d', THREE), load({ weight: v.f32(3), extra: v.f32(2) }, 2, false), SAVE],
  },
  {
    name: 'load-statistics-not-strict',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', { ...THREE, track_running_stats: bool(false) }),
      load({ running_mean: v.f32(3), running_var: v.variance(3) }, 2, false),
      SAVE,
    ],
  },
  ...(
    [
      ['LayerNorm', { normalized_shape: ints([2, 3]) }, [2, 3]],
      ['RMSNorm', { normalized_shape: ints([3]) }, [3]],
      ['GroupNorm', { num_groups: int(3), num_channels: int(6) }, [6]],
      ['InstanceNorm1d', { num_features: int(6), affine: bool(true), track_running_stats: bool(true) }, [6]],
    ] as const satisfies readonly (readonly [LayerName, object, readonly number[]])[]
  ).map(
    ([layer, args, shape]): Row => ({
      name: 'save-load-copy',
      subject: layer,
      steps: (v) => [
        construct(layer, args),
        SAVE,
        setTensor('weight', v.f32(...shape)),
        COPY,
        SAVE,
        { kind: 'reset', what: 'parameters' },
        SAVE,
        load({ weight: v.f32(...shape) }, 2, false),
        SAVE,
      ],
    }),
  ),
  {
    name: 'copy-is-independent',
    subject: 'BatchNorm1d',
    steps: (v) => [construct('BatchNorm1d', THREE), train(v.f32(4, 3)), COPY, READ_ALL, train(v.f32(4, 3)), READ_ALL],
  },
  ...(['running_stats', 'parameters'] as const).map(
    (what): Row => ({
      name: `reset-${what.replace('_', '-')}`,
      subject: 'BatchNorm2d',
      steps: (v) => [
        construct('BatchNorm2d', THREE),
        setTensor('weight', v.f32(3)),
        setTensor('bias', v.f32(3)),
        train(v.f32(2, 3, 2, 2)),
        { kind: 'reset', what },
        READ_ALL,
      ],
    }),
  ),
  {
    name: 'reset-untracked',
    subject: 'BatchNorm1d',
    steps: () => [
      construct('BatchNorm1d', { ...THREE, track_running_stats: bool(false) }),
      { kind: 'reset', what: 'running_stats' },
      READ_ALL,
    ],
  },
  {
    name: 'cast-midway',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', THREE),
      train(v.f32(4, 3)),
      { kind: 'cast', dtype: 'float64' },
      READ_ALL,
      train(v.f64(4, 3)),
      READ_ALL,
      { kind: 'cast', dtype: 'float32' },
      evaluate(v.f32(4, 3)),
      READ_ALL,
    ],
  },
  {
    name: 'track-cleared-later',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', THREE),
      train(v.f32(4, 3)),
      setAttribute('track_running_stats', bool(false)),
      train(v.f32(4, 3)),
      READ,
      evaluate(v.f32(4, 3)),
      READ,
    ],
  },
  {
    name: 'track-set-later',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', { ...THREE, track_running_stats: bool(false) }),
      setAttribute('track_running_stats', bool(true)),
      train(v.f32(4, 3)),
      READ,
      evaluate(v.f32(4, 3)),
    ],
  },
  {
    name: 'track-cleared-later',
    subject: 'InstanceNorm1d',
    steps: (v) => [
      construct('InstanceNorm1d', { ...THREE, track_running_stats: bool(true) }),
      setAttribute('track_running_stats', bool(false)),
      train(v.f32(2, 3, 4)),
      READ,
      evaluate(v.f32(2, 3, 4)),
      READ,
    ],
  },
  {
    name: 'track-set-later-train',
    subject: 'InstanceNorm2d',
    steps: (v) => [
      construct('InstanceNorm2d', THREE),
      setAttribute('track_running_stats', bool(true)),
      train(v.f32(2, 3, 2, 2)),
      READ,
    ],
  },
  {
    name: 'buffers-removed-eval',
    subject: 'BatchNorm2d',
    steps: (v) => [
      construct('BatchNorm2d', THREE),
      setTensor('running_mean', null),
      setTensor('running_var', null),
      evaluate(v.f32(2, 3, 2, 2)),
      READ,
    ],
  },
  ...[float(0.3), none].map(
    (momentum): Row => ({
      name: momentum.kind === 'null' ? 'count-removed-cumulative' : 'count-removed',
      subject: 'BatchNorm1d',
      steps: (v) => [
        construct('BatchNorm1d', { ...THREE, momentum }),
        setTensor('num_batches_tracked', null),
        train(v.f32(4, 3)),
        READ,
      ],
    }),
  ),
  {
    name: 'eps-and-momentum-set-later',
    subject: 'BatchNorm1d',
    steps: (v) => [
      construct('BatchNorm1d', THREE),
      setAttribute('eps', float(0.25)),
      setAttribute('momentum', none),
      train(v.f32(4, 3)),
      train(v.f32(5, 3)),
      READ,
      evaluate(v.f32(2, 3)),
    ],
  },
  ...(Object.entries(ROUNDED_OUT) as [LayerName, readonly [Arguments, readonly number[]]][]).map(
    // keys of a record of these
    ([layer, [args, shape]]): Row => ({
      name: 'as-constructed',
      subject: layer,
      steps: (v) => [construct(layer, args), READ_ALL, train(v.f32(...shape)), SAVE],
    }),
  ),
];

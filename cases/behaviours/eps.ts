// eps: where it enters, which values each layer takes, and what extreme ones make of the output.

import { call, evaluate, setTensor, train } from '../families/row.ts';
import { float, int, none, type Step, text } from '../case.ts';
import type { Behaviour } from './behaviour.ts';
import { every, refuses, values } from './say.ts';
import { affine, each, halves, rows, TRUE } from './short.ts';
import { features, groups } from './steps.ts';
import { behaviour, filled, numbers } from './write.ts';

/** Two channels of means 3 and 6 and biased variances 8/3 and 32/3. */
const X = numbers([1, 2, 3, 6, 5, 10], [3, 2]);
/** Mean 2, variance 1, mean square 5. */
const ROW = numbers([1, 3, 1, 3], [1, 2, 2]);
/** [1, 2, 2] of one value. */
const CONSTANT = filled(3, [1, 2, 2]);

const made: Readonly<Record<string, (eps: number) => Step>> = {
  layer: (eps) => rows('LayerNorm', 2, { eps: float(eps) }),
  group: (eps) => groups(2, 2, { eps: float(eps) }),
  instance: (eps) => features('InstanceNorm1d', 2, { eps: float(eps) }),
  rms: (eps) => rows('RMSNorm', 2, { eps: float(eps) }),
};
/** `layer`, `group` and `instance` of ROW alike; for the mean square of 5, `rms` by its own formula. */
const rowOf = (name: string, eps: number) => {
  const size = name === 'rms' ? Math.sqrt(5 + eps) : Math.sqrt(1 + eps);
  return name === 'rms' ? [1 / size, 3 / size, 1 / size, 3 / size] : [-1 / size, 1 / size, -1 / size, 1 / size];
};

const WEIGHT = numbers([2, 3], [2]);
const BIAS = numbers([10, 20], [2]);
/** Each layer with weight and bias, where it has one, in training on ROW. */
const extreme = (eps: number): Readonly<Record<string, readonly Step[]>> => ({
  batch: [features('BatchNorm1d', 2, { eps: float(eps) }), ...affine(WEIGHT, BIAS), train(ROW)],
  instance: [features('InstanceNorm1d', 2, { eps: float(eps), affine: TRUE }), ...affine(WEIGHT, BIAS), train(ROW)],
  layer: [made.layer(eps), ...affine(WEIGHT, BIAS), train(ROW)],
  group: [made.group(eps), ...affine(WEIGHT, BIAS), train(ROW)],
  rms: [made.rms(eps), train(ROW)],
});
/** Only LayerNorm's bias goes by the last axis. */
const biasOf = (name: string) => (name === 'layer' ? [10, 20, 10, 20] : [10, 10, 20, 20]);

const positive = (eps: string) => `batch_norm eps must be positive during training, but got ${eps}`;
const position = (name: string, at: number, got: string) =>
  `${name}(): argument 'eps' (position ${at}) must be float, not ${got}`;

export const EPS: readonly Behaviour[] = [
  behaviour('B-131', {
    layers: ['BatchNorm1d', 'LayerNorm', 'InstanceNorm1d', 'GroupNorm', 'RMSNorm'],
    line: 'eps is added to the variance, inside the root',
    ask: {
      batch: [features('BatchNorm1d', 2, { eps: float(1) }), train(X)],
      'batch-constant': [features('BatchNorm1d', 2, { eps: float(1) }), train(filled(3, [3, 2]))],
      'batch-eval': [
        features('BatchNorm1d', 2, { eps: float(1) }),
        setTensor('running_var', numbers([3, 8], [2])),
        evaluate(X),
      ],
      ...each(made, (make) => [make(1), train(ROW)]),
    },
    claims: [
      values(
        'batch:1 output',
        [1, 2, 3, 6, 5, 10].map((x, i) =>
          i % 2 === 0 ? (x - 3) / Math.sqrt(8 / 3 + 1) : (x - 6) / Math.sqrt(32 / 3 + 1),
        ),
        2e-6,
      ),
      every('batch-constant:1 output', 'zero'),
      values(
        'batch-eval:2 output',
        [1, 2, 3, 6, 5, 10].map((x, i) => x / (i % 2 === 0 ? 2 : 3)),
        2e-6,
      ),
      ...Object.keys(made).map((name) => values(`${name}:1 output`, rowOf(name, 1), 1e-6)),
    ],
  }),
  behaviour('B-132', {
    layers: ['BatchNorm1d', 'batch_norm'],
    line: 'BatchNorm in training refuses an eps of 0, written as it was given',
    ask: {
      float: [features('BatchNorm1d', 2, { eps: float(0) }), train(X)],
      int: [features('BatchNorm1d', 2, { eps: int(0) }), train(X)],
      function: [
        call('batch_norm', { input: X, running_mean: none, running_var: none, training: TRUE, eps: float(0) }),
      ],
    },
    claims: [
      refuses('float:1', 'ValueError', positive('0.0')),
      refuses('int:1', 'ValueError', positive('0')),
      refuses('function:0', 'ValueError', positive('0.0')),
    ],
  }),
  behaviour('B-133', {
    layers: ['BatchNorm1d'],
    line: 'BatchNorm in training refuses a negative eps, also where the variance would make up for it',
    ask: {
      'below-variance': [features('BatchNorm1d', 2, { eps: float(-1) }), train(X)],
      'above-variance': [features('BatchNorm1d', 2, { eps: float(-20.5) }), train(X)],
    },
    claims: [
      refuses('below-variance:1', 'ValueError', positive('-1.0')),
      refuses('above-variance:1', 'ValueError', positive('-20.5')),
    ],
  }),
  behaviour('B-134', {
    layers: ['BatchNorm1d'],
    line: 'BatchNorm in eval takes an eps of 0 and refuses a negative one',
    ask: {
      zero: [
        features('BatchNorm1d', 2, { eps: float(0) }),
        setTensor('running_var', numbers([1, 4], [2])),
        evaluate(X),
      ],
      negative: [features('BatchNorm1d', 2, { eps: float(-1) }), evaluate(X)],
    },
    claims: [
      values('zero:2 output', [1, 1, 3, 3, 5, 5]),
      refuses('negative:1', 'ValueError', 'batch_norm eps must be non-negative, but got -1.0'),
    ],
  }),
  behaviour('B-135', {
    layers: ['LayerNorm', 'GroupNorm', 'InstanceNorm1d', 'RMSNorm'],
    line: 'the other layers take an eps of 0 or below, and give NaN only where variance + eps is negative',
    ask: {
      ...each(made, (make) => [make(0), train(ROW)]),
      ...Object.fromEntries(
        Object.entries(made).map(([name, make]) => [`${name}-negative`, [make(-0.75), train(ROW)]]),
      ),
      ...Object.fromEntries(Object.entries(made).map(([name, make]) => [`${name}-below`, [make(-8), train(ROW)]])),
    },
    claims: Object.keys(made).flatMap((name) => [
      values(`${name}:1 output`, rowOf(name, 0), 1e-6),
      values(`${name}-negative:1 output`, rowOf(name, -0.75), 1e-6),
      every(`${name}-below:1 output`, 'nan'),
    ]),
  }),
  behaviour('B-136', {
    layers: ['BatchNorm1d', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'one value and an eps of 0: InstanceNorm gives 0, LayerNorm and GroupNorm NaN, RMSNorm NaN of zeros alone',
    ask: {
      ...each(made, (make) => [make(0), train(CONSTANT)]),
      'rms-zeros': [rows('RMSNorm', 2, { eps: float(0) }), train(filled(0, [1, 2]))],
      batch: [features('BatchNorm1d', 2, { eps: float(0) }), train(CONSTANT)],
    },
    claims: [
      every('instance:1 output', 'zero'),
      every('layer:1 output', 'nan'),
      every('group:1 output', 'nan'),
      values('rms:1 output', [1, 1, 1, 1]),
      every('rms-zeros:1 output', 'nan'),
      refuses('batch:1', 'ValueError', positive('0.0')),
    ],
  }),
  behaviour('B-137', {
    layers: ['BatchNorm1d', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'an infinite eps leaves the bias alone, a NaN eps makes all of it NaN; neither is refused',
    ask: {
      ...extreme(Number.POSITIVE_INFINITY),
      ...Object.fromEntries(Object.entries(extreme(Number.NaN)).map(([name, steps]) => [`${name}-nan`, steps])),
    },
    claims: Object.keys(extreme(1)).flatMap((name) => [
      values(`${name}:${name === 'rms' ? 1 : 3} output`, name === 'rms' ? [0, 0, 0, 0] : biasOf(name)),
      every(`${name}-nan:${name === 'rms' ? 1 : 3} output`, 'nan'),
    ]),
  }),
  behaviour('B-138', {
    layers: ['BatchNorm1d', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm', 'batch_norm'],
    line: 'an eps below float32 is 0 to LayerNorm and to BatchNorm in eval, but not to BatchNorm in training and GroupNorm',
    ask: {
      layer: [rows('LayerNorm', 2, { eps: float(1e-46) }), train(CONSTANT)],
      group: [groups(2, 2, { eps: float(1e-46) }), train(CONSTANT)],
      instance: [features('InstanceNorm1d', 2, { eps: float(1e-46) }), train(CONSTANT)],
      batch: [features('BatchNorm1d', 2, { eps: float(1e-46) }), train(CONSTANT)],
      'batch-eval': [
        call('batch_norm', {
          input: filled(3, [2, 2]),
          running_mean: filled(3, [2]),
          running_var: filled(0, [2]),
          eps: float(1e-46),
        }),
      ],
    },
    claims: [
      every('layer:1 output', 'nan'),
      every('group:1 output', 'zero'),
      every('instance:1 output', 'zero'),
      every('batch:1 output', 'zero'),
      every('batch-eval:0 output', 'nan'),
    ],
  }),
  behaviour('B-139', {
    layers: ['BatchNorm1d', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'an eps that is an int works; a string is a TypeError in words of its own, None too where it has no meaning',
    ask: {
      int: [rows('LayerNorm', 2, { eps: int(1) }), train(ROW)],
      batch: [features('BatchNorm1d', 2, { eps: text('a') }), train(X)],
      'batch-none': [features('BatchNorm1d', 2, { eps: none }), train(X)],
      instance: [features('InstanceNorm1d', 2, { eps: text('a') }), train(ROW)],
      layer: [rows('LayerNorm', 2, { eps: text('a') }), train(ROW)],
      'layer-none': [rows('LayerNorm', 2, { eps: none }), train(ROW)],
      group: [groups(2, 2, { eps: text('a') }), train(ROW)],
      rms: [rows('RMSNorm', 2, { eps: text('a') }), train(ROW)],
    },
    claims: [
      values('int:1 output', rowOf('layer', 1), 1e-6),
      refuses('batch:1', 'TypeError', "'<=' not supported between instances of 'str' and 'float'"),
      refuses('batch-none:1', 'TypeError', "'<=' not supported between instances of 'NoneType' and 'float'"),
      refuses('instance:1', 'TypeError', position('instance_norm', 8, 'str')),
      refuses('layer:1', 'TypeError', position('layer_norm', 5, 'str')),
      refuses('layer-none:1', 'TypeError', position('layer_norm', 5, 'NoneType')),
      refuses('group:1', 'TypeError', position('group_norm', 5, 'str')),
      refuses('rms:1', 'TypeError', position('rms_norm', 4, 'str')),
    ],
  }),
  behaviour('B-140', {
    layers: ['RMSNorm'],
    line: 'an eps of None is the epsilon of the type that is computed in: 2^-23, and 2^-52 for float64',
    ask: {
      float32: [rows('RMSNorm', 1), train(filled(2 ** -12, [1, 1]))],
      float64: { dtype: 'float64', steps: [rows('RMSNorm', 1), train(filled(2 ** -26, [1, 1], 'float64'))] },
      float16: { dtype: 'float16', steps: [rows('RMSNorm', 1), train(halves([2 ** -12], [1, 1], 'float16'))] },
      bfloat16: { dtype: 'bfloat16', steps: [rows('RMSNorm', 1), train(halves([2 ** -12], [1, 1], 'bfloat16'))] },
    },
    claims: [
      values('float32:1 output', [1 / Math.sqrt(3)], 1e-7), // x² = 2^-24, and eps twice as much
      values('float64:1 output', [1 / Math.sqrt(2)], 1e-15), // x² = 2^-52, and eps the same
      values('float16:1 output', [1 / Math.sqrt(3)], 2.5e-4),
      values('bfloat16:1 output', [1 / Math.sqrt(3)], 2e-3),
    ],
  }),
];

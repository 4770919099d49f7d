// NaN, infinity, overflow and subnormal numbers: how far each reaches, and what running statistics keep of it.

import type { Step } from '../case.ts';
import { float } from '../case.ts';
import { backward, evaluate, READ, setTensor, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { channelSets, normalised, normalisedGradients, PLAIN, rootMeanSquared, rowSets } from './closed-forms.ts';
import { every, values } from './say.ts';
import { each, flat, rows } from './short.ts';
import { features, groups } from './steps.ts';
import { behaviour, drawn, filled, numbers } from './write.ts';

const NAN = Number.NaN;
const INF = Number.POSITIVE_INFINITY;
const ROOT = 1.2247447; // √1.5

/** [3, 2] with one value replaced. */
const spoilt = (by: number) => numbers([1, 2, 3, by, 5, 10], [3, 2]);
/** [2, 2, 3] with one value replaced: sets of three. */
const spoiltSets = (by: number) => numbers([1, 2, by, 1, 2, 3, 1, 2, 3, 4, 5, 7], [2, 2, 3]);
const LAST = [-1.0690449, -0.2672612, 1.3363062];
const OTHERS = [-ROOT, 0, ROOT, -ROOT, 0, ROOT, ...LAST];
const RMS_OTHERS = [0.46291, 0.92582, 1.38873, 0.46291, 0.92582, 1.38873, 0.7302967, 0.9128709, 1.2780193];

const two = features('BatchNorm1d', 2);
const sets: Readonly<Record<string, Step>> = {
  layer: rows('LayerNorm', 3),
  group: groups(2, 2),
  instance: features('InstanceNorm1d', 2),
};
const BROKEN_CHANNEL = [-ROOT, NAN, 0, NAN, ROOT, NAN];
const EVALUATED = [1, 2, 3, 6, 5, 10].map((x) => x / Math.sqrt(1 + 1e-5));

const HUGE = [1, 2, 4, 3, 1, -3, 1, 2, 3, 4, 5, 7];
const huge = (size: number, dtype: 'float32' | 'float64') =>
  numbers(
    HUGE.map((x) => x * size),
    [2, 2, 3],
    dtype,
  );
const overflowing: Readonly<Record<string, Step>> = { batch: two, ...sets, rms: rows('RMSNorm', 3) };

/** [4, 3, 50], where float32 sums would be 1e-6 off. */
const LONG = drawn(191, [4, 3, 50], 'float64');
const UP = drawn(192, [4, 3, 50], 'float64');
const DOUBLES = {
  batch: { layer: features('BatchNorm1d', 3), over: channelSets('batch', [4, 3, 50]) },
  layer: { layer: rows('LayerNorm', 50), over: rowSets(12, 50) },
  group: { layer: groups(1, 3), over: rowSets(4, 150) },
  instance: { layer: features('InstanceNorm1d', 3), over: rowSets(12, 50) },
};

export const SPECIAL_VALUES: readonly Behaviour[] = [
  behaviour('B-184', {
    layers: ['BatchNorm1d', 'LayerNorm', 'GroupNorm', 'InstanceNorm1d', 'RMSNorm'],
    line: 'a NaN reaches its channel and its running statistics in training, itself alone in eval, its set in the other layers',
    ask: () => ({
      training: [two, train(spoilt(NAN)), READ],
      evaluating: [two, evaluate(spoilt(NAN)), READ],
      ...each(sets, (layer) => [layer, train(spoiltSets(NAN))]),
      rms: [rows('RMSNorm', 3), train(spoiltSets(NAN))],
    }),
    claims: () => [
      values('training:1 output', BROKEN_CHANNEL, 3e-6),
      values('training:2 running_mean', [0.3, NAN], 1e-7),
      values('training:2 running_var', [1.3, NAN], 1e-7),
      values('training:2 num_batches_tracked', [1]),
      values('evaluating:1 output', EVALUATED.with(3, NAN), 1e-6),
      values('evaluating:2 running_mean', [0, 0]),
      ...Object.keys(sets).map((name) => values(`${name}:1 output`, [NAN, NAN, NAN, ...OTHERS], 2e-5)),
      values('rms:1 output', [NAN, NAN, NAN, ...RMS_OTHERS], 1e-6),
    ],
  }),
  behaviour('B-185', {
    layers: ['BatchNorm1d', 'LayerNorm', 'GroupNorm', 'InstanceNorm1d', 'RMSNorm'],
    line: 'an infinity makes its channel NaN, the running mean infinite and the variance NaN; RMSNorm keeps zeros beside a NaN',
    ask: () => ({
      training: [two, train(spoilt(INF)), READ],
      evaluating: [two, evaluate(spoilt(INF))],
      ...each(sets, (layer) => [layer, train(spoiltSets(INF))]),
      rms: [rows('RMSNorm', 3), train(spoiltSets(INF))],
    }),
    claims: () => [
      values('training:1 output', BROKEN_CHANNEL, 3e-6),
      values('training:2 running_mean', [Math.fround(0.3), INF], 0),
      values('training:2 running_var', [Math.fround(1.3), NAN], 0),
      values('evaluating:1 output', EVALUATED.with(3, INF), 1e-6),
      ...Object.keys(sets).map((name) => values(`${name}:1 output`, [NAN, NAN, NAN, ...OTHERS], 2e-5)),
      values('rms:1 output', [0, 0, NAN, ...RMS_OTHERS], 1e-6),
    ],
  }),
  behaviour('B-186', {
    layers: ['BatchNorm1d'],
    line: 'a NaN gets into running statistics even at momentum 0, and does not leave them at momentum 1',
    ask: () => ({
      zero: [features('BatchNorm1d', 2, { momentum: float(0) }), train(spoilt(NAN)), READ],
      one: [
        features('BatchNorm1d', 2, { momentum: float(1) }),
        setTensor('running_mean', filled(NAN, [2])),
        setTensor('running_var', filled(NAN, [2])),
        train(spoilt(6)),
        READ,
      ],
    }),
    claims: () => [
      values('zero:2 running_mean', [0, NAN]),
      values('zero:2 running_var', [1, NAN]),
      values('one:3 output', [-ROOT, -ROOT, 0, 0, ROOT, ROOT], 3e-6),
      every('one:4 running_mean', 'nan'),
      every('one:4 running_var', 'nan'),
    ],
  }),
  behaviour('B-187', {
    layers: ['BatchNorm1d', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'where squares overflow float32, BatchNorm, InstanceNorm and RMSNorm give 0, LayerNorm and GroupNorm NaN',
    ask: () => ({
      ...each(overflowing, (layer) => [layer, train(huge(1e25, 'float32')), READ]),
      ...Object.fromEntries(
        Object.entries(overflowing).map(([name, layer]) => [`${name}-more`, [layer, train(huge(1e30, 'float32'))]]),
      ),
      sum: [two, train(numbers([3e38, 1, 1e38, 2, -2e38, 4], [3, 2])), READ],
    }),
    claims: () => [
      ...['batch', 'instance', 'rms'].flatMap((name) => [
        every(`${name}:1 output`, 'zero'),
        every(`${name}-more:1 output`, 'zero'),
      ]),
      ...['layer', 'group'].flatMap((name) => [
        every(`${name}:1 output`, 'nan'),
        every(`${name}-more:1 output`, 'nan'),
      ]),
      every('batch:2 running_var', 'infinite'),
      values('batch:2 running_mean', [(1e24 * 13) / 6, (1e24 * 17) / 6], 1e18),
      values('sum:1 output', [NAN, LAST[0], NAN, LAST[1], NAN, LAST[2]], 1e-5),
      values('sum:2 running_mean', [INF, Math.fround(7 / 30)], 0),
      values('sum:2 running_var', [INF, Math.fround(0.9 + 7 / 30)], 0),
    ],
  }),
  behaviour('B-188', {
    layers: ['BatchNorm1d', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'the same values in float64 are as correct as any',
    ask: () =>
      each(overflowing, (layer) => ({ dtype: 'float64' as const, steps: [layer, train(huge(1e25, 'float64'))] })),
    claims: () => [
      values('batch:1 output', normalised(HUGE, channelSets('batch', [2, 2, 3]), 0, PLAIN), 1e-14),
      ...Object.keys(sets).map((name) => values(`${name}:1 output`, normalised(HUGE, rowSets(4, 3), 0, PLAIN), 1e-14)),
      values('rms:1 output', rootMeanSquared(HUGE, rowSets(4, 3), 0, PLAIN), 1e-14),
    ],
  }),
  behaviour('B-189', {
    layers: ['LayerNorm', 'BatchNorm1d', 'GroupNorm', 'RMSNorm'],
    line: 'subnormal inputs count: ±1e-40 becomes ±3.162e-38',
    ask: () => ({
      layer: [rows('LayerNorm', 2), train(numbers([1e-40, -1e-40], [1, 2]))],
      batch: [features('BatchNorm1d', 1), train(numbers([1e-40, -1e-40], [1, 1, 2]))],
      group: [groups(1, 1), train(numbers([1e-40, -1e-40], [1, 1, 2]))],
      rms: [rows('RMSNorm', 2, { eps: float(1e-5) }), train(numbers([1e-40, -1e-40], [1, 2]))],
    }),
    claims: () =>
      ['layer', 'batch', 'group', 'rms'].map((name) => values(`${name}:1 output`, [3.16226e-38, -3.16226e-38], 1e-42)),
  }),
  behaviour('B-190', {
    layers: ['BatchNorm1d'],
    line: 'a negative running variance gives NaN in eval where variance + eps is negative, and no error',
    ask: () => [
      features('BatchNorm1d', 3),
      setTensor('running_var', numbers([-1, -1.001e-5, -1e-6], [3])),
      evaluate(filled(1, [2, 3])),
    ],
    claims: () => [values('2 output', [NAN, NAN, 1 / Math.sqrt(9e-6), NAN, NAN, 1 / Math.sqrt(9e-6)], 1e-3)],
  }),
  behaviour('B-191', {
    layers: ['BatchNorm1d', 'LayerNorm', 'GroupNorm', 'InstanceNorm1d'],
    line: 'float64 is summed in float64: output and gradient are the closed form’s within 1e-12',
    ask: () =>
      each(DOUBLES, ({ layer }) => ({
        dtype: 'float64' as const,
        steps: [layer, train(LONG, true), backward(UP)],
      })),
    claims: () =>
      Object.entries(DOUBLES).flatMap(([name, { over }]) => [
        values(`${name}:1 output`, normalised(flat(LONG), over, 1e-5, PLAIN), 1e-12),
        values(`${name}:2 input.grad`, normalisedGradients(flat(LONG), flat(UP), over, 1e-5, PLAIN).input, 1e-12),
      ]),
  }),
];

// float16 and bfloat16: what is rounded when, and what no longer fits.

import type { HalfDtype } from '../../ts-impl/tensor/dtype.ts';
import { roundHalf } from '../../ts-impl/tensor/half.ts';
import type { Tensor } from '../../ts-impl/tensor/tensor.ts';
import type { Step } from '../case.ts';
import { READ, setTensor, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { halfMoments, halfOutput, halfRootMeanSquare } from './half-recipes.ts';
import { dtype, every, other, values } from './say.ts';
import { affine, halves, rows } from './short.ts';
import { features, groups } from './steps.ts';
import { type AskedIn, behaviour, numbers } from './write.ts';

/** [2, 3, 5] in bfloat16: means that it cannot hold. */
const SHAPE = [2, 3, 5];
const LIST = Array.from({ length: 30 }, (_, i) => roundHalf(((i * 37) % 101) / 16 + (i % 5) * 3, 'bfloat16'));
const WEIGHT = [1.5, -0.75, 1.125];
const BIAS = [0.5, 2, -3];
const channelOf = (i: number) => Math.floor(i / 5) % 3;

/** A layer of the parameters' dtype, asked in the input's. */
const FLOAT32 = { dtype: { kind: 'string', value: 'float32' } } as const;
const half = (type: HalfDtype, ...steps: readonly Step[]): AskedIn => ({ dtype: type, steps });

const bfloat16 = (list: readonly number[], shape: readonly number[] = [list.length]) => halves(list, shape, 'bfloat16');
const expected = (kept: 'bfloat16' | 'float32') => {
  const moments = [0, 1, 2].map((c) =>
    halfMoments(
      LIST.filter((_, i) => channelOf(i) === c),
      1e-5,
      kept,
    ),
  );
  return LIST.map((x, i) => {
    const c = channelOf(i);
    return halfOutput(x, moments[c], WEIGHT[c], BIAS[c], 'bfloat16');
  });
};

/** Values about 101 and a running mean of 100, between which bfloat16 has no number but 100.5. */
const ABOVE = [101, 102];
const five = (layer: Step, mean: Tensor): readonly Step[] => {
  const step = train(bfloat16(ABOVE, [2, 1]));
  return [layer, setTensor('running_mean', mean), step, step, step, step, step, READ];
};

const LARGE = [60000, -60000];
const ROW = [1.5, -2.25, 3.0625, 7, 0.3046875, -1.1015625, 5.5, 0.875].map((x) => roundHalf(x, 'bfloat16'));
const ROW_WEIGHT = [1.1015625, 0.69921875, 1.296875, 0.8984375, 1.203125, 0.30078125, 1.703125, 0.55078125];

export const HALF_PRECISION: readonly Behaviour[] = [
  behaviour('B-192', {
    layers: ['BatchNorm1d'],
    line: 'BatchNorm all in bfloat16 rounds its statistics to bfloat16 before it uses them',
    ask: () => ({
      pure: half(
        'bfloat16',
        features('BatchNorm1d', 3),
        ...affine(bfloat16(WEIGHT), bfloat16(BIAS)),
        train(bfloat16(LIST, SHAPE)),
      ),
      mixed: half(
        'bfloat16',
        features('BatchNorm1d', 3, FLOAT32),
        ...affine(numbers(WEIGHT, [3]), numbers(BIAS, [3])),
        train(bfloat16(LIST, SHAPE)),
      ),
    }),
    claims: () => [
      values('pure:3 output', expected('bfloat16')),
      dtype('pure:3 output', 'bfloat16'),
      other('pure:3 output', 'mixed:3 output'),
    ],
  }),
  behaviour('B-193', {
    layers: ['BatchNorm1d'],
    line: 'BatchNorm of bfloat16 with float32 parameters keeps its statistics in float32 and rounds once',
    ask: () =>
      half(
        'bfloat16',
        features('BatchNorm1d', 3, FLOAT32),
        ...affine(numbers(WEIGHT, [3]), numbers(BIAS, [3])),
        train(bfloat16(LIST, SHAPE)),
        READ,
      ),
    claims: () => [
      values('3 output', expected('float32')),
      dtype('3 output', 'bfloat16'),
      dtype('4 running_mean', 'float32'),
    ],
  }),
  behaviour('B-194', {
    layers: ['BatchNorm1d'],
    line: 'running statistics in bfloat16 round at each step: a mean of 100 stays there while batches have 101.5',
    ask: () => ({
      pure: half('bfloat16', ...five(features('BatchNorm1d', 1), bfloat16([100]))),
      mixed: half('bfloat16', ...five(features('BatchNorm1d', 1, FLOAT32), numbers([100], [1]))),
    }),
    claims: () => [
      values('pure:7 running_mean', [100]),
      values('mixed:7 running_mean', [101.5 - 1.5 * 0.9 ** 5], 1e-4),
    ],
  }),
  behaviour('B-195', {
    layers: ['BatchNorm1d'],
    line: 'BatchNorm all in float16: of ±60000 the running variance is infinite, the output right to one place; mixed keeps it',
    ask: () => ({
      pure: half('float16', features('BatchNorm1d', 1), train(halves(LARGE, [2, 1], 'float16')), READ),
      mixed: half('float16', features('BatchNorm1d', 1, FLOAT32), train(halves(LARGE, [2, 1], 'float16')), READ),
    }),
    claims: () => [
      values('pure:1 output', [1, -1], 1e-3),
      every('pure:2 running_var', 'infinite'),
      values('mixed:1 output', [1, -1]),
      values('mixed:2 running_var', [0.9 + 0.1 * 7.2e9], 64),
    ],
  }),
  behaviour('B-196', {
    layers: ['RMSNorm'],
    line: 'RMSNorm in bfloat16 rounds once, after the weight',
    ask: () =>
      half('bfloat16', rows('RMSNorm', 8), setTensor('weight', bfloat16(ROW_WEIGHT)), train(bfloat16(ROW, [1, 8]))),
    claims: () => [values('2 output', halfRootMeanSquare(ROW, ROW_WEIGHT, 'bfloat16'))],
  }),
  behaviour('B-200', {
    layers: ['LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'LayerNorm, GroupNorm and RMSNorm of ±60000 in half precision are exactly ±1',
    ask: () =>
      Object.fromEntries(
        (['float16', 'bfloat16'] as const).flatMap((type) => [
          [`layer-${type}`, half(type, rows('LayerNorm', 2), train(halves(LARGE, [1, 2], type)))],
          [`group-${type}`, half(type, groups(1, 2), train(halves(LARGE, [1, 2], type)))],
          [`rms-${type}`, half(type, rows('RMSNorm', 2), train(halves(LARGE, [1, 2], type)))],
        ]),
      ),
    claims: () =>
      ['layer', 'group', 'rms'].flatMap((name) => [
        values(`${name}-float16:1 output`, [1, -1]),
        values(`${name}-bfloat16:1 output`, [1, -1]),
      ]),
  }),
];

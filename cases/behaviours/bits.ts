// The bits of float32 forwards: claims that state every element as the recipes make it.

import type { Tensor } from '../../ts-impl/tensor/tensor.ts';
import { evaluate, READ, setTensor, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import {
  batchOutput,
  groupOutput,
  inverseDeviation,
  layerOutput,
  type Moments,
  momentsInDoubles,
  momentsInFloats,
  momentsInLanes,
  narrowInverseDeviation,
  runningMeanStep,
  runningVarianceStep,
  unbiased,
} from './recipes.ts';
import { other, values } from './say.ts';
import { affine, FALSE, flat, rows, sixteenths, TRUE } from './short.ts';
import { features, groups, probe } from './steps.ts';
import { behaviour, drawn, numbers } from './write.ts';

const EPS = 1e-5;
const f = Math.fround;
const WEIGHT = [0.7, -1.3, 2.1, 0.4];
const BIAS = [0.3, 5.1, -0.9, 0];
const PARAMETERS = affine(numbers(WEIGHT, [4]), numbers(BIAS, [4]));
const MEAN = [0.5, 3.2, 99, 0];
/** Two of them for which rounding the root first shows. */
const VARIANCE = [3 / 97, 21 / 97, 12, 1e-3];
const RUNNING = [setTensor('running_mean', numbers(MEAN, [4])), setTensor('running_var', numbers(VARIANCE, [4]))];

/** [3, 4, 7] about the means 0, 3, 100 and 0.1. */
const X = shifted(drawn(170, [3, 4, 7]), [0, 3, 100, 0.1], 7);
/** [50, 4]: enough rows for sums in float32 to round. */
const ROWS = numbers(
  Array.from({ length: 200 }, (_, i) => 3 + ((i * 37) % 101) / 7),
  [50, 4],
);

/** Lengths of rows and groups: below one vector, whole vectors, tails, more than one chunk, more than one level. */
const LENGTHS = [3, 8, 9, 17, 100, 128, 136, 300, 520];
/** The lengths whose statistics the oracle's probes answer. */
const PROBED = [1, 3, 7, 8, 9, 16, 17, 31, 64, 100, 127, 128, 129, 136, 200, 257, 300, 384, 520, 1000];

type Statistics = (x: readonly number[]) => Moments;
/** One thread. */
const rowMoments: Statistics = (x) => momentsInFloats(x);

export const BITS: readonly Behaviour[] = [
  behaviour('B-170', {
    layers: ['BatchNorm1d', 'BatchNorm2d'],
    line: 'BatchNorm in training, more than one position: sums in float64, then one multiplication and addition an element',
    ask: () => [features('BatchNorm1d', 4), ...PARAMETERS, train(X)],
    claims: () => [values('3 output', batched(X, momentsInDoubles))],
  }),
  behaviour('B-171', {
    layers: ['BatchNorm1d'],
    line: 'running statistics: one multiplication and addition with the momentum in float32',
    ask: () => ({
      planes: [features('BatchNorm1d', 4), ...RUNNING, train(X), READ, train(X), READ],
      rows: [features('BatchNorm1d', 4), ...RUNNING, train(ROWS), READ],
    }),
    claims: () => [
      ...tracked('planes:4', X, momentsInDoubles, 1),
      ...tracked('planes:6', X, momentsInDoubles, 2),
      ...tracked('rows:4', ROWS, rowMoments, 1),
    ],
  }),
  behaviour('B-172', {
    layers: ['BatchNorm1d'],
    line: 'BatchNorm in eval: eps added in float32, the same multiplication and addition an element',
    ask: () => [features('BatchNorm1d', 4), ...PARAMETERS, ...RUNNING, evaluate(X)],
    claims: () => [
      values(
        '5 output',
        elements(X, (x, c) =>
          batchOutput(x, f(MEAN[c]), narrowInverseDeviation(f(VARIANCE[c]), EPS), f(WEIGHT[c]), f(BIAS[c])),
        ),
      ),
    ],
  }),
  behaviour('B-173', {
    layers: ['InstanceNorm1d'],
    line: 'InstanceNorm has the bits of BatchNorm on each plane by itself',
    ask: () => [features('InstanceNorm1d', 4, { affine: TRUE }), ...PARAMETERS, train(X)],
    claims: () => [
      values(
        '3 output',
        chunks(flat(X), 7).flatMap((plane, i) => planeOutput(plane, momentsInDoubles(plane), i % 4)),
      ),
    ],
  }),
  behaviour('B-174', {
    layers: ['LayerNorm'],
    line: 'LayerNorm’s mean and 1/σ: Welford’s method in eight lanes, chunks of 16 vectors, merged in a cascade',
    ask: () => ({
      ...Object.fromEntries(
        LENGTHS.map((n) => [
          `width-${n}`,
          [rows('LayerNorm', n, { elementwise_affine: FALSE }), train(sixteenths(3, n))],
        ]),
      ),
      statistics: { layer: 'LayerNorm', steps: [probe('layer-norm-statistics')] },
    }),
    claims: () => [
      ...LENGTHS.map((n) => values(`width-${n}:1 output`, layered(sixteenths(3, n), n, null, null))),
      ...PROBED.flatMap((n) => {
        const moments = chunks(flat(sixteenths(3, n)), n).map(momentsInLanes);
        return [
          values(
            `statistics:0 mean.${n}`,
            moments.map(({ mean }) => mean),
          ),
          values(`statistics:0 rstd.${n}`, moments.map(narrow)),
        ];
      }),
    ],
  }),
  behaviour('B-175', {
    layers: ['LayerNorm'],
    line: 'LayerNorm’s output: centred, scaled, and with a bias one multiplication and addition',
    ask: () => ({
      both: [rows('LayerNorm', 4), ...PARAMETERS, train(ROWS)],
      weight: [rows('LayerNorm', 4, { bias: FALSE }), PARAMETERS[0], train(ROWS)],
      bias: [rows('LayerNorm', 4), setTensor('weight', null), PARAMETERS[1], train(ROWS)],
      neither: [rows('LayerNorm', 4, { elementwise_affine: FALSE }), train(ROWS)],
    }),
    claims: () => [
      values('both:3 output', layered(ROWS, 4, WEIGHT, BIAS)),
      values('weight:2 output', layered(ROWS, 4, WEIGHT, null)),
      values('bias:3 output', layered(ROWS, 4, null, BIAS)),
      values('neither:1 output', layered(ROWS, 4, null, null)),
    ],
  }),
  behaviour('B-176', {
    layers: ['GroupNorm'],
    line: 'GroupNorm: LayerNorm’s statistics of a whole group with eps in float64; scaled and shifted, or centred without weight',
    ask: () => ({
      ...Object.fromEntries(LENGTHS.map((n) => [`width-${n}`, [groups(2, 4), ...PARAMETERS, train(grouped(n))]])),
      ...Object.fromEntries(LENGTHS.map((n) => [`plain-${n}`, [groups(2, 4, { affine: FALSE }), train(grouped(n))]])),
      statistics: { layer: 'GroupNorm', steps: [probe('group-norm-statistics')] },
    }),
    claims: () => [
      ...LENGTHS.map((n) => values(`width-${n}:3 output`, groupedOutput(grouped(n), n, true))),
      ...LENGTHS.map((n) => values(`plain-${n}:1 output`, groupedOutput(grouped(n), n, false))),
      ...PROBED.flatMap((n) => {
        const moments = chunks(flat(sixteenths(1, 4 * n)), 2 * n).map(momentsInLanes);
        return [
          values(
            `statistics:0 mean.${n}`,
            moments.map(({ mean }) => mean),
          ),
          values(
            `statistics:0 rstd.${n}`,
            moments.map((m) => inverseDeviation(m, EPS)),
          ),
        ];
      }),
    ],
  }),
  behaviour('B-220', {
    layers: ['BatchNorm1d', 'BatchNorm2d'],
    line: 'BatchNorm of one position a channel sums rows in float32, and so gives other bits than sums in float64',
    ask: () => ({
      rows: [features('BatchNorm1d', 4), ...PARAMETERS, train(ROWS)],
      planes: [features('BatchNorm2d', 4), ...PARAMETERS, train(numbers(flat(ROWS), [50, 4, 1, 1]))],
      doubles: [features('BatchNorm1d', 4), ...PARAMETERS, train(numbers(turned(flat(ROWS), 4), [1, 4, 50]))],
    }),
    claims: () => [
      values('rows:3 output', batched(ROWS, rowMoments)),
      values('planes:3 output', batched(ROWS, rowMoments)),
      values('doubles:3 output', turned(batched(ROWS, momentsInDoubles), 4)),
      other('rows:3 output', 'doubles:3 output'),
    ],
  }),
];

// --- internal ---

/** [N, C] or [N, C, S]: `make` of each element and its channel. */
function elements(x: Tensor, make: (value: number, channel: number) => number): number[] {
  const s = x.shape[2] ?? 1;
  return flat(x).map((value, i) => make(value, Math.floor(i / s) % x.shape[1]));
}

/** The values of each channel, in order. */
function byChannel(x: Tensor): number[][] {
  const lists: number[][] = Array.from({ length: x.shape[1] }, () => []);
  elements(x, (value, c) => lists[c].push(value));
  return lists;
}

function batched(x: Tensor, statistics: Statistics): number[] {
  const moments = byChannel(x).map(statistics);
  return elements(x, (value, c) => channelOutput(value, moments[c], c));
}

function planeOutput(plane: readonly number[], moments: Moments, channel: number): number[] {
  return plane.map((value) => channelOutput(value, moments, channel));
}

function channelOutput(x: number, moments: Moments, c: number): number {
  return batchOutput(x, moments.mean, inverseDeviation(moments, EPS), f(WEIGHT[c]), f(BIAS[c]));
}

function tracked(step: string, x: Tensor, statistics: Statistics, times: number) {
  let mean = MEAN.map(f);
  let variance = VARIANCE.map(f);
  const moments = byChannel(x).map(statistics);
  for (let i = 0; i < times; i++) {
    mean = mean.map((old, c) => runningMeanStep(old, moments[c].mean, 0.1));
    variance = variance.map((old, c) => runningVarianceStep(old, unbiased(moments[c]), 0.1));
  }
  return [values(`${step} running_mean`, mean), values(`${step} running_var`, variance)];
}

function narrow({ squares, count }: Moments): number {
  return narrowInverseDeviation(f(squares / count), EPS);
}

function layered(x: Tensor, width: number, weight: readonly number[] | null, bias: readonly number[] | null): number[] {
  const part = (list: readonly number[] | null, i: number) => (list === null ? null : f(list[i]));
  return chunks(flat(x), width).flatMap((row) => {
    const moments = momentsInLanes(row);
    return row.map((value, i) => layerOutput(value, moments.mean, narrow(moments), part(weight, i), part(bias, i)));
  });
}

/** One sample of four channels in two groups. */
function groupedOutput(x: Tensor, width: number, weighted: boolean): number[] {
  return chunks(flat(x), 2 * width).flatMap((group, g) => {
    const moments = momentsInLanes(group);
    return group.map((value, i) => {
      const c = (2 * g + Math.floor(i / width)) % 4;
      const parameters = weighted ? { weight: f(WEIGHT[c]), bias: f(BIAS[c]) } : null;
      return groupOutput(value, moments.mean, inverseDeviation(moments, EPS), parameters);
    });
  });
}

function grouped(width: number): Tensor {
  return numbers(flat(sixteenths(2, 4 * width)), [2, 4, width]);
}

function shifted(x: Tensor, by: readonly number[], positions: number): Tensor {
  return numbers(
    flat(x).map((value, i) => value + by[Math.floor(i / positions) % by.length]),
    x.shape,
  );
}

function chunks(list: readonly number[], size: number): number[][] {
  return Array.from({ length: list.length / size }, (_, i) => list.slice(i * size, (i + 1) * size));
}

/** [N, width] as [width, N]. */
function turned(list: readonly number[], width: number): number[] {
  const count = list.length / width;
  return list.map((_, i) => list[(i % count) * width + Math.floor(i / count)]);
}

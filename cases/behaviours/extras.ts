// Layers that become others, layers for many processes, and what depends on the number of threads.

import { none, type Step } from '../case.ts';
import { call, READ, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { batchOutput, inverseDeviation, type Moments, momentsInDoubles, momentsInFloats } from './recipes.ts';
import { other, refuses, same, values, words } from './say.ts';
import { flat, sixteenths, TRUE } from './short.ts';
import { inspect, probe } from './steps.ts';
import { behaviour, numbers, pin } from './write.ts';

const LAZY_KEYS = 'weight, bias, running_mean, running_var, num_batches_tracked';
const OPTIONS = 'eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)';

/** Counts from 0. */
const counting = (...sizes: number[]) => {
  const size = sizes.reduce((a, b) => a * b, 1);
  return numbers(
    Array.from({ length: size }, (_, i) => i),
    sizes,
  );
};
const make = (layer: string): Step => ({ kind: 'construct', layer, arguments: {} });
const lazySteps = (layer: string): readonly Step[] => [
  make(layer),
  inspect('class', 'num_features', 'affine', 'track_running_stats'),
  train(counting(3, 4, 5)),
  inspect('class', 'repr', 'num_features'),
  READ,
];
const lazyClaims = (own: string, becomes: string) => [
  words('materialised:0 repr', `${own}(0, ${OPTIONS}`),
  words('materialised:1 num_features', '0'),
  words('materialised:1 affine', 'True'),
  words('materialised:1 track_running_stats', 'True'),
  words('materialised:3 repr', `${becomes}(4, ${OPTIONS}`),
  words('materialised:3 class', becomes),
  words('materialised:3 num_features', '4'),
  // The means of the channels are 22, 27, 32 and 37.
  values('materialised:4 running_mean', [2.2, 2.7, 3.2, 3.7], 1e-6),
  words('before:0 before.keys', LAZY_KEYS),
  words('before:0 before.weight', 'UninitializedParameter'),
];

/** [rows, width] of sevenths of sixteenths, as the oracle's probes of threads have it. */
const uneven = (count: number, width: number) => flat(sixteenths(count, width)).map((x) => Math.fround(x / 7));

export const EXTRAS: readonly Behaviour[] = [
  behaviour('B-215', {
    layers: ['LazyBatchNorm1d'],
    line: 'a lazy BatchNorm has all five keys and 0 features, and becomes a BatchNorm of size(1) at its first forward',
    ask: () => ({
      materialised: lazySteps('LazyBatchNorm1d'),
      before: { layer: 'LazyBatchNorm1d', steps: [probe('lazy-batch-norm')] },
    }),
    claims: () => lazyClaims('LazyBatchNorm1d', 'BatchNorm1d'),
  }),
  behaviour('B-216', {
    layers: ['LazyInstanceNorm1d'],
    line: 'a lazy InstanceNorm has weights and tracks, unlike the others, and of an unbatched input takes the wrong axis',
    ask: () => ({
      materialised: lazySteps('LazyInstanceNorm1d'),
      before: { layer: 'LazyInstanceNorm1d', steps: [probe('lazy-instance-norm')] },
      unbatched: [make('LazyInstanceNorm1d'), train(counting(4, 5)), inspect('class', 'num_features')],
    }),
    claims: () => [
      ...lazyClaims('LazyInstanceNorm1d', 'InstanceNorm1d'),
      refuses('unbatched:1', 'ValueError', "expected input's size at dim=0 to match num_features (5), but got: 4."),
      words('unbatched:2 num_features', '5'),
    ],
  }),
  pin('B-217', 'SyncBatchNorm is about processes; the port has one', {
    layers: ['SyncBatchNorm'],
    line: 'SyncBatchNorm on a CPU without a process group has the bits of BatchNorm, and refuses fewer than two axes',
    ask: () => ({
      forward: { layer: 'SyncBatchNorm', steps: [probe('sync-batch-norm')] },
      rank: { layer: 'SyncBatchNorm', steps: [probe('sync-batch-norm-rank')] },
    }),
    claims: () => [
      same('forward:0 output', 'forward:0 as'),
      values('forward:0 output', [-1.2247, -1.2247, 0, 0, 1.2247, 1.2247], 1e-4),
      values('forward:0 running_mean', [0.3, 0.6]),
      values('forward:0 running_var', [1.3, 2.5]),
      refuses('rank:0', 'ValueError', 'expected at least 2D input (got 1D input)'),
    ],
  }),
  pin('B-218', 'module surgery is Python’s', {
    layers: ['SyncBatchNorm', 'BatchNorm1d', 'BatchNorm2d'],
    line: 'convert_sync_batchnorm replaces every BatchNorm, keeps its options and its very tensors, and leaves other norms',
    ask: () => ({ convert: { layer: 'SyncBatchNorm', steps: [probe('sync-batch-norm-conversion')] } }),
    claims: () => [
      words('convert:0 types', 'SyncBatchNorm, SyncBatchNorm, GroupNorm, InstanceNorm1d'),
      words(
        'convert:0 first',
        'SyncBatchNorm(3, eps=0.5, momentum=0.25, affine=True, bias=True, track_running_stats=True)',
      ),
      words('convert:0 kept', 'True'),
    ],
  }),
  behaviour('B-221', {
    layers: ['batch_norm'],
    line: 'PyTorch’s bits of BatchNorm of (N, C) change from one thread, as the port has it, to two; those of (N, C, L) do not',
    ask: () => ({
      rows: [batchNorm(200, [200, 17])],
      planes: [batchNorm(200, [20, 17, 10])],
      threads: { layer: 'batch_norm', steps: [probe('threads-rows')] },
    }),
    claims: () => [
      values('rows:0 output', byRows(200, 17, oneThread)),
      values('planes:0 output', byPlanes(20, 17, 10)),
      same('threads:0 one', 'rows:0 output'),
      values(
        'threads:0 two',
        byRows(200, 17, (x) => momentsInFloats(x, 2)),
      ),
      other('threads:0 one', 'threads:0 two'),
      same('threads:0 planes.one', 'planes:0 output'),
      same('threads:0 planes.two', 'planes:0 output'),
    ],
  }),
  behaviour('B-222', {
    layers: ['batch_norm'],
    line: 'as many rows as threads are summed in float64: PyTorch’s bits of two rows change from one thread, as the port has it, to two',
    ask: () => ({
      rows: [batchNorm(2, [2, 64])],
      threads: { layer: 'batch_norm', steps: [probe('threads-two-rows')] },
    }),
    claims: () => [
      values('rows:0 output', byRows(2, 64, oneThread)),
      same('threads:0 one', 'rows:0 output'),
      values('threads:0 two', byRows(2, 64, momentsInDoubles)),
      other('threads:0 one', 'threads:0 two'),
    ],
  }),
];

// --- internal ---

/** The statistics of rows on one thread. */
function oneThread(x: readonly number[]): Moments {
  return momentsInFloats(x, 1);
}

/** batch_norm by the statistics of its input, the numbers of so many rows seen in another shape. */
function batchNorm(count: number, shape: readonly number[]): Step {
  const width = shape.reduce((a, b) => a * b, 1) / count;
  const input = numbers(uneven(count, width), shape);
  return call('batch_norm', { input, running_mean: none, running_var: none, training: TRUE });
}

function byRows(count: number, width: number, statistics: (x: readonly number[]) => Moments): number[] {
  return normalisedBits(uneven(count, width), (i) => i % width, width, statistics);
}

/** The same numbers seen as [n, c, s]. */
function byPlanes(n: number, c: number, s: number): number[] {
  return normalisedBits(uneven(n * s, c), (i) => Math.floor(i / s) % c, c, momentsInDoubles);
}

function normalisedBits(
  x: readonly number[],
  channelOf: (i: number) => number,
  count: number,
  statistics: (x: readonly number[]) => Moments,
): number[] {
  const lists: number[][] = Array.from({ length: count }, () => []);
  for (const [i, value] of x.entries()) lists[channelOf(i)].push(value);
  const moments = lists.map(statistics);
  return x.map((value, i) => {
    const own = moments[channelOf(i)];
    return batchOutput(value, own.mean, inverseDeviation(own, 1e-5), 1, 0);
  });
}

// Loading and saving state dicts: versions, missing and unexpected keys, sizes, and what is cast on the way.

import type { Tensor } from '../../ts-impl/tensor/tensor.ts';
import { count, load, READ, SAVE, setTensor, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { dtype, names, refuses, values, words } from './say.ts';
import { FALSE, rows, TRUE } from './short.ts';
import { features } from './steps.ts';
import { behaviour, numbers } from './write.ts';

/** Two channels of means 3 and 6 and unbiased variances 4 and 16. */
const X = numbers([1, 2, 3, 6, 5, 10], [3, 2]);
const PAIR = numbers([2, 3], [2]);
const FOUR: Readonly<Record<string, Tensor>> = { weight: PAIR, bias: PAIR, running_mean: PAIR, running_var: PAIR };
const FIVE = { ...FOUR, num_batches_tracked: count(7) };

const two = features('BatchNorm1d', 2);
const trained = [two, train(X), train(X), train(X)];
const MATCHED = '<All keys matched successfully>';
const failed = (layer: string, ...lines: readonly string[]) =>
  `Error(s) in loading state_dict for ${layer}:\n\t${lines.join('\n\t')}`;
const UNEXPECTED = 'Unexpected key(s) in state_dict: "running_mean", "running_var". ';
const OLD_INSTANCE =
  'Unexpected running stats buffer(s) "running_mean" and "running_var" for InstanceNorm1d with track_running_stats=False. ' +
  'If state_dict is a checkpoint saved before 0.4.0, this may be expected because InstanceNorm1d does not track running stats by ' +
  'default since 0.4.0. Please remove these keys from state_dict. If the running stats are actually needed, instead set ' +
  'track_running_stats=True in InstanceNorm1d to enable them. See the documentation of InstanceNorm1d for details.';
const mismatch = (name: string, from: string, to: string) =>
  `size mismatch for ${name}: copying a param with shape torch.Size(${from}) from checkpoint, the shape in current model is torch.Size(${to}).`;

const loaded = (step: string) => [
  values(`${step} weight`, [2, 3]),
  values(`${step} bias`, [2, 3]),
  values(`${step} running_mean`, [2, 3]),
  values(`${step} running_var`, [2, 3]),
];

export const STATE_DICTS: readonly Behaviour[] = [
  behaviour('B-205', {
    layers: ['BatchNorm1d'],
    line: 'a version 1 checkpoint, which has no counter, loads and leaves the counter as it is',
    ask: {
      trained: [...trained, load(FOUR, 1), SAVE],
      fresh: [two, load(FOUR, 1), SAVE],
    },
    claims: [
      words('trained:4 keys', MATCHED),
      ...loaded('trained:5'),
      values('trained:5 num_batches_tracked', [3]),
      words('fresh:1 keys', MATCHED),
      values('fresh:2 num_batches_tracked', [0]),
    ],
  }),
  behaviour('B-206', {
    layers: ['BatchNorm1d'],
    line: 'a checkpoint without metadata loads as version 1 does',
    ask: [...trained, load(FOUR, null), SAVE],
    claims: [words('4 keys', MATCHED), ...loaded('5'), values('5 num_batches_tracked', [3])],
  }),
  behaviour('B-207', {
    layers: ['BatchNorm1d'],
    line: 'a version 2 checkpoint must have the counter; what could be loaded was loaded all the same',
    ask: { strict: [two, load(FOUR, 2), SAVE], lenient: [two, load(FOUR, 2, false), SAVE] },
    claims: [
      refuses(
        'strict:1',
        'RuntimeError',
        failed('BatchNorm1d', 'Missing key(s) in state_dict: "num_batches_tracked". '),
      ),
      ...loaded('strict:2'),
      words('lenient:1 keys', "_IncompatibleKeys(missing_keys=['num_batches_tracked'], unexpected_keys=[])"),
    ],
  }),
  behaviour('B-208', {
    layers: ['BatchNorm1d'],
    line: 'running statistics are unexpected keys to a BatchNorm that does not track; unstrict loading names them',
    ask: {
      strict: [features('BatchNorm1d', 2, { track_running_stats: FALSE }), load(FOUR, 2)],
      lenient: [features('BatchNorm1d', 2, { track_running_stats: FALSE }), load(FOUR, 2, false), SAVE],
    },
    claims: [
      refuses('strict:1', 'RuntimeError', failed('BatchNorm1d', UNEXPECTED)),
      words('lenient:1 keys', "_IncompatibleKeys(missing_keys=[], unexpected_keys=['running_mean', 'running_var'])"),
      names('lenient:2', ['weight', 'bias']),
      values('lenient:2 weight', [2, 3]),
    ],
  }),
  behaviour('B-209', {
    layers: ['InstanceNorm1d'],
    line: 'a checkpoint without metadata with running statistics is refused by an InstanceNorm that does not track, even unstrictly',
    ask: {
      strict: [features('InstanceNorm1d', 2, { affine: TRUE }), load(FOUR, null)],
      lenient: [features('InstanceNorm1d', 2, { affine: TRUE }), load(FOUR, null, false)],
    },
    claims: [
      refuses('strict:1', 'RuntimeError', failed('InstanceNorm1d', OLD_INSTANCE)),
      refuses('lenient:1', 'RuntimeError', failed('InstanceNorm1d', OLD_INSTANCE)),
    ],
  }),
  behaviour('B-210', {
    layers: ['InstanceNorm1d'],
    line: 'with version 1 in its metadata the same checkpoint has but unexpected keys',
    ask: {
      strict: [features('InstanceNorm1d', 2, { affine: TRUE }), load(FOUR, 1)],
      lenient: [features('InstanceNorm1d', 2, { affine: TRUE }), load(FOUR, 1, false), SAVE],
    },
    claims: [
      refuses('strict:1', 'RuntimeError', failed('InstanceNorm1d', UNEXPECTED)),
      words('lenient:1 keys', "_IncompatibleKeys(missing_keys=[], unexpected_keys=['running_mean', 'running_var'])"),
      values('lenient:2 weight', [2, 3]),
    ],
  }),
  behaviour('B-211', {
    layers: ['BatchNorm1d'],
    line: 'each size that does not fit has its line, after that of missing keys, and unstrict loading is refused too',
    ask: {
      lenient: [features('BatchNorm1d', 3), load(FOUR, 1, false)],
      strict: [features('BatchNorm1d', 3), load(FOUR, 2)],
    },
    claims: [
      refuses(
        'lenient:1',
        'RuntimeError',
        failed('BatchNorm1d', ...Object.keys(FOUR).map((name) => mismatch(name, '[2]', '[3]'))),
      ),
      refuses(
        'strict:1',
        'RuntimeError',
        failed(
          'BatchNorm1d',
          'Missing key(s) in state_dict: "num_batches_tracked". ',
          ...Object.keys(FOUR).map((name) => mismatch(name, '[2]', '[3]')),
        ),
      ),
    ],
  }),
  behaviour('B-212', {
    layers: ['BatchNorm1d', 'LayerNorm'],
    line: 'what is loaded is cast to the layer’s types; a counter may have one axis too many, a parameter none too few',
    ask: {
      cast: [
        two,
        load(
          {
            weight: numbers([1.1, -2.7], [2], 'float64'),
            bias: numbers([4, -5], [2], 'int64'),
            running_mean: PAIR,
            running_var: PAIR,
            num_batches_tracked: numbers([3.7], [1]),
          },
          2,
        ),
        SAVE,
      ],
      scalar: [features('BatchNorm1d', 1), load({ weight: numbers([2], []), bias: numbers([0], [1]) }, 1, false)],
    },
    claims: [
      words('cast:1 keys', MATCHED),
      dtype('cast:2 weight', 'float32'),
      values('cast:2 weight', [1.1, -2.7]),
      dtype('cast:2 bias', 'float32'),
      values('cast:2 bias', [4, -5]),
      dtype('cast:2 num_batches_tracked', 'int64'),
      values('cast:2 num_batches_tracked', [3]),
      refuses('scalar:1', 'RuntimeError', failed('BatchNorm1d', mismatch('weight', '[]', '[1]'))),
    ],
  }),
  behaviour('B-213', {
    layers: ['LayerNorm'],
    line: 'a LayerNorm without a bias does not expect one',
    ask: [rows('LayerNorm', 2, { bias: FALSE }), load({ weight: PAIR, bias: PAIR }, 1)],
    claims: [refuses('1', 'RuntimeError', failed('LayerNorm', 'Unexpected key(s) in state_dict: "bias". '))],
  }),
  behaviour('B-214', {
    layers: ['BatchNorm1d'],
    line: 'what was saved, loaded after more training, puts buffers and counter back',
    ask: [two, setTensor('weight', PAIR), load(FIVE, 2), train(X), train(X), READ, load(FIVE, 2), SAVE],
    claims: [
      words('2 keys', MATCHED),
      values('5 num_batches_tracked', [9]),
      values('5 running_mean', [2 * 0.81 + 3 * 0.19, 3 * 0.81 + 6 * 0.19], 1e-6),
      words('6 keys', MATCHED),
      ...loaded('7'),
      values('7 num_batches_tracked', [7]),
      names('7', ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']),
    ],
  }),
];

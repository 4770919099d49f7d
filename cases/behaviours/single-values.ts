// BatchNorm of one value per channel: refused where the batch is normalised by itself, and what a refused forward leaves behind.

import { bool } from '../case.ts';
import { evaluate, READ, train } from '../families/row.ts';
import type { Shape } from '../../ts-impl/tensor/shape.ts';
import type { Behaviour } from './behaviour.ts';
import { refuses, values } from './say.ts';
import { features } from './steps.ts';
import { behaviour, drawn, numbers } from './write.ts';

const BN = ['BatchNorm1d', 'BatchNorm2d', 'BatchNorm3d'];
const single = (shape: Shape) => numbers([1, 2, -3, 4], shape);
const refused = (step: string, shape: Shape) =>
  refuses(
    step,
    'ValueError',
    `Expected more than 1 value per channel when training, got input size torch.Size([${shape.join(', ')}])`,
  );

export const SINGLE_VALUES: readonly Behaviour[] = [
  behaviour('B-107', {
    layers: BN,
    line: 'one value per channel is refused in training, with the size as PyTorch prints sizes',
    ask: {
      '1d': [features('BatchNorm1d', 4), train(single([1, 4])), train(single([1, 4, 1]))],
      '2d': [features('BatchNorm2d', 4), train(single([1, 4, 1, 1]))],
      '3d': [features('BatchNorm3d', 4), train(single([1, 4, 1, 1, 1]))],
    },
    claims: [
      refused('1d:1', [1, 4]),
      refused('1d:2', [1, 4, 1]),
      refused('2d:1', [1, 4, 1, 1]),
      refused('3d:1', [1, 4, 1, 1, 1]),
    ],
  }),
  behaviour('B-108', {
    layers: BN,
    line: 'in eval one value per channel is normalised by the running statistics',
    ask: {
      '1d': [features('BatchNorm1d', 4), evaluate(single([1, 4])), evaluate(single([1, 4, 1]))],
      '2d': [features('BatchNorm2d', 4), evaluate(single([1, 4, 1, 1]))],
    },
    claims: ['1d:1', '1d:2', '2d:1'].map((step) =>
      values(`${step} output`, [0.999995, 1.99999, -2.999985, 3.99998], 1e-6),
    ),
  }),
  behaviour('B-109', {
    layers: BN,
    line: 'without running statistics eval refuses it in the same words, "when training"',
    ask: [features('BatchNorm1d', 4, { track_running_stats: bool(false) }), evaluate(single([1, 4]))],
    claims: [refused('1', [1, 4])],
  }),
  behaviour('B-110', {
    layers: BN,
    line: 'the batch is counted before one value or a size is refused, and not where the rank is',
    ask: {
      value: [features('BatchNorm1d', 4), train(single([1, 4])), READ],
      size: [features('BatchNorm1d', 4), train(drawn(110, [5, 3])), READ],
      rank: [features('BatchNorm1d', 4), train(drawn(110, [4])), READ],
    },
    claims: [
      refused('value:1', [1, 4]),
      values('value:2 num_batches_tracked', [1]),
      refuses('size:1', 'RuntimeError', 'running_mean should contain 3 elements not 4'),
      values('size:2 num_batches_tracked', [1]),
      values('size:2 running_mean', [0, 0, 0, 0]),
      refuses('rank:1', 'ValueError', 'expected 2D or 3D input (got 1D input)'),
      values('rank:2 num_batches_tracked', [0]),
    ],
  }),
];

// BatchNorm in training: which variance goes where, and how running statistics follow.

import { int } from '../case.ts';
import { construct, READ, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { element, values } from './say.ts';
import { behaviour, numbers } from './write.ts';

const BN = ['BatchNorm1d', 'BatchNorm2d', 'BatchNorm3d'];
/** Two channels of means 3 and 6, biased variances 8/3 and 32/3, unbiased ones 4 and 16. */
const X = numbers([1, 2, 3, 6, 5, 10], [3, 2]);
const two = (more = {}) => construct('BatchNorm1d', { num_features: int(2), ...more });

export const BATCH_NORM_TRAINING: readonly Behaviour[] = [
  behaviour('B-061', {
    layers: BN,
    line: 'the output of training is normalised by the biased variance',
    ask: [two(), train(X)],
    claims: [
      values('1 output', [-1.2247, -1.2247, 0, 0, 1.2247, 1.2247], 1e-4),
      element('1 output', 0, -2 / Math.sqrt(8 / 3 + 1e-5), 2e-7),
    ],
  }),
  behaviour('B-066', {
    layers: BN,
    line: 'the running variance takes the unbiased variance',
    ask: [two(), train(X), READ],
    claims: [values('2 running_var', [1.3, 2.5])],
  }),
];

// Layers that are one another's special cases: the same numbers from two of them, and by closed form.

import { train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { channelSets, normalised, PLAIN, rowSets } from './closed-forms.ts';
import { same, values } from './say.ts';
import { FALSE, flat, rows } from './short.ts';
import { features, groups } from './steps.ts';
import { behaviour, drawn } from './write.ts';

const EPS = 1e-5;
/** [2, 4, 5] */
const X = drawn(145, [2, 4, 5], 'float64');
const SINGLE = drawn(147, [1, 4, 5]);
const plain = { affine: FALSE };

export const EQUIVALENCES: readonly Behaviour[] = [
  behaviour('B-145', {
    layers: ['GroupNorm', 'LayerNorm'],
    line: 'GroupNorm of one group is LayerNorm over all axes but the first',
    ask: {
      group: { dtype: 'float64', steps: [groups(1, 4, plain), train(X)] },
      layer: { dtype: 'float64', steps: [rows('LayerNorm', [4, 5], { elementwise_affine: FALSE }), train(X)] },
    },
    claims: [
      same('group:1 output', 'layer:1 output', 1e-15),
      values('group:1 output', normalised(flat(X), rowSets(2, 20), EPS, PLAIN), 1e-14),
    ],
  }),
  behaviour('B-146', {
    layers: ['GroupNorm', 'InstanceNorm1d', 'LayerNorm'],
    line: 'GroupNorm of as many groups as channels is InstanceNorm, and that is LayerNorm over the positions',
    ask: {
      group: { dtype: 'float64', steps: [groups(4, 4, plain), train(X)] },
      instance: { dtype: 'float64', steps: [features('InstanceNorm1d', 4), train(X)] },
      layer: { dtype: 'float64', steps: [rows('LayerNorm', 5, { elementwise_affine: FALSE }), train(X)] },
    },
    claims: [
      same('group:1 output', 'instance:1 output', 2e-15),
      same('instance:1 output', 'layer:1 output', 2e-15),
      values('instance:1 output', normalised(flat(X), channelSets('instance', [2, 4, 5]), EPS, PLAIN), 1e-14),
    ],
  }),
  behaviour('B-147', {
    layers: ['BatchNorm1d', 'InstanceNorm1d'],
    line: 'BatchNorm in training on one sample has the bits of InstanceNorm',
    ask: {
      batch: [features('BatchNorm1d', 4, plain), train(SINGLE)],
      instance: [features('InstanceNorm1d', 4), train(SINGLE)],
    },
    claims: [
      same('batch:1 output', 'instance:1 output'),
      values('batch:1 output', normalised(flat(SINGLE), channelSets('batch', [1, 4, 5]), EPS, PLAIN), 2e-6),
    ],
  }),
];

// Sets of a single value, where nothing is left to normalise: who refuses, in which words, and what the others answer.

import { call, evaluate, READ, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { element, every, largest, refuses, values } from './say.ts';
import { affine, FALSE, halves, rows, TRUE } from './short.ts';
import { features, groups, probe } from './steps.ts';
import { behaviour, numbers } from './write.ts';

const SPATIAL = 'Expected more than 1 spatial element when training, got input size torch.Size';
const GROUPS = 'Expected more than 1 value per channel when training, got input size';

const counting = (...shape: number[]) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return numbers(
    Array.from({ length: size }, (_, i) => i + 1),
    shape,
  );
};
/** [2, 4], each group of which is one value. */
const LONE = numbers([3.3, -100.7, 0.1, 7.7, 1, 2, 3.3, 4.4], [2, 4]);

export const DEGENERATE: readonly Behaviour[] = [
  behaviour('B-111', {
    layers: ['InstanceNorm1d', 'InstanceNorm2d', 'InstanceNorm3d'],
    line: 'a single spatial element is refused however many samples there are, in eval too where nothing is tracked',
    ask: {
      'one-sample': [features('InstanceNorm1d', 4), train(counting(1, 4, 1))],
      'two-samples': [features('InstanceNorm1d', 4), train(counting(2, 4, 1))],
      evaluating: [features('InstanceNorm1d', 4), evaluate(counting(2, 4, 1))],
      planes: [features('InstanceNorm2d', 4), train(counting(5, 4, 1, 1))],
      volumes: [features('InstanceNorm3d', 4), train(counting(2, 4, 1, 1, 1))],
      'tracked-training': [features('InstanceNorm1d', 4, { track_running_stats: TRUE }), train(counting(3, 4, 1))],
    },
    claims: [
      refuses('one-sample:1', 'ValueError', `${SPATIAL}([1, 4, 1])`),
      refuses('two-samples:1', 'ValueError', `${SPATIAL}([2, 4, 1])`),
      refuses('evaluating:1', 'ValueError', `${SPATIAL}([2, 4, 1])`),
      refuses('planes:1', 'ValueError', `${SPATIAL}([5, 4, 1, 1])`),
      refuses('volumes:1', 'ValueError', `${SPATIAL}([2, 4, 1, 1, 1])`),
      refuses('tracked-training:1', 'ValueError', `${SPATIAL}([3, 4, 1])`),
    ],
  }),
  behaviour('B-112', {
    layers: ['InstanceNorm1d', 'InstanceNorm2d'],
    line: 'an unbatched single element is refused with the size that has the batch axis added',
    ask: {
      line: [features('InstanceNorm1d', 4), train(counting(4, 1))],
      plane: [features('InstanceNorm2d', 4), train(counting(4, 1, 1))],
    },
    claims: [
      refuses('line:1', 'ValueError', `${SPATIAL}([1, 4, 1])`),
      refuses('plane:1', 'ValueError', `${SPATIAL}([1, 4, 1, 1])`),
    ],
  }),
  behaviour('B-113', {
    layers: ['InstanceNorm1d'],
    line: 'a tracking layer in eval takes a single spatial element',
    ask: [features('InstanceNorm1d', 2, { track_running_stats: TRUE }), evaluate(counting(2, 2, 1))],
    claims: [
      values(
        '1 output',
        [1, 2, 3, 4].map((x) => x / Math.sqrt(1 + 1e-5)),
        1e-6,
      ),
    ],
  }),
  behaviour('B-114', {
    layers: ['GroupNorm'],
    line: 'a single value in (N·C/G)·S is refused, in eval too, with the size as a list',
    ask: {
      flat: [groups(4, 4), train(counting(1, 4))],
      line: [groups(4, 4), train(counting(1, 4, 1))],
      evaluating: [groups(4, 4), evaluate(counting(1, 4))],
      'two-to-a-group': [groups(2, 4), train(numbers([1, 3, 5, 9], [1, 4]))],
      'two-in-space': [groups(2, 2), train(numbers([1, 3, 5, 9], [1, 2, 2]))],
    },
    claims: [
      refuses('flat:1', 'ValueError', `${GROUPS} [1, 4]`),
      refuses('line:1', 'ValueError', `${GROUPS} [1, 4, 1]`),
      refuses('evaluating:1', 'ValueError', `${GROUPS} [1, 4]`),
      values('two-to-a-group:1 output', [-1, 1, -1, 1], 1e-5),
      values('two-in-space:1 output', [-1, 1, -1, 1], 1e-5),
    ],
  }),
  behaviour('B-115', {
    layers: ['GroupNorm'],
    line: 'two samples of one value a group are taken; the output is the bias and noise of about 1e-5',
    ask: [groups(4, 4), ...affine(numbers([1, 1, 1, 2], [4]), numbers([0, 0, 5, 5], [4])), train(LONE)],
    claims: [
      values('3 output', [0, 0, 5, 5, 0, 0, 5, 5], 1e-3),
      element('3 output', 0, 5.511151539394632e-5),
      element('3 output', 1, -9.178840555250645e-4),
      element('3 output', 4, 0),
    ],
  }),
  behaviour('B-116', {
    layers: ['GroupNorm'],
    line: 'the same without weight and bias is exactly 0',
    ask: {
      plain: [groups(4, 4, { affine: FALSE }), train(LONE)],
      affine: [groups(4, 4), train(LONE)],
    },
    claims: [every('plain:1 output', 'zero'), largest('affine:1 output', 1e-5, 1e-3)],
  }),
  behaviour('B-117', {
    layers: ['LayerNorm'],
    line: 'over one value the output is exactly the bias in float32; in bfloat16 1e6 gives 11 for a bias of 3',
    ask: {
      float32: [
        rows('LayerNorm', 1),
        ...affine(numbers([2], [1]), numbers([3], [1])),
        train(numbers([1e6, -7], [2, 1])),
      ],
      bfloat16: {
        dtype: 'bfloat16',
        steps: [
          rows('LayerNorm', 1),
          ...affine(halves([2], [1], 'bfloat16'), halves([3], [1], 'bfloat16')),
          train(halves([1e6], [1, 1], 'bfloat16')),
        ],
      },
    },
    claims: [values('float32:3 output', [3, 3]), values('bfloat16:3 output', [11])],
  }),
  behaviour('B-118', {
    layers: ['RMSNorm'],
    line: 'over one value only the sign is left',
    ask: [rows('RMSNorm', 1), train(numbers([5, -2, 0], [3, 1]))],
    claims: [values('1 output', [1, -1, 0])],
  }),
  behaviour('B-119', {
    layers: ['batch_norm'],
    line: 'PyTorch’s operator takes the one value per channel that layer and function refuse; its running variance becomes NaN',
    ask: {
      operator: { layer: 'batch_norm', steps: [probe('batch-norm-one-value')] },
      function: [
        call('batch_norm', {
          input: counting(1, 2),
          running_mean: counting(2),
          running_var: counting(2),
          training: TRUE,
        }),
      ],
      layer: [features('BatchNorm1d', 2), train(counting(1, 2)), READ],
    },
    claims: [
      every('operator:0 running_var', 'nan'),
      values('operator:0 running_mean', [0.5, 0.7]),
      values('operator:0 output', [10, 20], 2e-4),
      refuses(
        'function:0',
        'ValueError',
        'Expected more than 1 value per channel when training, got input size torch.Size([1, 2])',
      ),
      refuses(
        'layer:1',
        'ValueError',
        'Expected more than 1 value per channel when training, got input size torch.Size([1, 2])',
      ),
    ],
  }),
];

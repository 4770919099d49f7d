// Inputs and layers without elements: what comes back, what is counted, and which gradients are 0, NaN or nothing.

import { backward, call, evaluate, READ, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { every, names, refuses, shape, values } from './say.ts';
import { FALSE, rows, TRUE } from './short.ts';
import { features, groups, probe } from './steps.ts';
import { behaviour, filled } from './write.ts';

const NO_ELEMENT = 'select(): index 0 out of range for tensor of size [0] at dimension 0';
const zeros = (...sizes: number[]) => filled(0, sizes);
const trained = (...sizes: number[]) => [train(zeros(...sizes), true), backward(zeros(...sizes))];

/** Whatever was empty: untouched running statistics of three channels, but one batch counted. */
const untouched = (step: string) => [
  values(`${step} running_mean`, [0, 0, 0]),
  values(`${step} running_var`, [1, 1, 1]),
  values(`${step} num_batches_tracked`, [1]),
];

const noGradient = (step: string, count: number, ...sizes: number[]) => [
  shape(`${step} input.grad`, ...sizes),
  values(`${step} weight.grad`, Array<number>(count).fill(0)),
  values(`${step} bias.grad`, Array<number>(count).fill(0)),
];

export const EMPTY: readonly Behaviour[] = [
  behaviour('B-120', {
    layers: ['BatchNorm1d'],
    line: 'no samples: an empty output, running statistics as they were, one batch counted, gradients 0',
    ask: [features('BatchNorm1d', 3), ...trained(0, 3), READ],
    claims: [shape('1 output', 0, 3), ...noGradient('2', 3, 0, 3), ...untouched('3')],
  }),
  behaviour('B-121', {
    layers: ['BatchNorm1d'],
    line: 'no positions: the same as no samples',
    ask: [features('BatchNorm1d', 3), ...trained(2, 3, 0), READ],
    claims: [shape('1 output', 2, 3, 0), ...noGradient('2', 3, 2, 3, 0), ...untouched('3')],
  }),
  behaviour('B-122', {
    layers: ['BatchNorm1d', 'BatchNorm2d'],
    line: 'an empty input is not held against the number of channels',
    ask: {
      wider: [features('BatchNorm1d', 3), ...trained(0, 5), READ],
      none: [features('BatchNorm2d', 5), ...trained(1, 0, 2, 2)],
    },
    claims: [
      shape('wider:1 output', 0, 5),
      ...noGradient('wider:2', 3, 0, 5),
      ...untouched('wider:3'),
      shape('none:1 output', 1, 0, 2, 2),
      ...noGradient('none:2', 5, 1, 0, 2, 2),
    ],
  }),
  behaviour('B-123', {
    layers: ['BatchNorm1d', 'BatchNorm2d'],
    line: 'a layer of no channels is made, and with weights refuses its first input',
    ask: {
      training: [features('BatchNorm1d', 0), train(zeros(2, 0))],
      evaluating: [features('BatchNorm1d', 0), evaluate(zeros(2, 0))],
      planes: [features('BatchNorm2d', 0), train(zeros(2, 0, 3, 3))],
      plain: [features('BatchNorm1d', 0, { affine: FALSE }), train(zeros(2, 0))],
    },
    claims: [
      refuses('training:1', 'IndexError', NO_ELEMENT),
      refuses('evaluating:1', 'IndexError', NO_ELEMENT),
      refuses('planes:1', 'IndexError', NO_ELEMENT),
      shape('plain:1 output', 2, 0),
    ],
  }),
  behaviour('B-124', {
    layers: ['batch_norm'],
    line: 'in eval without statistics an empty input is taken, where any other is refused',
    ask: {
      empty: [
        call('batch_norm', { input: zeros(0, 3), running_mean: { kind: 'null' }, running_var: { kind: 'null' } }),
      ],
      full: [call('batch_norm', { input: zeros(2, 3), running_mean: { kind: 'null' }, running_var: { kind: 'null' } })],
    },
    claims: [
      shape('empty:0 output', 0, 3),
      refuses('full:0', 'RuntimeError', 'running_mean must be defined in evaluation mode'),
    ],
  }),
  behaviour('B-125', {
    layers: ['InstanceNorm1d'],
    line: 'no positions are taken; no samples are refused with weights and taken without',
    ask: {
      'no-positions': [features('InstanceNorm1d', 3, { affine: TRUE }), ...trained(2, 3, 0)],
      'no-samples': [features('InstanceNorm1d', 3, { affine: TRUE }), train(zeros(0, 3, 4))],
      plain: [features('InstanceNorm1d', 3), train(zeros(0, 3, 4))],
    },
    claims: [
      shape('no-positions:1 output', 2, 3, 0),
      ...noGradient('no-positions:2', 3, 2, 3, 0),
      refuses('no-samples:1', 'IndexError', NO_ELEMENT),
      shape('plain:1 output', 0, 3, 4),
    ],
  }),
  behaviour('B-126', {
    layers: ['InstanceNorm1d'],
    line: 'training on no samples makes the running statistics NaN; eval leaves them',
    ask: {
      training: [features('InstanceNorm1d', 3, { track_running_stats: TRUE }), train(zeros(0, 3, 4)), READ],
      evaluating: [features('InstanceNorm1d', 3, { track_running_stats: TRUE }), evaluate(zeros(0, 3, 4)), READ],
    },
    claims: [
      every('training:2 running_mean', 'nan'),
      every('training:2 running_var', 'nan'),
      values('training:2 num_batches_tracked', [0]),
      values('evaluating:2 running_mean', [0, 0, 0]),
      values('evaluating:2 running_var', [1, 1, 1]),
    ],
  }),
  behaviour('B-127', {
    layers: ['GroupNorm'],
    line: 'no samples: an empty output and gradients 0',
    ask: { flat: [groups(2, 4), ...trained(0, 4)], line: [groups(2, 4), ...trained(0, 4, 3)] },
    claims: [
      shape('flat:1 output', 0, 4),
      ...noGradient('flat:2', 4, 0, 4),
      shape('line:1 output', 0, 4, 3),
      ...noGradient('line:2', 4, 0, 4, 3),
    ],
  }),
  behaviour('B-128', {
    layers: ['GroupNorm'],
    line: 'no positions: the gradient of the weight is NaN, that of the bias 0',
    ask: [groups(2, 4), ...trained(2, 4, 0)],
    claims: [
      shape('1 output', 2, 4, 0),
      shape('2 input.grad', 2, 4, 0),
      every('2 weight.grad', 'nan'),
      values('2 bias.grad', [0, 0, 0, 0]),
    ],
  }),
  behaviour('B-129', {
    layers: ['LayerNorm'],
    line: 'no rows: empty with gradients 0; rows of no elements: empty parameters, and beneath them mean 0 and rstd NaN',
    ask: {
      'no-rows': [rows('LayerNorm', 3), ...trained(0, 3)],
      'no-elements': [rows('LayerNorm', 0), ...trained(2, 0), { kind: 'save_state' }],
      operator: { layer: 'LayerNorm', steps: [probe('layer-norm-statistics-empty')] },
    },
    claims: [
      shape('no-rows:1 output', 0, 3),
      ...noGradient('no-rows:2', 3, 0, 3),
      shape('no-elements:1 output', 2, 0),
      names('no-elements:2', ['input.grad', 'weight.grad', 'bias.grad']),
      shape('no-elements:3 weight', 0),
      values('operator:0 mean', [0, 0]),
      every('operator:0 rstd', 'nan'),
      shape('operator:0 no-rows.rstd', 0, 1),
    ],
  }),
  behaviour('B-130', {
    layers: ['RMSNorm'],
    line: 'no rows: an empty output and a gradient of the weight of 0',
    ask: [rows('RMSNorm', 3), ...trained(0, 3)],
    claims: [shape('1 output', 0, 3), shape('2 input.grad', 0, 3), values('2 weight.grad', [0, 0, 0])],
  }),
];

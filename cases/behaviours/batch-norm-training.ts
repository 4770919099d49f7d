// BatchNorm in training: which variance goes where, and how running statistics follow.

import { bool, float, none, type Step, type Value } from '../case.ts';
import { backward, call, count, evaluate, READ, setTensor, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { element, every, names, same, texts, values } from './say.ts';
import { features, probe, READ_ALL, reset, X } from './steps.ts';
import { behaviour, drawn, numbers, pin } from './write.ts';

const BN = ['BatchNorm1d', 'BatchNorm2d', 'BatchNorm3d'];

const two = (more: Readonly<Record<string, Value>> = {}): Step => features('BatchNorm1d', 2, more);
const pair = (a: number, b: number) => numbers([a, b], [2]);
const timesX = (k: number) =>
  numbers(
    [1, 2, 3, 6, 5, 10].map((x) => k * x),
    [3, 2],
  );

/** (x − mean)/√(var + eps) of both columns of X. */
const NORMALISED = [-1.224742, -1.224744, 0, 0, 1.224742, 1.224744];

/** What `READ` at this step shows. */
const buffers = (step: number, mean: readonly number[], variance: readonly number[], batches: number, absolute = 0) => [
  values(`${step} running_mean`, mean, absolute),
  values(`${step} running_var`, variance, absolute),
  values(`${step} num_batches_tracked`, [batches]),
];

/** One column after another, each of mean 0.1 i + 0.5. */
const THOUSAND: readonly Step[] = Array.from({ length: 1000 }, (_, i) =>
  train(numbers([0.1 * i, 0.1 * i + 1], [2, 1])),
);

export const BATCH_NORM_TRAINING: readonly Behaviour[] = [
  behaviour('B-061', {
    layers: BN,
    line: 'the output of training is normalised by the biased variance',
    ask: [two(), train(X)],
    claims: [values('1 output', NORMALISED, 2e-6)],
  }),
  behaviour('B-062', {
    layers: BN,
    line: 'the middle of 1, 3, 5 is −2⁻²⁴ in float32, not 0',
    ask: [two(), train(X)],
    claims: [element('1 output', 2, -(2 ** -24))],
  }),
  behaviour('B-063', {
    layers: BN,
    line: 'a fresh layer in eval divides by √(1 + eps)',
    ask: [two(), evaluate(X)],
    claims: [
      values(
        '1 output',
        [1, 2, 3, 6, 5, 10].map((x) => x / Math.sqrt(1 + 1e-5)),
        5e-7,
      ),
    ],
  }),
  behaviour('B-064', {
    layers: BN,
    line: 'eval leaves the running statistics and the counter as they are',
    ask: [two(), train(X), READ, evaluate(timesX(3)), READ],
    claims: [
      ...['running_mean', 'running_var', 'num_batches_tracked'].map((name) => same(`4 ${name}`, `2 ${name}`)),
      ...buffers(4, [0.3, 0.6], [1.3, 2.5], 1),
    ],
  }),
  behaviour('B-065', {
    layers: BN,
    line: 'running_mean moves by momentum towards the mean',
    ask: [two(), train(X), READ],
    claims: [values('2 running_mean', [0.3, 0.6])],
  }),
  behaviour('B-066', {
    layers: BN,
    line: 'running_var moves towards the unbiased variance, unlike the output',
    ask: [two(), train(X), READ],
    claims: [values('2 running_var', [1.3, 2.5])],
  }),
  behaviour('B-067', {
    layers: BN,
    line: 'a second step moves them again',
    ask: [two(), train(X), train(X), READ],
    claims: buffers(3, [0.57, 1.14], [1.57, 3.85], 2, 2.5e-7),
  }),
  behaviour('B-068', {
    layers: BN,
    line: 'momentum 1 takes the latest statistics alone',
    ask: [two({ momentum: float(1) }), train(timesX(7)), train(X), READ],
    claims: buffers(3, [3, 6], [4, 16], 2),
  }),
  behaviour('B-069', {
    layers: BN,
    line: 'momentum 0 keeps the running statistics, and the batch is counted',
    ask: [two({ momentum: float(0) }), train(X), READ],
    claims: buffers(2, [0, 0], [1, 1], 1),
  }),
  behaviour('B-070', {
    layers: BN,
    line: 'momentum outside 0 to 1 is used as it is',
    ask: {
      below: [two({ momentum: float(-1) }), train(X), READ],
      above: [two({ momentum: float(2) }), train(X), READ],
    },
    claims: [
      values('below:2 running_mean', [-3, -6]),
      values('below:2 running_var', [-2, -14]),
      values('above:2 running_mean', [6, 12]),
      values('above:2 running_var', [7, 31]),
    ],
  }),
  behaviour('B-071', {
    layers: BN,
    line: 'momentum None keeps the average of all batches so far',
    ask: [two({ momentum: none }), train(X), READ, train(timesX(2)), READ, train(timesX(3)), READ],
    claims: [
      ...buffers(2, [3, 6], [4, 16], 1),
      ...buffers(4, [4.5, 9], [10, 40], 2),
      ...buffers(6, [6, 12], [56 / 3, 224 / 3], 3, 1e-5),
    ],
  }),
  behaviour('B-072', {
    layers: BN,
    line: 'momentum None takes one over the counter as it stands after counting',
    ask: [two({ momentum: none }), setTensor('num_batches_tracked', count(9)), train(X), READ],
    claims: buffers(3, [0.3, 0.6], [1.3, 2.5], 10, 1.5e-7),
  }),
  behaviour('B-073', {
    layers: BN,
    line: 'momentum None without a counter keeps the running statistics',
    ask: [two({ momentum: none }), setTensor('num_batches_tracked', null), train(X), READ],
    claims: [
      names('3', ['running_mean', 'running_var']),
      values('3 running_mean', [0, 0]),
      values('3 running_var', [1, 1]),
      values('2 output', NORMALISED, 2e-6),
    ],
  }),
  behaviour('B-074', {
    layers: BN,
    line: 'a momentum without a counter moves them, and the counter stays None',
    ask: [two(), setTensor('num_batches_tracked', null), train(X), READ],
    claims: [
      names('3', ['running_mean', 'running_var']),
      values('3 running_mean', [0.3, 0.6]),
      values('3 running_var', [1.3, 2.5]),
    ],
  }),
  behaviour('B-075', {
    layers: BN,
    line: 'the counter counts forwards of training, not backwards and not those of eval',
    ask: [
      two(),
      train(X, true),
      backward(timesX(1)),
      { kind: 'backward', gradient: timesX(2), accumulate: true, again: true },
      READ,
      evaluate(X),
      READ,
      train(X),
      READ,
    ],
    claims: [
      values('4 num_batches_tracked', [1]),
      values('6 num_batches_tracked', [1]),
      values('8 num_batches_tracked', [2]),
    ],
  }),
  behaviour('B-076', {
    layers: BN,
    line: 'running statistics move where no gradient is wanted as well',
    ask: {
      without: [two(), train(X), READ],
      with: [two(), train(X, true), READ],
      'no-grad': { steps: [probe('training-under-no-grad')], layer: 'BatchNorm1d' },
    },
    claims: [
      values('without:2 running_mean', [0.3, 0.6]),
      same('with:2 running_mean', 'without:2 running_mean'),
      same('with:2 running_var', 'without:2 running_var'),
      values('no-grad:0 running_mean', [0.3, 0.6]),
      ...texts('no-grad:0', { requires_grad: 'False' }),
    ],
  }),
  behaviour('B-077', {
    layers: BN,
    line: 'the unbiased factor counts the elements of a channel, N times L',
    // Channel 0 holds 1 to 6: mean 3.5, unbiased variance 3.5; channel 1 holds twice that.
    ask: [two({ momentum: float(1) }), train(numbers([1, 2, 3, 2, 4, 6, 4, 5, 6, 8, 10, 12], [2, 2, 3])), READ],
    claims: [values('2 running_mean', [3.5, 7]), values('2 running_var', [3.5, 14], 1e-6)],
  }),
  behaviour('B-078', {
    layers: ['BatchNorm2d'],
    line: 'one sample trains where its planes have more than one element',
    ask: [
      features('BatchNorm2d', 2, { momentum: float(1) }),
      train(numbers([1, 3, 5, 7, 2, 2, 6, 6], [1, 2, 2, 2])),
      READ,
    ],
    claims: [
      values('1 output', [-1.34164, -0.447213, 0.447213, 1.34164, -1, -1, 1, 1], 3e-6),
      values('2 running_mean', [4, 4]),
      values('2 running_var', [20 / 3, 16 / 3], 1e-6),
    ],
  }),
  behaviour('B-079', {
    layers: BN,
    line: 'the average of a thousand batches drifts in float32: 50.450005, not 50.45',
    ask: [features('BatchNorm1d', 1, { momentum: none }), ...THOUSAND, READ],
    claims: [values('1001 running_mean', [50.450005]), values('1001 num_batches_tracked', [1000])],
  }),
  behaviour('B-080', {
    layers: BN,
    line: 'reset_running_stats resets the buffers alone, reset_parameters the parameters too',
    ask: [
      two(),
      setTensor('weight', pair(2, 3)),
      setTensor('bias', pair(4, 5)),
      train(X),
      reset('running_stats'),
      READ_ALL,
      train(X),
      reset('parameters'),
      READ_ALL,
    ],
    claims: [
      values('5 weight', [2, 3]),
      values('5 bias', [4, 5]),
      ...buffers(5, [0, 0], [1, 1], 0),
      values('8 weight', [1, 1]),
      values('8 bias', [0, 0]),
      ...buffers(8, [0, 0], [1, 1], 0),
    ],
  }),
  behaviour('B-081', {
    layers: BN,
    line: 'reset_running_stats of a layer without running statistics does nothing',
    ask: [
      two({ track_running_stats: bool(false) }),
      setTensor('weight', pair(2, 3)),
      reset('running_stats'),
      READ_ALL,
      evaluate(X),
    ],
    claims: [
      names('3', ['weight', 'bias']),
      values('3 weight', [2, 3]),
      values(
        '4 output',
        NORMALISED.map((y, i) => y * (i % 2 === 0 ? 2 : 3)),
        6e-6,
      ),
    ],
  }),
  pin('B-082', 'deep copies and aliases are of Python objects', {
    layers: BN,
    line: 'a deep copy has buffers of its own, a state dict shows the live ones',
    ask: {
      copy: { steps: [probe('deep-copy')], layer: 'BatchNorm1d' },
      alias: { steps: [probe('state-dict-aliases')], layer: 'BatchNorm1d' },
    },
    claims: [
      values('copy:0 original', [0, 0]),
      values('copy:0 copy', [0.3, 0.6]),
      values('alias:0 running_mean', [0.3, 0.6]),
      ...texts('alias:0', { shared: 'True' }),
    ],
  }),
  behaviour('B-083', {
    layers: ['batch_norm'],
    line: 'training moves the running tensors it was given, in place; training=False leaves them',
    ask: {
      training: [functional(true)],
      evaluation: [functional(false)],
      'in-place': { steps: [probe('running-written-in-place')], layer: 'batch_norm' },
    },
    claims: [
      values('training:0 running_mean', [0.3, 0.6]),
      values('training:0 running_var', [1.3, 2.5]),
      values('evaluation:0 running_mean', [0, 0]),
      values('evaluation:0 running_var', [1, 1]),
      ...texts('in-place:0', { 'same memory': 'True' }),
      values('in-place:0 eval.running_mean', [0, 0]),
      values('in-place:0 running_mean', [0.3, 0.6]),
    ],
  }),
  behaviour('B-084', {
    layers: ['batch_norm'],
    line: 'training without running tensors normalises by the batch and answers the output alone',
    ask: [call('batch_norm', { input: X, running_mean: none, running_var: none, training: bool(true) })],
    claims: [values('0 output', NORMALISED, 2e-6), names('0', ['output'])],
  }),
  behaviour('B-085', {
    layers: BN,
    line: 'a bias without a weight works, and a weight without a bias',
    ask: {
      bias: [
        two(),
        setTensor('weight', null),
        setTensor('bias', pair(10, 20)),
        train(X, true),
        backward(drawn(85, [3, 2])),
      ],
      weight: [
        two(),
        setTensor('bias', null),
        setTensor('weight', pair(2, 3)),
        train(X, true),
        backward(drawn(85, [3, 2])),
      ],
    },
    claims: [
      values(
        'bias:3 output',
        NORMALISED.map((y, i) => y + (i % 2 === 0 ? 10 : 20)),
        5e-6,
      ),
      names('bias:4', ['input.grad', 'bias.grad']),
      values(
        'weight:3 output',
        NORMALISED.map((y, i) => y * (i % 2 === 0 ? 2 : 3)),
        6e-6,
      ),
      names('weight:4', ['input.grad', 'weight.grad']),
      every('weight:4 weight.grad', 'finite'),
    ],
  }),
];

// --- internal ---

function functional(training: boolean): Step {
  const running = { running_mean: pair(0, 0), running_var: pair(1, 1) };
  return call('batch_norm', { input: X, ...running, training: bool(training) });
}

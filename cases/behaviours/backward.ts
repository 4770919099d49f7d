// What backward leaves out, adds up and refuses, and what autograd saved for it.

import type { Step } from '../case.ts';
import { backward, setAttribute, setTensor, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { every, largest, names, refuses, values, words } from './say.ts';
import { FALSE, rows } from './short.ts';
import { features, groups, inspect, probe } from './steps.ts';
import { behaviour, drawn, filled, numbers, pin } from './write.ts';

/** Two channels of means 3 and 6 and biased variances 8/3 and 32/3. */
const FLAT = [1, 2, 3, 6, 5, 10];
const X = numbers(FLAT, [3, 2]);
const X64 = numbers(FLAT, [3, 2], 'float64');
const G = [1, 0, 0, 2, 0, 0];
const ROOT = [1 / Math.sqrt(8 / 3 + 1e-5), 1 / Math.sqrt(32 / 3 + 1e-5)];
/** r·(g − mean g − x̂·mean g·x̂) of G in X: [3, 2]. */
const DX = [0.10206302944197618, -0.20412404954880572, -0.20412376250023562, 0.4082480990976115, 0.10206073305825952];
const GRADIENT_X = [...DX, -0.20412404954880572];

const two = features('BatchNorm1d', 2);
const back = (flat: readonly number[]) => backward(numbers(flat, [3, 2]));
/** Autograd is to leave the weight out. */
const FROZEN = setAttribute('weight.requires_grad', FALSE);
const ones = (...sizes: number[]) => filled(1, sizes);

const summed = (layer: Step, more: readonly number[]): readonly Step[] => [
  layer,
  train(drawn(158, more), true),
  backward(ones(...more)),
];

export const BACKWARD: readonly Behaviour[] = [
  behaviour('B-154', {
    layers: ['BatchNorm1d', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'without parameters there is only the gradient of the input',
    ask: () => ({
      batch: {
        dtype: 'float64',
        steps: [
          features('BatchNorm1d', 2, { affine: FALSE }),
          train(X64, true),
          backward(numbers(G, [3, 2], 'float64')),
        ],
      },
      instance: [features('InstanceNorm1d', 2), ...summed(two, [2, 2, 3]).slice(1)],
      layer: [rows('LayerNorm', 3, { elementwise_affine: FALSE }), ...summed(two, [2, 3]).slice(1)],
      group: [groups(1, 2, { affine: FALSE }), ...summed(two, [2, 2, 3]).slice(1)],
      rms: [rows('RMSNorm', 3, { elementwise_affine: FALSE }), ...summed(two, [2, 3]).slice(1)],
    }),
    claims: () => [
      ...['batch', 'instance', 'layer', 'group', 'rms'].map((name) => names(`${name}:2`, ['input.grad'])),
      values('batch:2 input.grad', GRADIENT_X, 1e-14),
    ],
  }),
  behaviour('B-155', {
    layers: ['BatchNorm1d', 'LayerNorm'],
    line: 'a frozen weight has no gradient, and the others are as ever',
    ask: () => ({
      batch: {
        dtype: 'float64',
        steps: [two, FROZEN, train(X64, true), backward(numbers(G, [3, 2], 'float64')), inspect('weight.grad')],
      },
      layer: [rows('LayerNorm', 2), FROZEN, train(X, true), back(G), inspect('weight.grad')],
    }),
    claims: () => [
      names('batch:3', ['input.grad', 'bias.grad']),
      values('batch:3 input.grad', GRADIENT_X, 1e-14),
      values('batch:3 bias.grad', [1, 2]),
      words('batch:4 weight.grad', 'None'),
      names('layer:3', ['input.grad', 'bias.grad']),
      values('layer:3 bias.grad', [1, 2]),
    ],
  }),
  pin('B-156', 'requires_grad of an input is autograd’s; a Case asks for every gradient', {
    layers: ['BatchNorm1d'],
    line: 'parameters have gradients where the input has none',
    ask: () => [probe('input-without-gradient')],
    claims: () => [
      words('0 input.grad', 'None'),
      values('0 weight.grad', [-2 * ROOT[0], 0], 1e-14),
      values('0 bias.grad', [1, 2]),
    ],
  }),
  behaviour('B-157', {
    layers: ['BatchNorm1d', 'LayerNorm'],
    line: 'gradients of parameters add up over two forwards and backwards, and those of an input over one graph asked twice',
    ask: () => ({
      batch: [
        two,
        train(X, true),
        back(G),
        train(X, true),
        { kind: 'backward', gradient: numbers(G, [3, 2]), accumulate: true, again: false },
      ],
      again: [
        two,
        train(X, true),
        back(G),
        { kind: 'backward', gradient: numbers(G, [3, 2]), accumulate: true, again: true },
      ],
    }),
    claims: () => [
      values('batch:2 bias.grad', [1, 2]),
      values('batch:4 bias.grad', [2, 4]),
      values('batch:2 weight.grad', [-2 * ROOT[0], 0], 3e-7),
      values('batch:4 weight.grad', [-4 * ROOT[0], 0], 6e-7),
      values('batch:4 input.grad', GRADIENT_X, 2e-7),
      values(
        'again:3 input.grad',
        GRADIENT_X.map((g) => 2 * g),
        4e-7,
      ),
      values('again:3 bias.grad', [2, 4]),
    ],
  }),
  behaviour('B-158', {
    layers: ['BatchNorm1d', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm'],
    line: 'an upstream gradient of ones gives an input gradient of about 0, which proves nothing',
    ask: () => ({
      batch: summed(features('BatchNorm1d', 3), [4, 3, 5]),
      instance: summed(features('InstanceNorm1d', 3), [4, 3, 5]),
      layer: summed(rows('LayerNorm', 5), [4, 3, 5]),
      group: summed(groups(1, 3), [4, 3, 5]),
    }),
    claims: () => [
      ...['batch', 'instance', 'layer', 'group'].map((name) => largest(`${name}:2 input.grad`, 0, 2e-6)),
      values('batch:2 bias.grad', [20, 20, 20]),
      values('layer:2 bias.grad', [12, 12, 12, 12, 12]),
    ],
  }),
  behaviour('B-159', {
    layers: ['BatchNorm1d', 'LayerNorm'],
    line: 'on a constant input the input gradient is the centred one times 1/√eps, about 316',
    ask: () => ({
      batch: [two, train(filled(7, [3, 2]), true), back([1, 0, 0, 2, -1, -2])],
      layer: [rows('LayerNorm', 2), train(filled(7, [1, 2]), true), backward(numbers([1, -1], [1, 2]))],
    }),
    claims: () => [
      values(
        'batch:2 input.grad',
        [1, 0, 0, 2, -1, -2].map((g) => g / Math.sqrt(1e-5)),
        1e-3,
      ),
      values('layer:2 input.grad', [1 / Math.sqrt(1e-5), -1 / Math.sqrt(1e-5)], 1e-3),
      values('layer:2 weight.grad', [0, 0], 1e-30),
    ],
  }),
  behaviour('B-160', {
    layers: ['BatchNorm1d'],
    line: 'a zero weight makes the input gradient 0; the gradient of the weight does not go by the weight',
    ask: () => ({
      ones: [two, setTensor('weight', numbers([0, 0], [2])), train(X, true), back([1, 1, 1, 1, 1, 1])],
      uneven: [two, setTensor('weight', numbers([0, 0], [2])), train(X, true), back(G)],
    }),
    claims: () => [
      every('ones:3 input.grad', 'zero'),
      values('ones:3 weight.grad', [0, 0], 1e-6),
      values('ones:3 bias.grad', [3, 3]),
      every('uneven:3 input.grad', 'zero'),
      values('uneven:3 weight.grad', [-2 * ROOT[0], 0], 3e-7),
    ],
  }),
  pin('B-161', 'a Case’s backward is that of its latest forward, so none can come in between', {
    layers: ['BatchNorm1d'],
    line: 'the gradient of a forward in eval goes by the running variance as it is at backward, which a training step has moved',
    ask: () => ({
      later: { layer: 'BatchNorm1d', steps: [probe('evaluated-then-trained')] },
      unseen: { layer: 'BatchNorm1d', steps: [probe('version-counters')] },
    }),
    claims: () => [
      // What a training step writes is not counted, so that autograd can't refuse.
      words('unseen:0 running_mean', '0'),
      words('unseen:0 running_var', '0'),
      words('unseen:0 num_batches_tracked', '1'),

      values(
        'later:0 output',
        FLAT.map((x) => x / Math.sqrt(1 + 1e-5)),
        1e-14,
      ),
      values('later:0 running_var', [0.9 + 0.1 * 400, 0.9 + 0.1 * 1600], 1e-13),
      values(
        'later:0 input.grad',
        [0, 1, 0, 1, 0, 1].map((c) => 1 / Math.sqrt([40.9, 160.9][c] + 1e-5)),
        1e-14,
      ),
    ],
  }),
  pin('B-162', 'a Case’s backward is that of its latest forward, so none can come in between', {
    layers: ['BatchNorm1d'],
    line: 'the gradient of a forward in training goes by the batch statistics saved with it, whatever was trained since',
    ask: () => [probe('trained-then-trained')],
    claims: () => [values('0 input.grad', GRADIENT_X, 1e-14)],
  }),
  pin('B-163', 'autograd counts the versions of PyTorch’s tensors', {
    layers: ['BatchNorm1d'],
    line: 'a weight changed in place before backward is refused; changed through .data it is used as it is then',
    ask: () => ({
      'in-place': { layer: 'BatchNorm1d', steps: [probe('weight-changed-in-place')] },
      data: { layer: 'BatchNorm1d', steps: [probe('weight-changed-through-data')] },
    }),
    claims: () => [
      refuses(
        'in-place:0',
        'RuntimeError',
        'one of the variables needed for gradient computation has been modified by an inplace operation: [torch.FloatTensor [2]] ' +
          'is at version 2; expected version 1 instead. Hint: enable anomaly detection to find the operation that failed to ' +
          'compute its gradient, with torch.autograd.set_detect_anomaly(True, check_nan=False).',
      ),
      values(
        'data:0 input.grad',
        GRADIENT_X.map((g) => 2 * g),
        1e-14,
      ),
    ],
  }),
  pin('B-164', 'requires_grad of a buffer is autograd’s', {
    layers: ['batch_norm'],
    line: 'running statistics that require grad are refused',
    ask: () => ({
      mean: { layer: 'batch_norm', steps: [probe('running-mean-requires-grad')] },
      variance: { layer: 'batch_norm', steps: [probe('running-var-requires-grad')] },
    }),
    claims: () =>
      ['mean', 'variance'].map((name) =>
        refuses(
          `${name}:0`,
          'RuntimeError',
          `The function 'native_batch_norm' is not differentiable with respect to argument 'running_${name === 'mean' ? 'mean' : 'var'}'. ` +
            'This input cannot have requires_grad True.',
        ),
      ),
  }),
];

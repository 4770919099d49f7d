// Lessons on what a layer remembers: running statistics, momentum, modes, gradients.

import { backward, evaluate, type Lesson, READ, train } from './lesson.ts';

const CHANNEL = { kind: 'numbers', layer: 'BatchNorm', shape: [1, 1, 1, 2] } as const;

export const STATE_LESSONS: Readonly<Record<string, Lesson>> = {
  'statistics.train': {
    what: 'What BatchNorm normalises with in train mode. The statistics of the batch keep the output centred from the first step on; running ones trail behind.',
    values: {
      batch: 'mean and variance of the batch',
      'running-after-update': 'the buffers, after they have taken in the batch',
      'running-before-update': 'the buffers as they were before the batch',
    },
    example: {
      ...CHANNEL,
      given: 'a fresh BatchNorm2d with momentum=0.5, in train mode, of [0, 2] (batch: mean 1, variance 1, unbiased 2)',
      options: { momentum: 0.5 },
      acts: [train(0, 2)],
      tensor: 'output',
      gives: { batch: [-1, 1], 'running-after-update': [-0.4082, 1.225], 'running-before-update': [0, 2] },
    },
  },
  'statistics.eval': {
    what: 'What a layer normalises with in eval mode. BatchNorm uses its running statistics, so that an answer does not depend on what else is in the batch; the other norms always use the input’s own.',
    values: {
      running: 'the buffers',
      batch: 'the input’s own mean and variance, as in training (track_running_stats=False)',
    },
    example: {
      ...CHANNEL,
      given: 'a fresh BatchNorm2d (running mean 0, variance 1) in eval mode of [0, 2]',
      acts: [evaluate(0, 2)],
      tensor: 'output',
      gives: { running: [0, 2], batch: [-1, 1] },
    },
  },
  'statistics.untracked-eval': {
    what: 'What eval does where there are no running statistics: with track_running_stats=False, or before the first training step of a layer that makes them late.',
    values: {
      batch: 'the input’s own statistics',
      'running-initial': 'normalises with 0 and 1 all the same',
      raises: 'an error',
      other: 'something else, which the finding describes',
    },
    example: {
      kind: 'words',
      given: 'BatchNorm2d(1, track_running_stats=False) in eval mode of [0, 2]',
      gives: { batch: '[-1, 1]', 'running-initial': '[0, 2]', raises: 'an error' },
    },
  },
  'gradient.statistics': {
    what: 'Whether the gradient flows through mean and variance. If it does not, the output is right and the input gradient is not: each element is treated as if it moved alone.',
    values: {
      differentiated: 'through mean and variance',
      detached: 'past them: the upstream gradient divided by the deviation',
    },
    example: {
      ...CHANNEL,
      layer: 'LayerNorm',
      given: 'the input gradient of LayerNorm at [0, 2] for the upstream gradient [1, 0]',
      acts: [train(0, 2), backward(1, 0)],
      tensor: 'input.grad',
      gives: { differentiated: [0.000005, -0.000005], detached: [1, 0] },
    },
  },
  'momentum.rule': {
    what: 'How a buffer r takes in the statistic s of a new batch. PyTorch’s momentum m weighs the new value, most other frameworks’ weighs the old: 0.1 here is 0.9 there.',
    values: {
      'new-weight': 'r ← (1 − m) · r + m · s',
      'old-weight': 'r ← m · r + (1 − m) · s',
      cumulative: 'the plain average of all batches (momentum=None in PyTorch)',
      'zero-debiased': 'an average that starts at 0, divided by 1 − decayᵏ',
      'first-step-copies': 'the first batch is copied, later ones are averaged in',
      overwritten: 'r ← s',
      'never-updated': 'r stays',
      other: 'another rule, which the finding describes',
    },
    example: {
      ...CHANNEL,
      given:
        'the running mean of BatchNorm2d with momentum=0.25 after training on [0, 2] and on [4, 6] (means 1 and 5)',
      options: { momentum: 0.25 },
      acts: [train(0, 2), train(4, 6), READ],
      tensor: 'running_mean',
      gives: {
        'new-weight': [1.438],
        'old-weight': [3.938],
        cumulative: [3],
        'zero-debiased': [3.286],
        'first-step-copies': [2],
        overwritten: [5],
        'never-updated': [0],
      },
    },
  },
  'momentum.default': {
    what: 'The share of the new statistic in a layer made with its defaults, told as PyTorch’s number whatever the layer calls it: 0.9 for the old value is 0.1 here.',
    values: { number: 'the buffers follow the batches faster (larger) or slower (smaller)' },
    example: {
      ...CHANNEL,
      given: 'the running mean of a default BatchNorm2d after training on [0, 2] (mean 1)',
      acts: [train(0, 2), READ],
      tensor: 'running_mean',
      gives: { '0.1': [0.1], '0.01': [0.01] },
    },
  },
  'variance.running': {
    what: 'Which variance the running variance takes in. PyTorch normalises with the biased one (n) and tracks the unbiased one (n − 1).',
    values: {
      unbiased: 'divided by n − 1',
      biased: 'divided by n, the one that normalises',
      'depends-on-rank': 'one for inputs of four axes, the other for the rest',
      'depends-on-device': 'one on the CPU, the other on the GPU',
    },
    example: {
      ...CHANNEL,
      given: 'the running variance of BatchNorm2d with momentum=0.5 after training on [0, 2] (variance 1, unbiased 2)',
      options: { momentum: 0.5 },
      acts: [train(0, 2), READ],
      tensor: 'running_var',
      gives: { unbiased: [1.5], biased: [1] },
    },
  },
  'running.tracked': {
    what: 'What the buffers hold.',
    values: {
      variance: 'mean and variance',
      std: 'the standard deviation in the place of the variance',
      'inverse-std': 'one over the standard deviation',
      'sum-and-factor': 'sums, and a third number to divide them by',
      swapped: 'the variance where the mean is expected, and the other way round',
    },
    example: {
      ...CHANNEL,
      given: 'the running variance of BatchNorm2d with momentum=0.5 after training on [0, 8] (unbiased variance 32)',
      options: { momentum: 0.5 },
      acts: [train(0, 8), READ],
      tensor: 'running_var',
      gives: { variance: [16.5], std: [3.328], 'inverse-std': [0.5884] },
    },
  },
  'running.initial': {
    what: 'What fresh buffers hold. It shows in eval before any training, and fades with each step.',
    values: {
      'mean 0, variance 1': 'eval gives the input back, nearly',
      'variance-zero': 'eval divides by √eps: the input comes out 316 times as large',
      swapped: 'mean 1 and variance 0',
      other: 'other numbers',
    },
    example: {
      ...CHANNEL,
      given: 'a fresh BatchNorm2d in eval mode of [0, 2]',
      acts: [evaluate(0, 2)],
      tensor: 'output',
      gives: { 'mean 0, variance 1': [0, 2], 'variance-zero': [0, 632.5] },
    },
  },
  'running.update-in-eval': {
    what: 'Whether an eval step moves the buffers. If it does, the order of the test data changes the answers.',
    values: { no: 'only training moves them', yes: 'every call moves them' },
    example: {
      ...CHANNEL,
      given: 'the running mean of BatchNorm2d with momentum=0.5 after an eval step on [0, 2]',
      options: { momentum: 0.5 },
      acts: [evaluate(0, 2), READ],
      tensor: 'running_mean',
      gives: { no: [0], yes: [0.5] },
    },
  },
  'running.gradient': {
    what: 'Whether the buffers keep the graph of the steps that made them. If they do, memory grows with every step, and the second backward raises.',
    values: { detached: 'buffers are plain numbers', attached: 'buffers carry the graph' },
    example: {
      kind: 'words',
      given: 'two training steps with a backward after each',
      gives: { detached: 'both run', attached: 'RuntimeError: Trying to backward through the graph a second time' },
    },
  },
};

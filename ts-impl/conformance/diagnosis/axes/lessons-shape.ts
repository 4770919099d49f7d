// Lessons on shapes: channels, axes, groups, weight and bias.

import { type Lesson, train } from './lesson.ts';

export const SHAPE_LESSONS: Readonly<Record<string, Lesson>> = {
  'channel.axis': {
    what: 'Which axis of the input holds the channels. PyTorch reads them from axis 1 (N, C, H, W), other frameworks from the last (N, H, W, C). A statistic per channel that is not reshaped to (1, C, 1, 1) lines up with the last axis all the same.',
    values: {
      '1': 'N, C, …',
      '-1': 'N, …, C throughout',
      '0': 'C, …',
      'broadcast-last':
        'statistics per channel of axis 1, lined up with the last axis: raises on most shapes, silently wrong where the sizes agree',
      flattened: 'reshape(-1, C) without moving the axis first, so that statistics mix channels',
    },
    example: {
      kind: 'numbers',
      layer: 'BatchNorm',
      given: 'BatchNorm2d of channels [0, 2] and [4, 6], one sample of width 2',
      shape: [1, 2, 1, 2],
      acts: [train(0, 2, 4, 6)],
      tensor: 'output',
      gives: { '1': [-1, 1, -1, 1], '-1': [-1, -1, 1, 1], 'broadcast-last': [-1, -3, 3, 1] },
    },
  },
  'axes.reduction': {
    what: 'The axes over which one mean and one variance are taken, in the letters N, C, D, H, W, L. They are what tells the norms apart: BatchNorm keeps a statistic for each channel, InstanceNorm for each sample and channel, GroupNorm for each sample and group, LayerNorm for each position outside normalized_shape.',
    values: {
      'sets of N, C, D, H, W, L': 'one statistic runs over just these axes',
      all: 'one statistic for the whole input',
      other: 'some other set of elements, which the finding describes',
    },
    example: {
      kind: 'numbers',
      layer: 'GroupNorm',
      given: 'GroupNorm(1, 2) of channels [0, 2] and [4, 6]',
      shape: [1, 2, 1, 2],
      groups: 1,
      acts: [train(0, 2, 4, 6)],
      tensor: 'output',
      gives: {
        'C,H,W': [-1.342, -0.4472, 0.4472, 1.342],
        'H,W': [-1, 1, -1, 1],
        all: [-1.342, -0.4472, 0.4472, 1.342],
      },
    },
  },
  'groups.layout': {
    what: 'Neighbours, or every G-th channel.',
    values: {
      contiguous: 'channels 0 … C/G − 1 are the first group',
      interleaved: 'channel c belongs to group c mod G',
    },
    example: {
      kind: 'numbers',
      layer: 'GroupNorm',
      given: 'GroupNorm(2, 4) of the channels 0, 2, 0, 8',
      shape: [1, 4, 1, 1],
      groups: 2,
      acts: [train(0, 2, 0, 8)],
      tensor: 'output',
      gives: { contiguous: [-1, 1, -1, 1], interleaved: [0, -1, 0, 1] },
    },
  },
  'affine.form': {
    what: 'What weight and bias do to the normalised value x̂.',
    values: {
      'weight*x+bias': 'weight · x̂ + bias',
      'one-plus-weight': '(1 + weight) · x̂ + bias, with weights that start at 0',
      'bias-before-weight': 'weight · (x̂ + bias)',
      'weight-only': 'weight · x̂',
      'bias-only': 'x̂ + bias',
      none: 'x̂',
      ignored: 'weight and bias exist and do nothing',
      'forced-one': 'weight exists and counts as 1',
    },
    example: {
      kind: 'numbers',
      layer: 'LayerNorm',
      given: 'LayerNorm of [0, 2] with weight 2 and bias 1',
      shape: [1, 1, 1, 2],
      set: { weight: [2, 2], bias: [1, 1] },
      acts: [train(0, 2)],
      tensor: 'output',
      gives: { 'weight*x+bias': [-1, 3], 'one-plus-weight': [-2, 4], 'bias-before-weight': [0, 4] },
    },
  },
  'affine.shape': {
    what: 'Which elements share a weight and a bias. Axes of size 1 do not count: (1, C, 1, 1) is C.',
    values: {
      C: 'one for each channel',
      normalized_shape: 'one for each element of the normalised axes',
      G: 'one for each group',
      'last-axis': 'one for each place of the last axis',
      scalar: 'one for all',
      other: 'shared in another way, which the finding describes',
    },
    example: {
      kind: 'words',
      given: 'GroupNorm(2, 4) of the channels 0, 2, 4, 6, with the weights 1, 2, 3, 4 or, one per group, 1, 2',
      gives: { C: '[-1, 2, -3, 4]', G: '[-1, 1, -2, 2]' },
    },
  },
  'affine.default': {
    what: 'Whether a layer made with its defaults has weight and bias. In PyTorch all have but InstanceNorm.',
    values: { on: 'weight and bias unless declined', off: 'none unless asked for', opposite: 'not as in PyTorch' },
    example: {
      kind: 'words',
      given: 'the parameters of InstanceNorm2d(8)',
      gives: { off: 'none', opposite: 'weight and bias, 8 each' },
    },
  },
  'weight.initial': {
    what: 'What weight and bias hold in a fresh layer.',
    values: {
      ones: 'weight 1, bias 0',
      uniform: 'random weights between 0 and 1',
      zeros: 'weight 0 (without one-plus-weight, which starts there by right): the layer begins by giving its bias',
      other: 'other numbers',
    },
    example: {
      kind: 'words',
      given: 'a fresh LayerNorm(2) of [0, 2]',
      gives: { ones: '[-1, 1]', uniform: 'another output for each seed', zeros: '[0, 0]' },
    },
  },
};

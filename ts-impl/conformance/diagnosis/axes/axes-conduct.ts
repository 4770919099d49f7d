// Axis entries on conduct: memory layouts, writing to the input, printing, a statistic of one value, names of the state.

import { taught } from './advice.ts';
import type { Axis } from './axis.ts';
import type { Target } from './target.ts';

export const inputLayout: Axis = {
  id: 'input.layout',
  ...taught('input.layout'),
  level: 'error',
  values: ['any', 'contiguous-only', 'other'],
  about: 'which memory layouts of the input work',
  pytorch: () => 'any',
  measured: ({ profile }) => {
    // Writing to an input whose elements share memory raises: that is input.mutated, not a layout.
    const fails = profile.layouts.fails.filter(({ layout }) => !(profile.mutatesInput && layout === 'expanded'));
    if (fails.length === 0) return 'any';
    return fails.every(({ message }) => message.includes(': ')) ? 'contiguous-only' : 'other';
  },
  apply: null,
  separatedBy: 'transposed, stepped, expanded and channels_last inputs',
  explain: (_actual, { profile }) => {
    const { works, fails } = profile.layouts;
    const failing = fails.map((f) => f.layout).join(', ');
    const rest = works.length === 0 ? '' : ` ${works.join(', ')} works.`;
    return `An input that is ${failing.replace(/, ([^,]*)$/, ' or $1')} in memory fails (${fails[0]?.message}).${rest} PyTorch takes any layout; use reshape in place of view.`;
  },
  clues: [/\.view\(/],
};

export const inputMutated: Axis = {
  id: 'input.mutated',
  ...taught('input.mutated'),
  level: 'error',
  values: ['no', 'yes'],
  about: "whether the caller's input is written to",
  pytorch: () => 'no',
  measured: ({ profile }) => (profile.mutatesInput ? 'yes' : 'no'),
  apply: null,
  separatedBy: 'the bytes of the input before and after',
  explain: () => "The caller's input tensor is changed in place; PyTorch never writes to it.",
  clues: [/\bx\s*[-+*/]=|\b(input|x|inp)\.(sub_|add_|mul_|div_|copy_)/, /\w+\.(sub_|add_|mul_|div_)\(/],
};

export const inputDtype: Axis = {
  id: 'input.dtype',
  ...taught('input.dtype'),
  level: 'note',
  values: ["the layer's dtypes", 'other'],
  about: 'which dtypes of the input work',
  pytorch: () => "the layer's dtypes",
  measured: ({ profile }) => (profile.dtype === 'float64' ? "the layer's dtypes" : 'other'),
  apply: null,
  separatedBy: 'float32 and float64 modules and inputs',
  explain: () => 'A module in float64 refuses its input; it was measured in float32 alone. PyTorch takes both.',
  clues: [/float\(\)|float32|\.type\(|\.to\(/, /def forward/],
};

export const stdout: Axis = {
  id: 'stdout',
  ...taught('stdout'),
  level: 'note',
  values: ['silent', 'prints'],
  about: 'whether a call prints',
  pytorch: () => 'silent',
  measured: ({ profile }) => (profile.stdout === '' ? 'silent' : 'prints'),
  apply: null,
  separatedBy: 'any call',
  explain: (_actual, { profile }) =>
    `Every call prints, for instance ${JSON.stringify(profile.stdout.split('\n')[0])}.`,
  clues: [/print\(/],
};

/** What PyTorch does in training with a statistic of one value. */
function singleValueOf(target: Target): string {
  if (target.kind === 'LayerNorm') return 'bias';
  if (target.kind === 'RMSNorm') return 'sign';
  return target.kind === 'GroupNorm' ? 'bias' : 'raises';
}

export const singleValue: Axis = {
  id: 'single-value.train',
  ...taught('single-value.train'),
  level: 'note',
  values: ['raises', 'nan', 'zero', 'bias', 'sign', 'input', 'other'],
  about: 'what training does with a statistic of one value',
  pytorch: (target) => (target.kind === 'GroupNorm' ? null : singleValueOf(target)),
  measured: ({ profile }, target) => {
    const { singleValue: word, scale } = profile;
    if (word === null || scale.statistics !== 'batch' || scale.divisor === 'n-1' || scale.placement === 'absent')
      return null;
    return word === 'zero' && target.kind === 'LayerNorm' ? 'bias' : word;
  },
  apply: null,
  separatedBy: 'one value per statistic',
  explain: (actual, _subject, target) =>
    `With one value per statistic training gives ${actual === 'raises' ? 'an error' : actual}; PyTorch's ${target.layer} ${
      singleValueOf(target) === 'raises' ? 'raises a ValueError' : `gives the ${singleValueOf(target)}`
    }.`,
  clues: [/def forward/],
};

export const stateKeys: Axis = {
  id: 'state.keys',
  ...taught('state.keys'),
  level: 'note',
  values: ['a key for each role', 'missing', 'extra'],
  about: 'which roles have a tensor in the state',
  pytorch: () => 'a key for each role',
  measured: ({ profile }, target) => {
    if (profile.extras.length > 0) return 'extra';
    if (profile.traits.unsaved.length > 0) return 'missing';
    if (target.tracked && profile.running === null) return null; // statistics.eval says so
    return 'a key for each role';
  },
  apply: null,
  separatedBy: 'the state of a fresh layer',
  explain: (actual, { profile }) =>
    actual === 'missing'
      ? `${profile.traits.unsaved.join(' and ')} ${profile.traits.unsaved.length === 1 ? 'is' : 'are'} not in state_dict(): a checkpoint loses ${profile.traits.unsaved.length === 1 ? 'it' : 'them'}, and .to(device) leaves ${profile.traits.unsaved.length === 1 ? 'it' : 'them'} behind. Register buffers with register_buffer.`
      : `The state holds ${profile.extras.join(', ')}, which plays no part that PyTorch's state has.`,
  clues: [/register_buffer|Parameter\(/],
};

export const batchesTracked: Axis = {
  id: 'state.batches-tracked',
  ...taught('state.batches-tracked'),
  level: 'note',
  values: ['counted', 'frozen', 'absent'],
  about: 'whether num_batches_tracked counts training steps',
  pytorch: (target) => (target.tracked ? (target.kind === 'InstanceNorm' ? 'frozen' : 'counted') : null),
  measured: ({ profile }) => (profile.running === null ? null : profile.traits.counting),
  apply: null,
  separatedBy: 'the state after a training step',
  explain: (actual) =>
    actual === 'absent'
      ? 'There is no num_batches_tracked: load PyTorch’s state with strict=False.'
      : `The counter of training steps is ${actual}.`,
  clues: [/num_batches|register_buffer/],
};

export const inputRank: Axis = {
  id: 'input.rank',
  ...taught('input.rank'),
  level: 'note',
  values: ["the layer's ranks", 'other'],
  about: 'which ranks of the input work',
  pytorch: () => "the layer's ranks",
  measured: ({ profile }, target) => {
    const legal = target.layer === 'BatchNorm1d' ? [2, 3] : [];
    return profile.traits.ranksRefused.some((rank) => legal.includes(rank)) ? 'other' : "the layer's ranks";
  },
  apply: null,
  separatedBy: 'inputs (N, C) and (N, C, L)',
  explain: (_actual, { profile }) =>
    `An input with ${profile.traits.ranksRefused.join(' or ')} axes is refused; PyTorch takes it.`,
  clues: [/dim\(\)|ndim|len\(.*shape/, /def forward/],
};

export const errors: Axis = {
  id: 'errors',
  ...taught('errors'),
  level: 'note',
  values: ['the same calls are refused', 'accepts', 'refuses', 'other-error'],
  about: 'which illegal calls are refused',
  pytorch: () => 'the same calls are refused',
  measured: ({ profile }) => {
    const { errors: found } = profile.traits;
    return found === null ? 'the same calls are refused' : found.word;
  },
  apply: null,
  separatedBy: 'calls that PyTorch refuses',
  explain: (_actual, { profile }) =>
    `It takes ${profile.traits.errors?.message ?? 'another call'}, which PyTorch refuses.`,
  clues: [/def forward/],
};

export const CONDUCT_AXES: readonly Axis[] = [
  inputLayout,
  inputMutated,
  inputRank,
  inputDtype,
  singleValue,
  stateKeys,
  batchesTracked,
  stdout,
  errors,
];

// Lessons on conduct: which inputs work, what is written to, printed, kept under which name, and refused.

import type { Lesson } from './lesson.ts';

export const CONDUCT_LESSONS: Readonly<Record<string, Lesson>> = {
  'input.layout': {
    what: 'Which memory layouts of the input work. x.view(…) that merges axes raises on a transposed or channels_last input; reshape copies instead.',
    values: {
      any: 'all of them',
      'contiguous-only': 'a strided input raises',
      other: 'some strided inputs give other numbers',
    },
    example: {
      kind: 'words',
      given: 'an input that was transposed',
      gives: {
        any: 'the same numbers',
        'contiguous-only': 'RuntimeError: view size is not compatible with input tensor’s size and stride',
      },
    },
  },
  'input.mutated': {
    what: 'Whether the caller’s tensor is changed: x -= mean works in place, x = x - mean does not.',
    values: { no: 'never', yes: 'the input holds something else after the call' },
    example: {
      kind: 'words',
      given: 'the input [0, 2] after the call',
      gives: { no: '[0, 2]', yes: '[-1, 1], for instance' },
    },
  },
  'input.rank': {
    what: 'How many axes the input may have: BatchNorm2d takes four, LayerNorm any number that ends in normalized_shape.',
    values: { "the layer's ranks": 'those', other: 'fewer, more or others' },
    example: {
      kind: 'words',
      given: 'BatchNorm1d of an (N, C, L) input',
      gives: { "the layer's ranks": 'works, as (N, C) does', other: 'one of the two raises' },
    },
  },
  'input.dtype': {
    what: 'Which dtypes work once the module is cast to them.',
    values: {
      "the layer's dtypes": 'float32 and float64 (float16 and bfloat16 too)',
      other: 'some raise, or come back in another dtype',
    },
    example: {
      kind: 'words',
      given: 'the layer after .double(), of a float64 input',
      gives: { "the layer's dtypes": 'a float64 output', other: 'an error, or a float32 output' },
    },
  },
  'single-value.train': {
    what: 'What training does where a statistic has one value only: there is no spread to divide by, and n − 1 is 0.',
    values: {
      raises: 'a ValueError',
      nan: 'NaN, from the unbiased variance of one value',
      zero: '0',
      bias: 'the bias: x − x is 0, over √eps',
      sign: 'the sign of x, as RMSNorm gives',
      input: 'the input',
      other: 'something else',
    },
    example: {
      kind: 'words',
      given: 'BatchNorm1d(1) in train mode of [[3]]',
      gives: { raises: 'ValueError: Expected more than 1 value per channel when training', nan: '[nan]', zero: '[0]' },
    },
  },
  'state.keys': {
    what: 'Whether state_dict has a tensor for each role and no other. Names may differ; what matters is that a checkpoint holds all of it.',
    values: {
      'a key for each role': 'weight, bias, running_mean, running_var where there are such',
      missing: 'a role is kept in a plain attribute, which no checkpoint holds',
      extra: 'a tensor without a role is in the state',
    },
    example: {
      kind: 'words',
      given: 'state_dict() of a BatchNorm whose running mean is self.mean = torch.zeros(C)',
      gives: { 'a key for each role': 'weight, bias, running_mean, running_var', missing: 'no running mean' },
    },
  },
  'state.batches-tracked': {
    what: 'Whether num_batches_tracked counts the training steps. PyTorch needs it for momentum=None, and looks for it when loading with strict=True.',
    values: {
      counted: 'one more with each training step',
      frozen: 'it stays, as InstanceNorm’s does',
      absent: 'there is none',
    },
    example: {
      kind: 'words',
      given: 'num_batches_tracked after three training steps',
      gives: { counted: '3', frozen: '0', absent: 'KeyError' },
    },
  },
  stdout: {
    what: 'Whether a call prints. A print left over from debugging costs time in every step.',
    values: { silent: 'no', prints: 'yes' },
    example: {
      kind: 'words',
      given: 'a call',
      gives: { silent: 'nothing is printed', prints: 'torch.Size([4, 6, 5, 7]), for instance' },
    },
  },
  errors: {
    what: 'Which calls are refused. Only refusals that no other finding explains are told here.',
    values: {
      'the same calls are refused': 'as in PyTorch',
      accepts: 'something is taken that PyTorch refuses',
      refuses: 'something is refused that PyTorch takes',
      'other-error': 'refused with another type of error',
    },
    example: {
      kind: 'words',
      given: 'GroupNorm(3, 4)',
      gives: {
        'the same calls are refused': 'ValueError: num_channels must be divisible by num_groups',
        accepts: 'made, and wrong or raising later',
      },
    },
  },
};

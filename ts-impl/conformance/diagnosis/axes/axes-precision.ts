// Axis entries on half precision: what statistics are computed in, and when the result is rounded.

import type { Axis, Subject } from './axis.ts';
import { taught } from './advice.ts';

/** No hand-written class equals PyTorch in half precision: it counts for those that speak of it. */
const level = ({ profile }: Subject): 'error' | 'note' => (profile.traits.claimsHalf ? 'error' : 'note');

export const precisionAccumulation: Axis = {
  id: 'precision.accumulation',
  ...taught('precision.accumulation'),
  level,
  values: ['float32-or-wider', 'input-dtype'],
  about: 'what statistics of a float16 or bfloat16 input are computed in',
  pytorch: () => 'float32-or-wider',
  measured: ({ profile }) => profile.traits.precision?.accumulation ?? null,
  apply: null,
  separatedBy: 'a bfloat16 input with a mean of a few spreads',
  explain: () =>
    'Statistics of a half-precision input are computed in half precision: outputs are off in the third digit. PyTorch computes them in float32 and rounds once, at the end.',
  clues: [/mean\(|var\(|std\(/],
};

export const precisionAffine: Axis = {
  id: 'precision.affine',
  ...taught('precision.affine'),
  level,
  values: ['before-rounding', 'after-rounding'],
  about: 'whether weight and bias come before or after the result is rounded to half precision',
  pytorch: () => 'before-rounding',
  measured: ({ profile }) => profile.traits.precision?.affine ?? null,
  apply: null,
  separatedBy: 'a bfloat16 input and a weight that is not a power of two',
  explain: () =>
    'The normalised value is rounded to the input’s dtype before the weight multiplies it (the order of Llama); PyTorch multiplies first and rounds once.',
  clues: [/\.to\(|type_as|\.type\(|\.half\(|\.bfloat16\(/, /return /],
};

export const PRECISION_AXES: readonly Axis[] = [precisionAccumulation, precisionAffine];

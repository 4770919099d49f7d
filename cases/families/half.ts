// The families of drawn cases in float16 and bfloat16: what each insists on. Every case of them is one that PyTorch takes.

import { LAYERS } from '../case.ts';
import { mayTrack, normOf } from '../g1/norm.ts';
import type { Constraint } from '../g1/plan.ts';
import { VALUE_FAMILIES } from './values.ts';

const TRACKING = LAYERS.filter((layer) => mayTrack(normOf(layer)));

/** `half` in a rule says what parameters and buffers are made of: either in turn where it says nothing more. */
export const HALF_FAMILIES = {
  'half-ordinary': family(`input, parameters and buffers of one half-precision type; ${VALUE_FAMILIES.ordinary}`, {
    values: 'ordinary',
    half: 'half',
  }),
  'half-mixed': family('half-precision input, float32 parameters and buffers: what is rounded, and when', {
    values: 'ordinary',
    half: 'float32',
  }),
  'half-large-mean': family('half precision with means of 1e3 … 1e6: few distinct values left, float16 overflowing', {
    values: 'large-mean',
    half: 'either',
  }),
  'half-overflow': family(`half precision with ${VALUE_FAMILIES['half-overflow']}`, {
    values: 'half-overflow',
    half: 'either',
  }),
  'half-tiny-variance': family(
    'half precision, standard deviations of 1e-3 … 1e-6, mostly lost to rounding: eps decides',
    {
      values: 'tiny-variance',
      half: 'either',
    },
  ),
  'half-non-finite': family(`half precision, ${VALUE_FAMILIES['non-finite']}`, {
    values: 'non-finite',
    half: 'either',
  }),
  'half-strided': family('half precision channels_last, transposed, expanded and sliced', {
    values: 'set-statistics',
    sizes: 'above-one',
    layouts: ['channels_last', 'transposed', 'expanded', 'sliced'],
    half: 'either',
  }),
  'half-trajectory': family('train, train, eval, train, eval: buffers that are rounded at every step', {
    values: 'set-statistics',
    subjects: TRACKING,
    modes: [['train', 'train', 'eval', 'train', 'eval']],
    options: { tracked: true },
    half: 'either',
  }),
  'half-gradient': family('half precision, a random upstream gradient after every forward: sums and their rounding', {
    values: 'set-statistics',
    modes: [['train'], ['eval'], ['train', 'eval'], ['eval', 'train']],
    backward: true,
    half: 'either',
  }),
} as const;

// --- internal ---

function family(line: string, rule: Constraint): { readonly line: string; readonly rule: () => Constraint } {
  return { line, rule: () => rule };
}

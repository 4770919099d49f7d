// The families of drawn cases: what each insists on, all else being free. Every case of them is one that PyTorch takes.

import { LAYERS } from '../case.ts';
import { type Layout, layoutsOf } from '../g1/layouts.ts';
import { isFunction, mayTrack, normOf, type Rank, ranksOf, type Subject, SUBJECTS } from '../g1/norm.ts';
import type { Constraint, Mode } from '../g1/plan.ts';
import { HALF_FAMILIES } from './half.ts';
import { VALUE_FAMILIES } from './values.ts';

export interface DrawnFamily {
  /** What it is made of, or what it separates. */
  readonly line: string;
  /** The demands on case `index`. */
  readonly rule: (index: number) => Constraint;
}

const TRACKING = LAYERS.filter((layer) => mayTrack(normOf(layer)));
const FULL_TRAJECTORY: readonly Mode[] = ['train', 'train', 'eval', 'train', 'eval'];

export const DRAWN_FAMILIES = {
  ordinary: always(`any layer, shape and option; ${VALUE_FAMILIES.ordinary}`, { values: 'ordinary' }),
  'large-mean': always(VALUE_FAMILIES['large-mean'], { values: 'large-mean' }),
  'tiny-variance': always(VALUE_FAMILIES['tiny-variance'], { values: 'tiny-variance' }),
  constant: always(VALUE_FAMILIES.constant, { values: 'constant' }),
  'mixed-scales': always(VALUE_FAMILIES['mixed-scales'], { values: 'mixed-scales' }),
  huge: always(VALUE_FAMILIES.huge, { values: 'huge' }),
  subnormal: always(VALUE_FAMILIES.subnormal, { values: 'subnormal' }),
  'signed-zeros': always(VALUE_FAMILIES['signed-zeros'], { values: 'signed-zeros' }),
  'non-finite': always(VALUE_FAMILIES['non-finite'], { values: 'non-finite' }),
  'small-n': always('2 to 8 elements a statistic and variances far from 1: biased against unbiased', {
    values: 'far-variance',
    sizes: 'small-n',
    modes: [['train'], ['train', 'eval'], ['train', 'train', 'eval']],
    options: { tracked: true, momentum: [0.3, 0.5, 1] },
  }),
  'two-sigmas': always('standard deviations near 1e-3 and near 1: the value of eps against its place', {
    values: 'two-sigmas',
    modes: [['train'], ['train', 'eval']],
    options: { eps: ['default', 1e-12, 1e-6, 1e-3, 0.25] },
  }),
  'many-sigmas': always('each statistic with a standard deviation of its own, 1e-6 to 3', {
    values: 'many-sigmas',
    modes: [['train'], ['train', 'eval']],
  }),
  'spaced-buffers': always('eval with running variances from 1e-14 to 3: which buffer is the mean, which the spread', {
    values: 'ordinary',
    subjects: [...TRACKING, 'batch_norm', 'instance_norm'],
    modes: [['eval'], ['eval', 'eval']],
    options: { tracked: true, eps: ['default', 1e-12, 1e-8, 1e-3] },
    running: 'spaced',
  }),
  momentum: always('three to five steps from buffers away from 0 and 1, momentum varied: the update rule', {
    values: 'far-variance',
    subjects: TRACKING,
    modes: [
      ['train', 'train', 'train'],
      ['train', 'train', 'eval', 'train'],
      ['train', 'train', 'train', 'train', 'eval'],
    ],
    options: { tracked: true, momentum: [0.1, 0.25, 0.3, 0.75, 1, null] },
    running: 'random',
    varyMomentum: true,
  }),
  trajectory: always(
    'train, train, eval, train, eval with the buffers read after each: which statistics, when updated',
    {
      values: 'set-statistics',
      subjects: TRACKING,
      modes: [FULL_TRAJECTORY],
      options: { tracked: true },
    },
  ),
  'eval-first': always('eval before any training, tracked or not', {
    values: 'ordinary',
    subjects: TRACKING,
    modes: [['eval'], ['eval', 'train', 'eval']],
    running: 'fresh',
  }),
  'set-statistics': always('every axis of another size and every set with other statistics: axes and groups', {
    values: 'set-statistics',
    sizes: 'distinct',
  }),
  'coinciding-sizes': always('C = W, H = W = C or N = C: a broadcast along the wrong axis is silent', {
    values: 'set-statistics',
    sizes: 'coinciding',
  }),
  affine: always('weight and bias with negatives and a zero, all different', {
    values: 'ordinary',
    options: { affine: true },
    backward: true,
  }),
  gradient: always('a random upstream gradient after every forward, train and eval', {
    values: 'set-statistics',
    modes: [['train'], ['eval'], ['train', 'eval'], ['eval', 'train']],
    backward: true,
  }),
  'double-backward': always('the gradients of the gradients, after every backward', {
    values: 'set-statistics',
    modes: [['train'], ['eval'], ['train', 'eval'], ['eval', 'train']],
    sizes: 'roomy',
    layouts: ['contiguous', 'channels_last', 'transposed', 'sliced'],
    backward: true,
    twice: true,
  }),
  'single-value': always('one element a statistic, where PyTorch takes it', {
    values: 'ordinary',
    sizes: 'single-value',
  }),
  strided: always('channels_last, transposed, expanded and sliced inputs', {
    values: 'set-statistics',
    sizes: 'above-one',
    layouts: ['channels_last', 'transposed', 'expanded', 'sliced'],
  }),
  grid: {
    line: 'every layer and function × rank × mode × layout in turn',
    rule: (index) => {
      const { subject, rank, mode, layout } = GRID[index % GRID.length];
      return {
        values: 'ordinary',
        sizes: 'above-one',
        subjects: [subject],
        rank,
        modes: [[mode], [mode, 'train'], [mode, 'eval']],
        layouts: [layout],
        options: isFunction(subject) && mode === 'eval' ? { tracked: true } : {}, // a function in eval needs statistics
      };
    },
  },
  ...HALF_FAMILIES,
} as const satisfies Readonly<Record<string, DrawnFamily>>;
export type DrawnName = keyof typeof DRAWN_FAMILIES;

/** Who is asked in case `index`: the layers by turns, with two functions after each round of nine. */
export function subjectAt(rule: Constraint, index: number): Subject {
  if (rule.subjects !== undefined) return rule.subjects[index % rule.subjects.length];
  const turn = index % 11;
  if (turn < 9) return LAYERS[turn];
  const functions = SUBJECTS.filter(isFunction);
  return functions[(Math.floor(index / 11) * 2 + turn - 9) % functions.length];
}

/** Every subject × rank × mode × layout, functions without a mode in training alone. */
export const GRID: readonly {
  readonly subject: Subject;
  readonly rank: Rank;
  readonly mode: 'train' | 'eval';
  readonly layout: Layout;
}[] = makeGrid();

// --- internal ---

function always(line: string, rule: Constraint): DrawnFamily {
  return { line, rule: () => rule };
}

function makeGrid(): typeof GRID {
  return SUBJECTS.flatMap((subject) =>
    ranksOf(subject).flatMap((rank) => {
      const modes =
        isFunction(subject) && !mayTrack(normOf(subject)) ? (['train'] as const) : (['train', 'eval'] as const);
      return modes.flatMap((mode) => layoutsOf(rank.rank).map((layout) => ({ subject, rank, mode, layout })));
    }),
  );
}

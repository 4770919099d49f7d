// The plan of a drawn case: subject, dtype, sizes, options, modes and layout, chosen so that PyTorch takes it. No values, no steps.

import type { ComputeDtype } from '../../ts-impl/tensor/dtype.ts';
import type { Draw } from '../counter.ts';
import type { ValueFamily } from '../families/values.ts';
import { type Layout, layoutsOf } from './layouts.ts';
import { isFunction, mayTrack, type Norm, normOf, type Rank, ranksOf, type Subject } from './norm.ts';
import { drawOptions, isTracked, type OptionRule, type Options } from './options.ts';
import type { HalfParameters } from './half.ts';
import { drawSizes, type SizeRule, type Sizes } from './sizes.ts';

/** The mode of one forward; null leaves the mode as it is. */
export type Mode = 'train' | 'eval' | null;

/** What a family insists on; what is absent is free. */
export interface Constraint {
  readonly values: ValueFamily;
  readonly subjects?: readonly Subject[];
  readonly sizes?: SizeRule;
  /** Trajectories to choose from. */
  readonly modes?: readonly (readonly Mode[])[];
  readonly options?: OptionRule;
  readonly layouts?: readonly Layout[];
  readonly rank?: Rank;
  /** Running statistics before the first forward: as constructed, random, or variances spaced from 1e-14 to 3. */
  readonly running?: 'fresh' | 'random' | 'spaced';
  /** Every forward is followed by a backward. */
  readonly backward?: true;
  /** Every backward is followed by a double backward. */
  readonly twice?: true;
  /** In half precision, and what parameters and buffers are made of. */
  readonly half?: HalfParameters | 'either';
  /** Change the attribute `momentum` between forwards. */
  readonly varyMomentum?: true;
}

export interface Plan {
  readonly subject: Subject;
  readonly norm: Norm;
  readonly functional: boolean;
  readonly dtype: ComputeDtype;
  readonly sizes: Sizes;
  readonly options: Options;
  readonly tracked: boolean;
  readonly modes: readonly Mode[];
  readonly layout: Layout;
}

export function drawPlan(rule: Constraint, subject: Subject, draw: Draw): Plan {
  const norm = normOf(subject);
  const functional = isFunction(subject);
  const rank = rule.rank ?? draw.pick(ranksOf(subject));
  const dtype = draw.chance(1, 5) ? 'float64' : 'float32';
  let options = drawOptions(rule.options ?? {}, norm, functional, draw);
  let modes = rule.modes === undefined ? drawModes(norm, functional, draw) : draw.pick(rule.modes);
  if (rule.sizes === 'single-value' && mayTrack(norm)) {
    options = { ...options, trackRunningStats: true };
    modes = ['eval'];
  }
  if (norm === 'batch' && options.eps === 0 && usesBatch(norm, modes, options)) {
    if (rule.modes === undefined && rule.options?.tracked === undefined) {
      options = { ...options, trackRunningStats: true };
      modes = modes.map(() => 'eval' as const);
    } else {
      options = { ...options, eps: 1e-12 }; // PyTorch refuses 0 where it divides by the batch's own variance
    }
  }
  const sizes = drawSizes(rule.sizes ?? 'any', norm, rank, usesBatch(norm, modes, options), draw);
  const layouts = layoutsOf(rank.rank).filter((layout) => rule.layouts?.includes(layout) ?? true);
  const layout = draw.chance(1, 2) && layouts.includes('contiguous') ? 'contiguous' : draw.pick(layouts);
  return { subject, norm, functional, dtype, sizes, options, tracked: isTracked(norm, options), modes, layout };
}

// --- internal ---

/** One to five forwards; functions are called once or twice, since they hold no state. */
function drawModes(norm: Norm, functional: boolean, draw: Draw): readonly Mode[] {
  const length = functional ? draw.between(1, 2) : draw.pick(mayTrack(norm) ? [1, 1, 2, 2, 3, 3, 4, 5] : [1, 1, 1, 2]);
  const first: Mode = draw.pick(['train', 'train', 'eval', null] as const);
  const modes: Mode[] = [functional && first === null ? 'train' : first];
  while (modes.length < length)
    modes.push(draw.pick(['train', 'train', 'train', 'eval', 'eval', functional ? 'eval' : null] as const));
  return modes;
}

/** Whether some forward normalises with the statistics of its input. A layer is made in training mode. */
function usesBatch(norm: Norm, modes: readonly Mode[], options: Options): boolean {
  if (!mayTrack(norm) || !isTracked(norm, options)) return true;
  return modes[0] !== 'eval' || modes.includes('train');
}

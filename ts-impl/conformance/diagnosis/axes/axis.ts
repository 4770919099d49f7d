// The axis entry: one convention as data, from the value that PyTorch has, over the one measured, to the sentence that explains it.

import type { Stance } from '../measure/stance.ts';
import type { Profile } from '../model/profile.ts';
import type { Advice } from './advice.ts';
import type { Target } from './target.ts';

export type AxisValue = string | number;

/** Where a source line is looked for: the first pattern that a line of the class matches. */
export type Clues = readonly RegExp[];

export interface Subject {
  readonly profile: Profile;
  readonly stance: Stance;
}

export interface Axis {
  readonly id: string;
  /** A note changes only names, bookkeeping or how an illegal input is refused. */
  readonly level: 'error' | 'note' | ((subject: Subject, target: Target) => 'error' | 'note');
  /** The words the axis may take; 'number' where it takes any. */
  readonly values: readonly string[];
  /** One line for `list conventions`. */
  readonly about: string;
  /** PyTorch's value; null where the axis has no meaning for the layer. */
  readonly pytorch: (target: Target) => AxisValue | null;
  /** The measured value; null where it has no meaning under another departure, or was not measured. */
  readonly measured: (subject: Subject, target: Target) => AxisValue | null;
  /** The profile with this axis put at `value`, for the counter-model; null where the model does not speak of it. */
  readonly apply: ((profile: Profile, value: AxisValue, target: Target) => Profile) | null;
  /** Compared with a relative tolerance where values are numbers. */
  readonly same?: (a: AxisValue, b: AxisValue) => boolean;
  /** The value as findings tell it; as it is where left out. */
  readonly told?: (value: AxisValue) => AxisValue;
  /** What to separate its values with: the inputs that show them. */
  readonly separatedBy: string;
  /** The tensors in which a witness shows it, and an option that its case must set; any where left out. */
  readonly shownBy?: { readonly tensors: RegExp; readonly option: string | null };
  /** What to do to agree with PyTorch, and what becomes of a trained model. */
  readonly advice: Advice;
  /** Who has which other value. */
  readonly who: Readonly<Record<string, string>>;
  readonly explain: (actual: AxisValue, subject: Subject, target: Target) => string;
  readonly clues: Clues;
}

export function sameValue(axis: Axis, a: AxisValue, b: AxisValue): boolean {
  if (axis.same !== undefined) return axis.same(a, b);
  return typeof a === 'number' && typeof b === 'number' ? nearlyEqual(a, b) : a === b;
}

/** Equal to within one part in a thousand: constants kept in float32 are off by 1.5e-9. */
export function nearlyEqual(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-3 * Math.max(Math.abs(a), Math.abs(b));
}

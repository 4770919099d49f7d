// The Verdict: what the judge saw when it held one Outcome against another, every element of every tensor looked at.

import type { Direction } from './place.ts';

export type VerdictKind = 'identical' | 'within' | 'differs' | 'refused' | 'unsupported' | 'undecided';

export interface Verdict {
  readonly case: string;
  /** `refused`: refused differently. A refusal that both make with the same type and text is `identical`. */
  readonly kind: VerdictKind;
  readonly tensors: readonly TensorVerdict[];
  /** What is wrong outside the tensors (a refusal of one side, a missing name, another repr), or why there is no verdict. */
  readonly problems: readonly Problem[];
}

export interface Problem {
  readonly step: number;
  /** The tensor or text it is about; `refusal` where an ending is at fault, `-` where there is no verdict. */
  readonly tensor: string;
  readonly message: string;
}

/** One tensor of one step. Counts are of elements and add up: identical + within + differs = elements. */
export interface TensorVerdict {
  readonly step: number;
  readonly tensor: string;
  readonly direction: Direction;
  readonly mode: 'train' | 'eval';
  readonly dtype: string;
  readonly elements: number;
  readonly identical: number;
  readonly within: number;
  readonly differs: number;
  /** The largest distance in ULPs over all elements; NaN where a side has NaN alone, null for no element. */
  readonly maxUlp: number | null;
  /** The same for |actual − expected| and for that over |expected|. */
  readonly maxAbsolute: number | null;
  readonly maxRelative: number | null;
  /** The element with the largest share of its budget; null where all are identical. */
  readonly worst: WorstElement | null;
  /** Of the elements that differ, those where PyTorch alone is further from the truth than the budget. */
  readonly oracleAtFault: number;
}

export interface WorstElement {
  readonly index: readonly number[];
  readonly expected: number;
  readonly actual: number;
  /** Distance in representable numbers of the dtype. */
  readonly ulp: number;
  readonly absolute: number;
  readonly relative: number;
  /** The absolute distance that the tolerance allows here. */
  readonly budget: number;
  /** Who is nearer to the truth; null where none was asked for or is known. */
  readonly nearer: 'subject' | 'oracle' | 'tie' | null;
  /** How far each side is from the truth. */
  readonly oracleError: number | null;
  readonly subjectError: number | null;
}

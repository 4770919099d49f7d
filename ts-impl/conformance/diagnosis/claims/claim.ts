// The claim: what one sentence says of one layer on one axis. Whether it is true is not its business.

import type { AxisValue } from '../axes/axis.ts';
import type { NormKind } from '../axes/norm-kind.ts';

/** What a sentence says, before anybody knows of which layer. */
export interface Statement {
  /** The axis it speaks of, such as `eps.placement`. */
  readonly axis: string;
  readonly value: AxisValue;
  /** What is said, to stand after "the text says that". */
  readonly told: string;
  /** The words or formula that say it, as written. */
  readonly quote: string;
  /** Where the quote begins in the sentence. */
  readonly at: number;
  /** Whether PyTorch does it; null where the axis entry has to say. */
  readonly fits: boolean | null;
}

export interface Claim extends Statement {
  readonly layer: NormKind;
  readonly line: number;
  readonly endLine: number;
  readonly about: Attribution;
  /** The class or function whose comment or docstring says it; null for prose. */
  readonly owner: string | null;
}

/**
 * Of whom it is said: of PyTorch by name, of the method in general, or of the code beside it. A sentence on that code is wrong
 * only where the code does something else.
 */
export type Attribution = 'pytorch' | 'method' | 'own-code';

// The Outcome: what a subject answered to a Case, step by step. Read-only plain data; no judgement here.

import type { NamedTensor } from '../../cases/case.ts';

export type StepResult =
  /** Tensors are contiguous. `texts` holds words that are no tensor: `repr`, `keys`, and from foreign code `stdout`, … */
  | {
      readonly kind: 'returned';
      readonly tensors: readonly NamedTensor[];
      readonly texts: Readonly<Record<string, string>>;
    }
  /** The exception's class name and its whole message; from foreign code the line of the document where it was raised. */
  | { readonly kind: 'refused'; readonly type: string; readonly message: string; readonly line?: number }
  /** An earlier refusal left nothing to run it on. */
  | { readonly kind: 'not_run' };

export type Outcome =
  /** Every step returned. */
  | { readonly kind: 'returned'; readonly steps: readonly StepResult[] }
  /** At least one step was refused; `step` is the first. */
  | { readonly kind: 'refused'; readonly step: number; readonly steps: readonly StepResult[] }
  /** The subject has no such step, layer or option. */
  | { readonly kind: 'unsupported'; readonly reason: string }
  /** No answer: the subject died, hung, or spoke nonsense. Ours to mend, never agreement. */
  | { readonly kind: 'undecided'; readonly reason: UndecidedReason };

export interface UndecidedReason {
  readonly kind: 'timeout' | 'crash' | 'memory' | 'syntax' | 'import' | 'construct' | 'protocol';
  readonly message: string;
}

/** An answer: the outcome and, from the oracle when asked, the same trajectory in float64. */
export interface Answer {
  readonly outcome: Outcome;
  readonly truth: Outcome | null;
}

/** Names the outcome that a list of step results makes. */
export function outcomeOf(steps: readonly StepResult[]): Outcome {
  const step = steps.findIndex((s) => s.kind === 'refused');
  return step < 0 ? { kind: 'returned', steps } : { kind: 'refused', step, steps };
}

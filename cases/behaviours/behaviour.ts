// A named behaviour: questions whose answers show one thing that PyTorch does, and what it states of them. It holds no answer of any side.

import type { Case } from '../case.ts';
import type { Claim } from './claim.ts';

export interface Behaviour {
  /** `B-` and three digits; once given it stays. */
  readonly id: string;
  /** The layers and functions it is about, in PyTorch's words. */
  readonly layers: readonly string[];
  /** What is observable, in one line. */
  readonly line: string;
  readonly about: About;
  /** One or more; their cases' ids are `b1/<id>/<name>`. */
  readonly questions: readonly Question[];
  /** At least one where there are questions. All must hold of the oracle's answers and, about a port, of the port's. */
  readonly claims: readonly Claim[];
}

export type About =
  /** Any port can show it. */
  | { readonly kind: 'port' }
  /** Python objects of PyTorch alone: asked of the oracle as a pin on PyTorch itself. The reason says what a port lacks. */
  | { readonly kind: 'torch'; readonly reason: string }
  /** Nothing to ask: another version of PyTorch alone has it. */
  | { readonly kind: 'none'; readonly reason: string };

export interface Question {
  /** In words of [a-z0-9-]. */
  readonly name: string;
  readonly case: Case;
}

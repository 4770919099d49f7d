// All named behaviours in order of their ids, and the cases their ids lead to.

import type { Case } from '../case.ts';
import type { Behaviour } from './behaviour.ts';
import { FIRST_HALF } from './first-half.ts';
import { SECOND_HALF } from './second-half.ts';

export const BEHAVIOURS: readonly Behaviour[] = [...FIRST_HALF, ...SECOND_HALF].sort((a, b) => (a.id < b.id ? -1 : 1));

/** How many the catalogue lists. */
export const CATALOGUED = 222;

/** The behaviour whose question has this id, or null. */
export function behaviourOfCase(id: string): Behaviour | null {
  const named = BEHAVIOURS.find((behaviour) => id.startsWith(`b1/${behaviour.id}/`)); // so that no other's questions are made
  return named?.questions.some((question) => question.case.id === id) ? named : null;
}

/** The case of an id `b1/<behaviour>/<question>`, or null where there is none. */
export function caseOfBehaviour(id: string): Case | null {
  return behaviourOfCase(id)?.questions.find((question) => question.case.id === id)?.case ?? null;
}

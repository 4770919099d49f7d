// The plain norm with some conventions changed, as a saboteur: honest answers with its numbers in them. What it can't follow stays honest.

import { sabotage } from '../saboteurs/sabotage.ts';
import type { Saboteur } from '../saboteurs/saboteur.ts';
import { type Conventions, PYTORCH } from './conventions.ts';
import { isFollowed, plainSteps } from './plain-norm.ts';

export function plainSaboteur(name: string, line: string, change: Partial<Conventions>): Saboteur {
  const how = { ...PYTORCH, ...change };
  return sabotage(name, line, (steps, c) =>
    isFollowed(c) && steps[0].kind === 'returned' ? plainSteps(c, steps, how) : steps,
  );
}

/** Its conventions are PyTorch's, and so the judge has to accept it: only its order of arithmetic is its own. */
export const FAULTLESS: Saboteur = plainSaboteur('faultless', 'has nothing wrong, and computes in float64', {});

// The vacuous-pass guard: which cases of a suite let a plain saboteur through, and who catches them else. It removes no case.

import type { Case } from '../../cases/case.ts';
import { judge } from '../../ts-impl/conformance/judge/judge.ts';
import { DEFAULT_TOLERANCE } from '../../ts-impl/conformance/judge/tolerance.ts';
import type { Answer } from '../../ts-impl/conformance/outcome.ts';
import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';
import { PLAIN_SABOTEURS } from './all.ts';
import { ACCEPTS, OTHER_TYPE, REFUSES_CALLS } from './endings.ts';
import { EXTRA_AXIS, FORGETFUL, OTHER_KEYS, OTHER_TEXTS } from './names.ts';
import { NEGATED, NEVER_COUNTS } from './numbers.ts';
import type { Saboteur } from './saboteur.ts';

/** For cases that hold no number: a refusal, an empty tensor, a state dict's keys. */
const OTHERS: readonly Saboteur[] = [
  ACCEPTS,
  OTHER_TYPE,
  NEGATED,
  NEVER_COUNTS,
  EXTRA_AXIS,
  FORGETFUL,
  OTHER_KEYS,
  REFUSES_CALLS,
  OTHER_TEXTS,
];

export interface Guarded {
  readonly id: string;
  /** The plain saboteurs that fail here, by name. */
  readonly plain: readonly string[];
  /** Where no plain one fails: the first other that does; null where nobody does, and the case tests nothing. */
  readonly other: string | null;
  /** The subject supports none of it, so that nothing was tried. */
  readonly untried: boolean;
}

/** Spoils `honest`’s answer to each case in every plain way and judges it by the answer itself. */
export async function guard(cases: Iterable<Case>, honest: Subject): Promise<readonly Guarded[]> {
  const guarded: Guarded[] = [];
  for (const c of cases) {
    const [answer] = await honest.ask([c], { truth: false });
    const untried = answer.outcome.kind !== 'returned' && answer.outcome.kind !== 'refused';
    const ready: Subject = { ...honest, ask: async () => [answer] };
    const plain: string[] = [];
    for (const saboteur of PLAIN_SABOTEURS) if (await fails(saboteur, c, answer, ready)) plain.push(saboteur.name);
    let other: string | null = null;
    if (plain.length === 0) {
      for (const saboteur of OTHERS) {
        if (!(await fails(saboteur, c, answer, ready))) continue;
        other = saboteur.name;
        break;
      }
    }
    guarded.push({ id: c.id, plain, other, untried });
  }
  return guarded;
}

// --- internal ---

async function fails(saboteur: Saboteur, c: Case, answer: Answer, ready: Subject): Promise<boolean> {
  const [spoilt] = await saboteur.wrap(ready).ask([c], { truth: false });
  const { kind } = judge(c, answer, spoilt, DEFAULT_TOLERANCE);
  return kind === 'differs' || kind === 'refused';
}

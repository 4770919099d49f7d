// A saboteur: a subject that answers as an honest one does but for one thing, told in one line. Every check worth its place fails it.

import type { Case } from '../../cases/case.ts';
import { outcomeOf, type StepResult } from '../../ts-impl/conformance/outcome.ts';
import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';

export interface Saboteur {
  /** In words of [a-z0-9-]; unique among all saboteurs and faults. */
  readonly name: string;
  /** What it gets wrong, in one line. */
  readonly line: string;
  /** The honest subject with that one thing wrong. The port's faults may leave the one they are given aside. */
  readonly wrap: (honest: Subject) => Subject;
}

/** What becomes of the honest results of one case. */
export type Fault = (results: readonly StepResult[], c: Case) => readonly StepResult[];

/** The saboteur that does this to every answer with steps; endings without any stay, and truths are left out. */
export function sabotage(name: string, line: string, fault: Fault): Saboteur {
  const wrap = (honest: Subject): Subject => ({
    ...honest,
    name,
    ask: async (cases, options) =>
      (await honest.ask(cases, options)).map(({ outcome }, i) =>
        outcome.kind === 'returned' || outcome.kind === 'refused'
          ? { outcome: outcomeOf(fault(outcome.steps, cases[i])), truth: null }
          : { outcome, truth: null },
      ),
  });
  return { name, line, wrap };
}

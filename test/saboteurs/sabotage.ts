// How a saboteur is made of a fault: in the steps of an answer, in the answer, or in what comes back for many cases. It names no fault.

import type { Case } from '../../cases/case.ts';
import { type Answer, outcomeOf, type StepResult } from '../../ts-impl/conformance/outcome.ts';
import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';
import type { Saboteur } from './saboteur.ts';

/** What a fault makes of the steps of one answer. */
export type Fault = (steps: readonly StepResult[], c: Case) => readonly StepResult[];

/** A fault in the steps that were answered; what a subject does not support, or can't answer, is left alone. The truth stays true. */
export function sabotage(name: string, line: string, fault: Fault): Saboteur {
  return sabotageAnswers(name, line, (answer, c) => {
    const { outcome } = answer;
    return outcome.kind === 'returned' || outcome.kind === 'refused'
      ? { ...answer, outcome: outcomeOf(fault(outcome.steps, c)) }
      : answer;
  });
}

export function sabotageAnswers(name: string, line: string, fault: (answer: Answer, c: Case) => Answer): Saboteur {
  return sabotageBatches(name, line, (answers, cases) => answers.map((answer, i) => fault(answer, cases[i])));
}

/** A fault in the list of answers itself. */
export function sabotageBatches(
  name: string,
  line: string,
  fault: (answers: readonly Answer[], cases: readonly Case[]) => readonly Answer[],
): Saboteur {
  const wrap = (honest: Subject): Subject => ({
    ...honest,
    name,
    ask: async (cases, options) => fault(await honest.ask(cases, options), cases),
    close: () => honest.close(),
  });
  return { name, line, wrap };
}

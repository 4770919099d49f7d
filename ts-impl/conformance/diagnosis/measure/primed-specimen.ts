// A specimen that is handed tensors right after its construction: those that only the first step would make, and parameters that start at 0.

import type { Case, Step } from '../../../../cases/case.ts';
import type { Outcome, StepResult } from '../../outcome.ts';
import { filled, type Specimen, setTensor } from './specimen.ts';
import type { StateTensor } from './stance.ts';

/** The same class with tensors set to `value` after every construction; the steps that do so are taken out of the answers again. */
export function primed(specimen: Specimen, tensors: readonly StateTensor[], value: number): Specimen {
  if (tensors.length === 0) return specimen;
  const steps = tensors.map((t) => setTensor(t.name, filled(value, t.shape)));
  return {
    ...specimen,
    ask: async (cases) => {
      const longer = cases.map((c) => ({ ...c, steps: c.steps.flatMap((s) => [s, ...added(s, steps)]) }));
      const outcomes = await specimen.ask(longer);
      return outcomes.map((outcome, i) => without(cases[i], outcome, steps.length));
    },
  };
}

// --- internal ---

const added = (step: Step, steps: readonly Step[]) => (step.kind === 'construct' ? steps : []);

function without(c: Case, outcome: Outcome, count: number): Outcome {
  if (outcome.kind !== 'returned' && outcome.kind !== 'refused') return outcome;
  const kept: StepResult[] = [];
  let at = 0;
  for (const step of c.steps) {
    const result = outcome.steps[at++];
    if (result !== undefined) kept.push(result);
    if (step.kind === 'construct') at += count;
  }
  return { ...outcome, steps: kept };
}

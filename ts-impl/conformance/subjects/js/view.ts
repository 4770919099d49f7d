// What of PyTorch's answer a norm in JavaScript can be held against: no Python texts, no parts it has not, no type or text of a refusal.

import type { Case, NamedTensor, Step } from '../../../../cases/case.ts';
import type { Answer, StepResult } from '../../outcome.ts';
import type { Traits } from './held-norm.ts';

export interface Pair {
  readonly expected: Answer;
  readonly actual: Answer;
}

/**
 * Both answers with what is not asked of this norm left out on both sides. By what it has, not by what it answered: a part that it has
 * and does not answer stays missing. A refusal is a refusal, whatever it says, since no norm in JavaScript can raise Python's errors.
 * Where PyTorch refuses and the norm answers, the case is `unsupported` with that reason, or with `strict` refused differently.
 */
export function viewOf(c: Case, { expected, actual }: Pair, traits: Traits, strict: boolean): Pair {
  const e = expected.outcome;
  const a = actual.outcome;
  if (!('steps' in e) || !('steps' in a)) return { expected, actual };
  if (e.steps.length !== c.steps.length || a.steps.length !== c.steps.length) return { expected, actual };
  const left: StepResult[] = [];
  const right: StepResult[] = [];
  let compared = false;
  for (const [i, step] of c.steps.entries()) {
    const [one, other] = viewStep(step, e.steps[i], a.steps[i], traits);
    if (one.kind === 'refused' && other.kind !== 'refused' && !strict) {
      return {
        expected,
        actual: unsupported(`PyTorch refuses step ${i} (${one.type}: ${one.message}) and it does not, ${NOTE}`),
      };
    }
    left.push(one);
    right.push(other);
    compared ||=
      one.kind === 'refused' || other.kind === 'refused' || (one.kind === 'returned' && one.tensors.length > 0);
  }
  if (!compared) return { expected, actual: unsupported('only what belongs to Python, or to a part that it has not') };
  return {
    expected: { ...expected, outcome: { ...e, steps: left } },
    actual: { ...actual, outcome: { ...a, steps: right } },
  };
}

/** What such cases are counted by. */
export const NOTE = 'which is a note';

// --- internal ---

const NOT_RUN: StepResult = { kind: 'not_run' };

function unsupported(reason: string): Answer {
  return { outcome: { kind: 'unsupported', reason }, truth: null };
}

function viewStep(step: Step, expected: StepResult, actual: StepResult, traits: Traits): [StepResult, StepResult] {
  if (step.kind === 'backward' && !traits.backward) return [NOT_RUN, NOT_RUN];
  if (expected.kind === 'refused' && actual.kind === 'refused') return [expected, { ...expected }];
  if (expected.kind !== 'returned' || actual.kind !== 'returned') return [expected, actual];
  const kept = expected.tensors.filter((entry) => isAsked(step, entry, traits));
  return [
    { kind: 'returned', tensors: kept, texts: {} },
    { kind: 'returned', tensors: actual.tensors, texts: {} },
  ];
}

function isAsked(step: Step, { name }: NamedTensor, traits: Traits): boolean {
  if (step.kind === 'backward') {
    const parameter = name.replace(/\.grad$/, '');
    return parameter === 'input' || traits.gradients.includes(parameter);
  }
  return step.kind !== 'read' || (traits.state as readonly string[]).includes(name);
}

// Saboteurs of how a step ends: answers where a refusal is due, other refusals, refusals where an answer is due. Each tells its fault in its line.

import type { Case, Step } from '../../cases/case.ts';
import type { StepResult } from '../../ts-impl/conformance/outcome.ts';
import { contiguous } from '../../ts-impl/tensor/tensor.ts';
import { eachRefused, eachReturned } from './change.ts';
import { sabotage } from './sabotage.ts';
import type { Saboteur } from './saboteur.ts';

export const ACCEPTS = sabotage('accepts', 'answers nothing, but returns, where it should refuse', accepted);
export const HANDS_BACK = sabotage(
  'hands-back',
  'returns the input where it should refuse it',
  eachRefused((_, step) => ({ kind: 'returned', tensors: inputOf(step), texts: {} })),
);
export const OTHER_WORDS = sabotage(
  'other-words',
  'refuses in its own words',
  eachRefused((r) => ({ ...r, message: `sorry: ${r.message}` })),
);
export const SHORTER_WORDS = sabotage(
  'shorter-words',
  'leaves the last character of each refusal out',
  eachRefused((r) => ({ ...r, message: r.message.slice(0, -1) })),
);
export const OTHER_NUMBERS = sabotage(
  'other-numbers',
  'says another number wherever a refusal names one',
  eachRefused((r) => ({ ...r, message: r.message.replace(/\d/g, (digit) => String(9 - Number(digit))) })),
);
export const OTHER_TYPE = sabotage(
  'other-type',
  'refuses with another exception type in the same words',
  eachRefused((r) => ({ ...r, type: r.type === 'ValueError' ? 'RuntimeError' : 'ValueError' })),
);
export const REFUSES_ALL = sabotage(
  'refuses-all',
  'refuses every step that should return',
  eachReturned(() => ({ kind: 'refused', type: 'RuntimeError', message: 'no' })),
);
export const REFUSES_CALLS = sabotage(
  'refuses-calls',
  'refuses every forward, backward and call',
  eachReturned((r, { kind }) =>
    /^(forward|backward|double_backward|call)$/.test(kind)
      ? { kind: 'refused', type: 'RuntimeError', message: 'no' }
      : r,
  ),
);
export const GIVES_UP = sabotage('gives-up', 'runs no step after one that it refused', (results) => {
  const first = results.findIndex((r) => r.kind === 'refused');
  return results.map((r, i) => (first >= 0 && i > first ? ({ kind: 'not_run' } as const) : r));
});

export const ENDINGS: readonly Saboteur[] = [
  ACCEPTS,
  HANDS_BACK,
  OTHER_WORDS,
  SHORTER_WORDS,
  OTHER_NUMBERS,
  OTHER_TYPE,
  REFUSES_ALL,
  REFUSES_CALLS,
  GIVES_UP,
];

// --- internal ---

/** Where a construct is accepted, nothing is known of what follows: those steps return too. */
function accepted(results: readonly StepResult[], _c: Case): readonly StepResult[] {
  const nothing: StepResult = { kind: 'returned', tensors: [], texts: {} };
  return results.map((r) => (r.kind === 'returned' ? r : nothing));
}

function inputOf(step: Step) {
  return step.kind === 'forward' ? [{ name: 'output', tensor: contiguous(step.input) }] : [];
}

// Seeded faults that are not in the numbers: keys of the state, the counter, refusals, dtypes, what is printed.

import type { Step } from '../../cases/case.ts';
import type { StepResult } from '../../ts-impl/conformance/outcome.ts';
import { contiguous, fromStorage } from '../../ts-impl/tensor/tensor.ts';
import { eachRefused, eachReturned, filledLike, tensorsNamed } from '../saboteurs/change.ts';
import { type Fault as Wrong, sabotage } from '../saboteurs/sabotage.ts';
import { ALL, CENTRED, type Fault, RUNNING } from './fault.ts';

const COUNTER = /^num_batches_tracked$/;

export const CONDUCT_FAULTS: readonly Fault[] = [
  conduct('state.keys=a role missing', RUNNING, without(/^running_var$/)),
  conduct('state.keys=other names', ALL, renamed({ weight: 'gamma', bias: 'beta' })),
  conduct('state.batches-tracked=absent', RUNNING, without(COUNTER)),
  conduct(
    'state.batches-tracked=frozen',
    RUNNING,
    tensorsNamed(COUNTER, (t) => filledLike(t, 0)),
  ),
  conduct(
    'stdout=prints',
    ALL,
    onForward((r) => ({ ...r, texts: { ...r.texts, stdout: 'mean tensor(0.)' } })),
  ),
  conduct(
    'errors=accepts',
    ALL,
    eachRefused((_, step) => ({ kind: 'returned', tensors: inputOf(step), texts: {} })),
  ),
  conduct(
    'errors=other-error',
    ALL,
    eachRefused((r) => ({ ...r, type: 'AssertionError', message: '' })),
  ),
  conduct('errors=refuses eval', CENTRED, refusesEval),
  conduct(
    'affine.form=ignored',
    ALL,
    tensorsNamed(/^(weight|bias)\.grad$/, (t) => filledLike(t, 0)),
  ),
  conduct(
    'output.shape=flattened',
    ALL,
    tensorsNamed(/^output$/, (t) => fromStorage(t.dtype, [t.storage.length], t.storage)),
  ),
];

// --- internal ---

function conduct(departs: string, layers: Fault['layers'], wrong: Wrong): Fault {
  const name = departs.replace(/[^a-z0-9]+/gi, '-').toLowerCase();
  return { ...sabotage(name, `has ${departs.replace('=', ' ')}`, wrong), departs: [departs], layers };
}

function without(which: RegExp): Wrong {
  return eachReturned((r) => ({ ...r, tensors: r.tensors.filter(({ name }) => !which.test(name)) }));
}

function renamed(names: Readonly<Record<string, string>>): Wrong {
  return eachReturned((r, { kind }) =>
    kind === 'read' || kind === 'save_state'
      ? { ...r, tensors: r.tensors.map((t) => ({ ...t, name: names[t.name] ?? t.name })) }
      : r,
  );
}

function onForward(change: (r: StepResult & { kind: 'returned' }) => StepResult): Wrong {
  return eachReturned((r, { kind }) => (kind === 'forward' ? change(r) : r));
}

function refusesEval(results: readonly StepResult[], c: { readonly steps: readonly Step[] }): readonly StepResult[] {
  return results.map((r, i) => {
    const step = c.steps[i];
    const refused = step.kind === 'forward' && step.mode === 'eval' && r.kind === 'returned';
    return refused ? { kind: 'refused', type: 'RuntimeError', message: 'not in training' } : r;
  });
}

function inputOf(step: Step) {
  return step.kind === 'forward' ? [{ name: 'output', tensor: contiguous(step.input) }] : [];
}

// Miniature liars: subjects that answer as an honest one does but for one lie, told in one line each.

import type { Case, NamedTensor } from '../../cases/case.ts';
import { type Answer, outcomeOf, type StepResult } from '../../ts-impl/conformance/outcome.ts';
import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';
import { rankNext, rankNextHalf } from './rank-next.ts';
import { castTensor } from '../../ts-impl/norms/parameters.ts';
import type { Storage } from '../../ts-impl/tensor/dtype.ts';
import { fromStorage, type Tensor } from '../../ts-impl/tensor/tensor.ts';

export interface Liar {
  readonly name: string;
  readonly tells: string;
  /** How it must be caught: a kind of verdict that has to occur, or the words of the error that ends the run. */
  readonly caught: 'differs' | 'refused' | 'undecided' | 'unsupported' | RegExp;
  /** Turns an honest subject into the liar. */
  readonly from: (honest: Subject) => Subject;
}

export const LIARS: readonly Liar[] = [
  lies(
    'nan',
    'answers NaN everywhere',
    'differs',
    eachTensor((t) => fill(t, Number.NaN)),
  ),
  lies(
    'zeros',
    'answers zeros everywhere',
    'differs',
    eachTensor((t) => fill(t, 0)),
  ),
  lies(
    'infinite',
    'answers Infinity for the last element',
    'differs',
    eachTensor((t) => replaceLast(t, Number.POSITIVE_INFINITY)),
  ),
  lies('echo', 'answers the first output again for each later one', 'differs', echo),
  lies(
    'stale',
    'answers the running mean it was born with',
    'differs',
    named('running_mean', (t) => fill(t, 0)),
  ),
  lies(
    'lazy',
    'never counts a batch',
    'differs',
    named('num_batches_tracked', (t) => fill(t, 0)),
  ),
  lies(
    'detached',
    'answers a gradient of zeros',
    'differs',
    named('input.grad', (t) => fill(t, 0)),
  ),
  lies('swapped', 'answers the first two elements in each other’s place', 'differs', eachTensor(swapFirst)),
  lies(
    'flat',
    'flattens every output',
    'differs',
    named('output', (t) => fromStorage(t.dtype, [t.storage.length], t.storage)),
  ),
  lies(
    'wide',
    'answers float32 in float64',
    'differs',
    eachTensor((t) => (t.dtype === 'float32' ? castTensor(t, 'float64') : t)),
  ),
  lies(
    'forgetful',
    'leaves out the last tensor of a step',
    'differs',
    eachStep((s) => ({ ...s, tensors: s.tensors.slice(0, -1) })),
  ),
  lies(
    'generous',
    'adds a tensor nobody asked for',
    'differs',
    eachStep((s) => ({ ...s, tensors: [...s.tensors, extra] })),
  ),
  lies(
    'vain',
    'gives itself another repr',
    'differs',
    eachStep((s) => ('repr' in s.texts ? { ...s, texts: { ...s.texts, repr: 'MyNorm()' } } : s)),
  ),
  lies(
    'chatty',
    'prints',
    'differs',
    eachStep((s) => ({ ...s, texts: { ...s.texts, stdout: 'mean 0.0' } })),
  ),
  lies(
    'polite',
    'refuses in its own words',
    'refused',
    refusals((s) => ({ ...s, message: `sorry: ${s.message}` })),
  ),
  lies(
    'mistyped',
    'refuses with another type',
    'refused',
    refusals((s) => ({ ...s, type: 'Exception' })),
  ),
  lies(
    'yielding',
    'answers where it should refuse',
    'refused',
    refusals(() => ({ kind: 'returned', tensors: [], texts: {} })),
  ),
  lies('timid', 'refuses every forward', 'refused', (steps, c) =>
    steps.map((s, i) => (c.steps[i].kind === 'forward' ? { kind: 'refused', type: 'RuntimeError', message: 'no' } : s)),
  ),
  lies('hasty', 'answers one step too few', 'undecided', (steps) => steps.slice(0, -1)),
  lies('mute', 'answers every step with nothing', 'differs', (steps) =>
    steps.map(() => ({ kind: 'returned', tensors: [], texts: {} })),
  ),
  answers('lost', 'gives up on every case', 'undecided', () => ({
    outcome: { kind: 'undecided', reason: { kind: 'crash', message: 'gone' } },
    truth: null,
  })),
  answers('unable', 'supports nothing', 'unsupported', () => ({
    outcome: { kind: 'unsupported', reason: 'all of it' },
    truth: null,
  })),
  batches('short', 'answers all but the last case', /answered \d+ of \d+ cases/, (all) => all.slice(1)),
  batches('shuffled', 'answers the cases of a batch in reverse', 'differs', (all) => [...all].reverse()),
  batches('double', 'answers every case twice', /answered \d+ of \d+ cases/, (all) => [...all, ...all]),
];

/** One ULP off on every float: within the bound, and yet never to be called identical. */
export const ONE_ULP_OFF = lies('one-ulp', 'is one ULP above the truth everywhere', 'differs', eachTensor(oneAbove));

// --- internal ---

type Returned = Extract<StepResult, { kind: 'returned' }>;
type Refused = Extract<StepResult, { kind: 'refused' }>;
type Lie = (steps: readonly StepResult[], c: Case) => readonly StepResult[];

const extra: NamedTensor = { name: 'secret', tensor: fromStorage('float32', [1], new Float32Array(1)) };

function lies(name: string, tells: string, caught: Liar['caught'], lie: Lie): Liar {
  return answers(name, tells, caught, ({ outcome }, c) =>
    outcome.kind === 'returned' || outcome.kind === 'refused'
      ? { outcome: outcomeOf(lie(outcome.steps, c)), truth: null }
      : { outcome, truth: null },
  );
}

function answers(name: string, tells: string, caught: Liar['caught'], lie: (a: Answer, c: Case) => Answer): Liar {
  const from = (honest: Subject): Subject => ({
    ...honest,
    name,
    ask: async (cases, options) => (await honest.ask(cases, options)).map((a, i) => lie(a, cases[i])),
  });
  return { name, tells, caught, from };
}

function batches(
  name: string,
  tells: string,
  caught: Liar['caught'],
  lie: (all: readonly Answer[]) => readonly Answer[],
): Liar {
  const from = (honest: Subject): Subject => ({
    ...honest,
    name,
    ask: async (cases, options) => lie(await honest.ask(cases, options)),
  });
  return { name, tells, caught, from };
}

function eachStep(change: (s: Returned) => Returned): Lie {
  return (steps) => steps.map((s) => (s.kind === 'returned' ? change(s) : s));
}

function eachTensor(change: (t: Tensor) => Tensor): Lie {
  return eachStep((s) => ({ ...s, tensors: s.tensors.map(({ name, tensor }) => ({ name, tensor: change(tensor) })) }));
}

function named(which: string, change: (t: Tensor) => Tensor): Lie {
  return eachStep((s) => ({
    ...s,
    tensors: s.tensors.map(({ name, tensor }) => ({ name, tensor: name === which ? change(tensor) : tensor })),
  }));
}

function refusals(change: (s: Refused) => StepResult): Lie {
  return (steps) => steps.map((s) => (s.kind === 'refused' ? change(s) : s));
}

function echo(steps: readonly StepResult[]): readonly StepResult[] {
  let first: readonly NamedTensor[] | null = null;
  return steps.map((s) => {
    if (s.kind !== 'returned' || s.tensors[0]?.name !== 'output') return s;
    first ??= s.tensors;
    return { ...s, tensors: first };
  });
}

function changed(t: Tensor, change: (storage: Storage) => void): Tensor {
  const storage = t.storage.slice();
  change(storage);
  return fromStorage(t.dtype, t.shape, storage);
}

function fill(t: Tensor, value: number): Tensor {
  return changed(t, (storage) => (storage instanceof BigInt64Array ? storage.fill(0n) : storage.fill(value)));
}

function replaceLast(t: Tensor, value: number): Tensor {
  return changed(t, (storage) => {
    if (!(storage instanceof BigInt64Array) && storage.length > 0) storage[storage.length - 1] = value;
  });
}

function swapFirst(t: Tensor): Tensor {
  return changed(t, (storage) => {
    if (storage.length > 1) [storage[0], storage[1]] = [storage[1], storage[0]];
  });
}

function oneAbove(t: Tensor): Tensor {
  return changed(t, (storage) => {
    if (storage instanceof Float32Array || storage instanceof Float64Array) rankNext(storage);
    if (storage instanceof Uint16Array) rankNextHalf(storage, t.dtype === 'float16' ? 0x7c00 : 0x7f80);
  });
}

// Tries plans on an export until one gives finite numbers of the input's shape in training and in eval, and sees what the instance holds. It judges no norm.

import type { Case, Step } from '../../../../../cases/case.ts';
import { fromStorage, type Tensor } from '../../../../tensor/tensor.ts';
import type { Outcome, StepResult } from '../../../outcome.ts';
import { runForeign, type Opened } from './foreign-trajectory.ts';
import { isStatistic } from './parameter-role.ts';
import type { Chosen, Plan } from './plan.ts';

/** A plan with the trial cases to try it on: construct, read, train, read, eval. */
export interface Trial {
  readonly plan: Plan;
  readonly cases: readonly Case[];
}

/** Everything of an opened export but what trying it has shown. */
export type Untried = Omit<Opened, 'plan' | 'traits'>;

/** The first plan that works, on the first of its cases on which it does. */
export async function choosePlan(untried: Untried, trials: readonly Trial[]): Promise<Chosen> {
  let message: string | null = null;
  let fallback: { readonly at: number; readonly case: Case } | null = null;
  for (const [at, { plan, cases }] of trials.entries()) {
    for (const c of cases) {
      const opened = { ...untried, plan, traits: UNKNOWN };
      const outcome = await runForeign(c, opened);
      const problem = problemOf(outcome);
      if (problem !== null) {
        message ??= problem;
        continue;
      }
      // A flat input of no known rows, all of which moves together: it may be meant for single vectors.
      if (plan.blind && (await movesEverything(c, opened))) {
        fallback ??= { at, case: c };
        continue;
      }
      return { plan: at, message: '', ...(await traitsOf(c, opened)) };
    }
  }
  if (fallback !== null) {
    const opened = { ...untried, plan: trials[fallback.at].plan, traits: UNKNOWN };
    return { plan: fallback.at, message: '', ...(await traitsOf(fallback.case, opened)) };
  }
  return { plan: null, message: message ?? 'no way of calling it could be read off its signature', ...UNKNOWN };
}

// --- internal ---

const UNKNOWN = { gradients: null, kinds: {}, identity: 1 } as const;

/** Why an outcome is no norm's: null where every step answered and every output is finite. */
function problemOf(outcome: Outcome): string | null {
  if (outcome.kind === 'unsupported') return outcome.reason;
  if (outcome.kind === 'undecided') return outcome.reason.message;
  for (const step of outcome.steps) {
    if (step.kind === 'refused' && step.message !== SINGLE) return `${step.type}: ${step.message}`;
    const output = outputIn(step);
    if (output !== null && !Array.from(output).every((v) => Number.isFinite(v)))
      return 'it gives NaN for ordinary numbers';
    if (output !== null && Array.from(output).every((v) => v === output[0])) return 'it gives one number for all';
  }
  return null;
}

/** The refusal of float64 questions by what answers in float32: no fault of the plan. */
const SINGLE = 'it answers in float32, whatever it is given';

function outputIn(step: StepResult): ArrayLike<number> | null {
  const t = step.kind === 'returned' ? step.tensors.find(({ name }) => name === 'output') : undefined;
  return t === undefined ? null : (t.tensor.storage as ArrayLike<number>); // outputs are float tensors
}

const inputOf = (c: Case): Tensor | null => {
  const step = c.steps.find((s) => s.kind === 'forward');
  return step?.kind === 'forward' ? step.input : null;
};

function withInput(c: Case, change: (values: Float64Array) => Float64Array): Case {
  const steps = c.steps.map(
    (step): Step =>
      step.kind === 'forward'
        ? {
            ...step,
            input: fromStorage(
              'float64',
              step.input.shape,
              change(Float64Array.from(step.input.storage as Float64Array)),
            ), // trial cases are float64
          }
        : step,
  );
  return { ...c, steps };
}

async function movesEverything(c: Case, opened: Opened): Promise<boolean> {
  const bumped = withInput(c, (values) => values.map((v, i) => (i === 0 ? v + 1.7 : v)));
  const [one, other] = [await runForeign(c, opened), await runForeign(bumped, opened)];
  const outputs = [one, other].map((o) => ('steps' in o ? o.steps.map(outputIn).find((v) => v !== null) : null));
  const [a, b] = outputs;
  if (a === null || b === null || a === undefined || b === undefined) return false;
  return Array.from(a).every((v, i) => v !== b[i]);
}

async function traitsOf(c: Case, opened: Opened): Promise<Pick<Chosen, 'gradients' | 'kinds' | 'identity'>> {
  const kinds = await kindsOf(c, opened);
  return {
    kinds,
    identity: await identityOf(c, opened),
    gradients: await gradientNames(c, { ...opened, traits: { kinds, gradients: [] } }),
  };
}

/** Buffers are what a training step moves, or what only eval looks at; what neither shows goes by its name. */
async function kindsOf(c: Case, opened: Opened): Promise<Record<string, 'parameters' | 'buffers'>> {
  const outcome = await runForeign(c, opened);
  if (!('steps' in outcome)) return {};
  const reads = outcome.steps.filter((_, i) => c.steps[i].kind === 'read' || c.steps[i].kind === 'construct');
  const [fresh, after] = [reads[0], reads[reads.length - 1]];
  const kinds: Record<string, 'parameters' | 'buffers'> = {};
  if (fresh?.kind !== 'returned' || after?.kind !== 'returned') return kinds;
  for (const { name, tensor } of fresh.tensors) {
    const later = after.tensors.find((t) => t.name === name)?.tensor;
    const moved = later !== undefined && !sameElements(tensor, later);
    const role = roleIn(opened.plan, name);
    const statistic = role === null ? isStatistic(name) : role === 'mean' || role === 'variance';
    kinds[name] = moved || statistic ? 'buffers' : 'parameters';
  }
  return kinds;
}

function roleIn(plan: Plan, name: string): string | null {
  for (const slot of plan.slots) {
    const inner = slot.kind === 'bag' ? slot.entries.map((e) => e.slot) : [slot];
    const found = inner.find((s) => s.kind === 'tensor' && s.name === name);
    if (found?.kind === 'tensor') return found.role;
  }
  return null;
}

function sameElements(a: Tensor, b: Tensor): boolean {
  return (
    a.storage.length === b.storage.length &&
    Array.from(a.storage as ArrayLike<unknown>).every((v, i) => v === b.storage[i])
  );
}

/** 0 for a kept weight to which the norm adds 1: without any weight its output is not nothing. */
async function identityOf(c: Case, opened: Opened): Promise<0 | 1> {
  const slots = opened.plan.slots.flatMap((slot) => (slot.kind === 'bag' ? slot.entries.map((e) => e.slot) : [slot]));
  const weight = slots.find((slot) => slot.kind === 'tensor' && slot.role === 'weight');
  const input = inputOf(c);
  const made = c.steps.find((step) => step.kind === 'construct');
  if (weight?.kind !== 'tensor' || input === null || made === undefined) return 1;
  const fresh = await runForeign({ ...c, dtype: 'float32', steps: [made, { kind: 'read', what: 'all' }] }, opened);
  const [, read] = 'steps' in fresh ? fresh.steps : [];
  const held = read?.kind === 'returned' ? read.tensors.find(({ name }) => name === weight.name)?.tensor : undefined;
  if (held === undefined) return 1;
  const none = fromStorage('float32', held.shape, new Float32Array(held.storage.length));
  const steps: Step[] = [
    made,
    { kind: 'set_tensor', name: weight.name, tensor: none },
    { kind: 'forward', mode: 'train', input, gradient: false },
  ];
  const outcome = await runForeign({ ...c, dtype: 'float32', steps }, opened);
  const output = 'steps' in outcome ? outputIn(outcome.steps[2]) : null;
  return output !== null && Array.from(output).some((v) => Math.abs(v) > 1e-3) ? 0 : 1;
}

/** Which gradients a backward answers after a training step; null where there is no way back. */
async function gradientNames(c: Case, opened: Opened): Promise<readonly string[] | null> {
  if (opened.plan.lift !== 'none') return null;
  const input = inputOf(c);
  if (input === null) return null;
  const values = Float64Array.from(input.storage as Float64Array); // trial cases are float64
  const upstream = fromStorage(
    'float64',
    input.shape,
    values.map((v) => 1 + v * v),
  );
  const make = c.steps.filter((step) => step.kind === 'construct');
  for (const dtype of ['float64', 'float32'] as const) {
    const steps: Step[] = [
      ...make,
      { kind: 'forward', mode: 'train', input, gradient: true },
      { kind: 'backward', gradient: upstream, accumulate: false, again: false },
    ];
    const outcome = await runForeign({ ...c, dtype, steps }, opened);
    if (!('steps' in outcome)) return null;
    const last = outcome.steps[outcome.steps.length - 1];
    if (last.kind === 'refused' && last.type === 'NotATensor') return null;
    if (last.kind === 'refused') return ['input.grad']; // there is a way back, and it throws
    if (last.kind !== 'returned') continue;
    const names = last.tensors.map(({ name }) => name);
    return names.includes('input.grad') ? names : null;
  }
  return null;
}

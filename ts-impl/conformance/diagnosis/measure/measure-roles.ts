// First questions to a specimen: which outputs one input element moves, and what each tensor of the instance is for. By behaviour, not by name.

import { type Case, float, type Step } from '../../../../cases/case.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Outcome } from '../../outcome.ts';
import { type Structure, structureFromInfluence, telltaleIndex } from '../model/partition.ts';
import type { ArgumentRole } from './constructor-arguments.ts';
import { tensorRolesWith } from './given.ts';
import { noise } from './noise.ts';
import { primed } from './primed-specimen.ts';
import { construct, float64, forward, probe, readAll, type Specimen, setTensor, valuesOf } from './specimen.ts';
import type { Stance, StateTensor } from './stance.ts';
import { TRIAL_MOMENTUM } from './update-rule.ts';

/** The job of each tensor of the instance, by its name there; null where nothing has the job. */
export interface TensorRoles {
  readonly weight: string | null;
  readonly bias: string | null;
  readonly runningMean: string | null;
  readonly runningVar: string | null;
  readonly counter: string | null;
  /** Whether training moves the counter. */
  readonly counting: boolean;
  /** Scalars that hold an option such as a momentum. */
  readonly options: readonly string[];
  /** Parameters that move nothing. */
  readonly idle: readonly string[];
  readonly extras: readonly string[];
}

export interface RoleMeasurement {
  /** Null where the influence fits no structure of the model space. */
  readonly structure: Structure | null;
  readonly roles: TensorRoles;
  /** No other output moved: the output depends on its own element alone, in training and in a step after it. */
  readonly elementwise: boolean;
  /** What each constructor argument with a number as its default turned out to be for. */
  readonly argumentRoles: ReadonlyMap<string, ArgumentRole>;
  /** A trained instance gives in eval what it gives in training, on the same input. */
  readonly evalIsTrain: boolean;
}

/** Measures structure and roles at the stance. One round trip. */
export async function measureRoles(specimen: Specimen, stance: Stance): Promise<RoleMeasurement> {
  const plan = new Plan(specimen, stance);
  // Behind a weight of 0 nothing shows.
  const zeros = stance.tensors.filter((t) => t.kind === 'parameter' && !t.late && t.initial.every((v) => v === 0));
  const outcomes = await primed(specimen, zeros, 0.5).ask(plan.cases);
  const { structure, elementwise } = readStructure(plan, outcomes);
  const roles = tensorRolesWith(readRoles(plan, outcomes), specimen.given);
  const argumentRoles = readArguments(plan, outcomes, stance.roles, roles);
  return { structure, elementwise, evalIsTrain: evalIsTrain(outcomes), roles, argumentRoles };
}

/** Which elements share a statistic at a stance, in two questions; null where nothing of the model space fits. */
export async function measureStructure(specimen: Specimen, stance: Stance): Promise<Structure | null> {
  const index = telltaleIndex(stance.shape);
  const x = noise(11, sizeOf(stance.shape));
  const bumped = x.slice();
  bumped[index.reduce((at, i, axis) => at * stance.shape[axis] + i, 0)] += 1.7;
  const ask = (values: Float64Array) =>
    probe(specimen.name, [construct(specimen.name, stance.arguments), forward('train', float64(values, stance.shape))]);
  const outcomes = await specimen.ask([ask(x), ask(bumped)]);
  return readStructure({ index, shape: stance.shape }, outcomes).structure;
}

// --- internal ---

/** The cases of this round and where each tensor's probes stand in it. */
class Plan {
  readonly cases: Case[] = [];
  readonly shape: Shape;
  readonly index: readonly number[];
  readonly x: Float64Array;
  readonly candidates: readonly StateTensor[];
  readonly start = new Map<string, number>();
  /** Constructor arguments that are tried at another value, and the case of each. */
  readonly numbers = new Map<string, number>();

  constructor({ name, signature }: Specimen, stance: Stance) {
    this.shape = stance.shape;
    this.index = telltaleIndex(stance.shape);
    this.x = noise(11, sizeOf(stance.shape));
    this.candidates = stance.tensors.filter((t) => !t.integer && sizeOf(t.shape) > 0);
    const bumped = this.x.slice();
    bumped[this.index.reduce((at, i, axis) => at * stance.shape[axis] + i, 0)] += 1.7;
    const x = float64(this.x, this.shape);
    const other = float64(noise(13, this.x.length), this.shape);
    const make = construct(name, stance.arguments);
    const add = (...steps: Step[]) => this.cases.push(probe(name, [make, ...steps]));
    add(forward('train', x), readAll, forward('train', other), forward('eval', other), readAll);
    add(forward('train', float64(bumped, this.shape)), readAll, forward('train', other), forward('eval', other));
    const all = [forward('eval', x), forward('eval', other), forward('train', x), forward('train', other)];
    add(...all);
    add(
      forward(
        'train',
        float64(
          this.x.map((v) => v + 0.75),
          this.shape,
        ),
      ),
      readAll,
    );
    for (const t of this.candidates) {
      this.start.set(t.name, this.cases.length);
      const moved = setTensor(t.name, float64(bumpOf(t), t.shape));
      add(moved, ...all);
    }
    for (const { name: argument, default: value } of signature) {
      if (value?.kind !== 'float' || argument in stance.arguments) continue;
      this.numbers.set(argument, this.cases.length);
      const args = { ...stance.arguments, [argument]: float(value.value === TRIAL_MOMENTUM ? 0.75 : TRIAL_MOMENTUM) };
      const tried = [forward('train', x), readAll, forward('train', other), forward('eval', other)];
      this.cases.push(probe(name, [construct(name, args), ...tried]));
    }
  }
}

/** An argument that moves the running mean is the momentum, one that moves the output and not the mean is eps, whatever they are called. */
function readArguments(
  plan: Plan,
  outcomes: readonly Outcome[],
  named: ReadonlyMap<string, ArgumentRole>,
  roles: TensorRoles,
): ReadonlyMap<string, ArgumentRole> {
  const found = new Map(named);
  const moves = (at: number, step: number, name: string) => {
    const change = difference(valuesOf(outcomes[at], step, name), valuesOf(outcomes[0], step, name));
    return change?.some((v) => Math.abs(v) > 1e-9) ?? false;
  };
  const shown = new Map<string, ArgumentRole>();
  for (const [argument, at] of plan.numbers) {
    const mean = roles.runningMean !== null && moves(at, 2, roles.runningMean);
    const train = moves(at, 1, 'output');
    if (mean || (!train && moves(at, 4, 'output'))) shown.set(argument, 'momentum');
    else if (train) shown.set(argument, 'eps');
  }
  for (const [argument, role] of shown) {
    // What merely bears the name of a job that another one does has none.
    for (const [other, its] of found) if (its === role && !shown.has(other)) found.set(other, 'other');
    found.set(argument, role);
  }
  return found;
}

function bumpOf(t: StateTensor): Float64Array {
  return t.initial.map((v, i) => v + 0.75 + 0.125 * (i % 7));
}

function readStructure(
  plan: Pick<Plan, 'index' | 'shape'>,
  outcomes: readonly Outcome[],
): { structure: Structure | null; elementwise: boolean } {
  // Steps 1 (train) and 3 (train again, other input): the second shows statistics that only the buffers carry.
  for (const step of [1, 3]) {
    const before = valuesOf(outcomes[0], step, 'output');
    const after = valuesOf(outcomes[1], step, 'output');
    if (before === null || after === null) continue;
    const moved = new Uint8Array(before.length);
    let count = 0;
    for (let i = 0; i < moved.length; i++) {
      if (Math.abs(after[i] - before[i]) > 1e-12 * (1 + Math.abs(before[i]))) {
        moved[i] = 1;
        count++;
      }
    }
    if (count > 1) return { structure: structureFromInfluence(moved, plan.index, plan.shape), elementwise: false };
  }
  return { structure: null, elementwise: true };
}

/** Step 3 trains on the other input and step 4 evaluates it, on the same instance. */
function evalIsTrain(outcomes: readonly Outcome[]): boolean {
  const train = valuesOf(outcomes[0], 3, 'output');
  const evaluated = valuesOf(outcomes[0], 4, 'output');
  return train?.every((v, i) => Math.abs(v - (evaluated?.[i] ?? Number.NaN)) <= 1e-6 * (1 + Math.abs(v))) ?? false;
}

type Effect = 'none' | 'additive' | 'scaling';

/** How bumping a tensor changed the output on two inputs: by the same amounts, by amounts that depend on the input, or not. */
function effectOf(base: readonly (Float64Array | null)[], bumped: readonly (Float64Array | null)[]): Effect {
  const [a, b] = [difference(bumped[0], base[0]), difference(bumped[1], base[1])];
  if (a === null || b === null) return 'none';
  let size = 0;
  let spread = 0;
  for (let i = 0; i < a.length; i++) {
    size = Math.max(size, Math.abs(a[i]), Math.abs(b[i]));
    spread = Math.max(spread, Math.abs(a[i] - b[i]));
  }
  if (!(size > 1e-12)) return 'none';
  return spread < 1e-6 * size ? 'additive' : 'scaling';
}

function difference(a: Float64Array | null, b: Float64Array | null): Float64Array | null {
  return a === null || b === null || a.length !== b.length ? null : a.map((v, i) => v - b[i]);
}

function readRoles(plan: Plan, outcomes: readonly Outcome[]): TensorRoles {
  const [baseEval, baseTrain] = fourOutputs(outcomes[2], 1);
  const roles = {
    weight: null as string | null,
    bias: null as string | null,
    runningMean: null as string | null,
    runningVar: null as string | null,
    counter: null as string | null,
    counting: false,
    options: [] as string[],
    idle: [] as string[],
    extras: [] as string[],
  };
  const movedOutputs = (t: StateTensor) => fourOutputs(outcomes[plan.start.get(t.name) ?? 0], 2);
  const inEval = (t: StateTensor) => effectOf(baseEval, movedOutputs(t)[0]);
  // A buffer that eval reads has the job before one that training merely moves: debiased averages keep both.
  const ordered = [...plan.candidates].sort((a, b) => Number(inEval(a) === 'none') - Number(inEval(b) === 'none'));
  for (const t of ordered) {
    const train = effectOf(baseTrain, movedOutputs(t)[1]);
    const evaluated = inEval(t);
    if (t.kind === 'parameter') {
      const effect = train === 'none' ? evaluated : train;
      if (effect === 'none') roles.idle.push(t.name);
      else if (effect === 'additive' && roles.bias === null) roles.bias = t.name;
      else if (effect === 'scaling' && roles.weight === null) roles.weight = t.name;
      else roles.extras.push(t.name);
      continue;
    }
    const job = bufferJob(outcomes, t, evaluated);
    if (job === 'mean' && roles.runningMean === null) roles.runningMean = t.name;
    else if (job === 'variance' && roles.runningVar === null) roles.runningVar = t.name;
    else if (t.shape.length === 0 && job !== 'updated') roles.options.push(t.name);
    else roles.extras.push(t.name);
  }
  return { ...roles, ...counterOf(plan, outcomes) };
}

/** The outputs of two eval steps and of two training steps after them. */
function fourOutputs(outcome: Outcome, first: number): readonly [(Float64Array | null)[], (Float64Array | null)[]] {
  const at = (k: number) => valuesOf(outcome, first + k, 'output');
  return [
    [at(0), at(1)],
    [at(2), at(3)],
  ];
}

/** Mean or variance, from what a training step adds for a shifted input and from what moving it does in eval. */
function bufferJob(
  outcomes: readonly Outcome[],
  t: StateTensor,
  evaluated: Effect,
): 'mean' | 'variance' | 'updated' | 'idle' {
  if (t.shape.length === 0) return 'idle';
  const updated = valuesOf(outcomes[0], 2, t.name);
  const shifted = valuesOf(outcomes[3], 2, t.name);
  if (updated !== null && shifted !== null && updated.some((v, i) => v !== t.initial[i])) {
    const gap = updated.reduce((m, v, i) => Math.max(m, Math.abs(shifted[i] - v)), 0);
    return gap > 1e-9 ? 'mean' : 'variance';
  }
  if (evaluated === 'additive') return 'mean';
  if (evaluated === 'scaling') return 'variance';
  return namedJob(t.name);
}

/** A buffer that nothing moves and that moves nothing: only its name is left to go by. */
function namedJob(name: string): 'mean' | 'variance' | 'idle' {
  if (/mean|mu\b|_mu|avg/i.test(name)) return 'mean';
  if (/var|sigma|std/i.test(name)) return 'variance';
  return 'idle';
}

/** The integer that counts training steps, or is named as if it did. */
function counterOf(plan: Plan, outcomes: readonly Outcome[]): Pick<TensorRoles, 'counter' | 'counting'> {
  const none = { counter: null, counting: false };
  const result = outcomes[0];
  if (result.kind !== 'returned' && result.kind !== 'refused') return none;
  const step = result.steps[2];
  if (step?.kind !== 'returned') return none;
  const known = new Set(plan.candidates.map((t) => t.name));
  const counters = step.tensors.filter(({ name, tensor }) => !known.has(name) && sizeOf(tensor.shape) === 1);
  const counting = counters.find(
    ({ name }) => (valuesOf(result, 2, name)?.[0] ?? 0) !== (valuesOf(result, 5, name)?.[0] ?? 0),
  );
  if (counting !== undefined) return { counter: counting.name, counting: true };
  return { ...none, counter: counters.find(({ name }) => /num_batches|count|step/i.test(name))?.name ?? null };
}

// The conditioning of a Case: its trajectory walked once in float64, and from it an absolute budget for every element of every answer. It judges nothing.

import type { Arguments, Case, Step, Value } from '../../../../cases/case.ts';
import { type Dtype, isDtype } from '../../../tensor/dtype.ts';
import type { Outcome, StepResult } from '../../outcome.ts';
import { backwardBudgets, type GradientError } from './backward-bound.ts';
import { doubleBackwardBudgets } from './double-backward-bound.ts';
import { normaliserOf, outputBudgets, outputOpenness, type Pass, runForward } from './forward-bound.ts';
import {
  bare,
  constructState,
  type Family,
  type LayerState,
  loadEntries,
  numberOf,
  numbersOf,
  resetState,
  setAttribute,
  setTensor,
  type Tracked,
  truthy,
  valuesOf,
} from './layer-state.ts';
import { type Bound, closed, type Openness } from './openness.ts';

/** The bounds of one step by tensor name, made when asked for. A name that is not here has no derived bound. */
export type StepBudgets = ReadonlyMap<string, Bound>;

/** One entry per step; null from the step on at which the trajectory leaves the model. */
export function conditioningOf(c: Case, expected: Outcome): readonly (StepBudgets | null)[] {
  const results = expected.kind === 'returned' || expected.kind === 'refused' ? expected.steps : [];
  const walk: Walk = { dtype: c.dtype, state: null, pass: null, gradients: new Map() };
  const all: (StepBudgets | null)[] = [];
  let known = true;
  for (let i = 0; i < c.steps.length; i++) {
    const budgets = known ? budgetsOfStep(walk, c.steps[i], results[i]) : null;
    if (budgets === null) known = false;
    all.push(budgets);
  }
  return all;
}

// --- internal ---

/** What the walk carries from step to step. */
interface Walk {
  /** In which layers are made. */
  readonly dtype: Dtype;
  state: LayerState | null;
  pass: Pass | null;
  /** What the gradients held so far may be off by, by name. */
  readonly gradients: Map<string, GradientError>;
}

const NOTHING: StepBudgets = new Map();

function budgetsOfStep(walk: Walk, step: Step, result: StepResult | undefined): StepBudgets | null {
  if (result === undefined) return null;
  if (result.kind === 'not_run') return NOTHING;
  if (result.kind === 'refused') return afterRefusal(walk, step);
  switch (step.kind) {
    case 'construct':
      walk.state = constructState(step.layer, step.arguments);
      if (walk.state !== null) walk.state.parameters = parameterDtype(walk.state, step.arguments, walk.dtype);
      return walk.state === null ? null : NOTHING;
    case 'forward':
      if (walk.state === null) return null;
      if (step.mode !== null) walk.state.training = step.mode === 'train';
      walk.pass = runForward(walk.state, step.input);
      return walk.pass === null ? null : new Map([['output', outputOf(walk.state, walk.pass)]]);
    case 'call':
      return call(walk, step.function, step.arguments);
    case 'backward':
      return backward(walk, step);
    case 'read':
    case 'save_state':
      return walk.state === null ? null : buffers(walk.state);
    case 'set_attribute':
      return walk.state !== null && setAttribute(walk.state, step.name, step.value) ? NOTHING : null;
    case 'set_tensor':
      return walk.state !== null && setTensor(walk.state, step.name, step.tensor) ? NOTHING : null;
    case 'load_state':
      if (walk.state === null) return null;
      loadEntries(walk.state, step.entries);
      return NOTHING;
    case 'reset':
      if (walk.state === null) return null;
      resetState(walk.state, step.what);
      return NOTHING;
    case 'cast':
      if (walk.state !== null && walk.state.parameters !== null) walk.state.parameters = step.dtype;
      walk.gradients.clear();
      return NOTHING;
    case 'copy':
      walk.gradients.clear();
      return NOTHING;
    case 'double_backward':
      return doubleBackward(walk, step);
    case 'inspect':
    case 'probe':
      return NOTHING;
    default:
      return step satisfies never;
  }
}

/** A refused step leaves the model sound unless it may have changed something that the model then gets wrong. */
function afterRefusal(walk: Walk, step: Step): StepBudgets | null {
  if (step.kind === 'construct' || step.kind === 'load_state' || step.kind === 'cast') return null;
  if (step.kind === 'forward' || step.kind === 'call') walk.pass = null;
  if (step.kind !== 'forward' || walk.state === null) return NOTHING;
  if (step.mode !== null) walk.state.training = step.mode === 'train';
  // PyTorch counts the batch before most of its checks, and the cumulative average divides by that count.
  const counted = walk.state.family === 'batch' && walk.state.training && walk.state.momentum === null;
  return counted ? null : NOTHING;
}

/** Null for a layer that keeps nothing: its statistics are of the input's dtype. */
function parameterDtype(state: LayerState, given: Arguments, dtype: Dtype): Dtype | null {
  if (state.weight === null && state.bias === null && state.runningMean === null) return null;
  const asked = given.dtype?.kind === 'string' ? given.dtype.value : dtype;
  return isDtype(asked) && asked !== 'int64' ? asked : 'float32';
}

function outputOf(state: LayerState, pass: Pass): Bound {
  const by = normaliserOf(pass, state);
  if (by === null) return closed(() => new Float64Array(pass.x.length).fill(Number.NaN));
  let budgets: Float64Array | null = null;
  const made = () => {
    budgets ??= outputBudgets(pass, by);
    return budgets;
  };
  return { budgets: made, open: () => outputOpenness(pass, by, made()) };
}

function buffers(state: LayerState): StepBudgets {
  const bounds = new Map<string, Bound>();
  const { weight, bias, runningMean, runningVar } = state;
  if (weight !== null)
    bounds.set(
      'weight',
      closed(() => new Float64Array(weight.length)),
    );
  if (bias !== null)
    bounds.set(
      'bias',
      closed(() => new Float64Array(bias.length)),
    );
  if (runningMean !== null) bounds.set('running_mean', trackedBound(runningMean));
  if (runningVar !== null) bounds.set('running_var', trackedBound(runningVar));
  bounds.set(
    'num_batches_tracked',
    closed(() => new Float64Array(1)),
  );
  return bounds;
}

function trackedBound({ value, error, open }: Tracked): Bound {
  const openness = (): Openness => ({
    kind: open,
    reach: value.map((v, i) => (Number.isFinite(v + error[i]) ? Math.abs(v) + error[i] : Number.POSITIVE_INFINITY)),
  });
  return { budgets: () => error, open: openness };
}

function backward(walk: Walk, step: Extract<Step, { kind: 'backward' }>): StepBudgets | null {
  const { state, pass, gradients } = walk;
  if (state === null || pass === null) return null;
  const by = normaliserOf(pass, state);
  if (by === null) return null;
  const upstream = valuesOf(step.gradient);
  if (upstream.length !== pass.x.length) return null;
  if (!step.accumulate) gradients.clear();
  else if (!step.again) gradients.delete('input.grad'); // a new forward has an input of its own
  const fresh = backwardBudgets(pass, by, upstream, state.family === 'layer');
  const rounding = Math.max(pass.precision.c, pass.precision.half);
  const bounds = new Map<string, Bound>();
  for (const leaf of ['input', 'weight', 'bias'] as const) {
    const held = accumulated(gradients, `${leaf}.grad`, fresh[leaf], rounding);
    bounds.set(`${leaf}.grad`, { budgets: () => held.error, open: held.open });
  }
  return bounds;
}

function doubleBackward(walk: Walk, step: Extract<Step, { kind: 'double_backward' }>): StepBudgets | null {
  const { state, pass } = walk;
  if (state === null || pass === null) return null;
  const by = normaliserOf(pass, state);
  const upstream = valuesOf(step.gradient);
  if (by === null || upstream.length !== pass.x.length) return null;
  const vector = (name: string): Float64Array | null => {
    const found = step.vectors.find((entry) => entry.name === name);
    return found === undefined ? null : valuesOf(found.tensor);
  };
  const along = { input: vector('input.grad'), weight: vector('weight.grad'), bias: vector('bias.grad') };
  const budgets = doubleBackwardBudgets(pass, by, upstream, along);
  const bounds = new Map<string, Bound>();
  for (const leaf of ['upstream', 'input', 'weight'] as const) {
    const { error, open } = budgets[leaf];
    bounds.set(`${leaf}.grad2`, { budgets: () => error, open });
  }
  return bounds;
}

/** Two gradients added: their errors and one rounding of the sum. */
function accumulated(
  gradients: Map<string, GradientError>,
  name: string,
  fresh: GradientError,
  c: number,
): GradientError {
  const before = gradients.get(name);
  if (before === undefined || before.size.length !== fresh.size.length) {
    gradients.set(name, fresh);
    return fresh;
  }
  const size = fresh.size.map((s, i) => s + before.size[i]);
  const error = fresh.error.map((e, i) => e + before.error[i] + c * size[i]);
  const open = (): Openness => {
    const [a, b] = [before.open(), fresh.open()];
    return { kind: a.kind.map((kind, i) => Math.max(kind, b.kind[i])), reach: a.reach.map((r, i) => r + b.reach[i]) };
  };
  const sum = { size, error, open };
  gradients.set(name, sum);
  return sum;
}

const FUNCTION_FAMILIES: Readonly<Record<string, Family | undefined>> = {
  batch_norm: 'batch',
  instance_norm: 'instance',
  layer_norm: 'layer',
  group_norm: 'group',
  rms_norm: 'rms',
};

/** A functional call is a layer made, filled and called in one step. */
function call(walk: Walk, name: string, given: Arguments): StepBudgets | null {
  const family = FUNCTION_FAMILIES[name];
  const input = given.input;
  if (family === undefined || input?.kind !== 'tensor') return null;
  const state = bare('', family, given, numbersOf(given.normalized_shape));
  if (given.momentum !== undefined) state.momentum = numberOf(given.momentum);
  state.training = family === 'instance' ? truthy(given.use_input_stats, true) : truthy(given.training, false);
  state.tracks = true;
  for (const tensor of ['weight', 'bias', 'running_mean', 'running_var'] as const) {
    setTensor(state, tensor, tensorOf(given[tensor]));
  }
  walk.state = state;
  walk.gradients.clear();
  walk.pass = runForward(state, input.tensor);
  if (walk.pass === null) return null;
  const budgets = new Map(buffers(state));
  budgets.set('output', outputOf(state, walk.pass));
  return budgets;
}

function tensorOf(value: Value | undefined) {
  return value?.kind === 'tensor' ? value.tensor : null;
}

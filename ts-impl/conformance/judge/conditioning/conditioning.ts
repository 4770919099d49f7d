// The conditioning of a Case: its trajectory walked once in float64, and from it an absolute budget for every element of every answer. It judges nothing.

import type { Arguments, Case, Step, Value } from '../../../../cases/case.ts';
import type { Outcome, StepResult } from '../../outcome.ts';
import { backwardBudgets, type GradientError } from './backward-bound.ts';
import { normaliserOf, outputBudgets, type Pass, runForward } from './forward-bound.ts';
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
  truthy,
  valuesOf,
} from './layer-state.ts';

/** The budgets of one step by tensor name, made when asked for. A name that is not here has no derived budget. */
export type StepBudgets = ReadonlyMap<string, () => Float64Array>;

/** One entry per step; null from the step on at which the trajectory leaves the model. */
export function conditioningOf(c: Case, expected: Outcome): readonly (StepBudgets | null)[] {
  const results = expected.kind === 'returned' || expected.kind === 'refused' ? expected.steps : [];
  const walk: Walk = { state: null, pass: null, gradients: new Map(), inputBudgets: null };
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
  state: LayerState | null;
  pass: Pass | null;
  /** Accumulated gradients by parameter name. */
  readonly gradients: Map<string, GradientError>;
  /** Of the latest forward's input, once a backward has run. */
  inputBudgets: Float64Array | null;
}

const NOTHING: StepBudgets = new Map();

function budgetsOfStep(walk: Walk, step: Step, result: StepResult | undefined): StepBudgets | null {
  if (result === undefined) return null;
  if (result.kind === 'not_run') return NOTHING;
  if (result.kind === 'refused') return afterRefusal(walk, step);
  switch (step.kind) {
    case 'construct':
      walk.state = constructState(step.layer, step.arguments);
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
    case 'copy':
      walk.gradients.clear();
      return NOTHING;
    case 'double_backward':
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

function outputOf(state: LayerState, pass: Pass): () => Float64Array {
  const by = normaliserOf(pass, state);
  return () => (by === null ? new Float64Array(pass.x.length).fill(Number.NaN) : outputBudgets(pass, by));
}

function buffers(state: LayerState): StepBudgets {
  const budgets = new Map<string, () => Float64Array>();
  const { weight, bias, runningMean, runningVar } = state;
  if (weight !== null) budgets.set('weight', () => new Float64Array(weight.length));
  if (bias !== null) budgets.set('bias', () => new Float64Array(bias.length));
  if (runningMean !== null) budgets.set('running_mean', () => runningMean.error);
  if (runningVar !== null) budgets.set('running_var', () => runningVar.error);
  budgets.set('num_batches_tracked', () => new Float64Array(1));
  return budgets;
}

function backward(walk: Walk, step: Extract<Step, { kind: 'backward' }>): StepBudgets | null {
  const { state, pass, gradients } = walk;
  if (state === null || pass === null) return null;
  const by = normaliserOf(pass, state);
  if (by === null) return null;
  const upstream = valuesOf(step.gradient);
  if (upstream.length !== pass.x.length) return null;
  if (!step.accumulate) gradients.clear();
  const fresh = backwardBudgets(pass, by, upstream);
  const weight = accumulated(gradients, 'weight.grad', fresh.weight, pass.precision.c);
  const bias = accumulated(gradients, 'bias.grad', fresh.bias, pass.precision.c);
  // Asked again, the gradient of the input is added to what is there.
  const before = step.again ? walk.inputBudgets : null;
  const input = before === null ? fresh.input : fresh.input.map((budget, i) => 2 * (budget + before[i]));
  walk.inputBudgets = input;
  return new Map([
    ['input.grad', () => input],
    ['weight.grad', () => weight],
    ['bias.grad', () => bias],
  ]);
}

function accumulated(
  gradients: Map<string, GradientError>,
  name: string,
  fresh: GradientError,
  c: number,
): Float64Array {
  const before = gradients.get(name);
  if (before === undefined || before.size.length !== fresh.size.length) {
    gradients.set(name, fresh);
    return fresh.error;
  }
  const size = fresh.size.map((s, i) => s + before.size[i]); // [C]
  const error = fresh.error.map((e, i) => e + before.error[i] + c * size[i]); // [C]
  gradients.set(name, { size, error });
  return error;
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

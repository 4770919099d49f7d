// From a plan to the steps of a case: construct, set tensors, forward, backward, read, or a call of the function. No choice is made twice.

import { fromStorage, tensor, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import { bool, float, none, type Step, tensorValue, type Value } from '../case.ts';
import { type Draw, normalAt, type Stream, uniformAt } from '../counter.ts';
import { parameter } from '../families/parameter.ts';
import { fill, type ValueFamily } from '../families/values.ts';
import { layOut, type Layout, layoutsOf } from './layouts.ts';
import { constructorArguments, functionArguments, hasBias, hasWeight } from './options.ts';
import type { Constraint, Mode, Plan } from './plan.ts';

/** Hands out a new stream for each tensor of a case. */
export type Streams = () => Stream;

export function buildSteps(rule: Constraint, plan: Plan, draw: Draw, streams: Streams): readonly Step[] {
  return plan.functional ? buildCalls(rule, plan, draw, streams) : buildTrajectory(rule, plan, draw, streams);
}

// --- internal ---

function buildTrajectory(rule: Constraint, plan: Plan, draw: Draw, streams: Streams): readonly Step[] {
  const { norm, dtype, sizes, options, tracked, modes } = plan;
  const steps: Step[] = [
    { kind: 'construct', layer: plan.subject, arguments: constructorArguments(norm, options, sizes, draw) },
  ];
  if (dtype === 'float64') steps.push({ kind: 'cast', dtype });
  const shape = parameterShape(plan);
  const weight = hasWeight(norm, options);
  if (weight) steps.push({ kind: 'set_tensor', name: 'weight', tensor: parameter(shape, dtype, streams()) });
  if (hasBias(norm, options))
    steps.push({ kind: 'set_tensor', name: 'bias', tensor: parameter(shape, dtype, streams()) });
  if (tracked && rule.running !== 'fresh' && (rule.running !== undefined || draw.chance(3, 4))) {
    const [mean, variance] = runningStatistics(rule, plan, streams);
    steps.push({ kind: 'set_tensor', name: 'running_mean', tensor: mean });
    steps.push({ kind: 'set_tensor', name: 'running_var', tensor: variance });
    if (options.momentum === null && draw.chance(1, 3)) {
      const count = tensor([draw.between(1, 20)], [], 'int64');
      steps.push({ kind: 'set_tensor', name: 'num_batches_tracked', tensor: count });
    }
  }
  modes.forEach((mode, k) => {
    if (rule.varyMomentum && k > 0 && draw.chance(1, 2)) {
      const momentum = draw.pick([0.25, 0.5, 0.75]);
      steps.push({ kind: 'set_attribute', name: 'momentum', value: float(momentum) });
    }
    const gradient = rule.backward === true || draw.chance(3, 4);
    steps.push({ kind: 'forward', mode, input: makeInput(rule, plan, draw, streams), gradient });
    if (gradient) pushBackward(steps, plan, k > 0, draw, streams);
    if (rule.twice) {
      const names = [...(weight ? ['weight'] : []), ...(hasBias(norm, options) ? ['bias'] : [])];
      pushDoubleBackward(steps, plan, names, shape, draw, streams);
    }
    if (tracked) steps.push({ kind: 'read', what: 'buffers' });
  });
  return steps;
}

function buildCalls(rule: Constraint, plan: Plan, draw: Draw, streams: Streams): readonly Step[] {
  const steps: Step[] = [];
  for (const mode of plan.modes) {
    const gradient = rule.backward === true || draw.chance(3, 4);
    const args: Record<string, Value> = { input: tensorValue(makeInput(rule, plan, draw, streams)) };
    Object.assign(
      args,
      tensorArguments(rule, plan, mode, gradient, draw, streams),
      functionArguments(plan.norm, plan.options, plan.sizes),
    );
    steps.push({ kind: 'call', function: plan.subject, arguments: args, gradient });
    if (gradient) pushBackward(steps, plan, false, draw, streams);
    if (rule.twice) {
      const names = ['weight', 'bias'].filter((name) => name in args);
      pushDoubleBackward(steps, plan, names, parameterShape(plan), draw, streams);
    }
  }
  return steps;
}

function tensorArguments(
  rule: Constraint,
  plan: Plan,
  mode: Mode,
  gradient: boolean,
  draw: Draw,
  streams: Streams,
): Readonly<Record<string, Value>> {
  const { norm, dtype, sizes, options, tracked } = plan;
  const args: Record<string, Value> = {};
  if (norm === 'batch' || norm === 'instance') {
    const [mean, variance] = tracked ? runningStatistics(rule, plan, streams).map(tensorValue) : [none, none];
    args.running_mean = mean;
    args.running_var = variance;
    args[norm === 'batch' ? 'training' : 'use_input_stats'] = bool(mode !== 'eval' || !tracked);
  }
  const shape = parameterShape(plan);
  const given = draw.pick(['both', 'both', 'weight', 'bias', 'neither'] as const);
  const noBackward = norm === 'group' && gradient; // of a group_norm with a bias and no weight: PyTorch refuses it
  const noLoneBias = rule.half === 'float32'; // layer_norm and instance_norm take the mix from the weight alone
  // PyTorch 2.13's batch_norm backward reads a stepped weight as if it had no gaps, for one value a plane or channels_last.
  const noSteps = norm === 'batch' && gradient && (sizes.sets.inner === 1 || plan.layout === 'channels_last');
  const make = () => {
    const values = parameter(shape, dtype, streams());
    return tensorValue(
      draw.chance(1, 8) && !noSteps ? layOut(values.storage, shape, dtype, 'sliced', [], draw) : values,
    );
  };
  if (options.affine !== false && given !== 'neither') {
    if (given !== 'bias' || norm === 'rms' || noBackward || noLoneBias) args.weight = make();
    if (given !== 'weight' && norm !== 'rms') args.bias = make();
  }
  return args;
}

function makeInput(rule: Constraint, { dtype, sizes, layout }: Plan, draw: Draw, streams: Streams): Tensor {
  const values = fill(rule.values, sizes.shape, dtype, streams(), sizes.sets);
  return layOut(values, sizes.shape, dtype, layout, sizes.repeatable, draw);
}

/** A random upstream gradient, now and then accumulated, asked again, or laid out otherwise than the input. */
function pushBackward(
  steps: Step[],
  { dtype, sizes }: Plan,
  mayAccumulate: boolean,
  draw: Draw,
  streams: Streams,
): void {
  const make = (): Tensor => {
    const layout: Layout = draw.chance(1, 6) ? draw.pick(layoutsOf(sizes.shape.length)) : 'contiguous';
    const values = fill(GRADIENTS, sizes.shape, dtype, streams(), sizes.sets);
    return layOut(values, sizes.shape, dtype, layout, sizes.repeatable, draw);
  };
  const accumulate = mayAccumulate && draw.chance(1, 5);
  steps.push({ kind: 'backward', gradient: make(), accumulate, again: false });
  if (draw.chance(1, 12))
    steps.push({ kind: 'backward', gradient: make(), accumulate: draw.chance(1, 2), again: true });
}

/** One through every gradient that there is, or through some of them. */
function pushDoubleBackward(
  steps: Step[],
  { dtype, sizes }: Plan,
  parameters: readonly string[],
  parameterShape: readonly number[],
  draw: Draw,
  streams: Streams,
): void {
  const make = (shape: readonly number[]) => fromStorage(dtype, shape, fill(GRADIENTS, shape, dtype, streams()));
  const gradient = make(sizes.shape);
  const vectors = [{ name: 'input.grad', tensor: make(sizes.shape) }];
  for (const name of parameters) {
    if (name === 'bias' && !parameters.includes('weight')) continue; // which PyTorch cannot go back through twice
    if (!draw.chance(1, 4)) vectors.push({ name: `${name}.grad`, tensor: make(parameterShape) });
  }
  steps.push({ kind: 'double_backward', gradient, vectors });
}

function parameterShape({ norm, sizes }: Plan): readonly number[] {
  return norm === 'layer' || norm === 'rms' ? sizes.normalizedShape : [sizes.channels];
}

const GRADIENTS: ValueFamily = 'ordinary';

/** Running mean and variance, [C] each, away from 0 and 1. */
function runningStatistics(rule: Constraint, { dtype, sizes }: Plan, streams: Streams): [Tensor, Tensor] {
  const C = sizes.channels;
  const mean = new Float64Array(C); // [C]
  const variance = new Float64Array(C); // [C]
  const { a, b } = streams();
  const start = Math.floor(uniformAt(a, b, 0x40000000) * SPACED.length);
  for (let c = 0; c < C; c++) {
    mean[c] = normalAt(a, b, c);
    const u = uniformAt(a, b, 0x50000000 + c);
    variance[c] = rule.running === 'spaced' ? SPACED[(start + c) % SPACED.length] * (1 + u) : 0.125 + 3 * u;
  }
  const real = dtype === 'float32' ? Float32Array : Float64Array;
  return [fromStorage(dtype, [C], new real(mean)), fromStorage(dtype, [C], new real(variance))];
}

const SPACED = [1e-14, 1e-10, 1e-8, 1e-6, 1e-5, 1e-4, 1e-2, 1, 3];

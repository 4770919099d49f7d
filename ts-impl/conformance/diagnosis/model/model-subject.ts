// The counter-model as something that can be asked: it answers trajectories put in the specimen's own words.

import type { Arguments, Case, NamedTensor, Step } from '../../../../cases/case.ts';
import { contiguous, type Tensor } from '../../../tensor/tensor.ts';
import { type Outcome, outcomeOf, type StepResult } from '../../outcome.ts';
import { float64, toFloat64 } from '../measure/specimen.ts';
import { type ModelForward, modelForward } from './model.ts';
import { initialState, type ModelOptions, type ModelState } from './model-state.ts';
import type { Profile } from './profile.ts';

/** The numbers a layer of this profile has when constructed with `args`; its defaults where they say nothing. */
export function optionsOf(profile: Profile, args: Arguments = {}): ModelOptions {
  const { running, scale } = profile;
  const eps = numberAt(args, profile.epsArgument) ?? scale.eps;
  const momentum = numberAt(args, running?.argument?.name ?? null);
  const shares = { eps, newShare: running?.newShare ?? 0, oldShare: running?.oldShare ?? 1 };
  const weighs = running?.argument?.weighs;
  const fixed = running?.rule === 'overwritten' || running?.rule === 'never-updated' || running?.rule === 'cumulative';
  if (momentum === null || weighs === undefined || fixed) return shares;
  const newShare = weighs === 'new' ? momentum : 1 - momentum;
  return { eps, newShare, oldShare: 1 - newShare };
}

/**
 * What the model answers to a trajectory, parameters and buffers as flat lists of their entries; `unsupported` for steps that no convention
 * speaks of.
 */
export function askModel(profile: Profile, c: Case): Outcome {
  const bench = new Bench(profile);
  const results: StepResult[] = [];
  for (const step of c.steps) {
    const result = bench.run(step);
    if (result === null) return { kind: 'unsupported', reason: `the model knows no ${step.kind}` };
    results.push(result);
  }
  return outcomeOf(results);
}

// --- internal ---

const returned = (tensors: readonly NamedTensor[]): StepResult => ({ kind: 'returned', tensors, texts: {} });

class Bench {
  private readonly profile: Profile;
  private state: ModelState;
  private options: ModelOptions;
  private latest: { readonly forward: ModelForward; readonly input: Tensor } | null = null;
  private mode: 'train' | 'eval' = 'train';

  constructor(profile: Profile) {
    this.profile = profile;
    this.state = initialState();
    this.options = optionsOf(profile);
  }

  run(step: Step): StepResult | null {
    switch (step.kind) {
      case 'construct':
        this.state = initialState();
        this.options = optionsOf(this.profile, step.arguments);
        return returned([]);
      case 'set_tensor':
        return step.tensor !== null && this.set(step.name, toFloat64(contiguous(step.tensor))) ? returned([]) : null;
      case 'forward': {
        this.mode = step.mode ?? this.mode;
        const x = toFloat64(contiguous(step.input));
        const forward = modelForward(this.profile, this.options, this.state, x, step.input.shape, this.mode);
        this.latest = { forward, input: step.input };
        return returned([{ name: 'output', tensor: float64(forward.output, step.input.shape) }]);
      }
      case 'backward':
        return this.latest === null ? { kind: 'not_run' } : returned(this.gradients(this.latest, step.gradient));
      case 'read':
        return returned(this.tensors(step.what));
      case 'cast':
        return returned([]); // it computes in float64 throughout
      default:
        return null;
    }
  }

  private set(name: string, values: Float64Array): boolean {
    const { affine, running } = this.profile;
    if ((name === running?.mean || name === running?.variance) && running.late)
      this.state.steps = Math.max(1, this.state.steps);
    if (name === affine.weight?.name) this.state.weight = values;
    else if (name === affine.bias?.name) this.state.bias = values;
    else if (name === running?.mean) this.state.mean = values;
    else if (name === running?.variance) this.state.variance = values;
    else return false;
    return true;
  }

  private gradients(latest: { forward: ModelForward; input: Tensor }, upstream: Tensor): NamedTensor[] {
    const { affine } = this.profile;
    const grads = latest.forward.backward(toFloat64(contiguous(upstream)));
    const all: NamedTensor[] = [{ name: 'input.grad', tensor: float64(grads.input, latest.input.shape) }];
    if (affine.weight !== null && grads.weight !== null) {
      all.push({ name: `${affine.weight.name}.grad`, tensor: flat(grads.weight) });
    }
    if (affine.bias !== null && grads.bias !== null) {
      all.push({ name: `${affine.bias.name}.grad`, tensor: flat(grads.bias) });
    }
    const answered = this.profile.gradient?.answered;
    return answered === undefined ? all : all.filter(({ name }) => answered.includes(name));
  }

  private tensors(what: 'buffers' | 'all'): NamedTensor[] {
    const { affine, running } = this.profile;
    const { state } = this;
    const all: NamedTensor[] = [];
    const add = (name: string | null | undefined, values: Float64Array | null) => {
      if (name !== undefined && name !== null && values !== null) all.push({ name, tensor: flat(values) });
    };
    if (what === 'all') {
      add(affine.weight?.name, state.weight);
      add(affine.bias?.name, state.bias);
    }
    add(running?.mean, state.mean);
    add(running?.variance, state.variance);
    return all;
  }
}

/** Parameters and buffers come as their entries in order, whatever shape the subject keeps them in. */
const flat = (values: Float64Array) => float64(values, [values.length]);

function numberAt(args: Arguments, name: string | null): number | null {
  const value = name === null ? undefined : args[name];
  return value?.kind === 'float' || value?.kind === 'int' ? value.value : null;
}

// The truth of a Case: its trajectory in double-double, from the case alone. It looks at no answer and judges nothing.

import type { Arguments, Case, Step, Value } from '../../../../cases/case.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import {
  bare,
  constructState,
  type Family,
  type LayerState,
  numberOf,
  numbersOf,
  setAttribute,
  setTensor,
  truthy,
  valuesOf,
} from '../conditioning/layer-state.ts';
import { setsOf } from '../conditioning/statistic-sets.ts';
import type { StepResult } from '../../outcome.ts';
import { add, divide, low, multiply, subtract } from './double-double.ts';
import { accumulate, fromExact, type Pairs, pairs } from './pairs.ts';
import {
  type Question,
  trueGradients,
  trueOutput,
  trueScales,
  type TrueStatistics,
  trueStatistics,
} from './true-norm.ts';

/** True values by tensor name. A tensor that is not here has no truth. */
export type StepTruth = ReadonlyMap<string, Pairs>;

/** One entry per step; null from the step on at which the trajectory leaves what is known. `results` tells which steps were refused. */
export function truthOf(c: Case, results: readonly StepResult[]): readonly (StepTruth | null)[] {
  const walk = new Walk();
  let known = true;
  return c.steps.map((step, i) => {
    const kind = results[i]?.kind;
    if (kind === 'not_run') return NOTHING;
    if (kind !== 'returned') known = false; // what a refusal leaves behind is not followed
    const truth = known ? walk.step(step) : null;
    if (truth === null) known = false;
    return truth;
  });
}

// --- internal ---

const NOTHING: StepTruth = new Map();

class Walk {
  private state: LayerState | null = null;
  private running: { mean: Pairs; variance: Pairs } | null = null; // [C] each
  private pass: { readonly question: Question; readonly batch: TrueStatistics | null } | null = null;
  private readonly gradients = new Map<string, Pairs>();

  /** What a step answers; null where it is not known. */
  step(step: Step): StepTruth | null {
    const { state } = this;
    switch (step.kind) {
      case 'construct':
        this.state = constructState(step.layer, step.arguments);
        this.follow();
        return this.state === null ? null : NOTHING;
      case 'set_tensor': {
        if (state === null || !setTensor(state, step.name, step.tensor)) return null;
        if (step.name.startsWith('running_')) this.follow(step.name);
        return NOTHING;
      }
      case 'set_attribute':
        return state !== null && setAttribute(state, step.name, step.value) ? NOTHING : null;
      case 'cast':
        // Before anything was computed a cast changes no value that matters: parameters are those of the constructor.
        return this.pass === null ? NOTHING : null;
      case 'forward':
        if (state === null) return null;
        if (step.mode !== null) state.training = step.mode === 'train';
        this.gradients.delete('input.grad');
        return this.forward(state, step.input);
      case 'call':
        return this.call(step.function, step.arguments);
      case 'backward':
        return this.backward(step);
      case 'read':
      case 'save_state':
        return state === null ? null : this.buffers();
      case 'load_state':
      case 'copy':
      case 'reset':
      case 'double_backward':
      case 'inspect':
      case 'probe':
        return null;
      default:
        return step satisfies never;
    }
  }

  /** Takes the buffers as the state has them: all, or the one that was set. */
  private follow(name?: string): void {
    const { runningMean, runningVar } = this.state ?? { runningMean: null, runningVar: null };
    if (runningMean === null || runningVar === null) {
      this.running = null;
      return;
    }
    const before = this.running;
    this.running = {
      mean: name === 'running_var' && before !== null ? before.mean : fromExact(runningMean.value),
      variance: name === 'running_mean' && before !== null ? before.variance : fromExact(runningVar.value),
    };
  }

  private forward(state: LayerState, input: Tensor): Map<string, Pairs> | null {
    this.pass = null;
    const unbatched = state.family === 'instance' && input.shape.length === (state.spatialRank ?? Number.NaN) + 1;
    const shape = unbatched ? [1, ...input.shape] : input.shape;
    const sets = setsOf(state.family, shape, state.groups, state.normalizedRank);
    const x = valuesOf(input);
    if (sets === null || x.length === 0) return null;
    const question: Question = {
      x,
      sets,
      weight: state.weight,
      bias: state.bias,
      eps: state.eps ?? (input.dtype === 'float64' ? 2 ** -52 : 2 ** -23),
      centred: state.family !== 'rms',
      guarded: state.family === 'batch' || state.family === 'instance',
    };
    const batch = usesInput(state) ? trueStatistics(question) : null;
    if (batch !== null) this.update(state, question, batch);
    this.pass = { question, batch };
    const statistics = batch ?? this.spread(sets.count);
    if (statistics === null) return null;
    return new Map([['output', trueOutput(question, statistics, trueScales(question, statistics))]]);
  }

  private update(state: LayerState, { sets }: Question, { mean, variance }: TrueStatistics): void {
    const { family } = state;
    if (family === 'batch') {
      if (!state.training || !state.tracks) return;
      if (state.batches !== null) state.batches++;
    } else if (family !== 'instance') return;
    if (this.running === null) return;
    const factor = state.momentum ?? (family === 'batch' && state.batches !== null ? 1 / state.batches : 0);
    const n = (sets.slots * sets.inner) / sets.count;
    this.running = {
      mean: blended(this.running.mean, mean, factor, 1, 1),
      variance: blended(this.running.variance, variance, factor, n, n - 1),
    };
  }

  private backward(step: Extract<Step, { kind: 'backward' }>): StepTruth | null {
    const { pass, gradients } = this;
    if (pass === null) return null;
    const { question, batch } = pass;
    const statistics = batch ?? this.spread(question.sets.count);
    const upstream = valuesOf(step.gradient);
    if (statistics === null || upstream.length !== question.x.length) return null;
    if (!step.accumulate) gradients.clear();
    const scale = trueScales(question, statistics);
    const fresh = trueGradients(question, statistics, scale, batch !== null, upstream);
    for (const leaf of ['input', 'weight', 'bias'] as const) {
      const before = gradients.get(`${leaf}.grad`);
      const now = fresh[leaf];
      if (before !== undefined && before.hi.length === now.hi.length) {
        for (let i = 0; i < now.hi.length; i++) accumulate(now, i, before.hi[i], before.lo[i]);
      }
      gradients.set(`${leaf}.grad`, now);
    }
    return new Map(gradients);
  }

  private buffers(): Map<string, Pairs> {
    const { running } = this;
    if (running === null) return new Map();
    return new Map([
      ['running_mean', running.mean],
      ['running_var', running.variance],
    ]);
  }

  private call(name: string, given: Arguments): StepTruth | null {
    const family = FUNCTIONS[name];
    const input = given.input;
    if (family === undefined || input?.kind !== 'tensor') return null;
    const state = bare('', family, given, numbersOf(given.normalized_shape));
    if (given.momentum !== undefined) state.momentum = numberOf(given.momentum);
    state.training = family === 'instance' ? truthy(given.use_input_stats, true) : truthy(given.training, false);
    state.tracks = true;
    for (const leaf of ['weight', 'bias', 'running_mean', 'running_var'] as const)
      setTensor(state, leaf, tensorOf(given[leaf]));
    this.state = state;
    this.follow();
    this.gradients.clear();
    const output = this.forward(state, input.tensor);
    return output === null ? null : new Map([...output, ...this.buffers()]);
  }

  /** The running statistics of each set. */
  private spread(count: number): TrueStatistics | null {
    const { running } = this;
    if (running === null) return null;
    const each = (p: Pairs): Pairs => {
      const all = pairs(count);
      for (let set = 0; set < count; set++) {
        all.hi[set] = p.hi[set % p.hi.length];
        all.lo[set] = p.lo[set % p.hi.length];
      }
      return all;
    };
    return { mean: each(running.mean), variance: each(running.variance) };
  }
}

const FUNCTIONS: Readonly<Record<string, Family | undefined>> = {
  batch_norm: 'batch',
  instance_norm: 'instance',
  layer_norm: 'layer',
  group_norm: 'group',
  rms_norm: 'rms',
};

function usesInput(state: LayerState): boolean {
  if (state.family === 'instance') return state.training || !state.tracks;
  if (state.family !== 'batch') return true;
  return state.training || (state.runningMean === null && state.runningVar === null);
}

/** (1 − factor)·old + factor·mean of the instances of each channel·numerator/denominator. */
function blended(old: Pairs, statistic: Pairs, factor: number, numerator: number, denominator: number): Pairs {
  const channels = old.hi.length;
  const instances = statistic.hi.length / channels;
  const next = pairs(channels); // [C]
  for (let set = 0; set < statistic.hi.length; set++)
    accumulate(next, set % channels, statistic.hi[set], statistic.lo[set]);
  for (let c = 0; c < channels; c++) {
    let s = divide(next.hi[c], next.lo[c], instances, 0);
    s = multiply(s, low, numerator, 0);
    s = divide(s, low, denominator, 0);
    s = multiply(s, low, factor, 0);
    const sl = low;
    let kept = subtract(1, 0, factor, 0);
    kept = multiply(kept, low, old.hi[c], old.lo[c]);
    next.hi[c] = add(kept, low, s, sl);
    next.lo[c] = low;
  }
  return next;
}

function tensorOf(value: Value | undefined): Tensor | null {
  return value?.kind === 'tensor' ? value.tensor : null;
}

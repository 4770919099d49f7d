// A correct but different implementation: the answer to a case with every number of a norm computed anew, from the case alone, in a style.
// Names, texts, refusals, shapes and dtypes are taken from the answer given; no number that is computed here looks at one there.

import type { Arguments, Case, NamedTensor, Step, Value } from '../../cases/case.ts';
import {
  bare,
  constructState,
  type Family,
  type LayerState,
  numberOf,
  numbersOf,
  setAttribute,
  setTensor,
  trackedFrom,
  truthy,
  valuesOf,
} from '../../ts-impl/conformance/judge/conditioning/layer-state.ts';
import { setsOf } from '../../ts-impl/conformance/judge/conditioning/statistic-sets.ts';
import { elementsOf } from '../../ts-impl/conformance/judge/elements.ts';
import { type Outcome, outcomeOf, type StepResult } from '../../ts-impl/conformance/outcome.ts';
import type { Dtype } from '../../ts-impl/tensor/dtype.ts';
import { sizeOf } from '../../ts-impl/tensor/shape.ts';
import { type Tensor, tensor } from '../../ts-impl/tensor/tensor.ts';
import { gradientsOf, outputOf, type Problem, type Statistics, statisticsOf } from './kernel.ts';
import type { Style } from './style.ts';
import { identity, type Round } from './sums.ts';

export interface Recomputed {
  readonly outcome: Outcome;
  /** Tensors that were computed here. */
  readonly tensors: number;
}

/** From a step on that it does not know (loading, casting half-way, …) the answer given stands. */
export function recompute(c: Case, given: Outcome, style: Style): Recomputed {
  if (given.kind !== 'returned' && given.kind !== 'refused') return { outcome: given, tensors: 0 };
  const walk = new Walk(c, style);
  const steps = given.steps.map((result, i) => walk.step(c.steps[i], result));
  return { outcome: outcomeOf(steps), tensors: walk.computed };
}

// --- internal ---

class Walk {
  computed = 0;
  private readonly style: Style;
  private state: LayerState | null = null;
  private known = true;
  private bufferDtype: Dtype;
  private pass: { readonly problem: Problem; readonly batch: Statistics | null } | null = null;
  private gradients = new Map<string, Float64Array>();

  constructor(c: Case, style: Style) {
    this.style = style;
    this.bufferDtype = c.dtype === 'int64' ? 'float32' : c.dtype;
  }

  step(step: Step, result: StepResult): StepResult {
    if (!this.known) return result;
    if (result.kind !== 'returned') {
      if (step.kind !== 'backward') this.known = false;
      return result;
    }
    const computed = this.take(step);
    if (computed === null) {
      this.known = false;
      return result;
    }
    return { ...result, tensors: result.tensors.map((named) => this.replaced(named, computed)) };
  }

  private replaced(named: NamedTensor, computed: ReadonlyMap<string, Float64Array>): NamedTensor {
    const values = computed.get(named.name);
    const { shape, dtype } = named.tensor;
    if (values === undefined || dtype === 'int64' || values.length !== sizeOf(shape)) return named;
    this.computed++;
    return { name: named.name, tensor: tensor(values, shape, dtype) };
  }

  /** What a step answers; null where it is not known. */
  private take(step: Step): ReadonlyMap<string, Float64Array> | null {
    switch (step.kind) {
      case 'construct': {
        this.state = constructState(step.layer, step.arguments);
        const asked = step.arguments.dtype;
        if (asked?.kind === 'string') this.bufferDtype = asked.value as Dtype; // a case that PyTorch took
        return this.state === null ? null : new Map();
      }
      case 'cast':
        if (this.pass !== null) return null;
        this.bufferDtype = step.dtype;
        return new Map();
      case 'set_tensor':
        return this.state !== null && setTensor(this.state, step.name, step.tensor) ? new Map() : null;
      case 'set_attribute':
        return this.state !== null && setAttribute(this.state, step.name, step.value) ? new Map() : null;
      case 'forward': {
        if (this.state === null) return null;
        if (step.mode !== null) this.state.training = step.mode === 'train';
        this.gradients.delete('input.grad');
        return this.forward(this.state, step.input);
      }
      case 'call':
        return this.call(step.function, step.arguments);
      case 'backward':
        return this.backward(step);
      case 'read':
        return this.buffers();
      default:
        return null;
    }
  }

  private forward(state: LayerState, input: Tensor): Map<string, Float64Array> | null {
    this.pass = null;
    const unbatched = state.family === 'instance' && input.shape.length === (state.spatialRank ?? Number.NaN) + 1;
    const shape = unbatched ? [1, ...input.shape] : input.shape;
    const sets = setsOf(state.family, shape, state.groups, state.normalizedRank);
    const x = valuesOf(input);
    if (sets === null || x.length === 0) return null;
    const f: Round = this.style.wide || input.dtype === 'float64' ? identity : Math.fround;
    const half = input.dtype === 'float16' || input.dtype === 'bfloat16';
    const problem: Problem = {
      x,
      sets,
      weight: state.weight,
      bias: state.bias,
      eps: this.style.epsFactor * (state.eps ?? (input.dtype === 'float64' ? 2 ** -52 : 2 ** -23)),
      centred: state.family !== 'rms',
      guarded: state.family === 'batch' || state.family === 'instance',
      style: this.style,
      f,
      keep: this.style.narrowStatistics && half ? rounder(this.statisticsDtype(state, input)) : f,
    };
    const batch = usesInput(state) ? statisticsOf(problem) : null;
    if (batch !== null) this.update(state, problem, batch);
    this.pass = { problem, batch };
    const statistics = batch ?? running(state, sets.count);
    return statistics === null ? null : new Map([['output', outputOf(problem, statistics)]]);
  }

  /** Statistics are kept as parameters and buffers are; without any, as the input is. */
  private statisticsDtype(state: LayerState, input: Tensor): Dtype {
    const { weight, bias, runningMean } = state;
    return weight === null && bias === null && runningMean === null ? input.dtype : this.bufferDtype;
  }

  /** The running buffers after a forward that used the statistics of its input. */
  private update(state: LayerState, { sets, f }: Problem, batch: Statistics): void {
    const { runningMean, runningVar, family } = state;
    if (family === 'batch') {
      if (!state.training || !state.tracks) return;
      if (state.batches !== null) state.batches++;
    } else if (family !== 'instance') return;
    if (runningMean === null || runningVar === null) return;
    const factor = state.momentum ?? (family === 'batch' && state.batches !== null ? 1 / state.batches : 0);
    const n = (sets.slots * sets.inner) / sets.count;
    const round = rounder(this.bufferDtype);
    const blend = (old: Float64Array, statistic: Float64Array, unbias: number): Float64Array => {
      const instances = statistic.length / old.length;
      return old.map((before, channel) => {
        let s = 0;
        for (let set = channel; set < statistic.length; set += old.length) s = f(s + f(statistic[set] * unbias));
        s = f(s / instances);
        const after =
          this.style.update === 'lerp'
            ? f(before + f(factor * f(s - before)))
            : f(f((1 - factor) * before) + f(factor * s));
        return round(after);
      });
    };
    state.runningMean = trackedFrom(blend(runningMean.value, batch.mean, 1));
    state.runningVar = trackedFrom(blend(runningVar.value, batch.variance, n / (n - 1)));
  }

  private backward(step: Extract<Step, { kind: 'backward' }>): Map<string, Float64Array> | null {
    const { state, pass } = this;
    if (state === null || pass === null) return null;
    const statistics = pass.batch ?? running(state, pass.problem.sets.count);
    if (statistics === null) return null;
    if (!step.accumulate) this.gradients.clear();
    const fresh = gradientsOf(pass.problem, statistics, pass.batch !== null, valuesOf(step.gradient));
    const f = pass.problem.f;
    for (const leaf of ['input', 'weight', 'bias'] as const) {
      const before = this.gradients.get(`${leaf}.grad`);
      const dtype = leaf === 'input' ? step.gradient.dtype : this.bufferDtype;
      const round = rounder(dtype);
      const sum =
        before === undefined || before.length !== fresh[leaf].length
          ? fresh[leaf].map(round)
          : fresh[leaf].map((g, i) => round(f(before[i] + round(g))));
      this.gradients.set(`${leaf}.grad`, sum);
    }
    return new Map(this.gradients);
  }

  private buffers(): Map<string, Float64Array> | null {
    const answered = new Map<string, Float64Array>();
    if (this.state === null) return null;
    if (this.state.runningMean !== null) answered.set('running_mean', this.state.runningMean.value);
    if (this.state.runningVar !== null) answered.set('running_var', this.state.runningVar.value);
    return answered;
  }

  private call(name: string, given: Arguments): Map<string, Float64Array> | null {
    const family = FUNCTIONS[name];
    const input = given.input;
    if (family === undefined || input?.kind !== 'tensor') return null;
    const state = bare('', family, given, numbersOf(given.normalized_shape));
    if (given.momentum !== undefined) state.momentum = numberOf(given.momentum);
    state.training = family === 'instance' ? truthy(given.use_input_stats, true) : truthy(given.training, false);
    state.tracks = true;
    for (const leaf of ['weight', 'bias', 'running_mean', 'running_var'] as const)
      setTensor(state, leaf, tensorOf(given[leaf]));
    const kept = tensorOf(given.running_mean) ?? tensorOf(given.weight) ?? tensorOf(given.bias);
    this.bufferDtype = (kept ?? input.tensor).dtype;
    this.state = state;
    this.gradients.clear();
    const output = this.forward(state, input.tensor);
    return output === null ? null : new Map([...output, ...(this.buffers() ?? [])]);
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

/** The running statistics of each set. */
function running({ runningMean, runningVar }: LayerState, sets: number): Statistics | null {
  if (runningMean === null || runningVar === null) return null;
  const mean = new Float64Array(sets);
  const variance = new Float64Array(sets);
  for (let set = 0; set < sets; set++) {
    mean[set] = runningMean.value[set % runningMean.value.length];
    variance[set] = runningVar.value[set % runningVar.value.length];
  }
  return { mean, variance };
}

function rounder(dtype: Dtype): Round {
  if (dtype === 'float64') return identity;
  if (dtype === 'float32') return Math.fround;
  return (x) => elementsOf(tensor([x], [1], dtype))[0];
}

function tensorOf(value: Value | undefined): Tensor | null {
  return value?.kind === 'tensor' ? value.tensor : null;
}

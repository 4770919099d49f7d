// Runs a Case on a norm written in JavaScript, step by step. It starts nothing, compares nothing, and lets no error of the norm through.

import { type Case, LAYERS, type NamedTensor, type Step } from '../../../../cases/case.ts';
import type { Dtype } from '../../../tensor/dtype.ts';
import type { Shape } from '../../../tensor/shape.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import { type Outcome, outcomeOf, type StepResult } from '../../outcome.ts';
import { Unsupported } from '../port-arguments.ts';
import { camelCase, constructionOf, functionCallOf, plain } from './arguments.ts';
import type { NormModule } from './contract.ts';
import { FunctionLayer, outputOf } from './function-layer.ts';
import { type HeldNorm, isAll, parameterGradient, STATE_NAMES, type StateName } from './held-norm.ts';
import { isFunctionName } from './named-layers.ts';
import { castTo, ownArray, isTensor, ownTensor, sumOf, toCount, toTensor } from './tensor-like.ts';

/** What a norm answers to a case. What it has no part for is `unsupported`; what it throws is `refused`. */
export async function drive(c: Case, held: HeldNorm): Promise<Outcome> {
  const lacking = lackingDtype(c, held);
  if (lacking !== null) return { kind: 'unsupported', reason: lacking };
  const state = new Trajectory(c.dtype, held);
  const results: StepResult[] = [];
  let lost = false;
  for (const step of c.steps) {
    if (lost) {
      results.push(NOT_RUN);
      continue;
    }
    try {
      results.push(await state.run(step));
    } catch (problem) {
      if (problem instanceof Unsupported) return { kind: 'unsupported', reason: problem.message };
      results.push(refusalOf(problem));
      lost = step.kind === 'construct';
    }
  }
  return outcomeOf(results);
}

// --- internal ---

/** What a function's state is made of, where there is none at present. */
const EMPTY = new Float32Array(0);

const NOT_RUN: StepResult = { kind: 'not_run' };

function returned(tensors: readonly NamedTensor[]): StepResult {
  return { kind: 'returned', tensors, texts: {} };
}

function refusalOf(problem: unknown): StepResult {
  if (problem instanceof Error) return { kind: 'refused', type: problem.name, message: problem.message };
  return { kind: 'refused', type: typeof problem, message: String(problem) };
}

/** Why the case can't be put to the norm, or null. */
function lackingDtype(c: Case, { name, traits }: HeldNorm): string | null {
  const takes = (dtype: Dtype) => dtype === 'int64' || (traits.dtypes as readonly Dtype[]).includes(dtype);
  const found = [c.dtype, ...c.steps.flatMap(dtypesIn)].find((dtype) => !takes(dtype));
  if (found === undefined) return null;
  return `${name} takes ${traits.dtypes.join(', ')}, not ${found}; \`static dtypes\` says what it takes`;
}

function dtypesIn(step: Step): Dtype[] {
  switch (step.kind) {
    case 'forward':
      return [step.input.dtype];
    case 'backward':
      return [step.gradient.dtype];
    case 'set_tensor':
      return step.tensor === null ? [] : [step.tensor.dtype];
    case 'cast':
      return [step.dtype];
    case 'call':
      return Object.values(step.arguments).flatMap((value) => (value.kind === 'tensor' ? [value.tensor.dtype] : []));
    default:
      return [];
  }
}

/** The norm between two steps, and the gradients gathered so far, as autograd gathers them. */
class Trajectory {
  private readonly held: HeldNorm;
  private dtype: Dtype;
  private norm: NormModule | null = null;
  /** The shape of parameters and buffers. */
  private shape: Shape = [];
  private latest: Latest | null = null;
  private readonly gradients = new Map<string, Tensor>();

  constructor(dtype: Dtype, held: HeldNorm) {
    this.dtype = dtype;
    this.held = held;
  }

  async run(step: Step): Promise<StepResult> {
    switch (step.kind) {
      case 'construct':
        return this.construct(step);
      case 'forward':
        return this.forward(step);
      case 'call':
        return this.call(step);
      case 'backward':
        return this.backward(step);
      case 'read':
        return this.read(step.what);
      case 'set_tensor':
        return this.setTensor(step.name, step.tensor);
      case 'set_attribute':
        return this.setAttribute(step);
      case 'cast':
        return this.cast(step.dtype);
      case 'reset':
        return this.reset(step.what);
      case 'load_state':
      case 'save_state':
      case 'copy':
      case 'double_backward':
      case 'inspect':
      case 'probe':
        throw new Unsupported(`${step.kind}, which is no part of the contract of a norm in JavaScript`);
      default:
        return step satisfies never;
    }
  }

  private construct(step: Step & { kind: 'construct' }): StepResult {
    const layer = LAYERS.find((name) => name === step.layer);
    if (layer === undefined) throw new Unsupported(`the layer ${step.layer}`);
    const construction = constructionOf(layer, step.arguments);
    this.norm = this.held.make(layer, construction);
    const [first, channels] = construction.sizes;
    const size = layer === 'GroupNorm' ? channels : first;
    this.shape = Array.isArray(size) ? size : [Number(size)];
    return returned([]);
  }

  private async forward(step: Step & { kind: 'forward' }): Promise<StepResult> {
    this.latest = null;
    const { norm } = this;
    if (norm === null) return NOT_RUN;
    if (step.mode !== null) this.setMode(norm, step.mode);
    const answer = await norm.forward(ownTensor(step.input));
    const output = toTensor('output', answer, step.input);
    this.latest = { recorded: step.gradient, leaves: null, input: step.input, goBack: (g) => norm.backward?.(g) };
    this.gradients.delete('input.grad');
    return returned([{ name: 'output', tensor: output }]);
  }

  private setMode(norm: NormModule, mode: 'train' | 'eval'): void {
    if (mode === 'train' && typeof norm.train === 'function') norm.train();
    else if (mode === 'eval' && typeof norm.eval === 'function') norm.eval();
    else if (typeof norm.training === 'boolean') norm.training = mode === 'train';
  }

  private async call(step: Step & { kind: 'call' }): Promise<StepResult> {
    this.latest = null;
    this.gradients.clear();
    const { callNorm } = this.held;
    if (callNorm === null || !isFunctionName(step.function)) throw new Unsupported(`the function ${step.function}`);
    const { input, leaves, tensors, parameters } = functionCallOf(step.function, step.arguments);
    const { output, backward } = outputOf(await callNorm(ownArray(input), input.shape, parameters));
    const answers = [{ name: 'output', tensor: toTensor('output', output, input) }];
    for (const name of ['running_mean', 'running_var'] as const) {
      const before = tensors[name];
      const after = parameters[name === 'running_mean' ? 'runningMean' : 'runningVar'];
      if (before !== null) answers.push({ name, tensor: toTensor(name, after, before) });
    }
    this.latest = {
      recorded: step.gradient,
      leaves: leaves.map((name) => ({ name, like: name === 'input' ? input : (tensors[name] ?? input) })),
      input,
      goBack: (gradient) => backward?.(ownArray(gradient)),
    };
    return returned(answers);
  }

  private async backward(step: Step & { kind: 'backward' }): Promise<StepResult> {
    const { latest, held } = this;
    if (!held.traits.backward || latest === null) return NOT_RUN;
    if (!latest.recorded) throw new Unsupported('a backward through a forward that was not recorded');
    if (!step.accumulate) this.gradients.clear();
    const fields = this.norm as unknown as Record<string, unknown> | null; // what gradients are left in
    for (const field of ['weightGrad', 'biasGrad']) if (fields !== null && field in fields) fields[field] = null;
    const answer = await latest.goBack(ownTensor(step.gradient));
    this.gather('input.grad', isAll(answer) ? answer.input : answer, latest.input);
    for (const { name, like } of latest.leaves ?? this.parameterLeaves()) {
      if (name === 'input' || !held.traits.gradients.includes(name)) continue;
      const given =
        this.norm !== null ? parameterGradient(this.norm, answer, name) : isAll(answer) ? answer[name] : null;
      if (given !== null && given !== undefined) this.gather(`${name}.grad`, given, like);
    }
    return returned(Array.from(this.gradients, ([name, tensor]) => ({ name, tensor })));
  }

  private parameterLeaves(): Leaf[] {
    return (['weight', 'bias'] as const).flatMap((name) => {
      const like = this.valueOf(name);
      return like === null ? [] : [{ name, like }];
    });
  }

  private gather(name: string, given: unknown, like: Tensor): void {
    const gradient = toTensor(name, given, like);
    const before = this.gradients.get(name);
    const sum = before === undefined ? gradient : sumOf(before, gradient);
    if (sum === null) throw new Unsupported('gradients that add up in half precision');
    this.gradients.set(name, sum);
  }

  private read(what: 'buffers' | 'all'): StepResult {
    const names = what === 'all' ? STATE_NAMES : STATE_NAMES.slice(2);
    const tensors = names.flatMap((name) => {
      const tensor = this.valueOf(name);
      return tensor === null ? [] : [{ name, tensor }];
    });
    return returned(tensors);
  }

  /** A parameter or buffer as it stands, null where it is None. */
  private valueOf(name: StateName): Tensor | null {
    const value = this.fields()[camelCase(name)] ?? null;
    if (value === null) return null;
    if (name === 'num_batches_tracked') return toCount(name, value);
    return toTensor(name, value, { dtype: this.dtype, shape: this.shape });
  }

  private setTensor(name: string, given: Tensor | null): StepResult {
    if (!(this.held.traits.state as readonly string[]).includes(name)) {
      throw new Unsupported(`${this.held.name} has no property ${camelCase(name)} to set`);
    }
    const fields = this.fields();
    const field = camelCase(name);
    const present = fields[field] ?? (this.norm instanceof FunctionLayer ? EMPTY : null);
    fields[field] = given === null ? null : alike(present, given);
    return returned([]);
  }

  private setAttribute(step: Step & { kind: 'set_attribute' }): StepResult {
    const field = camelCase(step.name);
    const fields = this.fields();
    if (!(field in fields)) throw new Unsupported(`${this.held.name} has no property ${field} to set`);
    fields[field] = plain(step.value);
    return returned([]);
  }

  private cast(dtype: Dtype): StepResult {
    if (dtype !== 'float64' && dtype !== 'float32') throw new Unsupported(`a cast to ${dtype}`);
    this.dtype = dtype;
    const fields = this.fields();
    for (const name of STATE_NAMES.slice(0, 4)) {
      const tensor = this.valueOf(name);
      const field = camelCase(name);
      if (tensor !== null) fields[field] = alike(fields[field], castTo(tensor, dtype));
    }
    return returned([]);
  }

  private reset(what: 'running_stats' | 'parameters'): StepResult {
    const act = this.fields()[what === 'parameters' ? 'resetParameters' : 'resetRunningStats'];
    if (typeof act !== 'function') throw new Unsupported(`reset of ${what}`);
    act.call(this.norm);
    return returned([]);
  }

  private fields(): Record<string, unknown> {
    if (this.norm === null) throw new Unsupported('a step before the layer is made');
    return this.norm as unknown as Record<string, unknown>; // a class may hold more than the contract names
  }
}

interface Leaf {
  readonly name: 'input' | 'weight' | 'bias';
  readonly like: Tensor;
}

interface Latest {
  readonly recorded: boolean;
  /** What gradients are asked for; null for a layer, whose parameters are looked up. */
  readonly leaves: readonly Leaf[] | null;
  readonly input: Tensor;
  readonly goBack: (gradient: Tensor) => unknown;
}

/** The tensor in the form that `present` has: an array by an array, a tensor by a tensor, a number by a number. */
function alike(present: unknown, tensor: Tensor): unknown {
  if (tensor.dtype === 'int64' && !isTensor(present) && typeof present !== 'bigint') {
    return Number(ownTensor(tensor).storage[0]);
  }
  if (typeof present === 'bigint') return ownTensor(tensor).storage[0];
  if (Array.isArray(present)) return Array.from(ownTensor(tensor).storage, Number);
  return ArrayBuffer.isView(present) ? ownArray(tensor) : ownTensor(tensor);
}

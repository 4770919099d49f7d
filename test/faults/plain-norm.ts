// A norm as one may write it, step by step through a case, right or with conventions of its own. What it has no word for it takes from an honest answer.

import type { Case, LayerName, NamedTensor, Step, Value } from '../../cases/case.ts';
import type { StepResult } from '../../ts-impl/conformance/outcome.ts';
import { sizeOf } from '../../ts-impl/tensor/shape.ts';
import { contiguous, isContiguous, fromStorage, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import type { Conventions } from './conventions.ts';
import { type Geometry, geometryOf, type Norm } from './geometry.ts';
import { type Forward, forward, type Given } from './plain-forward.ts';
import { type Buffers, freshBuffers, updated } from './plain-running.ts';

/** Whether the plain norm follows such a case: a layer of floats, trained, evaluated and read. */
export function isFollowed(c: Case): boolean {
  return (
    (c.dtype === 'float32' || c.dtype === 'float64') &&
    c.steps[0]?.kind === 'construct' &&
    c.steps.every((step, i) => {
      if (step.kind === 'set_tensor') return step.tensor !== null && NAMES.has(step.name);
      if (step.kind === 'set_attribute') return step.name === 'momentum';
      if (step.kind === 'cast') return step.dtype === c.dtype;
      if (step.kind === 'construct') return i === 0;
      if (step.kind === 'forward') return !step.input.shape.includes(0);
      return step.kind === 'backward' || step.kind === 'read' || step.kind === 'save_state';
    })
  );
}

/** The honest steps with this norm's numbers in the place of theirs. */
export function plainSteps(c: Case, honest: readonly StepResult[], how: Conventions): readonly StepResult[] {
  const norm = new PlainNorm(c, how);
  return c.steps.map((step, i) => norm.run(step, honest[i]));
}

// --- internal ---

const NAMES = new Set(['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']);
const refusal = (message: string): StepResult => ({ kind: 'refused', type: 'RuntimeError', message });

class PlainNorm {
  private readonly how: Conventions;
  private readonly norm: Norm;
  private readonly dtype: 'float32' | 'float64';
  private readonly args: Readonly<Record<string, Value>>;
  private momentum: number | null;
  private weight: Float64Array | null;
  private bias: Float64Array | null;
  private buffers: Buffers | null;
  private training = true;
  private latest: Forward | null = null;
  /** The latest forward was left to the honest norm. */
  private left = false;
  private grads = new Map<string, Float64Array>();
  private readonly graph = { grown: false, spent: false };

  constructor(c: Case, how: Conventions) {
    const made = c.steps[0];
    if (made.kind !== 'construct') throw new RangeError('a case that constructs nothing; ask isFollowed first');
    const args = made.arguments;
    this.how = how;
    this.args = args;
    this.dtype = c.dtype === 'float64' ? 'float64' : 'float32';
    const shape = args.normalized_shape === undefined ? null : intsOf(args.normalized_shape);
    const entries = shape === null ? intsOf(args.num_features ?? args.num_channels)[0] : sizeOf(shape);
    const groups = args.num_groups === undefined ? 1 : intsOf(args.num_groups)[0];
    this.norm = { layer: c.layer as LayerName, entries, groups, normalizedShape: shape }; // what constructs is a layer
    const runs = /^(Batch|Instance)Norm/.test(c.layer);
    const byDefault = !c.layer.startsWith('InstanceNorm');
    const affine = flag(args.affine ?? args.elementwise_affine, byDefault);
    this.weight = affine ? new Float64Array(entries).map((_, i) => initialWeight(how, i)) : null;
    const biased = affine && c.layer !== 'RMSNorm' && flag(args.bias, true);
    this.bias = biased ? new Float64Array(entries).fill(how.weightInitial.bias) : null;
    this.buffers = runs && flag(args.track_running_stats, byDefault) ? freshBuffers(entries, how) : null;
    this.momentum = args.momentum === undefined ? (how.momentum ?? 0.1) : numberOf(args.momentum);
  }

  run(step: Step, honest: StepResult): StepResult {
    switch (step.kind) {
      case 'set_tensor':
        this.set(step.name, step.tensor);
        return honest;
      case 'set_attribute':
        this.momentum = numberOf(step.value);
        return honest;
      case 'forward':
        if (step.mode !== null) this.training = step.mode === 'train';
        return this.forward(step.input, honest);
      case 'backward':
        return this.backward(step, honest);
      case 'read':
      case 'save_state':
        return honest.kind === 'returned' ? this.answer(honest, (name) => this.stored(name)) : honest;
      default:
        return honest;
    }
  }

  private set(name: string, tensor: Tensor | null): void {
    if (tensor === null) return;
    const values = float64Of(tensor);
    if (name === 'weight') this.weight = values;
    else if (name === 'bias') this.bias = values;
    else if (this.buffers === null) return;
    else if (name === 'running_mean') this.buffers = { ...this.buffers, mean: values };
    else if (name === 'running_var') this.buffers = { ...this.buffers, variance: values };
    else this.buffers = { ...this.buffers, count: values[0] };
  }

  private forward(input: Tensor, honest: StepResult): StepResult {
    const { how } = this;
    this.latest = null;
    const complaint = this.complaintOf(input);
    if (complaint !== null) return refusal(complaint);
    const geometry = geometryOf(this.norm, input.shape, how);
    const single = honest.kind === 'refused' && /Expected more than 1 value/.test(honest.message);
    if (honest.kind !== 'returned' && !(single && how.singleValue !== 'own')) return honest;
    this.left = geometry === null && how.channelAxis === '1'; // no parameter is as long as the channels are many
    if (this.left) return honest;
    if (geometry === null) return refusal('The size of tensor a must match the size of tensor b');
    const x = float64Of(how.inputLayout === 'as-it-lies' ? asItLies(input) : input);
    if (how.inputDtype === 'computes-in-float32') for (let i = 0; i < x.length; i++) x[i] = Math.fround(x[i]);
    const before = this.buffers;
    if (before !== null && (this.training || how.updateInEval)) {
      this.buffers = updated(before, x, geometry, this.momentum, this.norm, input.shape.length, this.dtype, how);
    }
    const made = forward(this.given(x, before), geometry, how);
    const valueless = geometry.sets.length === 0 || this.countOf(geometry) > 1 || how.singleValue === 'own';
    const output = valueless
      ? made.output
      : made.output.map((y, e) => this.singleValue(x[e], y, geometry.parameters[e]));
    if (!valueless && how.singleValue === 'raises') return refusal('Expected more than 1 value');
    this.latest = made;
    this.grads.delete('input.grad');
    const like: StepResult =
      honest.kind === 'returned'
        ? honest
        : { kind: 'returned', tensors: [{ name: 'output', tensor: contiguous(input) }], texts: {} };
    return this.answer(like, (name) => (name === 'output' ? output : null));
  }

  /** Why it will not take this input, or null. */
  private complaintOf(input: Tensor): string | null {
    const { how } = this;
    if (how.inputLayout === 'contiguous-only' && !isContiguous(input))
      return 'view size is not compatible with input tensor';
    if (how.inputRank !== 'any' && !how.inputRank.includes(input.shape.length)) return 'not enough values to unpack';
    if (how.inputDtype === 'float32-only' && input.dtype !== 'float32') return 'expected scalar type Float';
    if (how.epsZero === 'rejected' && this.eps() === 0) return 'eps must be positive';
    if (how.untrackedEval === 'raises' && !this.training && this.buffers === null)
      return 'running statistics are missing';
    return null;
  }

  private given(x: Float64Array, before: Buffers | null): Given {
    const { how, buffers } = this;
    const secondMoment = this.norm.layer === 'RMSNorm';
    let fixed: Buffers | null = null;
    if (this.training) {
      if (how.statisticsTrain === 'running-after-update') fixed = buffers;
      else if (how.statisticsTrain === 'running-before-update') fixed = before;
    } else if (buffers !== null) fixed = how.statisticsEval === 'batch' ? null : buffers;
    else if (/^(Batch|Instance)/.test(this.norm.layer) && how.untrackedEval === 'running-initial') {
      fixed = freshBuffers(this.norm.entries, how);
    }
    const single = this.dtype === 'float32' || how.inputDtype === 'computes-in-float32';
    return {
      x,
      weight: this.weight,
      bias: this.bias,
      eps: this.eps(),
      fixed: fixed && readable(fixed, how),
      single,
      secondMoment,
      zeroAtZero: fixed === null && /^(Batch|Instance)/.test(this.norm.layer),
    };
  }

  private eps(): number {
    const given = this.args.eps === undefined ? null : numberOf(this.args.eps);
    const own = this.how.eps ?? (this.norm.layer !== 'RMSNorm' ? 1e-5 : this.dtype === 'float32' ? 2 ** -23 : 2 ** -52);
    return given === null || (given === 0 && this.how.epsZero === 'replaced-by-default') ? own : given;
  }

  private countOf(g: Geometry): number {
    let count = 0;
    for (const s of g.sets) if (s === g.sets[0]) count++;
    return count;
  }

  private singleValue(x: number, y: number, p: number): number {
    const bias = this.bias === null ? 0 : this.bias[p];
    const weight = this.weight === null ? 1 : this.weight[p];
    switch (this.how.singleValue) {
      case 'own':
      case 'raises':
        return y;
      case 'nan':
        return Number.NaN;
      case 'zero':
        return 0;
      case 'bias':
        return bias;
      case 'sign':
        return Math.sign(x) * weight + bias;
      case 'input':
        return x;
      default:
        return this.how.singleValue satisfies never;
    }
  }

  private backward(step: Step & { kind: 'backward' }, honest: StepResult): StepResult {
    const { latest, how, graph } = this;
    if (this.left) return honest;
    if (latest === null) return honest.kind === 'returned' ? { kind: 'not_run' } : honest;
    if (honest.kind !== 'returned') return honest;
    // Buffers that keep their graph lead the second backward back into the first one.
    const attached = how.runningGradient === 'attached' && this.buffers !== null && this.training;
    if (attached && graph.spent && !step.again) return refusal('Trying to backward through the graph a second time');
    graph.spent = true;
    if (!step.accumulate) this.grads = new Map();
    const made = latest.backward(float64Of(step.gradient));
    const own = { 'input.grad': made.input, 'weight.grad': made.weight, 'bias.grad': made.bias };
    for (const [name, values] of Object.entries(own)) {
      const old = this.grads.get(name);
      this.grads.set(name, old === undefined ? values : values.map((v, i) => v + old[i]));
    }
    return this.answer(honest, (name) => this.grads.get(name) ?? null);
  }

  private stored(name: string): Float64Array | null {
    if (name === 'weight') return this.weight;
    if (name === 'bias') return this.bias;
    if (name === 'running_mean') return this.buffers?.mean ?? null;
    return name === 'running_var' ? (this.buffers?.variance ?? null) : null;
  }

  /** The honest result with other numbers where `numbers` has as many; in float32 where that is all it computes in. */
  private answer(
    honest: StepResult & { kind: 'returned' },
    numbers: (name: string) => Float64Array | null,
  ): StepResult {
    const tensors = honest.tensors.map(({ name, tensor }): NamedTensor => {
      const values = numbers(name);
      if (values === null || values.length !== tensor.storage.length || tensor.dtype === 'int64')
        return { name, tensor };
      const narrow = this.how.inputDtype === 'computes-in-float32' || tensor.dtype === 'float32';
      const rounded = narrow ? Float32Array.from(values) : values;
      const storage = tensor.dtype === 'float32' ? Float32Array.from(rounded) : Float64Array.from(rounded);
      return { name, tensor: fromStorage(tensor.dtype, tensor.shape, storage) };
    });
    return { ...honest, tensors };
  }
}

/** Buffers as mean and variance, however they are kept. */
function readable(b: Buffers, { tracked }: Conventions): { mean: Float64Array; variance: Float64Array } {
  switch (tracked) {
    case 'variance':
    case 'sum':
      return b;
    case 'std':
      return { mean: b.mean, variance: b.variance.map((s) => s * s) };
    case 'inverse-std':
      return { mean: b.mean, variance: b.variance.map((r) => 1 / (r * r)) };
    case 'swapped':
      return { mean: b.variance, variance: b.mean };
    default:
      return tracked satisfies never;
  }
}

function initialWeight({ weightInitial: { weight } }: Conventions, i: number): number {
  return weight === 'uniform' ? (i * 0.618033988749895 + 0.3) % 1 : weight;
}

function asItLies(t: Tensor): Tensor {
  const size = sizeOf(t.shape);
  const storage = t.storage.slice(t.offset, t.offset + size);
  return storage.length === size ? fromStorage(t.dtype, t.shape, storage) : t;
}

function float64Of(t: Tensor): Float64Array {
  return Float64Array.from(contiguous(t).storage, Number);
}

function flag(value: Value | undefined, byDefault: boolean): boolean {
  return value?.kind === 'bool' ? value.value : byDefault;
}

function numberOf(value: Value): number | null {
  return value.kind === 'int' || value.kind === 'float' ? value.value : null;
}

function intsOf(value: Value): readonly number[] {
  if (value.kind === 'list') return value.items.flatMap(intsOf);
  return value.kind === 'int' ? [value.value] : [];
}

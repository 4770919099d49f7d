// Runs the steps of one Case on an export as its plan says. It starts nothing, compares nothing, and lets no error of the export through.

import type { Case, NamedTensor, Step } from '../../../../../cases/case.ts';
import { fromStorage, type Tensor } from '../../../../tensor/tensor.ts';
import { type Shape, sizeOf } from '../../../../tensor/shape.ts';
import { elementsOf } from '../../../judge/elements.ts';
import { contiguous } from '../../../../tensor/tensor.ts';
import { type Outcome, outcomeOf, type StepResult } from '../../../outcome.ts';
import { Unsupported } from '../../port-arguments.ts';
import { plain } from '../arguments.ts';
import { gradientsOf, NotATensor } from './answer-of.ts';
import { Caller, invoke, readKept } from './call.ts';
import type { Classes, FloatData, Read } from './containers.ts';
import { batchStatistics, ownersOf } from './given-statistics.ts';
import { setTensor, tensorsOf, widen } from './inventory.ts';
import { gather, piecesOf, scatter } from './lift.ts';
import { setMode } from './instance-mode.ts';
import type { Chosen, Plan } from './plan.ts';

/** An export that has been opened: what it is, how it is called, what trying has shown. */
export interface Opened {
  readonly name: string;
  readonly exported: unknown;
  /** The export that goes back, where the plan names one. */
  readonly backward: unknown;
  readonly classes: Classes;
  readonly plan: Plan;
  readonly traits: Pick<Chosen, 'gradients' | 'kinds'>;
  /** What was printed since it was last asked. */
  readonly printed: () => string;
}

/** What the export answers to a case; what it has no part for is `unsupported`, what it throws is `refused`. */
export async function runForeign(c: Case, opened: Opened): Promise<Outcome> {
  if (c.dtype !== 'float32' && c.dtype !== 'float64') {
    return { kind: 'unsupported', reason: `JavaScript has no numbers of ${c.dtype}` };
  }
  const state = new ForeignTrajectory(c, opened);
  const results: StepResult[] = [];
  let lost = false;
  for (const step of c.steps) {
    if (lost) {
      results.push(NOT_RUN);
      continue;
    }
    try {
      const result = await state.run(step);
      const stdout = opened.printed();
      const said = result.kind === 'returned' && stdout !== '';
      results.push(said ? { ...result, texts: { ...result.texts, stdout } } : result);
    } catch (problem) {
      if (problem instanceof Unsupported) return { kind: 'unsupported', reason: problem.message };
      results.push(refusalOf(problem));
      lost = step.kind === 'construct';
    }
  }
  return outcomeOf(results);
}

// --- internal ---

const NOT_RUN: StepResult = { kind: 'not_run' };

const returned = (tensors: readonly NamedTensor[], texts: Readonly<Record<string, string>> = {}): StepResult => ({
  kind: 'returned',
  tensors,
  texts,
});

function refusalOf(problem: unknown): StepResult {
  if (problem instanceof Error)
    return { kind: 'refused', type: problem.name, message: problem.message.slice(0, LONGEST) };
  return { kind: 'refused', type: typeof problem, message: String(problem).slice(0, LONGEST) };
}

const LONGEST = 2000;

class ForeignTrajectory {
  private readonly opened: Opened;
  private readonly double: boolean;
  private caller: Caller | null = null;
  private instance: unknown = null;
  private names: ReadonlySet<string> = new Set();
  private latest: { readonly input: FloatData; readonly shape: Shape; readonly beside: unknown } | null = null;

  constructor(c: Case, opened: Opened) {
    this.opened = opened;
    this.double = c.dtype === 'float64';
  }

  async run(step: Step): Promise<StepResult> {
    switch (step.kind) {
      case 'construct':
        return this.construct(step);
      case 'forward':
        return this.forward(step);
      case 'backward':
        return this.backward(step);
      case 'read':
        return returned(this.tensors(step.what));
      case 'set_tensor':
        return this.setTensor(step.name, step.tensor);
      case 'set_attribute':
        return this.setAttribute(step);
      case 'call':
      case 'cast':
      case 'reset':
      case 'load_state':
      case 'save_state':
      case 'copy':
      case 'double_backward':
      case 'inspect':
      case 'probe':
        throw new Unsupported(`${step.kind}, which a norm of a module is not asked`);
      default:
        return step satisfies never;
    }
  }

  private construct(step: Step & { kind: 'construct' }): StepResult {
    const { plan, exported, classes, name } = this.opened;
    const args = Object.fromEntries(Object.entries(step.arguments).map(([key, value]) => [key, plain(value)]));
    this.latest = null;
    this.caller = new Caller(plan, args, classes, this.double);
    this.instance = this.caller.make(exported);
    // What a factory's functions have closed over can't be exchanged; what an instance holds can.
    if (this.double && plan.make?.by === 'new') widen(this.instance);
    const tensors = this.everything();
    this.names = new Set(tensors.map((t) => t.name));
    const of = (kind: 'parameters' | 'buffers') =>
      tensors
        .filter((t) => this.kindOf(t.name) === kind)
        .map((t) => t.name)
        .join(' ');
    return returned(tensors, { repr: name, parameters: of('parameters'), buffers: of('buffers'), attributes: '' });
  }

  private async forward(step: Step & { kind: 'forward' }): Promise<StepResult> {
    this.latest = null;
    const { caller, instance } = this;
    if (caller === null) return NOT_RUN;
    const mode = step.mode ?? 'train';
    const { shape } = step.input;
    const data = this.dataOf(step.input);
    this.checkShape(caller, shape);
    if (instance !== this.opened.exported) await setMode(instance, mode);
    const { output, beside, after } =
      caller.plan.given && mode === 'train'
        ? await this.forwardGiven(caller, data, shape)
        : await this.forwardPieces(caller, mode, data, shape);
    if (this.double && output.single) throw new TypeError('it answers in float32, whatever it is given');
    const tensors = [{ name: 'output', tensor: this.tensor(output.data, shape) }];
    if (after?.some((v, i) => !Object.is(v, data[i])))
      tensors.push({ name: 'input', tensor: this.tensor(after, shape) });
    this.latest = { input: data, shape, beside };
    return returned(tensors);
  }

  /** One call with all of the input, or one for each vector of it. */
  private async forwardPieces(caller: Caller, mode: 'train' | 'eval', data: FloatData, shape: Shape) {
    const { lift } = caller.plan;
    if (lift === 'none') {
      const { answer, after } = await caller.call(this.instance, mode, data, shape);
      return { output: answer.output, beside: answer.beside, after: after?.data ?? null };
    }
    const whole = new Float64Array(data.length);
    const left = new Float64Array(data.length);
    let single = false;
    for (const piece of piecesOf(lift, shape)) {
      const part = gather(data, piece);
      const { answer, after } = await caller.call(this.instance, mode, part, [part.length]);
      scatter(whole, answer.output.data, piece);
      scatter(left, after?.data ?? part, piece);
      single ||= answer.output.single;
    }
    return { output: { data: whole, shape, single }, beside: undefined, after: left };
  }

  /** A call that computes no statistics is given those of the batch; between calls PyTorch's update is kept for it. */
  private async forwardGiven(caller: Caller, data: FloatData, shape: Shape) {
    const { kept } = caller;
    const running = kept.map((one) => ({ one, data: readKept(one).data }));
    const count = kept.find((one) => one.role === 'mean')?.shape ?? [1];
    const call = (values: FloatData) => caller.call(this.instance, 'eval', values, shape);
    const owners = await ownersOf(
      caller,
      data,
      sizeOf(count),
      async (values) => (await call(values)).answer.output.data,
    );
    const { mean, biased, unbiased } = batchStatistics(data, owners, sizeOf(count));
    caller.withStatistics(mean, biased);
    const { answer, after } = await call(data);
    for (const { one, data: before } of running) {
      const fresh = one.role === 'mean' ? mean : unbiased;
      if (one.role === 'mean' || one.role === 'variance') {
        caller.set(
          one.name,
          before.map((v, i) => 0.9 * v + 0.1 * fresh[i]),
        );
      }
    }
    return { output: answer.output, beside: undefined, after: after?.data ?? null };
  }

  private checkShape({ plan, kept }: Caller, shape: Shape): void {
    if (plan.rank !== null && shape.length !== plan.rank) {
      throw new RangeError(`it takes ${plan.rank} axes, not ${shape.length}`);
    }
    const own = kept[0]?.shape ?? null;
    if (!plan.blind || own === null) return;
    const trailing = shape.slice(shape.length - own.length);
    if (trailing.join() !== own.join()) {
      throw new RangeError(`a flat input of rows of ${own.join(' × ')} can't have the shape [${shape.join(', ')}]`);
    }
  }

  private async backward(step: Step & { kind: 'backward' }): Promise<StepResult> {
    const { caller, instance, latest, opened } = this;
    if (opened.traits.gradients === null) throw new Unsupported('it has no way back');
    if (caller === null || latest === null) return NOT_RUN;
    if (caller.plan.lift !== 'none') throw new Unsupported('a backward of single vectors');
    const { shape, beside } = latest;
    const upstream = this.dataOf(step.gradient);
    const given = await this.goBack(caller, instance, upstream, latest, beside);
    const tensors = this.parameters();
    const found = gradientsOf(given, [instance, beside], shape, tensors);
    return returned(
      Array.from(found, ([name, { data, shape: own }]) => ({ name: `${name}.grad`, tensor: this.tensor(data, own) })),
    );
  }

  private async goBack(
    caller: Caller,
    instance: unknown,
    upstream: FloatData,
    latest: { readonly input: FloatData; readonly shape: Shape },
    beside: unknown,
  ): Promise<unknown> {
    if (this.opened.backward !== null) {
      return caller.goBack(this.opened.backward, upstream, latest.shape, beside, latest.input);
    }
    const gradient = caller.wrap(upstream, latest.shape);
    const own = backwardIn(instance);
    if (own !== null) return invoke(instance, own, [gradient]);
    const inside = typeof beside === 'function' ? beside : besideBackward(beside);
    if (inside !== null) return inside(gradient);
    throw new NotATensor('it answered no way back');
  }

  private parameters() {
    const roles = new Map(this.caller?.kept.map((one) => [one.name, one.role]));
    return this.everything()
      .filter((t) => this.kindOf(t.name) === 'parameters')
      .map(({ name, tensor }) => ({ name, role: roles.get(name) ?? name, shape: tensor.shape }));
  }

  private setTensor(name: string, given: Tensor | null): StepResult {
    if (given === null) throw new Unsupported('a tensor that is taken away');
    const data = this.dataOf(given);
    if (this.caller?.set(name, data)) return returned([]);
    if (!setTensor(this.instance, name, data)) throw new Unsupported(`it has no tensor ${name}`);
    return returned([]);
  }

  private setAttribute(step: Step & { kind: 'set_attribute' }): StepResult {
    if (typeof this.instance !== 'object' || this.instance === null || !(step.name in this.instance)) {
      throw new Unsupported(`it has no property ${step.name} to set`);
    }
    (this.instance as Record<string, unknown>)[step.name] = plain(step.value); // just seen in it
    return returned([]);
  }

  private tensors(what: 'buffers' | 'all'): NamedTensor[] {
    return this.everything().filter(
      ({ name }) => this.names.has(name) && (what === 'all' || this.kindOf(name) === 'buffers'),
    );
  }

  private everything(): NamedTensor[] {
    const kept = (this.caller?.kept ?? []).map((one) => ({
      name: one.name,
      tensor: this.tensor(readKept(one).data, one.shape),
    }));
    if (this.instance === this.opened.exported) return kept;
    const own = tensorsOf(this.instance).map(({ name, read, counter }) => ({
      name,
      tensor: counter ? count(read) : this.tensor(read.data, read.shape),
    }));
    return [...kept, ...own];
  }

  private kindOf(name: string): 'parameters' | 'buffers' {
    return this.opened.traits.kinds[name] ?? 'parameters';
  }

  private dataOf(t: Tensor): FloatData {
    const values = elementsOf(contiguous(t));
    return this.double ? Float64Array.from(values) : Float32Array.from(values);
  }

  private tensor(data: ArrayLike<number>, shape: Shape): Tensor {
    return this.double
      ? fromStorage('float64', shape, Float64Array.from(data))
      : fromStorage('float32', shape, Float32Array.from(data));
  }
}

const count = ({ data }: Read): Tensor => fromStorage('int64', [], BigInt64Array.of(BigInt(Math.round(data[0]))));

/** The method of an instance that goes back. */
export function backwardIn(instance: unknown): string | null {
  if (typeof instance !== 'object' || instance === null) return null;
  const fields = instance as Readonly<Record<string, unknown>>; // an object of any class
  return (
    ['backward', 'backwards', 'backprop', 'vjp', 'grad'].find((name) => typeof fields[name] === 'function') ?? null
  );
}

/** A way back that came beside the output. */
export function besideBackward(beside: unknown): ((gradient: unknown) => unknown) | null {
  if (typeof beside !== 'object' || beside === null) return null;
  const fields = beside as Readonly<Record<string, unknown>>; // any object
  const name = ['backward', 'grad', 'vjp', 'pullback'].find((key) => typeof fields[key] === 'function');
  return name === undefined ? null : (fields[name] as (gradient: unknown) => unknown); // just seen to be a function
}

// One export being made and called as a plan says: arguments put together, tensors kept between calls, output and updates read back.

import { type Shape, sizeOf } from '../../../../tensor/shape.ts';
import { type Answer, answerOf, updateOf } from './answer-of.ts';
import { type Classes, type FloatData, type Read, readAs, toContainer, writeInto } from './containers.ts';
import type { Plan, Slot, TensorRole } from './plan.ts';

/** A tensor that is kept for the export between calls. */
export interface Kept {
  readonly name: string;
  readonly role: TensorRole;
  readonly shape: Shape;
  value: unknown;
  /** The bag that holds it, by name, and the bag itself; null where it is an argument of its own. */
  readonly bag: { readonly name: string; readonly object: Record<string, unknown>; readonly key: string } | null;
}

export interface Called {
  readonly answer: Answer;
  /** The input as the call left it. */
  readonly after: Read | null;
}

/** What an export is called with: the plan, the arguments of its construction, and what it keeps. */
export class Caller {
  readonly kept: Kept[] = [];
  readonly plan: Plan;
  private readonly args: Readonly<Record<string, unknown>>;
  private readonly classes: Classes;
  private readonly double: boolean;
  private readonly bags = new Map<Slot, Record<string, unknown>>();

  constructor(plan: Plan, args: Readonly<Record<string, unknown>>, classes: Classes, double: boolean) {
    this.plan = plan;
    this.args = args;
    this.classes = classes;
    this.double = double;
    for (const slot of plan.slots) this.keep(slot, null);
  }

  /** What the export makes with these arguments; the export itself where nothing is made. */
  make(exported: unknown): unknown {
    const { make } = this.plan;
    if (make === null) return exported;
    const given = make.slots.map((slot) => this.constructorValue(slot));
    while (given.length > 0 && given[given.length - 1] === undefined) given.pop(); // as a person would leave it out
    const made = exported as (...all: unknown[]) => unknown;
    return make.by === 'new' ? Reflect.construct(made, given) : made(...given);
  }

  /** Calls it once with all of `data`. */
  async call(instance: unknown, mode: 'train' | 'eval', data: FloatData, shape: Shape): Promise<Called> {
    const { plan } = this;
    const input = toContainer(plan.container, data, shape, this.classes);
    const out = plan.slots.some((slot) => slot.kind === 'out')
      ? toContainer(plan.container, data.slice().fill(0), shape, this.classes)
      : undefined;
    const values = plan.slots.map((slot) => this.value(slot, mode, input, out, shape));
    while (values.length > 0 && values[values.length - 1] === undefined) values.pop();
    const given = await invoke(instance, plan.method === null ? null : plan.method[mode], values);
    const after = readAs(input, shape);
    const wrote = given === undefined && out === undefined && differs(after, data);
    const answer = answerOf(given === undefined ? (out ?? (wrote ? input : given)) : given, shape);
    this.update(answer);
    return { answer, after };
  }

  /** Goes back through a call that another export answers. */
  async goBack(
    exported: unknown,
    upstream: FloatData,
    shape: Shape,
    beside: unknown,
    input: FloatData,
  ): Promise<unknown> {
    const { plan } = this;
    const gradient = toContainer(plan.container, upstream, shape, this.classes);
    const x = toContainer(plan.container, input, shape, this.classes);
    const values = (plan.backward?.slots ?? []).map((slot) => {
      if (slot.kind === 'upstream') return gradient;
      return slot.kind === 'cache' ? beside : this.value(slot, 'train', x, undefined, shape);
    });
    return invoke(exported, null, values);
  }

  /** A tensor as the export takes its input. */
  wrap(data: FloatData, shape: Shape): unknown {
    return toContainer(this.plan.container, data, shape, this.classes);
  }

  /** Other elements for a tensor that is kept, in the array that the export knows. */
  set(name: string, data: FloatData): boolean {
    const kept = this.kept.find((one) => one.name === name);
    if (kept === undefined) return false;
    if (!writeInto(kept.value, data)) this.put(kept, this.vector(data));
    return true;
  }

  /** Statistics put in place of the kept ones, for a call that computes none. */
  withStatistics(mean: FloatData, variance: FloatData): void {
    for (const kept of this.kept) {
      if (kept.role === 'mean') this.put(kept, this.vector(mean));
      if (kept.role === 'variance') this.put(kept, this.vector(variance));
    }
  }

  private put(kept: Kept, value: unknown): void {
    kept.value = value;
    if (kept.bag !== null) kept.bag.object[kept.bag.key] = value;
  }

  private vector(data: FloatData): unknown {
    if (this.plan.vector === 'numbers') return Array.from(data);
    return this.double ? Float64Array.from(data) : Float32Array.from(data);
  }

  private keep(slot: Slot, bag: { name: string; object: Record<string, unknown>; key: string } | null): void {
    if (slot.kind === 'bag') {
      const object: Record<string, unknown> = {};
      this.bags.set(slot, object);
      for (const { key, slot: inner } of slot.entries) this.keep(inner, { name: slot.name, object, key });
    }
    if (slot.kind !== 'tensor') return;
    const shape = this.sizes();
    const data = this.initial(slot.role, shape);
    const value = this.vector(data);
    if (bag !== null) bag.object[bag.key] = value;
    this.kept.push({ name: slot.name, role: slot.role, shape, value, bag });
  }

  /** What a tensor holds before anyone sets it. */
  private initial(role: TensorRole, shape: Shape): Float64Array {
    const value = role === 'weight' ? this.plan.identity : role === 'variance' ? 1 : 0;
    return new Float64Array(sizeOf(shape)).fill(value);
  }

  /** The sizes of kept tensors, as the argument for them says. */
  private sizes(): Shape {
    const { size } = this.plan;
    const given = size === null ? undefined : this.args[size];
    if (Array.isArray(given)) return given.map(Number);
    return [Number(given ?? 1)];
  }

  private constructorValue(slot: Slot): unknown {
    switch (slot.kind) {
      case 'option':
        return this.args[slot.name];
      case 'mode':
        return slot.train;
      case 'tensor': {
        const data = this.initial(slot.role, this.sizes());
        return this.vector(data);
      }
      case 'bag': {
        const entries = slot.entries.map(({ key, slot: inner }) => [key, this.constructorValue(inner)] as const);
        const given = entries.filter(([, value]) => value !== undefined);
        return given.length === 0 ? undefined : Object.fromEntries(given);
      }
      default:
        return undefined;
    }
  }

  private value(slot: Slot, mode: 'train' | 'eval', input: unknown, out: unknown, shape: Shape): unknown {
    switch (slot.kind) {
      case 'input':
        return input;
      case 'out':
        return out;
      case 'shape':
        return [...shape];
      case 'dim':
        return sizeAt(shape, slot);
      case 'tensor':
        return this.kept.find((one) => one.name === slot.name)?.value;
      case 'option':
        return this.args[slot.name];
      case 'constant':
        return slot.value;
      case 'mode':
        return mode === 'train' ? slot.train : slot.eval;
      case 'bag': {
        const object = this.bags.get(slot) ?? {};
        for (const { key, slot: inner } of slot.entries) {
          const value = this.value(inner, mode, input, out, shape);
          if (inner.kind !== 'tensor' && value !== undefined) object[key] = value;
        }
        return object;
      }
      case 'upstream':
      case 'cache':
      case 'nothing':
        return undefined;
      default:
        return slot satisfies never;
    }
  }

  /** Statistics that the call put into a bag, or gave back beside its output. What it wrote in place is there already. */
  private update(answer: Answer): void {
    const statistics = this.kept.filter((one) => one.role === 'mean' || one.role === 'variance');
    for (const kept of statistics) {
      if (kept.bag !== null) kept.value = kept.bag.object[kept.bag.key];
      const given = this.plan.given ? undefined : updateOf(answer, kept.name, kept.bag?.name ?? null);
      if (given !== undefined && readAs(given, kept.shape) !== null) this.put(kept, given);
    }
    if (this.plan.given || statistics.length !== 2) return;
    const placed = ['0', '1'].map((key) => answer.extras.get(key));
    if (placed.every((value) => value !== undefined && readAs(value, statistics[0].shape) !== null)) {
      statistics.forEach((kept, i) => {
        this.put(kept, placed[i]);
      });
    }
  }
}

/** Reads a kept tensor as it stands. */
export function readKept({ value, shape }: Kept): Read {
  return readAs(value, shape) ?? { data: new Float64Array(sizeOf(shape)).fill(Number.NaN), shape, single: false };
}

/** Calls a method of an instance, or the thing itself; a promise is waited for. */
export async function invoke(instance: unknown, method: string | null, values: readonly unknown[]): Promise<unknown> {
  if (method === null) return (instance as (...all: readonly unknown[]) => unknown)(...values);
  const named = (instance as Readonly<Record<string, unknown>>)[method]; // an object of any class
  if (typeof named !== 'function') throw new TypeError(`it has no method ${method}`);
  return Reflect.apply(named, instance, values);
}

// --- internal ---

function sizeAt(shape: Shape, { index, of, fold }: Extract<Slot, { kind: 'dim' }>): number {
  if (of === 1) return fold === 'leading' ? shape[shape.length - 1] : shape[1];
  if (of === shape.length) return shape[index];
  if (fold === 'leading') {
    return index === 0 ? sizeOf(shape.slice(0, shape.length - of + 1)) : shape[shape.length - of + index];
  }
  return index === of - 1 ? sizeOf(shape.slice(of - 1)) : shape[index];
}

function differs(after: Read | null, before: FloatData): boolean {
  return after?.data.some((v, i) => !Object.is(v, before[i])) ?? false;
}

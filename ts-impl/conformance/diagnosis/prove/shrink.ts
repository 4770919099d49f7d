// The shrinker: from a sketch that shows something to the smallest that still does, by shape, then steps, then distinct values, then decimals.

import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Stance } from '../measure/stance.ts';
import { type Act, ownShape, type Settable, type Sketch, torchStatistics } from './sketch.ts';

/** How well a sketch shows what it is to show; null where it does not. */
export type Look = (sketch: Sketch) => Sight | null;

export interface Sight {
  /** Statistics of one value or without spread: what happens there teaches nothing else. */
  readonly poor: boolean;
  /** Something else shows in the same tensor too. */
  readonly beside: boolean;
}

const CLEAR: Sight = { poor: false, beside: false };

/**
 * The smallest sketch that still shows it, and the ones on the way there, smallest first; none where `start` does not. Each step
 * makes the sketch strictly smaller by `weightOf`, so that it ends; nothing that is smaller by one move is left.
 */
export function shrink(start: Sketch, stance: Stance, look: Look): Sketch[] {
  const seen = look(start);
  if (seen === null) return [];
  const way = [start];
  let weight = weightOf(start, seen);
  for (let moved = true; moved; ) {
    moved = false;
    for (const smaller of moves(way[0], stance)) {
      if (!isLess(weightOf(smaller, CLEAR), weight)) continue;
      const sight = look(smaller);
      if (sight === null || !isLess(weightOf(smaller, sight), weight)) continue;
      weight = weightOf(smaller, sight);
      way.unshift(smaller);
      moved = true;
      break;
    }
  }
  return way;
}

/**
 * Whether it is poor, elements, steps, what else it shows, distinct numbers, digits of the numbers and of their means and
 * variances, size of the numbers: compared in that order.
 */
export function weightOf({ shape, acts, set, options, target }: Sketch, sight: Sight): readonly number[] {
  const numbers = [...Object.values(set).flat(), ...acts.flatMap((act) => (act.kind === 'read' ? [] : act.values))];
  const chosen = Object.values(options);
  let digits = chosen.reduce((sum, v) => sum + OPTION_DIGITS + digitsOf(v), 0);
  for (const v of numbers) digits += digitsOf(v);
  const ids = torchStatistics(target, shape);
  for (const act of acts) if (act.kind === 'forward') digits += digitsOfMoments(act.values, ids);
  return [
    Number(sight.poor),
    sizeOf(shape),
    acts.length + Object.keys(set).length,
    Number(sight.beside),
    new Set(numbers).size,
    digits,
    [...numbers, ...chosen].reduce((sum, v) => sum + Math.abs(v), 0),
  ];
}

/** Whether the first list comes before the second. */
export function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] < b[i];
  return false;
}

// --- internal ---

/** A default is easier to follow than an option of one digit. */
const OPTION_DIGITS = 1;
/** What a person writes down of a number that has no end. */
const MOST_DIGITS = 12;

/** Digits to write before and after the point, a sign counting as one; 0 has none. */
function digitsOf(v: number): number {
  if (v === 0) return 0;
  const [, mantissa, exponent] =
    /^\d\.?(\d*)e([+-]\d+)$/.exec(Number(Math.abs(v).toPrecision(12)).toExponential()) ?? [];
  const after = Math.max(0, (mantissa ?? '').length - Number(exponent ?? 0));
  return Math.min(MOST_DIGITS, after + Math.max(0, Number(exponent ?? 0) + 1)) + (v < 0 ? 1 : 0);
}

function digitsOfMoments(values: readonly number[], ids: Int32Array): number {
  const count = Math.max(...ids) + 1;
  let digits = 0;
  for (let id = 0; id < count; id++) {
    const own = values.filter((_, i) => ids[i] === id);
    const mean = own.reduce((a, b) => a + b, 0) / own.length;
    digits += digitsOf(mean) + digitsOf(own.reduce((sum, v) => sum + (v - mean) ** 2, 0) / own.length);
  }
  return digits;
}

function* moves(sketch: Sketch, stance: Stance): Generator<Sketch> {
  yield* smallerShapes(sketch, stance);
  yield* fewerSteps(sketch);
  yield* plainerValues(sketch);
}

/** One axis shorter, or all axes of one size where sizes are tied together; groups go along with channels. */
function* smallerShapes(sketch: Sketch, stance: Stance): Generator<Sketch> {
  const { shape, target } = sketch;
  const tied = [...new Set(shape)].filter((size) => size > 1 && shape.filter((s) => s === size).length > 1);
  for (let axis = 0; axis < shape.length; axis++) {
    const sizes = new Set([1, 2, shape[axis] - 1].filter((size) => size >= 1 && size < shape[axis]));
    if (axis === 1 && target.groups !== null) {
      const { groups } = target;
      for (let channels = 1; channels < shape[1]; channels++) {
        const counts = stance.groups === null ? [groups] : Array.from({ length: groups }, (_, i) => i + 1);
        for (const count of counts.filter((g) => channels % g === 0)) {
          yield cut({ ...sketch, target: { ...target, groups: count } }, new Map([[1, first(channels)]]));
        }
      }
      continue;
    }
    for (const size of sizes) {
      yield cut(sketch, new Map([[axis, first(size)]]));
      yield cut(sketch, new Map([[axis, Array.from({ length: size }, (_, i) => shape[axis] - size + i)]]));
    }
  }
  for (const size of tied) {
    const axes = shape.map((s, axis) => (s === size ? axis : -1)).filter((axis) => axis >= 0);
    yield cut(sketch, new Map(axes.map((axis) => [axis, first(size - 1)])));
    if (size > 2) yield cut(sketch, new Map(axes.map((axis) => [axis, first(2)])));
  }
}

const first = (size: number) => Array.from({ length: size }, (_, i) => i);

/** The sketch with only the given places of some axes. */
function cut(sketch: Sketch, kept: ReadonlyMap<number, readonly number[]>): Sketch {
  const { shape, target, acts, set } = sketch;
  const own = ownShape(target, shape);
  const skipped = target.normalizedAxes > 0 ? shape.length - own.length : 1; // axes of the input before those of a parameter
  const ofParameter = new Map([...kept].map(([axis, places]) => [axis - skipped, places]));
  return {
    ...sketch,
    shape: shape.map((size, axis) => kept.get(axis)?.length ?? size),
    acts: acts.map((act) => (act.kind === 'read' ? act : { ...act, values: picked(act.values, shape, kept) })),
    set: mapped(set, (values) => picked(values, own, ofParameter)),
  };
}

function picked(values: readonly number[], shape: Shape, kept: ReadonlyMap<number, readonly number[]>): number[] {
  const found: number[] = [];
  const visit = (axis: number, at: number) => {
    if (axis === shape.length) {
      found.push(values[at]);
      return;
    }
    for (const place of kept.get(axis) ?? first(shape[axis])) visit(axis + 1, at * shape[axis] + place);
  };
  visit(0, 0);
  return found;
}

function* fewerSteps(sketch: Sketch): Generator<Sketch> {
  const { acts, set, options } = sketch;
  for (let i = 0; i < acts.length; i++) {
    const left = acts.filter((_, k) => k !== i);
    if (left.some((act) => act.kind === 'forward') && isInOrder(left)) yield { ...sketch, acts: left };
  }
  for (const name of Object.keys(set)) {
    yield { ...sketch, set: Object.fromEntries(Object.entries(set).filter(([n]) => n !== name)) };
  }
  for (const name of Object.keys(options)) {
    yield { ...sketch, options: Object.fromEntries(Object.entries(options).filter(([n]) => n !== name)) };
  }
}

/** A backward has its forward right before it. */
const isInOrder = (acts: readonly Act[]) =>
  acts.every((act, i) => act.kind !== 'backward' || acts[i - 1]?.kind === 'forward');

const PLAIN = [0, 1, 2, 3, 4, 8, 0.5, 0.25, 0.1, 10];

/** All inputs one, every input scaled or shifted, numbers merged, numbers rounded or replaced by plain ones. */
function* plainerValues(sketch: Sketch): Generator<Sketch> {
  const inputs = sketch.acts.filter((act) => act.kind === 'forward');
  if (inputs.length > 1) yield onInputs(sketch, () => inputs[0].values);
  yield onInputs(sketch, (values) => values.map((v) => Math.round(v)));
  for (const factor of [0.1, 10, 100, 1000, 0.5, 2]) {
    yield onInputs(sketch, (values) => values.map((v) => Number((v * factor).toPrecision(12))));
  }
  const least = Math.min(...inputs.flatMap((act) => act.values));
  yield onInputs(sketch, (values) => values.map((v) => Number((v - least).toPrecision(12))));
  const ids = torchStatistics(sketch.target, sketch.shape);
  for (let id = Math.max(...ids); id >= 0; id--) {
    yield onInputs(sketch, (values) => values.map((v, i) => (ids[i] === id ? 0 : v))); // a statistic of its own laid flat
  }
  const numbers = new Set([
    ...sketch.acts.flatMap((act) => (act.kind === 'read' ? [] : act.values)),
    ...Object.values(sketch.set).flat(),
  ]);
  for (const from of numbers) {
    for (const to of [...PLAIN, ...numbers, ...rounded(from)]) {
      if (to !== from) yield onNumbers(sketch, (v) => (v === from ? to : v));
    }
  }
  for (const [k, act] of sketch.acts.entries()) {
    if (act.kind === 'read') continue;
    for (const [i, from] of act.values.entries()) {
      for (const to of new Set([...PLAIN, ...numbers])) {
        if (to === from) continue;
        const values = act.values.with(i, to);
        yield { ...sketch, acts: sketch.acts.map((other, n) => (n === k ? { ...act, values } : other)) };
      }
    }
  }
  for (const [name, value] of Object.entries(sketch.options)) {
    for (const to of [1, 0.5, 0.25, 2])
      if (to !== value) yield { ...sketch, options: { ...sketch.options, [name]: to } };
  }
}

const rounded = (v: number) => [0, 1, 2].map((digits) => Number(v.toFixed(digits))).concat(Number(v.toPrecision(1)));

function onInputs(sketch: Sketch, change: (values: readonly number[]) => readonly number[]): Sketch {
  return {
    ...sketch,
    acts: sketch.acts.map((act) => (act.kind === 'forward' ? { ...act, values: change(act.values) } : act)),
  };
}

function onNumbers(sketch: Sketch, change: (v: number) => number): Sketch {
  return {
    ...sketch,
    acts: sketch.acts.map((act) => (act.kind === 'read' ? act : { ...act, values: act.values.map(change) })),
    set: mapped(sketch.set, (values) => values.map(change)),
  };
}

function mapped(
  set: Sketch['set'],
  change: (values: readonly number[]) => readonly number[],
): Partial<Record<Settable, readonly number[]>> {
  return Object.fromEntries(Object.entries(set).map(([name, values]) => [name, change(values)]));
}

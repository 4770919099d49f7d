// How a specimen behaves beside its numbers: which memory layouts it takes, whether it writes to its input, prints, and what one value gives.

import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { Outcome } from '../../outcome.ts';
import type { Layouts } from '../model/profile.ts';
import { noise } from './noise.ts';
import {
  construct,
  float64,
  forward,
  probe,
  resultsOf,
  type Specimen,
  tensorOf,
  textOf,
  valuesOf,
} from './specimen.ts';
import type { Stance } from './stance.ts';

export interface Conduct {
  readonly layouts: Layouts;
  readonly mutatesInput: boolean;
  readonly stdout: string;
  readonly singleValue: string | null;
}

/** Measures conduct at the stance. One round trip. */
export async function measureConduct(specimen: Specimen, stance: Stance, single: Shape | null): Promise<Conduct> {
  const { shape } = stance;
  const x = noise(71, sizeOf(shape));
  const expanded = expandedValues(x, shape);
  const ask = (input: Tensor) =>
    probe(specimen.name, [construct(specimen.name, stance.arguments), forward('train', input), forward('eval', input)]);
  const layouts = [
    { layout: 'transposed', input: transposed(x, shape), like: 0 },
    { layout: 'stepped', input: stepped(x, shape), like: 0 },
    { layout: 'expanded', input: expanded.strided, like: 1 },
    ...(shape.length >= 4
      ? [{ layout: shape.length === 4 ? 'channels_last' : 'channels_last_3d', input: channelsLast(x, shape), like: 0 }]
      : []),
  ];
  const cases = [ask(float64(x, shape)), ask(expanded.contiguous), ...layouts.map((l) => ask(l.input))];
  if (single !== null) cases.push(ask(float64(noise(73, sizeOf(single)), single)));
  const outcomes = await specimen.ask(cases);
  const works: string[] = [];
  const fails: { layout: string; message: string }[] = [];
  layouts.forEach(({ layout, like }, i) => {
    const problem = layoutProblem(outcomes[like], outcomes[2 + i]);
    if (problem === null) works.push(layout);
    else fails.push({ layout, message: problem });
  });
  return {
    layouts: { works, fails },
    mutatesInput: [1, 2].some((step) => tensorOf(outcomes[0], step, 'input') !== null),
    stdout: [0, 1, 2].map((step) => textOf(outcomes[0], step, 'stdout')).join(''),
    singleValue: single === null ? null : singleValueWord(outcomes[outcomes.length - 1]),
  };
}

/** The tensor `x` of `shape`, stored with its last two axes (or its two axes) in the other order. */
export function transposed(x: Float64Array, shape: Shape): Tensor {
  const order = shape.map((_, axis) => axis);
  const last = shape.length - 1;
  if (last >= 1) [order[last - 1], order[last]] = [order[last], order[last - 1]];
  return stored(x, shape, order);
}

// --- internal ---

function channelsLast(x: Float64Array, shape: Shape): Tensor {
  const axes = shape.map((_, axis) => axis);
  return stored(x, shape, [0, ...axes.slice(2), 1]);
}

/** `x` laid out so that memory runs through the axes in `order`, the last of them fastest. */
function stored(x: Float64Array, shape: Shape, order: readonly number[]): Tensor {
  const strides = new Array<number>(shape.length).fill(0);
  let stride = 1;
  for (const axis of [...order].reverse()) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return scatter(x, shape, strides, x.length);
}

/** `x` as every second element of a longer last axis. */
function stepped(x: Float64Array, shape: Shape): Tensor {
  const strides = new Array<number>(shape.length).fill(0);
  let stride = 2;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return scatter(x, shape, strides, 2 * x.length);
}

function scatter(x: Float64Array, shape: Shape, strides: readonly number[], elements: number): Tensor {
  const storage = new Float64Array(elements);
  const index = new Int32Array(shape.length);
  for (let i = 0; i < x.length; i++) {
    let at = 0;
    for (let axis = 0; axis < shape.length; axis++) at += strides[axis] * index[axis];
    storage[at] = x[i];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return { dtype: 'float64', shape, strides, offset: 0, storage };
}

/** The first sample seen N times through a stride of 0 (its last element changed per sample would need memory, so all are equal). */
function expandedValues(x: Float64Array, shape: Shape): { strided: Tensor; contiguous: Tensor } {
  const sample = x.slice(0, x.length / shape[0]);
  const all = new Float64Array(x.length);
  for (let n = 0; n < shape[0]; n++) all.set(sample, n * sample.length);
  const strides = new Array<number>(shape.length).fill(0);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 1; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return { strided: { dtype: 'float64', shape, strides, offset: 0, storage: sample }, contiguous: float64(all, shape) };
}

function layoutProblem(plain: Outcome, strided: Outcome): string | null {
  for (const step of [1, 2]) {
    const expected = valuesOf(plain, step, 'output');
    const result = resultsOf(strided)[step];
    if (expected === null) continue;
    if (result?.kind === 'refused') return `${result.type}: ${result.message}`;
    const actual = valuesOf(strided, step, 'output');
    if (actual === null || actual.length !== expected.length) return 'another shape comes back';
    const near = expected.every(
      (v, i) => Math.abs(v - actual[i]) <= 1e-6 * (1 + Math.abs(v)) || Object.is(v, actual[i]),
    );
    if (!near) return 'other values come back than for the same values in contiguous memory';
  }
  return null;
}

/** What training does with a statistic of one value, in the vocabulary's words. Parameters are at their initial values: bias is 0. */
function singleValueWord(outcome: Outcome): string {
  const result = resultsOf(outcome)[1];
  if (result === undefined || result.kind !== 'returned') return 'raises';
  const y = valuesOf(outcome, 1, 'output') ?? new Float64Array();
  if (y.every((v) => Number.isNaN(v))) return 'nan';
  if (y.every((v) => Math.abs(v) < 1e-6)) return 'zero';
  if (y.every((v) => Math.abs(Math.abs(v) - 1) < 1e-3)) return 'sign';
  return 'other';
}

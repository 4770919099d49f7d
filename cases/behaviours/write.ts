// How behaviours are written: a row of plain words in, a Behaviour with its questions' ids out. It holds no behaviour and no answer.

import type { ComputeDtype, Dtype } from '../../ts-impl/tensor/dtype.ts';
import type { Shape } from '../../ts-impl/tensor/shape.ts';
import { fromStorage, type Tensor, tensor } from '../../ts-impl/tensor/tensor.ts';
import type { Step } from '../case.ts';
import { makeStream } from '../counter.ts';
import { fill, type ValueFamily } from '../families/values.ts';
import type { About, Behaviour, Question } from './behaviour.ts';
import type { Claim } from './claim.ts';

/** A question: its steps, or these with what can't be read off them. */
export type Asked = readonly Step[] | AskedIn;

export interface AskedIn {
  readonly steps: readonly Step[];
  /** The dtype the question is put in; float32 where absent. */
  readonly dtype?: Dtype;
  /** The layer or function it is about; that of its first `construct` or `call` where absent. */
  readonly layer?: string;
  /** How the first input lies in memory; contiguous where absent. */
  readonly layout?: string;
}

export interface BehaviourRow {
  readonly layers: readonly string[];
  readonly line: string;
  /** One question, which is called `only`, or several by name. */
  readonly ask: Later<Asked | Readonly<Record<string, Asked>>>;
  readonly claims: Later<readonly Claim[]>;
}

/** As it is, or made when it is first looked at: every command loads all behaviours, and few look at them. */
export type Later<T> = T | (() => T);

/** A behaviour any port can show. */
export function behaviour(id: string, row: BehaviourRow): Behaviour {
  return write(id, { kind: 'port' }, row);
}

/** A pin on PyTorch's own Python objects. `reason`: what a port lacks. */
export function pin(id: string, reason: string, row: BehaviourRow): Behaviour {
  return write(id, { kind: 'torch', reason }, row);
}

/** Nothing to ask of the pinned PyTorch. */
export function notAsked(id: string, layers: readonly string[], line: string, reason: string): Behaviour {
  return { id, layers, line, about: { kind: 'none', reason }, questions: [], claims: [] };
}

/** A tensor from nested rows flattened by the caller: float32 unless told. */
export function numbers(
  flat: readonly number[],
  shape: Shape,
  dtype: 'float32' | 'float64' | 'int64' = 'float32',
): Tensor {
  return tensor(flat, shape, dtype);
}

/** `shape` filled with one value. */
export function filled(value: number, shape: Shape, dtype: 'float32' | 'float64' | 'int64' = 'float32'): Tensor {
  return tensor(new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(value), shape, dtype);
}

/** Values of a family, the same for the same number. */
export function drawn(
  number: number,
  shape: Shape,
  dtype: ComputeDtype = 'float32',
  family: ValueFamily = 'ordinary',
): Tensor {
  return fromStorage(dtype, shape, fill(family, shape, dtype, makeStream(0, number, BEHAVIOUR_STREAM)));
}

// --- internal ---

/** Far from the streams of the generator's families. */
const BEHAVIOUR_STREAM = 0xb1;

function write(id: string, about: About, row: BehaviourRow): Behaviour {
  let questions: readonly Question[] | null = null;
  let claims: readonly Claim[] | null = null;
  return {
    id,
    layers: row.layers,
    line: row.line,
    about,
    get questions() {
      questions ??= questionsOf(id, typeof row.ask === 'function' ? row.ask() : row.ask);
      return questions;
    },
    get claims() {
      claims ??= typeof row.claims === 'function' ? row.claims() : row.claims;
      return claims;
    },
  };
}

function questionsOf(id: string, ask: Asked | Readonly<Record<string, Asked>>): readonly Question[] {
  const asked = Array.isArray(ask) || 'steps' in ask ? { only: ask as Asked } : ask; // the other two of the union
  return Object.entries(asked as Readonly<Record<string, Asked>>).map(([name, one]) => question(id, name, one)); // `only`, or named ones
}

function question(id: string, name: string, asked: Asked): Question {
  const { steps, dtype, layer, layout } =
    'steps' in asked
      ? asked
      : { steps: asked as readonly Step[], dtype: undefined, layer: undefined, layout: undefined }; // an array
  return {
    name,
    case: {
      id: `b1/${id}/${name}`,
      layer: layer ?? layerOf(steps),
      dtype: dtype ?? 'float32',
      layout: layout ?? 'contiguous',
      steps,
    },
  };
}

function layerOf(steps: readonly Step[]): string {
  for (const step of steps) {
    if (step.kind === 'construct') return step.layer;
    if (step.kind === 'call') return step.function;
  }
  return 'BatchNorm1d';
}

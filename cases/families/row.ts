// A row: one case written out by hand, and the few words rows are written in. Its values come from a stream; it holds no answer.

import type { FloatDtype, HalfDtype } from '../../ts-impl/tensor/dtype.ts';
import type { Shape } from '../../ts-impl/tensor/shape.ts';
import { sizeOf } from '../../ts-impl/tensor/shape.ts';
import { fromStorage, tensor, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import { narrowed } from '../../ts-impl/tensor/widen.ts';
import {
  type Arguments,
  type FunctionName,
  type LayerName,
  type NamedTensor,
  type Step,
  type Value,
  tensorValue,
} from '../case.ts';
import type { Stream } from '../counter.ts';
import { wordAt } from '../counter.ts';
import { fill } from './values.ts';

export interface Row {
  /** What the row provokes, in words of [a-z0-9-]; the last part of the case's id. */
  readonly name: string;
  readonly subject: LayerName | FunctionName;
  /** The dtype the question is put in; float32 where absent. */
  readonly dtype?: FloatDtype;
  readonly steps: (values: RowValues) => readonly Step[];
}

/** The tensors of a row, each with values of its own. */
export class RowValues {
  private readonly streams: () => Stream;

  constructor(streams: () => Stream) {
    this.streams = streams;
  }

  /** float32 of this shape, ordinary values. */
  f32(...shape: Shape): Tensor {
    return fromStorage('float32', shape, fill('ordinary', shape, 'float32', this.streams()));
  }

  f64(...shape: Shape): Tensor {
    return fromStorage('float64', shape, fill('ordinary', shape, 'float64', this.streams()));
  }

  /** Half precision of this shape, ordinary values rounded. */
  half(dtype: HalfDtype, ...shape: Shape): Tensor {
    return narrowed(this.f32(...shape), dtype);
  }

  /** int64 of this shape, values −4 to 4. */
  i64(...shape: Shape): Tensor {
    const { a, b } = this.streams();
    return tensor(
      Array.from({ length: sizeOf(shape) }, (_, i) => (wordAt(a, b, i) % 9) - 4),
      shape,
      'int64',
    );
  }

  /** float32 of this shape, values from 0.5 to 2: fit for a running variance. */
  variance(...shape: Shape): Tensor {
    const { a, b } = this.streams();
    return tensor(
      Array.from({ length: sizeOf(shape) }, (_, i) => 0.5 + (wordAt(a, b, i) % 97) / 64),
      shape,
      'float32',
    );
  }
}

export const READ: Step = { kind: 'read', what: 'buffers' };
export const SAVE: Step = { kind: 'save_state' };

export function construct(layer: LayerName, args: Arguments): Step {
  return { kind: 'construct', layer, arguments: args };
}

export function train(input: Tensor, gradient = false): Step {
  return { kind: 'forward', mode: 'train', input, gradient };
}

export function evaluate(input: Tensor, gradient = false): Step {
  return { kind: 'forward', mode: 'eval', input, gradient };
}

export function backward(gradient: Tensor): Step {
  return { kind: 'backward', gradient, accumulate: false, again: false };
}

export function setTensor(name: string, value: Tensor | null): Step {
  return { kind: 'set_tensor', name, tensor: value };
}

export function setAttribute(name: string, value: Value): Step {
  return { kind: 'set_attribute', name, value };
}

/** A call of a function; tensors may stand as they are. `gradient`: a backward follows. */
export function call(name: FunctionName, args: Readonly<Record<string, Value | Tensor>>, gradient = false): Step {
  const values = Object.entries(args).map(([key, v]) => [key, 'kind' in v ? v : tensorValue(v)] as const);
  return { kind: 'call', function: name, arguments: Object.fromEntries(values), gradient };
}

/** `version` 2 is what a BatchNorm saves today, null a checkpoint without metadata. */
export function load(entries: Readonly<Record<string, Tensor>>, version: number | null, strict = true): Step {
  const named: NamedTensor[] = Object.entries(entries).map(([name, value]) => ({ name, tensor: value }));
  return { kind: 'load_state', entries: named, version, strict };
}

/** A count for `num_batches_tracked`. */
export function count(n: number): Tensor {
  return tensor([n], [], 'int64');
}

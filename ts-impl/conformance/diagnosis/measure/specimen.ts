// The specimen: one foreign class as the diagnosis sees it, and how to ask it trajectories. Experiments are built and read here, not judged.

import type { Arguments, Case, Step, Value } from '../../../../cases/case.ts';
import { decodeHalves, isHalf } from '../../../tensor/half.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import { fromStorage, type Tensor } from '../../../tensor/tensor.ts';
import type { Outcome, StepResult } from '../../outcome.ts';
import type { ArgumentRole } from './argument-role.ts';

export interface ConstructorParameter {
  readonly name: string;
  readonly hasDefault: boolean;
  /** It takes any number of values by position (`*shape`); a list is spread over it. */
  readonly variadic?: boolean;
  /** Null where there is none or it is not plain data. */
  readonly default: Value | null;
}

/** What a specimen's owner knows of it beforehand. */
export interface Given {
  /** Constructor arguments that have these values wherever no experiment is about them. */
  readonly arguments: Arguments;
  /** What constructor arguments are for, by name; of the others the name decides. */
  readonly roles: Readonly<Record<string, ArgumentRole>>;
  /** What tensors of the instance are for, by name, in PyTorch's words; of the others behaviour decides. */
  readonly tensors?: Readonly<Record<string, string>>;
  /** The input shapes to try in the place of the ladder's; null where nothing is known of them. */
  readonly shapes: readonly Shape[] | null;
}

export interface Specimen {
  readonly name: string;
  readonly signature: readonly ConstructorParameter[];
  /** It may answer the gradient of its input and none of its parameters': what it never answers is not asked. */
  readonly partialGradients?: boolean;
  /** Whether the source of the class holds such words; a hint, and left out where there is no source. */
  readonly mentions?: (words: RegExp) => boolean;
  readonly given?: Given;
  ask(cases: readonly Case[]): Promise<readonly Outcome[]>;
}

/** A trajectory put to a specimen in its own words. Experiments are in float64 unless they say otherwise. */
export function probe(name: string, steps: readonly Step[], dtype: Case['dtype'] = 'float64'): Case {
  return { id: `probe/${name}`, layer: name, dtype, layout: 'contiguous', steps };
}

export const construct = (layer: string, args: Arguments): Step => ({ kind: 'construct', layer, arguments: args });
export const forward = (mode: 'train' | 'eval', input: Tensor, gradient = false): Step => ({
  kind: 'forward',
  mode,
  input,
  gradient,
});
export const backward = (gradient: Tensor): Step => ({ kind: 'backward', gradient, accumulate: false, again: false });
export const readAll: Step = { kind: 'read', what: 'all' };
export const setTensor = (name: string, tensor: Tensor): Step => ({ kind: 'set_tensor', name, tensor });

/** A contiguous float64 tensor. */
export const float64 = (values: Float64Array, shape: readonly number[]): Tensor =>
  fromStorage('float64', shape, values);

/** A float64 tensor of one value throughout. */
export const filled = (value: number, shape: readonly number[]): Tensor =>
  float64(new Float64Array(sizeOf(shape)).fill(value), shape);

/** The results of an outcome's steps; none where it has no steps. */
export function resultsOf(outcome: Outcome): readonly StepResult[] {
  return outcome.kind === 'returned' || outcome.kind === 'refused' ? outcome.steps : [];
}

/** A tensor that a step answered, as float64 values; null where the step was refused or has no such tensor. */
export function valuesOf(outcome: Outcome, step: number, name: string): Float64Array | null {
  const t = tensorOf(outcome, step, name);
  return t === null ? null : toFloat64(t);
}

export function tensorOf(outcome: Outcome, step: number, name: string): Tensor | null {
  const result = resultsOf(outcome)[step];
  if (result?.kind !== 'returned') return null;
  return result.tensors.find((t) => t.name === name)?.tensor ?? null;
}

/** Words that a step answered beside its tensors; the empty string where there are none. */
export function textOf(outcome: Outcome, step: number, name: string): string {
  const result = resultsOf(outcome)[step];
  return result?.kind === 'returned' ? (result.texts[name] ?? '') : '';
}

/** The values of a contiguous tensor as float64; int64 and half precision are converted. */
export function toFloat64(t: Tensor): Float64Array {
  if (t.storage instanceof Float64Array) return t.storage;
  if (isHalf(t.dtype) && t.storage instanceof Uint16Array) return Float64Array.from(decodeHalves(t.storage, t.dtype));
  return Float64Array.from(t.storage as ArrayLike<number | bigint>, Number); // a storage is always array-like
}

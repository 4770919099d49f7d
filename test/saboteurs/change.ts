// Parts that faults are made of: changing each step, each tensor, each text or each refusal of an answer. They name no fault.

import type { Case, Step } from '../../cases/case.ts';
import type { StepResult } from '../../ts-impl/conformance/outcome.ts';
import type { Storage } from '../../ts-impl/tensor/dtype.ts';
import { fromStorage, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import type { Fault } from './sabotage.ts';

export type Returned = Extract<StepResult, { kind: 'returned' }>;
export type Refused = Extract<StepResult, { kind: 'refused' }>;

export function eachReturned(change: (result: Returned, step: Step, at: number) => StepResult): Fault {
  return (results, c) => results.map((r, i) => (r.kind === 'returned' ? change(r, c.steps[i], i) : r));
}

export function eachRefused(change: (result: Refused, step: Step, c: Case) => StepResult): Fault {
  return (results, c) => results.map((r, i) => (r.kind === 'refused' ? change(r, c.steps[i], c) : r));
}

export function eachTensor(change: (t: Tensor, name: string, step: Step) => Tensor): Fault {
  return eachReturned((r, step) => ({
    ...r,
    tensors: r.tensors.map(({ name, tensor }) => ({ name, tensor: change(tensor, name, step) })),
  }));
}

export function tensorsNamed(which: RegExp, change: (t: Tensor) => Tensor): Fault {
  return eachTensor((t, name) => (which.test(name) ? change(t) : t));
}

export function eachText(change: (words: string, name: string) => string): Fault {
  return eachReturned((r) => ({
    ...r,
    texts: Object.fromEntries(Object.entries(r.texts).map(([name, words]) => [name, change(words, name)])),
  }));
}

/** A copy of a contiguous tensor, its memory changed in place. */
export function changed(t: Tensor, change: (storage: Storage) => void): Tensor {
  const storage = t.storage.slice();
  change(storage);
  return fromStorage(t.dtype, t.shape, storage);
}

/** What becomes of each element, by how it is kept: floats, 16-bit floats as their bits, whole numbers. What is left out stays. */
export interface Elementwise {
  readonly float: (value: number) => number;
  readonly bits?: (bits: number) => number;
  readonly whole?: (value: bigint) => bigint;
}

export function elementwise(t: Tensor, { float, bits = same, whole = same }: Elementwise): Tensor {
  return changed(t, (s) => {
    if (s instanceof BigInt64Array) for (let i = 0; i < s.length; i++) s[i] = whole(s[i]);
    else if (s instanceof Uint16Array) for (let i = 0; i < s.length; i++) s[i] = bits(s[i]);
    else for (let i = 0; i < s.length; i++) s[i] = float(s[i]);
  });
}

/** A tensor like `t` that holds one value throughout. Whole numbers take what is one, and else 0. */
export function filledLike(t: Tensor, value: number): Tensor {
  return changed(t, (storage) => {
    if (storage instanceof BigInt64Array) storage.fill(Number.isInteger(value) ? BigInt(value) : 0n);
    else storage.fill(storage instanceof Uint16Array ? halfBits(value, t.dtype) : value);
  });
}

/** The bits of a number of few digits in float16 or bfloat16. */
export function halfBits(value: number, dtype: Tensor['dtype']): number {
  if (Number.isNaN(value)) return 0x7fc0 | (dtype === 'float16' ? 0x0200 : 0);
  if (value === 0) return 0;
  const sign = value < 0 ? 0x8000 : 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = Math.abs(value) / 2 ** exponent - 1;
  return dtype === 'bfloat16'
    ? sign | ((exponent + 127) << 7) | Math.round(fraction * 128)
    : sign | ((exponent + 15) << 10) | Math.round(fraction * 1024);
}

// --- internal ---

function same<T>(value: T): T {
  return value;
}

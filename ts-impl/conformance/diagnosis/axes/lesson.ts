// A lesson on one convention: what it is, what each of its values means, and an example in numbers that a person can check. Words and numbers only.

import type { NormKind } from './norm-kind.ts';

export interface Lesson {
  readonly what: string;
  /** What a layer with the value does; for a value that is any number, what another number does. */
  readonly values: Readonly<Record<string, string>>;
  readonly example: Example;
}

export type Example = NumberExample | WordExample;

/** One layer, asked once; what one tensor then holds under each value, PyTorch's among them. */
export interface NumberExample {
  readonly kind: 'numbers';
  readonly layer: NormKind;
  /** In words, to stand before "gives". */
  readonly given: string;
  readonly shape: readonly number[];
  readonly groups?: number;
  readonly options?: { readonly eps?: number; readonly momentum?: number };
  readonly set?: Readonly<Partial<Record<'weight' | 'bias' | 'running_mean' | 'running_var', readonly number[]>>>;
  readonly acts: readonly Act[];
  readonly tensor: 'output' | 'running_mean' | 'running_var' | 'input.grad';
  readonly gives: Readonly<Record<string, readonly number[]>>;
}

export type Act =
  | { readonly kind: 'train' | 'eval'; readonly input: readonly number[] }
  | { readonly kind: 'backward'; readonly gradient: readonly number[] }
  | { readonly kind: 'read' };

/** What shows in no number of one layer: in an error, a key, a printed line. */
export interface WordExample {
  readonly kind: 'words';
  readonly given: string;
  readonly gives: Readonly<Record<string, string>>;
}

export const train = (...input: number[]): Act => ({ kind: 'train', input });
export const evaluate = (...input: number[]): Act => ({ kind: 'eval', input });
export const backward = (...gradient: number[]): Act => ({ kind: 'backward', gradient });
export const READ: Act = { kind: 'read' };

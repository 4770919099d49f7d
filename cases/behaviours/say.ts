// The words claims are written in. A place is written `step name` or `question:step name`, as in `2 running_mean` or `eval:1 output`.

import type { Claim, Place } from './claim.ts';

/** Every element in row-major order; `absolute` 0 claims exactly these numbers, rounded to the tensor's dtype. */
export const values = (at: string, numbers: readonly number[], absolute = 0): Claim => ({
  kind: 'values',
  at: place(at),
  values: numbers,
  absolute,
});

export const element = (at: string, index: number, value: number, absolute = 0): Claim => ({
  kind: 'element',
  at: place(at),
  index,
  value,
  absolute,
});

export const every = (at: string, is: 'nan' | 'zero' | 'finite' | 'infinite'): Claim => ({
  kind: 'every',
  at: place(at),
  is,
});

export const largest = (at: string, least: number, most: number): Claim => ({
  kind: 'largest',
  at: place(at),
  least,
  most,
});

export const shape = (at: string, ...sizes: number[]): Claim => ({ kind: 'shape', at: place(at), shape: sizes });

export const dtype = (at: string, name: string): Claim => ({ kind: 'dtype', at: place(at), dtype: name });

/** The names of all tensors that the step answered, in order: `names('1', ['output'])`. */
export const names = (step: string, all: readonly string[]): Claim => ({ kind: 'names', ...stepOf(step), names: all });

export const words = (at: string, is: string): Claim => ({ kind: 'text', at: place(at), is });

/** Several texts of one step by name: `texts('1', { eps: '1e-05' })`. */
export const texts = (step: string, all: Readonly<Record<string, string>>): Claim[] =>
  Object.entries(all).map(([name, is]) => words(`${step} ${name}`, is));

export const wordsContain = (at: string, part: string): Claim => ({ kind: 'text-contains', at: place(at), part });

export const same = (at: string, as: string, absolute = 0): Claim => ({
  kind: 'same',
  at: place(at),
  as: place(as),
  absolute,
});

/** The largest difference of two tensors' elements. */
export const apart = (at: string, from: string, least: number, most: number): Claim => ({
  kind: 'apart',
  at: place(at),
  from: place(from),
  least,
  most,
});

export const other = (at: string, than: string): Claim => ({ kind: 'other', at: place(at), than: place(than) });

export const returns = (step: string): Claim => ({ kind: 'returns', ...stepOf(step) });

export const refuses = (step: string, type: string, message: string): Claim => ({
  kind: 'refuses',
  ...stepOf(step),
  type,
  message,
});

// --- internal ---

/** Throws RangeError for words that are no place: a row is wrong, which a test of all rows shows. */
function place(words: string): Place {
  const [, question, step, name] = /^(?:([a-z0-9-]+):)?(\d+) (\S.*)$/.exec(words) ?? [];
  if (step === undefined)
    throw new RangeError(`${JSON.stringify(words)} is no place; write "2 output" or "eval:2 output"`);
  return { question: question ?? null, step: Number(step), name };
}

function stepOf(words: string): { readonly question: string | null; readonly step: number } {
  const [, question, step] = /^(?:([a-z0-9-]+):)?(\d+)$/.exec(words) ?? [];
  if (step === undefined) throw new RangeError(`${JSON.stringify(words)} is no step; write "2" or "eval:2"`);
  return { question: question ?? null, step: Number(step) };
}

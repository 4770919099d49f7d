// What a call gave back, told apart: the output, what came beside it, new statistics, gradients by name. It calls nothing.

import type { Shape } from '../../../../tensor/shape.ts';
import { type Read, readAs, readTensor } from './containers.ts';

export interface Answer {
  readonly output: Read;
  /** What came beside the output: one value, or all of them in a list or an object. */
  readonly beside: unknown;
  /** Values beside the output, by name; by place (0, 1, …) where they have none. */
  readonly extras: ReadonlyMap<string, unknown>;
}

/** The call gave back nothing that is a tensor of the shape that went in. */
export class NotATensor extends Error {
  override readonly name = 'NotATensor';
}

/** Finds the output in what a call gave back: itself, the first of a list, or a property. Throws NotATensor. */
export function answerOf(value: unknown, shape: Shape): Answer {
  const whole = readAs(value, shape);
  if (whole !== null) return { output: whole, beside: undefined, extras: new Map() };
  if (Array.isArray(value) && value.length > 0) {
    const first = readAs(value[0], shape);
    if (first !== null) {
      const rest: readonly unknown[] = value.slice(1);
      const extras = new Map(rest.map((extra, i) => [String(i), extra]));
      return { output: first, beside: rest.length === 1 ? rest[0] : rest, extras };
    }
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const entries = Object.entries(value);
    const named = entries.find(([key, held]) => OUTPUT.test(key) && readAs(held, shape) !== null);
    const found = named ?? entries.find(([, held]) => readAs(held, shape) !== null);
    const output = found === undefined ? null : readAs(found[1], shape);
    if (found !== undefined && output !== null) {
      const rest = entries.filter(([key]) => key !== found[0]);
      const cache = rest.find(([key]) => /cache|ctx|context|saved|tape/i.test(key));
      return { output, beside: cache?.[1] ?? Object.fromEntries(rest), extras: new Map(rest) };
    }
  }
  const got = readTensor(value);
  const what = got === null ? describe(value) : `a tensor of shape [${got.shape.join(', ')}]`;
  throw new NotATensor(`it returned ${what}, expected one of shape [${shape.join(', ')}]`);
}

/** The new value of a statistic that came beside the output, under its own name or one that says it is new; undefined for none. */
export function updateOf(answer: Answer, name: string, bag: string | null): unknown {
  for (const [key, value] of answer.extras) {
    if (sameName(key, name)) return value;
    const inside = bag !== null && (sameName(key, bag) || /state|params|stats|running/i.test(key));
    if (inside && typeof value === 'object' && value !== null && name in value) {
      return (value as Readonly<Record<string, unknown>>)[name]; // just seen in it
    }
  }
  return undefined;
}

/** The gradients in what a backward gave back, by the names of what they are gradients of; `input` is the input's. */
export function gradientsOf(
  value: unknown,
  beside: readonly unknown[],
  shape: Shape,
  tensors: readonly { readonly name: string; readonly role: string; readonly shape: Shape }[],
): Map<string, Read> {
  const found = new Map<string, Read>();
  const whole = readAs(value, shape);
  if (whole !== null) found.set('input', whole);
  else if (Array.isArray(value)) {
    const input = readAs(value[0], shape);
    if (input !== null) found.set('input', input);
    for (const [i, { name, shape: own }] of tensors.entries()) {
      const read = readAs(value[i + 1], own);
      if (read !== null) found.set(name, read);
    }
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    const input = entries.find(([key, held]) => INPUT_GRADIENT.test(key) && readAs(held, shape) !== null);
    const first = input ?? entries.find(([, held]) => readAs(held, shape) !== null);
    const read = first === undefined ? null : readAs(first[1], shape);
    if (read !== null) found.set('input', read);
  }
  for (const { name, role, shape: own } of tensors) {
    if (found.has(name)) continue;
    const read = gradientIn([value, ...beside], [lastPart(name), role], own);
    if (read !== null) found.set(name, read);
  }
  return found;
}

// --- internal ---

const OUTPUT = /^(output|out|outputs|y|result|normalized|normalised|normed|values?|data|x|tensor)$/i;
const INPUT_GRADIENT = /^(d_?x|d_?input|grad_?input|input_?grad|grad_?x|input|x|d_?in|gradient|grad)$/i;

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array that is no tensor';
  return typeof value === 'object' ? `an object of ${value.constructor?.name ?? 'no class'}` : `a ${typeof value}`;
}

const plainName = (name: string) => name.toLowerCase().replace(/[_$]/g, '');

function sameName(key: string, name: string): boolean {
  const [a, b] = [plainName(key), plainName(name)];
  return a === b || a === `new${b}` || a === `updated${b}` || a === `next${b}`;
}

const lastPart = (name: string) => name.slice(name.lastIndexOf('.') + 1);

/** The gradient of a tensor under one of the names that people give it: dGamma, gradGamma, gammaGrad, gamma. */
function gradientIn(places: readonly unknown[], names: readonly string[], shape: Shape): Read | null {
  const wanted = new Set(
    names.flatMap((name) => {
      const word = plainName(name);
      return [`d${word}`, `grad${word}`, `${word}grad`, `${word}gradient`, `dl${word}`];
    }),
  );
  for (const place of places) {
    if (typeof place !== 'object' || place === null || ArrayBuffer.isView(place)) continue;
    for (const [key, value] of Object.entries(place)) {
      const read = wanted.has(plainName(key)) ? readAs(value, shape) : null;
      if (read !== null) return read;
      if (/^grads?$|gradients?/i.test(key) && typeof value === 'object' && value !== null) {
        for (const [inner, held] of Object.entries(value)) {
          const named = wanted.has(plainName(inner)) || names.some((name) => plainName(name) === plainName(inner));
          const deep = named ? readAs(held, shape) : null;
          if (deep !== null) return deep;
        }
      }
      const own =
        names.some((name) => plainName(name) === plainName(key)) && typeof value === 'object' && value !== null;
      const grad = own && 'grad' in value ? readAs(value.grad, shape) : null; // gamma.grad
      if (grad !== null) return grad;
    }
    // What a backward answers beside the input's gradient may bear the parameter's own name.
    if (place === places[0] && !Array.isArray(place)) {
      for (const [key, value] of Object.entries(place)) {
        const read = names.some((name) => plainName(name) === plainName(key)) ? readAs(value, shape) : null;
        if (read !== null) return read;
      }
    }
  }
  return null;
}

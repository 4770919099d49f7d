// Value families: memory filled by name, shape, dtype and stream, in index order. No layout, no layer, no case.

import { normalAt, type Stream, uniformAt, wordAt } from '../counter.ts';
import type { ComputeDtype } from '../../ts-impl/tensor/dtype.ts';
import { type Shape, sizeOf } from '../../ts-impl/tensor/shape.ts';

/** Each family and what it is made of; "set" is the run of elements that share a mean and a variance. */
export const VALUE_FAMILIES = {
  ordinary: 'each set with its own mean in ±2 and standard deviation in 0.25 … 3',
  'large-mean': 'means of ±1e3 … 1e6 (float64: 1e9) over a standard deviation near 1, so that squares cancel',
  'tiny-variance': 'standard deviations of 1e-3 … 1e-6 (float64: 1e-9), where eps decides',
  constant: 'one value a set: 0, 0.1, 10000.1, 1e7, …',
  'mixed-scales': 'neighbours that differ by up to eight powers of ten',
  huge: 'magnitudes whose square overflows: 1e25 … 3e38 (float64: 1e160 … 1e307)',
  subnormal: 'magnitudes below the smallest normal number',
  'half-overflow': 'magnitudes of 2e4 … 65504, whose squares float16 cannot hold',
  'signed-zeros': 'mostly +0 and −0, some sets all −0',
  'non-finite': 'ordinary values with a few NaN, +Infinity and −Infinity',
  'two-sigmas': 'sets of standard deviation 1e-3 and 1 by turns, which tell the value of eps from its place',
  'many-sigmas': 'standard deviations spaced from 1e-6 to 3, one a set',
  'far-variance': 'variances far from 1 (1e-4 or 1e3), which tell n from n − 1',
  'set-statistics': 'means and standard deviations that grow from set to set, all different',
} as const;
export type ValueFamily = keyof typeof VALUE_FAMILIES;

/** How elements fall into sets: seen as [outer, count, inner], elements with the same middle index are one set. */
export interface Sets {
  readonly outer: number;
  readonly count: number;
  readonly inner: number;
}

/** The sets of a batch normalisation: one for each index of axis 1 (of axis 0 where there is no axis 1). */
export function channelSets(shape: Shape): Sets {
  if (shape.length < 2) return { outer: 1, count: 1, inner: sizeOf(shape) };
  return { outer: shape[0], count: shape[1], inner: sizeOf(shape.slice(2)) };
}

/** New memory of `shape` in index order. Rounded to `dtype` from float64, the same bytes on any machine. */
export function fill(
  family: ValueFamily,
  shape: Shape,
  dtype: ComputeDtype,
  stream: Stream,
  sets: Sets = channelSets(shape),
): Float32Array | Float64Array {
  const size = sizeOf(shape);
  const out = dtype === 'float32' ? new Float32Array(size) : new Float64Array(size); // [...shape]
  const mean = new Float64Array(sets.count); // [sets]
  const deviation = new Float64Array(sets.count); // [sets]
  for (let set = 0; set < sets.count; set++) describeSet(family, dtype === 'float32', stream, set, mean, deviation);
  const { a, b } = stream;
  let at = 0;
  for (let outer = 0; outer < sets.outer; outer++) {
    for (let set = 0; set < sets.count; set++, at += sets.inner) {
      if (out instanceof Float32Array) spread32(out, at, sets.inner, mean[set], deviation[set], a, b);
      else spread64(out, at, sets.inner, mean[set], deviation[set], a, b);
    }
  }
  if (family === 'mixed-scales') spreadScales(out, stream);
  else if (family === 'signed-zeros') spreadZeros(out, sets, stream);
  else if (family === 'non-finite') plantNonFinite(out, stream);
  else if (family === 'half-overflow') clampToFloat16(out);
  return out;
}

// --- internal ---

/** `size` elements from `at`: the mean plus so many deviations. Two loops, each of one type of memory, since this is where the time goes. */
function spread32(out: Float32Array, at: number, size: number, m: number, s: number, a: number, b: number): void {
  for (let i = at; i < at + size; i++) out[i] = m + s * normalAt(a, b, i);
}

function spread64(out: Float64Array, at: number, size: number, m: number, s: number, a: number, b: number): void {
  for (let i = at; i < at + size; i++) out[i] = m + s * normalAt(a, b, i);
}

/** Words above this one describe sets and rare elements; the elements themselves read the words below it. */
const ASIDE = 0x40000000;

const DECADES = [1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const ONE = 9; // DECADES[ONE] is 1
const CONSTANTS = [0, 0.1, -3, 10000.1, 1e7, 1, -0.25];
const HUGE_FLOAT32 = [1e25, 1e28, 1e30, 1e36, 1e38];
const HUGE_FLOAT64 = [1e160, 1e200, 1e250, 1e300, 1e307];
const SUBNORMAL_FLOAT32 = [5.7e-45, 9e-44, 1.5e-39];
const SUBNORMAL_FLOAT64 = [2e-323, 3.2e-322, 5e-318];
const SIGMAS = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 3];

/** Writes the mean and the standard deviation of one set. */
function describeSet(
  family: ValueFamily,
  single: boolean,
  { a, b }: Stream,
  set: number,
  mean: Float64Array,
  deviation: Float64Array,
): void {
  const u = uniformAt(a, b, ASIDE + 4 * set);
  const v = uniformAt(a, b, ASIDE + 4 * set + 1);
  const word = wordAt(a, b, ASIDE + 4 * set + 2);
  mean[set] = 4 * u - 2;
  deviation[set] = 0.25 + 2.75 * v;
  switch (family) {
    case 'ordinary':
    case 'mixed-scales':
    case 'signed-zeros':
    case 'non-finite':
      return;
    case 'large-mean':
      mean[set] = (u < 0.5 ? -1 : 1) * (1 + v) * DECADES[ONE + 3 + (word % (single ? 4 : 7))];
      deviation[set] = 0.5 + 1.5 * v;
      return;
    case 'tiny-variance':
      mean[set] = 2 * u - 1;
      deviation[set] = (1 + v) * DECADES[ONE - 3 - (word % (single ? 4 : 7))];
      return;
    case 'constant':
      mean[set] = word % 8 === 7 ? 20 * u - 10 : CONSTANTS[word % 8];
      deviation[set] = 0;
      return;
    case 'huge':
      mean[set] = 0;
      deviation[set] = (single ? HUGE_FLOAT32 : HUGE_FLOAT64)[word % 5] * (0.2 + 0.7 * v);
      return;
    case 'subnormal':
      mean[set] = 0;
      deviation[set] = (single ? SUBNORMAL_FLOAT32 : SUBNORMAL_FLOAT64)[word % 3] * (1 + v);
      return;
    case 'half-overflow':
      mean[set] = word % 2 === 0 ? 0 : 20000 * u;
      deviation[set] = 15000 * (1 + v);
      return;
    case 'two-sigmas':
      deviation[set] = (set + (a & 1)) % 2 === 0 ? 1e-3 * (1 + v) : 1 + v;
      mean[set] = (4 * u - 2) * deviation[set];
      return;
    case 'many-sigmas':
      deviation[set] = SIGMAS[(set + (a & 7)) % 8] * (1 + v);
      mean[set] = (4 * u - 2) * deviation[set];
      return;
    case 'far-variance':
      deviation[set] = word % 2 === 0 ? 0.01 * (1 + v) : 30 * (1 + v);
      mean[set] = (4 * u - 2) * deviation[set];
      return;
    case 'set-statistics':
      deviation[set] = 0.5 + 0.75 * (set % 16) + 0.1 * v;
      mean[set] = (set % 2 === 0 ? 1 : -1) * (1 + 1.5 * (set % 16)) + u;
      return;
    default:
      family satisfies never;
  }
}

function spreadScales(out: Float32Array | Float64Array, { a, b }: Stream): void {
  for (let i = 0; i < out.length; i++) out[i] *= DECADES[ONE - 4 + (wordAt(a, b, ASIDE * 2 + i) % 9)];
}

function spreadZeros(out: Float32Array | Float64Array, sets: Sets, { a, b }: Stream): void {
  for (let at = 0; at < out.length; at++) {
    const set = Math.floor(at / sets.inner) % sets.count;
    const allNegative = wordAt(a, b, ASIDE + 4 * set + 3) % 4 === 0;
    const kind = wordAt(a, b, ASIDE * 2 + at) % 8;
    if (allNegative || kind < 3) out[at] = -0;
    else if (kind < 6) out[at] = 0;
  }
}

/** To the numbers that float16 holds. */
function clampToFloat16(out: Float32Array | Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i] = Math.max(-65504, Math.min(65504, out[i]));
}

/** One to three elements, so that most sets stay finite and show that nothing leaks into them. */
function plantNonFinite(out: Float32Array | Float64Array, { a, b }: Stream): void {
  if (out.length === 0) return;
  const planted = 1 + (wordAt(a, b, ASIDE * 2) % 3);
  for (let k = 1; k <= planted; k++) {
    const kind = wordAt(a, b, ASIDE * 2 + 2 * k) % 4;
    const at = wordAt(a, b, ASIDE * 2 + 2 * k + 1) % out.length;
    out[at] = kind < 2 ? Number.NaN : kind === 2 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }
}

// The parts of a subject's layout: Python for dims, sizes and vectors that line up with an axis. It chooses for no layer.

import type { Draw } from '../../../cases/counter.ts';

export interface Geometry {
  /** Lines that make `z` of the input `x`; none where z is x. */
  readonly prepare: readonly string[];
  readonly z: string;
  /** Python for the dims of z that one statistic runs over; null for all of them. */
  readonly dims: string | null;
  readonly keep: boolean;
  /** Python for how many values one statistic has. */
  readonly count: string;
  /** Python for the shape of a parameter or buffer. */
  readonly entry: string;
  /** A statistic as broad as z. */
  readonly wide: (statistic: string) => string;
  readonly statisticOf: (buffer: string) => string;
  readonly bufferOf: (statistic: string) => string;
  /** The result, back in the shape of the input. */
  readonly done: (y: string) => string;
  /** A parameter beside the result: in the shape of z before `done`, else after it. */
  readonly affineFirst: boolean;
  readonly wideParameter: (parameter: string) => string;
}

export const same = (v: string) => v;

export const countOver = (x: string, dims: readonly number[]) => dims.map((d) => `${x}.shape[${d}]`).join(' * ');

export const tuple = (dims: readonly number[]) => (dims.length === 1 ? `${dims[0]}` : `(${dims.join(', ')})`);

export const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** `v` with its one axis at place `axis` of `rank`. */
export function drawSpread(draw: Draw, axis: number, rank: number): (v: string) => string {
  const ones = range(0, rank)
    .map((d) => (d === axis ? '-1' : '1'))
    .join(', ');
  const nones = range(0, rank)
    .map((d) => (d === axis ? ':' : 'None'))
    .join(', ');
  const after = rank - axis - 1;
  const short = after === 0 ? same : (v: string) => `${v}[(...,) + (None,) * ${after}]`;
  return draw.pick([
    (v) => `${v}.view(${ones})`,
    (v) => `${v}.reshape(${ones})`,
    (v) => `${v}[${nones}]`,
    axis === 1 ? short : (v) => `${v}.view(${ones})`,
  ]);
}

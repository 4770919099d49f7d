// Sums and moments of a run of numbers in a chosen rounding, each by a textbook's algorithm. It shares nothing with the port.

import type { Style, SumRule } from './style.ts';

/** Rounds to the working precision; the identity for float64. */
export type Round = (x: number) => number;

export const identity: Round = (x) => x;

export function sumOf(x: Float64Array, n: number, rule: SumRule, f: Round): number {
  switch (rule) {
    case 'sequential': {
      let s = 0;
      for (let i = 0; i < n; i++) s = f(s + x[i]);
      return s;
    }
    case 'lanes': {
      const lanes = new Float64Array(8);
      for (let i = 0; i < n; i++) lanes[i & 7] = f(lanes[i & 7] + x[i]);
      let s = 0;
      for (const lane of lanes) s = f(s + lane);
      return s;
    }
    case 'pairwise':
      return pairwise(x, 0, n, f);
    case 'kahan': {
      let s = 0;
      let lost = 0;
      for (let i = 0; i < n; i++) {
        const term = f(x[i] - lost);
        const next = f(s + term);
        lost = Number.isFinite(next) ? f(f(next - s) - term) : 0;
        s = next;
      }
      return s;
    }
    default:
      return rule satisfies never;
  }
}

export interface MeanAndVariance {
  readonly mean: number;
  readonly variance: number;
}

/** Biased variance. `scratch` is overwritten. */
export function momentsOf(x: Float64Array, n: number, style: Style, f: Round, scratch: Float64Array): MeanAndVariance {
  if (style.welford) return welford(x, n, f);
  const mean = f(sumOf(x, n, style.sum, f) / n);
  for (let i = 0; i < n; i++) {
    const d = f(x[i] - mean);
    scratch[i] = f(d * d);
  }
  return { mean, variance: f(sumOf(scratch, n, style.sum, f) / n) };
}

/** The mean of the squares. */
export function meanSquare(x: Float64Array, n: number, style: Style, f: Round, scratch: Float64Array): number {
  for (let i = 0; i < n; i++) scratch[i] = f(x[i] * x[i]);
  return f(sumOf(scratch, n, style.sum, f) / n);
}

// --- internal ---

function pairwise(x: Float64Array, from: number, to: number, f: Round): number {
  if (to - from <= 2) return to - from === 2 ? f(x[from] + x[from + 1]) : to > from ? x[from] : 0;
  const middle = (from + to) >> 1;
  return f(pairwise(x, from, middle, f) + pairwise(x, middle, to, f));
}

function welford(x: Float64Array, n: number, f: Round): MeanAndVariance {
  let mean = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    const delta = f(x[i] - mean);
    mean = f(mean + f(delta / (i + 1)));
    squares = f(squares + f(delta * f(x[i] - mean)));
  }
  return { mean, variance: f(squares / n) };
}

// The running statistics of the plain norm: fresh ones, and what a batch makes of them under some conventions.

import type { Conventions } from './conventions.ts';
import type { Geometry, Norm } from './geometry.ts';
import { momentsOf } from './plain-forward.ts';

/** As they are kept: under another convention the second may be no variance. */
export interface Buffers {
  readonly mean: Float64Array; // [C]
  readonly variance: Float64Array; // [C]
  readonly count: number;
  /** The first update that this object has seen; `first-step-copies` and `zero-debiased` go by it. */
  readonly updates: number;
}

export function freshBuffers(C: number, { initial }: Conventions): Buffers {
  return {
    mean: new Float64Array(C).fill(initial.mean),
    variance: new Float64Array(C).fill(initial.variance),
    count: 0,
    updates: 0,
  };
}

export function updated(
  old: Buffers,
  x: Float64Array,
  g: Geometry,
  momentum: number | null,
  norm: Norm,
  rank: number,
  dtype: 'float32' | 'float64',
  how: Conventions,
): Buffers {
  const m = momentsOf(x, g, true, dtype === 'float32', how);
  const C = norm.entries;
  const mean = new Float64Array(C); // [C]
  const variance = new Float64Array(C); // [C]
  const seen = new Float64Array(C); // [C] elements
  for (let e = 0; e < x.length; e++) {
    const s = g.sets[e];
    const c = g.channels[e];
    const divisor = dividesByLess(how, rank) ? m.count[s] - 1 : m.count[s];
    mean[c] += m.mean[s];
    variance[c] += trackedOf(m.squares[s] / divisor, m.squares[s], how);
    seen[c]++;
  }
  const count = old.count + 1;
  // PyTorch's InstanceNorm takes a momentum of None for 0.
  const weight = momentum ?? (norm.layer.startsWith('BatchNorm') ? 1 / count : 0);
  const blend = (was: Float64Array, sums: Float64Array): Float64Array =>
    was.map((r, c) =>
      seen[c] === 0 ? r : roundTo(blended(r, sums[c] / seen[c], weight, count, old.updates, how), dtype),
    );
  const [first, second] = how.tracked === 'swapped' ? [variance, mean] : [mean, variance];
  return { mean: blend(old.mean, first), variance: blend(old.variance, second), count, updates: old.updates + 1 };
}

// --- internal ---

function dividesByLess({ runningDivisor }: Conventions, rank: number): boolean {
  return runningDivisor === 'n-1' || (runningDivisor === 'n-1 from rank 4' && rank >= 4);
}

function trackedOf(variance: number, squares: number, { tracked }: Conventions): number {
  switch (tracked) {
    case 'variance':
    case 'swapped':
      return variance;
    case 'std':
      return Math.sqrt(variance);
    case 'inverse-std':
      return 1 / Math.sqrt(variance + 1e-5);
    case 'sum':
      return squares;
    default:
      return tracked satisfies never;
  }
}

function blended(r: number, s: number, m: number, count: number, updates: number, { rule }: Conventions): number {
  switch (rule) {
    case 'new-weight':
      return (1 - m) * r + m * s;
    case 'old-weight':
      return m * r + (1 - m) * s;
    case 'cumulative':
      return r + (s - r) / count;
    case 'zero-debiased': // the running value of a zero start, divided by how much of it is no start
      return updates === 0 ? s : ((1 - m) * r * (1 - (1 - m) ** updates) + m * s) / (1 - (1 - m) ** (updates + 1));
    case 'first-step-copies':
      return updates === 0 ? s : (1 - m) * r + m * s;
    case 'overwritten':
      return s;
    case 'never-updated':
      return r;
    default:
      return rule satisfies never;
  }
}

function roundTo(x: number, dtype: 'float32' | 'float64'): number {
  return dtype === 'float32' ? Math.fround(x) : x;
}

// Straight lines: within one statistic a norm is a line of its input; slope and crossing say what was divided by and what was subtracted.

import type { Shape } from '../../../tensor/shape.ts';
import { denominatorOf } from '../model/model-statistics.ts';
import { type Structure, statisticCount, statisticIds } from '../model/partition.ts';
import type { EpsPlacement, EpsScaling } from '../model/profile.ts';

/** One statistic of one input: what the subject did (slope, crossing) and what it may have done it with. */
export interface Line {
  readonly denominator: number;
  readonly crossing: number;
  readonly residual: number;
  /** How far the outputs lie from zero, in units of their own spread: what cancellation costs in reading the slope. */
  readonly offset: number;
  readonly amplitude: number;
  readonly n: number;
  readonly mean: number;
  readonly squares: number;
  readonly raw: number;
  /** What a scaled eps may be multiplied by, squared. */
  readonly sizes: Readonly<Record<EpsScaling['by'], number>>;
  readonly buffers: {
    readonly meanBefore: number;
    readonly meanAfter: number;
    readonly varBefore: number;
    readonly varAfter: number;
  } | null;
}

export interface EpsFit {
  readonly placement: EpsPlacement;
  readonly eps: number;
  readonly error: number;
}

/** An eps that grows with the input, under which `variances` give the lines' denominators at every spread; null where there is none. */
export function fitScaledEps(
  lines: readonly Line[],
  variances: readonly number[],
  tolerance: number,
): (EpsFit & { readonly scaling: EpsScaling }) | null {
  let best: (EpsFit & { readonly scaling: EpsScaling }) | null = null;
  for (const by of SIZES) {
    for (const inside of [true, false]) {
      const each = lines.map((l, i) =>
        inside
          ? (l.denominator ** 2 - variances[i]) / l.sizes[by]
          : (l.denominator - Math.sqrt(variances[i])) / Math.sqrt(l.sizes[by]),
      );
      const eps = each.reduce((s, v) => s + v, 0) / each.length;
      if (!(eps > 1e-12)) continue;
      const scaling = { by, inside };
      let error = 0;
      lines.forEach((l, i) => {
        const size = inside ? l.sizes[by] : Math.sqrt(l.sizes[by]);
        const expected = denominatorOf(variances[i], eps, { placement: 'scaled-by-input', scaling }, size);
        error = Math.max(error, Math.abs(l.denominator - expected) / expected);
      });
      // What is measured is the excess over the plain spread: its error counts, not that of the whole.
      const excess = Math.max(...each.map((e) => Math.abs(e / eps - 1)));
      if (error <= tolerance && excess < 0.01 && (best === null || error < best.error / 2))
        best = { placement: 'scaled-by-input', eps, error, scaling };
    }
  }
  return best;
}

const SIZES: readonly EpsScaling['by'][] = [
  'second-moment',
  'variance',
  'squared-mean',
  'largest',
  'mean-size',
  'largest-of-all',
];

/** The placement and eps under which `variances` give `denominators`, with the largest relative error; null where none does. */
export function fitEps(
  denominators: readonly number[],
  variances: readonly number[],
  tolerance: number,
  constantIsFinite: boolean,
): EpsFit | null {
  if (denominators.length === 0) return null;
  let least = 0;
  for (let i = 1; i < variances.length; i++) if (variances[i] < variances[least]) least = i;
  const d = denominators[least];
  const v = variances[least];
  // A constant input divides by eps alone: it comes out finite unless there is none.
  const candidates: { placement: EpsPlacement; eps: number; beside: number }[] = constantIsFinite
    ? [
        { placement: 'inside-sqrt', eps: d * d - v, beside: v },
        { placement: 'outside-sqrt', eps: d - Math.sqrt(v), beside: Math.sqrt(v) },
        { placement: 'max', eps: d, beside: Math.sqrt(v) * 1e9 * (1 + 1e-6) },
        // The same map with the root of it, until an argument tells; the rounder number is the likelier one.
        ...(digits(d * d) < digits(d) ? [{ placement: 'max-variance', eps: d * d, beside: v * 1e9 } as const] : []),
      ]
    : [{ placement: 'absent', eps: 0, beside: -1 }];
  let best: EpsFit | null = null;
  for (const candidate of candidates) {
    if (!(candidate.eps > 1e-9 * candidate.beside)) continue;
    let error = 0;
    for (let i = 0; i < variances.length; i++) {
      const expected = denominatorOf(variances[i], candidate.eps, candidate);
      error = Math.max(
        error,
        expected > 0 ? Math.abs(denominators[i] - expected) / expected : Number.POSITIVE_INFINITY,
      );
    }
    if (error <= tolerance && (best === null || error < best.error / 10 || candidate.placement === 'max-variance'))
      best = { placement: candidate.placement, eps: candidate.eps, error };
  }
  return best;
}

/** Straight lines through the elements of each statistic. */
export function fitLines(
  x: Float64Array,
  y: Float64Array,
  structure: Structure,
  shape: Shape,
  start: { readonly mean: Float64Array; readonly variance: Float64Array } | null,
  after: { readonly mean: Float64Array | null; readonly variance: Float64Array | null },
): Line[] {
  const users = statisticIds(structure.users, shape);
  const members = statisticIds(structure.members, shape);
  const count = statisticCount(structure.members, shape);
  const whole = x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const lines: Line[] = [];
  for (let id = 0; id < count; id++) {
    const into: number[] = [];
    const using: number[] = [];
    for (let i = 0; i < x.length; i++) {
      if (members[i] === id) into.push(x[i]);
      if (users[i] === id) using.push(i);
    }
    const line = straightLine(
      using.map((i) => x[i]),
      using.map((i) => y[i]),
    );
    const mean = into.reduce((s, v) => s + v, 0) / into.length;
    const squares = into.reduce((s, v) => s + (v - mean) ** 2, 0);
    const raw = into.reduce((s, v) => s + v * v, 0);
    const entry = start === null || start.mean.length === 0 ? 0 : id % start.mean.length;
    lines.push({
      denominator: 1 / line.slope,
      crossing: line.crossing,
      residual: line.residual,
      offset: line.offset,
      amplitude: using.reduce((m, i) => Math.max(m, Math.abs(x[i])), 0),
      n: into.length,
      mean,
      squares,
      raw,
      sizes: {
        'second-moment': raw / into.length,
        variance: squares / into.length,
        'squared-mean': mean * mean,
        largest: into.reduce((m, v) => Math.max(m, Math.abs(v)), 0) ** 2,
        'mean-size': (into.reduce((s, v) => s + Math.abs(v), 0) / into.length) ** 2,
        'largest-of-all': whole * whole,
      },
      buffers:
        start === null
          ? null
          : {
              meanBefore: start.mean[entry],
              varBefore: start.variance[entry],
              meanAfter: after.mean?.[entry] ?? start.mean[entry],
              varAfter: after.variance?.[entry] ?? start.variance[entry],
            },
    });
  }
  return lines;
}

// --- internal ---

/** How many significant digits a number needs, of six. */
const digits = (x: number) =>
  x
    .toExponential(5)
    .replace(/\.?0*e.*$/, '')
    .replace('.', '').length;

function straightLine(
  x: readonly number[],
  y: readonly number[],
): { slope: number; crossing: number; residual: number; offset: number } {
  const n = x.length;
  const mx = x.reduce((s, v) => s + v, 0) / n;
  const my = y.reduce((s, v) => s + v, 0) / n;
  let xx = 0;
  let xy = 0;
  for (let i = 0; i < n; i++) {
    xx += (x[i] - mx) ** 2;
    xy += (x[i] - mx) * (y[i] - my);
  }
  const slope = xy / xx;
  let residual = 0;
  let size = 0;
  for (let i = 0; i < n; i++) {
    residual = Math.max(residual, Math.abs(y[i] - my - slope * (x[i] - mx)));
    size = Math.max(size, Math.abs(y[i] - my));
  }
  return { slope, crossing: mx - my / slope, residual: residual / size, offset: Math.abs(my) / size };
}

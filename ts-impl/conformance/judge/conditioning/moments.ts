// The statistics of each set in float64, and how far a correct computation in the case's dtype may be from them. It knows no layer.

import { CLOSED, OPEN, TOGETHER } from './openness.ts';
import { type Precision, sumFactor } from './precision.ts';
import type { Sets } from './statistic-sets.ts';

/** How the second moment is formed: about the mean in two passes or by Welford, as E[x²] − E[x]², or without a mean. */
export type MomentRule = 'centred' | 'one-pass' | 'uncentred';

/** All arrays are [sets]. */
export interface Moments {
  readonly n: number;
  readonly mean: Float64Array;
  readonly meanError: Float64Array;
  readonly variance: Float64Array;
  readonly varianceError: Float64Array;
  /** √variance, also where the variance itself is beyond float64. */
  readonly deviation: Float64Array;
  /** Whether mean, and variance, may leave the numbers. */
  readonly meanOpen: Uint8Array;
  readonly varianceOpen: Uint8Array;
}

/** r = 1/√(variance + eps), the largest value a correct computation may get for it, and how far apart two such may lie. */
export interface Scales {
  readonly scale: Float64Array; // [sets]
  readonly scaleHigh: Float64Array; // [sets]
  readonly scaleSpread: Float64Array; // [sets]
  /** Whether what is normalised may leave the numbers. */
  readonly open: Uint8Array; // [sets]
}

export function momentsOf(x: Float64Array, sets: Sets, rule: MomentRule, precision: Precision): Moments {
  const { count, setOf, inner, slots } = sets;
  const n = count === 0 ? 0 : (slots * inner) / count;
  const mean = new Float64Array(count);
  const meanError = new Float64Array(count);
  const variance = new Float64Array(count);
  const varianceError = new Float64Array(count);
  const deviation = new Float64Array(count);
  const meanOpen = new Uint8Array(count);
  const varianceOpen = new Uint8Array(count);
  const amplitude = new Float64Array(count);
  for (let slot = 0, i = 0; slot < slots; slot++) {
    const set = setOf[slot];
    for (const end = i + inner; i < end; i++) {
      const size = Math.abs(x[i]);
      if (!(size <= amplitude[set])) amplitude[set] = size; // NaN stays
    }
  }
  // Units in which no square leaves float64: 1, or a power of two near the amplitude, which changes no digit.
  const unit = amplitude.map((a) => (a > HUGE && a < Number.POSITIVE_INFINITY ? 2 ** Math.floor(Math.log2(a)) : 1));
  for (let slot = 0, i = 0; slot < slots; slot++) {
    const set = setOf[slot];
    for (const end = i + inner; i < end; i++) mean[set] += x[i] / unit[set];
  }
  for (let set = 0; set < count; set++) mean[set] = rule === 'uncentred' ? 0 : mean[set] / n;
  for (let slot = 0, i = 0; slot < slots; slot++) {
    const set = setOf[slot];
    const centre = mean[set];
    for (const end = i + inner; i < end; i++) {
      const d = x[i] / unit[set] - centre;
      variance[set] += d * d;
    }
  }
  const { c, tiny, keep, keepTiny, workLargest, keepLargest } = precision;
  const k = sumFactor(n);
  for (let set = 0; set < count; set++) {
    const amp = amplitude[set];
    deviation[set] = unit[set] * Math.sqrt(variance[set] / n);
    mean[set] *= unit[set];
    const v = (variance[set] / n) * unit[set] * unit[set];
    variance[set] = v;
    // All zeros are summed without an error: such a variance is 0, whoever computes it.
    const loss = amp === 0 ? 0 : tiny;
    const kept = amp === 0 ? 0 : keepTiny;
    meanError[set] = rule === 'uncentred' ? 0 : c * k * amp + k * loss + keep * Math.abs(mean[set]) + kept;
    varianceError[set] =
      loss +
      kept +
      keep * v +
      (rule === 'uncentred'
        ? c * k * v
        : rule === 'one-pass'
          ? c * k * amp * amp
          : c * k * (v + amp * deviation[set]) + meanError[set] * meanError[set]);
    if (!(amp < Number.POSITIVE_INFINITY)) meanOpen[set] = varianceOpen[set] = TOGETHER;
    else {
      if (n * amp > workLargest || amp > keepLargest) meanOpen[set] = OPEN;
      // Deviations are up to twice the amplitude, their squares four times its square.
      if (4 * n * amp * amp > workLargest || v + varianceError[set] > keepLargest) varianceOpen[set] = OPEN;
    }
  }
  return { n, mean, meanError, variance, varianceError, deviation, meanOpen, varianceOpen };
}

/** `deviation` where the variance may be beyond float64; `open` as far as the statistics are. A variance that may be infinite makes r 0. */
export function scalesOf(
  variance: Float64Array, // [sets]
  varianceError: Float64Array, // [sets]
  deviation: Float64Array | null, // [sets]
  open: Uint8Array, // [sets]
  eps: number,
  precision: Precision,
): Scales {
  const scale = new Float64Array(variance.length);
  const scaleHigh = new Float64Array(variance.length);
  const scaleSpread = new Float64Array(variance.length);
  const openness = open.slice();
  const { c, keep } = precision;
  for (let set = 0; set < variance.length; set++) {
    const v = variance[set];
    if (v === Number.POSITIVE_INFINITY && deviation !== null && open[set] === OPEN) {
      scale[set] = 1 / deviation[set];
      scaleHigh[set] = scaleSpread[set] = 2 * scale[set];
      continue;
    }
    if (v === Number.POSITIVE_INFINITY) continue; // r is 0, and nothing is off
    const sum = v + eps;
    scale[set] = 1 / Math.sqrt(sum);
    // A computed variance is never negative, unless a buffer was given so; eps itself may be rounded to the type of the buffers.
    const epsError = eps === 0 ? 0 : (c + keep) * Math.abs(eps) + precision.tiny + precision.keepTiny;
    const floor = Math.min(v, 0) + Math.max(eps - epsError, Math.min(eps, 0));
    const error = varianceError[set] + epsError;
    const kept = 1 + keep; // r is kept too
    scaleHigh[set] = kept / Math.sqrt(Math.max(sum - error, floor));
    scaleSpread[set] = open[set] === OPEN ? scaleHigh[set] : scaleHigh[set] - 1 / (Math.sqrt(sum + error) * kept);
    if (open[set] === CLOSED && scaleHigh[set] === Number.POSITIVE_INFINITY && error > 0) openness[set] = OPEN;
    if (open[set] === CLOSED && Number.isNaN(scale[set])) openness[set] = TOGETHER;
  }
  return { scale, scaleHigh, scaleSpread, open: openness };
}

// --- internal ---

/** Squares of what is larger may leave float64. */
const HUGE = 2 ** 480;

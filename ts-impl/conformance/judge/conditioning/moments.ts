// The statistics of each set in float64, and how far a correct computation in the case's dtype may be from them. It knows no layer.

import { type Precision, sumFactor, type SumRule } from './precision.ts';
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
}

/** r = 1/√(variance + eps), the largest value a correct computation may get for it, and how far apart two such may lie. */
export interface Scales {
  readonly scale: Float64Array; // [sets]
  readonly scaleHigh: Float64Array; // [sets]
  readonly scaleSpread: Float64Array; // [sets]
}

export function momentsOf(x: Float64Array, sets: Sets, rule: MomentRule, sum: SumRule, precision: Precision): Moments {
  const { count, setOf, inner, slots } = sets;
  const n = count === 0 ? 0 : (slots * inner) / count;
  const mean = new Float64Array(count);
  const meanError = new Float64Array(count);
  const variance = new Float64Array(count);
  const varianceError = new Float64Array(count);
  const amplitude = new Float64Array(count);
  for (let slot = 0, i = 0; slot < slots; slot++) {
    const set = setOf[slot];
    for (const end = i + inner; i < end; i++) {
      mean[set] += x[i];
      const size = Math.abs(x[i]);
      if (size > amplitude[set]) amplitude[set] = size;
    }
  }
  for (let set = 0; set < count; set++) mean[set] = rule === 'uncentred' ? 0 : mean[set] / n;
  for (let slot = 0, i = 0; slot < slots; slot++) {
    const set = setOf[slot];
    const centre = mean[set];
    for (const end = i + inner; i < end; i++) variance[set] += (x[i] - centre) * (x[i] - centre);
  }
  const { c, tiny } = precision;
  const k = sumFactor(n, sum);
  for (let set = 0; set < count; set++) {
    const v = variance[set] / n;
    const amp = amplitude[set];
    variance[set] = v;
    meanError[set] = rule === 'uncentred' ? 0 : c * k * amp + k * tiny;
    varianceError[set] =
      tiny +
      (rule === 'uncentred'
        ? c * k * v
        : rule === 'one-pass'
          ? c * k * amp * amp
          : c * k * (v + amp * Math.sqrt(v)) + meanError[set] * meanError[set]);
  }
  return { n, mean, meanError, variance, varianceError };
}

export function scalesOf(
  variance: Float64Array,
  varianceError: Float64Array,
  eps: number,
  precision: Precision,
): Scales {
  const scale = new Float64Array(variance.length);
  const scaleHigh = new Float64Array(variance.length);
  const scaleSpread = new Float64Array(variance.length);
  const { c, tiny } = precision;
  for (let set = 0; set < variance.length; set++) {
    const sum = variance[set] + eps;
    scale[set] = 1 / Math.sqrt(sum);
    // A computed variance is never negative, unless a buffer was given so; eps itself may be rounded to the dtype.
    const floor = Math.min(variance[set], 0) + eps * (1 - c);
    const error = varianceError[set] + c * eps + tiny;
    scaleHigh[set] = 1 / Math.sqrt(Math.max(sum - error, floor));
    scaleSpread[set] = scaleHigh[set] - 1 / Math.sqrt(sum + error);
  }
  return { scale, scaleHigh, scaleSpread };
}

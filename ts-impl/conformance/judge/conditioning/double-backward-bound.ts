// The budgets of gradients of gradients, from the forward they belong to. docs/tolerances.md derives the terms.

import type { GradientError } from './backward-bound.ts';
import type { Normaliser, Pass } from './forward-bound.ts';
import { OPEN, opennessOf } from './openness.ts';
import { sumFactor } from './precision.ts';

/** Along what the gradients are differentiated: vectors for the gradients of input, weight and bias; null where there is none. */
export interface Directions {
  readonly input: Float64Array | null; // [elements]
  readonly weight: Float64Array | null; // [C]
  readonly bias: Float64Array | null; // [C]
}

/** `upstream` and `input` are [elements], `weight` is [C]. A bias enters no gradient. */
export interface DoubleBackwardBudgets {
  readonly upstream: GradientError;
  readonly input: GradientError;
  readonly weight: GradientError;
}

/**
 * With a = g·w, v the vector for dx, h = v_w·g, A, V, H the means of |a|, |v|, |h| over a set and P, Q, J those of |a·z|, |v·z|, |h·z|, sums of
 * the magnitudes of all terms are
 *   input     r₊²·( |z|·(mean|a·v| + A·V + P·Q) + Q·(|a| + A + |z|·P) + P·(|v| + V + |z|·Q) ) + r₊·( |h| + H + |z|·J )
 *   upstream  |w|·r₊·( |v| + V + |z|·Q ) + |v_w|·|z| + |v_b|
 *   weight    Σ |g|·r₊·( |v| + V + |z|·Q )
 * Each is asked twice, with z as it is and larger by δz; the budget is κ times the larger, κ = 3·c·k + 2·h + 4ρ, and what lies between.
 */
export function doubleBackwardBudgets(
  pass: Pass,
  by: Normaliser,
  upstream: Float64Array,
  along: Directions,
): DoubleBackwardBudgets {
  const exact = termsOf(pass, by, upstream, along, false);
  const larger = termsOf(pass, by, upstream, along, true);
  const { sets, precision, moments } = pass;
  const { c, half, tiny, answerTiny, largest } = precision;
  const n = moments?.n ?? 1;
  const rows = sets.channels === 0 ? 1 : pass.x.length / sets.channels;
  const growth = by.scaleSpread.map((spread, set) => (by.scale[set] > 0 ? spread / by.scale[set] : 0)); // [sets]
  const setOf = (i: number) => sets.setOf[Math.floor(i / sets.inner)];
  const channelGrowth = new Float64Array(sets.channels); // [C]
  const channelOpen = new Uint8Array(sets.channels); // [C]
  for (let slot = 0; slot < sets.slots; slot++) {
    const channel = slot % sets.channels;
    channelGrowth[channel] = Math.max(channelGrowth[channel], growth[sets.setOf[slot]]);
    channelOpen[channel] = Math.max(channelOpen[channel], by.open[sets.setOf[slot]]);
  }
  const errorOf = (size: number, most: number, k: number, grown: number, high: number): number => {
    if (!Number.isFinite(high)) return Number.POSITIVE_INFINITY; // no digit is left
    return (3 * c * k + 2 * half + 4 * grown) * most + (most - size) + tiny * (1 + high) ** 2 + answerTiny;
  };
  const elementwise = (size: Float64Array, most: Float64Array): GradientError => {
    const error = most.map((m, i) => errorOf(size[i], m, sumFactor(n), growth[setOf(i)], by.scaleHigh[setOf(i)]));
    return { size: most, error, open: () => opennessOf((i) => by.open[setOf(i)], most, error, largest) };
  };
  const highest = by.scaleHigh.reduce((most, high) => Math.max(most, high), 0);
  const weightError = larger.weight.map((m, i) =>
    errorOf(exact.weight[i], m, sumFactor(n) + sumFactor(rows), channelGrowth[i], highest),
  );
  return {
    upstream: elementwise(exact.upstream, larger.upstream),
    input: elementwise(exact.input, larger.input),
    weight: {
      size: larger.weight,
      error: weightError,
      open: () =>
        opennessOf((i) => (Number.isFinite(highest) ? channelOpen[i] : OPEN), larger.weight, weightError, largest),
    },
  };
}

// --- internal ---

interface Terms {
  readonly upstream: Float64Array; // [elements]
  readonly input: Float64Array; // [elements]
  readonly weight: Float64Array; // [C]
}

/** Means of magnitudes over each set. All [sets]. */
interface Means {
  readonly a: Float64Array;
  readonly v: Float64Array;
  readonly h: Float64Array;
  readonly av: Float64Array;
  readonly az: Float64Array;
  readonly vz: Float64Array;
  readonly hz: Float64Array;
}

function termsOf(pass: Pass, by: Normaliser, upstream: Float64Array, along: Directions, larger: boolean): Terms {
  const { x, sets, weight, moments } = pass;
  const z = magnitudes(pass, by, larger); // [elements]
  const means = moments === null ? null : meansOf(pass, z, upstream, along, moments.n);
  const terms = { upstream: new Float64Array(x.length), input: new Float64Array(x.length) };
  const weightTerms = new Float64Array(sets.channels); // [C]
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const channel = slot % sets.channels;
    const w = weight === null ? 1 : Math.abs(weight[channel]);
    const vw = along.weight === null ? 0 : Math.abs(along.weight[channel]);
    const vb = along.bias === null ? 0 : Math.abs(along.bias[channel]);
    const r = larger ? by.scaleHigh[set] : by.scale[set];
    for (const end = i + sets.inner; i < end; i++) {
      const g = Math.abs(upstream[i]);
      const v = along.input === null ? 0 : Math.abs(along.input[i]);
      const projected = means === null ? v : v + means.v[set] + z[i] * means.vz[set];
      terms.upstream[i] = w * r * projected + vw * z[i] + vb;
      weightTerms[channel] += g * r * projected;
      terms.input[i] = means === null ? r * vw * g : inputTerms(means, set, z[i], r, g * w, v, vw * g);
    }
  }
  return { ...terms, weight: weightTerms };
}

function inputTerms(m: Means, set: number, z: number, r: number, a: number, v: number, h: number): number {
  const [p, q] = [m.az[set], m.vz[set]];
  const curvature =
    z * (m.av[set] + m.a[set] * m.v[set] + p * q) + q * (a + m.a[set] + z * p) + p * (v + m.v[set] + z * q);
  return r * r * curvature + r * (h + m.h[set] + z * m.hz[set]);
}

/** |z|, or how large a correct computation may find it. */
function magnitudes({ x, sets, centred, precision }: Pass, by: Normaliser, larger: boolean): Float64Array {
  const z = new Float64Array(x.length); // [elements]
  const rounding = centred ? precision.c : 0;
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const mean = by.mean[set];
    for (const end = i + sets.inner; i < end; i++) {
      const d = Math.abs(x[i] - mean);
      z[i] = larger
        ? by.scaleHigh[set] * (d + by.meanError[set] + rounding * (Math.abs(x[i]) + Math.abs(mean)))
        : d * by.scale[set];
    }
  }
  return z;
}

function meansOf({ sets, weight }: Pass, z: Float64Array, upstream: Float64Array, along: Directions, n: number): Means {
  const fresh = () => new Float64Array(sets.count);
  const means = { a: fresh(), v: fresh(), h: fresh(), av: fresh(), az: fresh(), vz: fresh(), hz: fresh() };
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const channel = slot % sets.channels;
    const w = weight === null ? 1 : Math.abs(weight[channel]);
    const vw = along.weight === null ? 0 : Math.abs(along.weight[channel]);
    for (const end = i + sets.inner; i < end; i++) {
      const g = Math.abs(upstream[i]) / n;
      const v = along.input === null ? 0 : Math.abs(along.input[i]);
      means.a[set] += g * w;
      means.v[set] += v / n;
      means.h[set] += g * vw;
      means.av[set] += g * w * v;
      means.az[set] += g * w * z[i];
      means.vz[set] += (v * z[i]) / n;
      means.hz[set] += g * vw * z[i];
    }
  }
  return means;
}

// The budgets of gradients of one backward, from the forward it belongs to. docs/tolerances.md derives the terms.

import type { Normaliser, Pass } from './forward-bound.ts';
import { CLOSED, OPEN, type Openness, opennessOf, TOGETHER } from './openness.ts';
import { sumFactor } from './precision.ts';

/** How large the terms of a gradient are in all, how far a correct sum of them may be off, and whether it may leave the numbers. */
export interface GradientError {
  readonly size: Float64Array;
  readonly error: Float64Array;
  readonly open: () => Openness;
}

/** `input` is [elements], `weight` and `bias` are [C]. */
export interface BackwardBudgets {
  readonly input: GradientError;
  readonly weight: GradientError;
  readonly bias: GradientError;
}

/** `upstream` holds the gradient of the output in index order. `inType`: PyTorch adds the rows of LayerNorm in the half type of the input. */
export function backwardBudgets(pass: Pass, by: Normaliser, upstream: Float64Array, inType: boolean): BackwardBudgets {
  return { input: inputErrors(pass, by, upstream), ...parameterErrors(pass, by, upstream, inType) };
}

// --- internal ---

/** Means over each set, of gw = g·w and of gw·z with the normalised value z: |gw| and |gw·z|. All [sets]. */
interface SetMeans {
  readonly gradient: Float64Array;
  readonly product: Float64Array;
}

/**
 * Batch statistics: dx = r·(gw − mean(gw) − z·mean(gw·z)), so
 * r₊·[ ((1 + ρ)²·(c·k + h) + 3ρ + ρ²)·(|gw| + G + |z|·P) + δz·((1 + ρ)·(|z|·G + P) + δz·G) ] with ρ = Δr/r, δz = r₊·(δm + c·(|x| + |m|)).
 * Running statistics: dx = gw·r, so |gw|·((2·c + h)·r + Δr).
 */
function inputErrors(pass: Pass, by: Normaliser, upstream: Float64Array): GradientError {
  const { x, sets, weight, precision, moments } = pass;
  const { c, tiny, half, answerTiny, workLargest } = precision;
  const error = new Float64Array(x.length); // [elements]
  const size = new Float64Array(x.length); // [elements]
  const means = moments === null ? null : setMeans(pass, by, upstream, moments.n);
  const n = moments?.n ?? 1;
  const rounding = c * sumFactor(n) + half;
  const shiftRounding = pass.centred ? c : 0;
  const open = Uint8Array.from(by.open); // [sets]
  const halves = halfMagnitudes(pass, by, upstream);
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const w = weight === null ? 1 : Math.abs(weight[slot % sets.channels]);
    const mean = by.mean[set];
    const scale = by.scale[set];
    const high = by.scaleHigh[set];
    const growth = scale === 0 ? 0 : by.scaleSpread[set] / scale;
    const gradientMean = means === null ? 0 : means.gradient[set];
    const productMean = means === null ? 0 : means.product[set];
    const end = i + sets.inner;
    if (high === Number.POSITIVE_INFINITY) {
      error.fill(high, i, end); // no digit is left
      i = end;
      continue;
    }
    // The expanded form multiplies sums by r twice before anything is divided by n.
    if (n * high * high * Math.max(gradientMean, productMean) > workLargest) open[set] = OPEN;
    // Strided half precision goes through operators of the half type: Σ g·(x − m) and r·g are rounded to it on the way.
    if (half > 0 && Math.max(halves.product[set], high * halves.largest[set]) > precision.largest) open[set] = OPEN;
    for (; i < end; i++) {
      const gradient = Math.abs(upstream[i]) * w;
      if (means === null) {
        size[i] = gradient * high;
        error[i] = gradient * ((2 * c + half) * high + by.scaleSpread[set]) + tiny * (1 + high) + answerTiny;
        continue;
      }
      const z = Math.abs(x[i] - mean) * scale;
      const shift = high * (by.meanError[set] + shiftRounding * (Math.abs(x[i]) + Math.abs(mean)));
      const terms = gradient + gradientMean + z * productMean;
      size[i] = high * terms;
      // z and P may themselves be 1 + ρ times as large, which counts where ρ does: (1 + ρ)·(3ρ + ρ²) is above (1 + ρ)³ − 1.
      const larger = 1 + growth;
      const spread = larger * larger * rounding + (3 + growth) * growth;
      const shifted = shift * (larger * (z * gradientMean + productMean) + shift * gradientMean);
      error[i] = high * (spread * terms + shifted) + tiny * (1 + high) * (1 + high) + answerTiny;
    }
  }
  const kindAt = (i: number) => open[sets.setOf[Math.floor(i / sets.inner)]];
  return { size, error, open: () => opennessOf(kindAt, size, error, precision.largest) };
}

/** Σ |g·(x − m)| and the largest |g| of each set, before any weight. Empty unless the dtype is a half type. All [sets]. */
function halfMagnitudes(pass: Pass, by: Normaliser, upstream: Float64Array) {
  const { x, sets, precision } = pass;
  const product = new Float64Array(sets.count);
  const largest = new Float64Array(sets.count);
  if (precision.half === 0) return { product, largest };
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    for (const end = i + sets.inner; i < end; i++) {
      const g = Math.abs(upstream[i]);
      product[set] += g * Math.abs(x[i] - by.mean[set]);
      largest[set] = Math.max(largest[set], g);
    }
  }
  return { product, largest };
}

function setMeans(pass: Pass, by: Normaliser, upstream: Float64Array, n: number): SetMeans {
  const { x, sets, weight } = pass;
  const gradient = new Float64Array(sets.count);
  const product = new Float64Array(sets.count);
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const size = weight === null ? 1 : Math.abs(weight[slot % sets.channels]);
    const mean = by.mean[set];
    const scale = by.scale[set];
    for (const end = i + sets.inner; i < end; i++) {
      const term = Math.abs(upstream[i]) * size;
      gradient[set] += term;
      product[set] += term * Math.abs(x[i] - mean) * scale;
    }
  }
  for (let set = 0; set < sets.count; set++) {
    gradient[set] /= n;
    product[set] /= n;
  }
  return { gradient, product };
}

/** dw = Σ g·z and db = Σ g over a channel: Σ |g|·( (c·k + h)·(1 + ρ)·|z| + δz + ρ·|z| ) and c·k·Σ |g|, with k of roundings in the half type if `inType`. */
function parameterErrors(
  pass: Pass,
  by: Normaliser,
  upstream: Float64Array,
  inType: boolean,
): { weight: GradientError; bias: GradientError } {
  const { x, sets, precision } = pass;
  const { c, tiny, half, answerTiny } = precision;
  const fresh = () => ({ size: new Float64Array(sets.channels), error: new Float64Array(sets.channels) }); // [C]
  const weight = fresh();
  const bias = fresh();
  const open = new Uint8Array(sets.channels); // [C]
  const products = new Float64Array(sets.channels); // [C]
  const rows = sets.channels === 0 ? 1 : x.length / sets.channels;
  const rounding = (inType && half > 0 ? half : c) * sumFactor(rows);
  const shiftRounding = pass.centred ? c : 0;
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const channel = slot % sets.channels;
    const mean = by.mean[set];
    const scale = by.scale[set];
    const high = by.scaleHigh[set];
    const growth = scale === 0 ? 0 : by.scaleSpread[set] / scale;
    open[channel] = Math.max(open[channel], by.open[set]);
    for (const end = i + sets.inner; i < end; i++) {
      const gradient = Math.abs(upstream[i]);
      if (!Number.isFinite(x[i])) open[channel] = Math.max(open[channel], TOGETHER);
      bias.size[channel] += gradient;
      bias.error[channel] += (rounding + half) * gradient + tiny;
      if (high === Number.POSITIVE_INFINITY) {
        weight.error[channel] = high; // no digit is left
        continue;
      }
      const z = Math.abs(x[i] - mean) * scale;
      const shift = high * (by.meanError[set] + shiftRounding * (Math.abs(x[i]) + Math.abs(mean)));
      // z comes before g in one form, g·(x − m) before r in the other.
      if (high * Math.abs(x[i] - mean) > precision.workLargest) open[channel] = OPEN;
      weight.size[channel] += gradient * z;
      products[channel] += gradient * Math.abs(x[i] - mean);
      // What is rounded may be 1 + ρ times z.
      const relative = (rounding + half) * (1 + growth) + growth;
      weight.error[channel] += gradient * (relative * z + shift) + tiny * (1 + high);
    }
  }
  for (let channel = 0; channel < sets.channels; channel++) {
    weight.error[channel] += answerTiny;
    if (products[channel] > (half > 0 ? precision.largest : precision.workLargest)) open[channel] = OPEN;
    bias.error[channel] += answerTiny;
  }
  const opener =
    (kind: Uint8Array | null, { size, error }: { size: Float64Array; error: Float64Array }) =>
    () =>
      opennessOf((i) => (kind === null ? CLOSED : kind[i]), size, error, precision.largest);
  return { weight: { ...weight, open: opener(open, weight) }, bias: { ...bias, open: opener(null, bias) } };
}

// The budgets of gradients of one backward, from the forward it belongs to. docs/tolerances.md derives the terms.

import type { Normaliser, Pass } from './forward-bound.ts';
import { sumFactor } from './precision.ts';

/** How large the terms of a parameter's gradient are in all, and how far a correct sum of them may be off. Both [C]. */
export interface GradientError {
  readonly size: Float64Array;
  readonly error: Float64Array;
}

export interface BackwardBudgets {
  readonly input: Float64Array; // [elements]
  readonly weight: GradientError;
  readonly bias: GradientError;
}

/** `upstream` holds the gradient of the output in index order. */
export function backwardBudgets(pass: Pass, by: Normaliser, upstream: Float64Array): BackwardBudgets {
  return { input: inputBudgets(pass, by, upstream), ...parameterErrors(pass, by, upstream) };
}

// --- internal ---

/** Three means over each set, of gw = g·w and of the normalised value z: |gw|, |gw·z| and |mean of gw·z| itself. All [sets]. */
interface SetMeans {
  readonly gradient: Float64Array;
  readonly product: Float64Array;
}

/**
 * Batch statistics: dx = r·(gw − mean(gw) − z·mean(gw·z)), so
 * r₊·[ (c·k + 3ρ)·(|gw| + G + |z|·P) + δz·(|z|·G + P + δz·G) ] with ρ = Δr/r, δz = r₊·(δm + c·(|x| + |m|)).
 * Running statistics: dx = gw·r, so |gw|·(2·c·r + Δr).
 */
function inputBudgets(pass: Pass, by: Normaliser, upstream: Float64Array): Float64Array {
  const { x, sets, weight, precision, moments } = pass;
  const { c, tiny } = precision;
  const budgets = new Float64Array(x.length); // [elements]
  const means = moments === null ? null : setMeans(pass, by, upstream, moments.n);
  const rounding = c * sumFactor(moments?.n ?? 1);
  const shiftRounding = pass.centred ? c : 0;
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const size = weight === null ? 1 : Math.abs(weight[slot % sets.channels]);
    const mean = by.mean[set];
    const scale = by.scale[set];
    const high = by.scaleHigh[set];
    const growth = by.scaleSpread[set] / scale;
    const gradientMean = means === null ? 0 : means.gradient[set];
    const productMean = means === null ? 0 : means.product[set];
    const end = i + sets.inner;
    if (high === Number.POSITIVE_INFINITY) {
      budgets.fill(high, i, end); // no digit is left
      i = end;
      continue;
    }
    for (; i < end; i++) {
      const gradient = Math.abs(upstream[i]) * size;
      if (means === null) {
        budgets[i] = gradient * (2 * c * scale + by.scaleSpread[set]) + tiny * (1 + high);
        continue;
      }
      const z = Math.abs(x[i] - mean) * scale;
      const shift = high * (by.meanError[set] + shiftRounding * (Math.abs(x[i]) + Math.abs(mean)));
      budgets[i] =
        high *
          ((rounding + 3 * growth) * (gradient + gradientMean + z * productMean) +
            shift * (z * gradientMean + productMean + shift * gradientMean)) +
        tiny * (1 + high) * (1 + high);
    }
  }
  return budgets;
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

/** dw = Σ g·z and db = Σ g over a channel: Σ |g|·( c·k·|z| + δz + ρ·|z| ) and c·k·Σ |g|. */
function parameterErrors(
  pass: Pass,
  by: Normaliser,
  upstream: Float64Array,
): { weight: GradientError; bias: GradientError } {
  const { x, sets, precision } = pass;
  const { c, tiny } = precision;
  const weight = { size: new Float64Array(sets.channels), error: new Float64Array(sets.channels) }; // [C]
  const bias = { size: new Float64Array(sets.channels), error: new Float64Array(sets.channels) }; // [C]
  const rounding = c * sumFactor(sets.channels === 0 ? 1 : x.length / sets.channels);
  const shiftRounding = pass.centred ? c : 0;
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const channel = slot % sets.channels;
    const mean = by.mean[set];
    const scale = by.scale[set];
    const high = by.scaleHigh[set];
    const growth = by.scaleSpread[set] / scale;
    for (const end = i + sets.inner; i < end; i++) {
      const gradient = Math.abs(upstream[i]);
      bias.size[channel] += gradient;
      bias.error[channel] += rounding * gradient + tiny;
      if (high === Number.POSITIVE_INFINITY) {
        weight.error[channel] = high; // no digit is left
        continue;
      }
      const z = Math.abs(x[i] - mean) * scale;
      const shift = high * (by.meanError[set] + shiftRounding * (Math.abs(x[i]) + Math.abs(mean)));
      weight.size[channel] += gradient * z;
      weight.error[channel] += gradient * ((rounding + growth) * z + shift) + tiny * (1 + high);
    }
  }
  return { weight, bias };
}

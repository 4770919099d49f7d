// The input gradient of the counter-model, in closed form, with the mean or the variance detached where the profile says so.

import type { ModelOptions } from './model-state.ts';
import type { Moments, Uses } from './model-statistics.ts';
import type { EpsScaling, Profile, Scale } from './profile.ts';

/** dL/dx through the value itself and, unless detached, through the mean and the variance that it went into. */
export function inputGradient(
  profile: Profile,
  options: ModelOptions,
  x: Float64Array,
  z: Float64Array,
  gz: Float64Array,
  members: Int32Array,
  users: Int32Array,
  denominator: Float64Array,
  batch: Moments,
  used: Uses,
): Float64Array {
  const { scale, gradient, running } = profile;
  const count = denominator.length;
  const gMean = new Float64Array(count); // dL/d(mean of each statistic)
  const gVariance = new Float64Array(count);
  const gSize = new Float64Array(count); // dL/d(what a scaled eps is multiplied by)
  for (let i = 0; i < x.length; i++) {
    const id = users[i];
    if (scale.outputCentred) gMean[id] -= gz[i] / denominator[id];
    gVariance[id] -= gz[i] * z[i] * relativeSlope(used.variance[id], options.eps, denominator[id], scale);
    if (scale.scaling) {
      const slope = scale.scaling.inside ? options.eps / (2 * denominator[id] ** 2) : options.eps / denominator[id];
      gSize[id] -= gz[i] * z[i] * slope;
    }
  }
  const meanFlows = !(gradient?.meanDetached ?? false) && used.share > 0;
  const varianceFlows = !(gradient?.varianceDetached ?? false) && used.share > 0;
  const bufferDivisor = used.fromBatch ? scale.divisor : (running?.divisor ?? 'n');
  const input = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const id = members[i];
    input[i] = gz[i] / denominator[users[i]];
    if (meanFlows) input[i] += (used.share * gMean[id]) / batch.n[id];
    if (varianceFlows) {
      const centred = used.fromBatch ? scale.varianceCentred : true;
      const divisor = bufferDivisor === 'n' ? batch.n[id] : batch.n[id] - 1;
      input[i] += (used.share * gVariance[id] * 2 * (x[i] - (centred ? batch.mean[id] : 0))) / divisor;
      if (scale.scaling) input[i] += gSize[id] * sizeSlope(scale.scaling, x[i], batch, id);
    }
  }
  return input;
}

// --- internal ---

/** The derivative, by one element, of what a scaled eps is multiplied by. */
function sizeSlope({ by, inside }: EpsScaling, x: number, batch: Moments, id: number): number {
  const n = batch.n[id];
  const outer = inside ? 1 : batch.sizes[id] > 0 ? 1 / (2 * batch.sizes[id]) : 0; // of the root of the square
  switch (by) {
    case 'second-moment':
      return (outer * 2 * x) / n;
    case 'variance':
      return (outer * 2 * (x - batch.mean[id])) / n;
    case 'squared-mean':
      return (outer * 2 * batch.mean[id]) / n;
    case 'mean-size': {
      const size = inside ? Math.sqrt(batch.sizes[id]) : batch.sizes[id];
      return (outer * 2 * size * Math.sign(x)) / n;
    }
    case 'largest':
    case 'largest-of-all': {
      const size = inside ? Math.sqrt(batch.sizes[id]) : batch.sizes[id];
      return Math.abs(x) === size ? outer * 2 * x : 0;
    }
    default:
      return by satisfies never;
  }
}

/** (dD/dV) / D for the denominator D of a variance V. */
function relativeSlope(variance: number, eps: number, denominator: number, scale: Scale): number {
  const root = Math.sqrt(variance);
  switch (scale.placement) {
    case 'inside-sqrt':
      return 1 / (2 * (variance + eps));
    case 'outside-sqrt':
      return 1 / (2 * root * denominator);
    case 'squared':
      return 1 / (2 * (variance + eps * eps));
    case 'max':
      return root > eps ? 1 / (2 * variance) : 0;
    case 'max-variance':
      return variance > eps ? 1 / (2 * variance) : 0;
    case 'scaled-by-input':
      return scale.scaling?.inside === false ? 1 / (2 * root * denominator) : 1 / (2 * denominator * denominator);
    case 'absent':
      return 1 / (2 * variance);
    default:
      return scale.placement satisfies never;
  }
}

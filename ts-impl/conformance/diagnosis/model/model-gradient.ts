// The input gradient of the counter-model, in closed form, with the mean or the variance detached where the profile says so.

import type { ModelOptions } from './model-state.ts';
import type { Moments, Uses } from './model-statistics.ts';
import type { Profile, Scale } from './profile.ts';

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
  for (let i = 0; i < x.length; i++) {
    const id = users[i];
    if (scale.outputCentred) gMean[id] -= gz[i] / denominator[id];
    gVariance[id] -= gz[i] * z[i] * relativeSlope(used.variance[id], options.eps, denominator[id], scale);
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
    }
  }
  return input;
}

// --- internal ---

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
    case 'absent':
      return 1 / (2 * variance);
    default:
      return scale.placement satisfies never;
  }
}

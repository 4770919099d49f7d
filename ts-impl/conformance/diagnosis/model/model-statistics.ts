// The statistics of the counter-model: moments of a batch, buffers and how they move, and what an output is divided by.

import type { ModelOptions, ModelState } from './model-state.ts';
import type { Profile, Scale } from './profile.ts';

/** What the output is divided by for a statistic. */
export function denominatorOf(variance: number, eps: number, scale: Pick<Scale, 'placement'>): number {
  switch (scale.placement) {
    case 'inside-sqrt':
      return Math.sqrt(variance + eps);
    case 'outside-sqrt':
      return Math.sqrt(variance) + eps;
    case 'max':
      return Math.max(Math.sqrt(variance), eps);
    case 'squared':
      return Math.sqrt(variance + eps * eps);
    case 'absent':
      return Math.sqrt(variance);
    default:
      return scale.placement satisfies never;
  }
}

export interface Moments {
  readonly n: Float64Array; // [statistics]
  readonly mean: Float64Array;
  /** As the profile's scale averages it. */
  readonly variance: Float64Array;
  /** Of squared deviations from the mean. */
  readonly squares: Float64Array;
}

export function moments(x: Float64Array, members: Int32Array, count: number, scale: Scale): Moments {
  const n = new Float64Array(count);
  const mean = new Float64Array(count);
  const squares = new Float64Array(count);
  const raw = new Float64Array(count);
  for (let i = 0; i < x.length; i++) {
    n[members[i]]++;
    mean[members[i]] += x[i];
    raw[members[i]] += x[i] * x[i];
  }
  for (let id = 0; id < count; id++) mean[id] /= n[id];
  for (let i = 0; i < x.length; i++) squares[members[i]] += (x[i] - mean[members[i]]) ** 2;
  const variance = new Float64Array(count);
  for (let id = 0; id < count; id++) {
    variance[id] = (scale.varianceCentred ? squares[id] : raw[id]) / (scale.divisor === 'n' ? n[id] : n[id] - 1);
  }
  return { n, mean, variance, squares };
}

/** How much of a batch statistic is in the buffer after this step. */
export interface Shares {
  readonly newShare: number;
  readonly divisor: 'n' | 'n-1';
}

/** Takes the batch into the buffers, which move; null where there are none. */
export function updateBuffers(
  profile: Profile,
  options: ModelOptions,
  state: ModelState,
  x: Float64Array,
  members: Int32Array,
  count: number,
): Shares | null {
  const { running } = profile;
  if (running === null || state.mean === null || state.variance === null) return null;
  state.steps++;
  const plain = moments(x, members, count, { ...profile.scale, varianceCentred: true, divisor: running.divisor });
  const [oldShare, newShare] = sharesAt(profile, options, state.steps);
  const entriesCount = state.mean.length;
  const meanSum = new Float64Array(entriesCount);
  const varianceSum = new Float64Array(entriesCount);
  for (let id = 0; id < count; id++) {
    meanSum[id % entriesCount] += plain.mean[id];
    varianceSum[id % entriesCount] += running.tracked === 'std' ? Math.sqrt(plain.variance[id]) : plain.variance[id];
  }
  const instances = Math.max(1, count / entriesCount);
  const mean = new Float64Array(entriesCount);
  const variance = new Float64Array(entriesCount);
  for (let c = 0; c < entriesCount; c++) {
    const from = c % count; // one statistic for all entries where there are fewer
    mean[c] = oldShare * state.mean[c] + (newShare * meanSum[from]) / instances;
    variance[c] = oldShare * state.variance[c] + (newShare * varianceSum[from]) / instances;
  }
  state.mean = mean;
  state.variance = variance;
  return { newShare, divisor: running.divisor };
}

function sharesAt(profile: Profile, options: ModelOptions, step: number): readonly [number, number] {
  switch (profile.running?.rule) {
    case 'cumulative':
      return [(step - 1) / step, 1 / step];
    case 'first-step-copies':
      return step === 1 ? [0, 1] : [options.oldShare, options.newShare];
    case 'zero-debiased':
      return zeroDebiasedShares(1 - options.newShare, step);
    default:
      return [options.oldShare, options.newShare];
  }
}

/** Shares of a plain average started at 0 and divided by 1 − d^k: what a debiased average does, written as an update of itself. */
export function zeroDebiasedShares(decay: number, step: number): readonly [number, number] {
  const whole = 1 - decay ** step;
  return [(decay * (1 - decay ** (step - 1))) / whole, (1 - decay) / whole];
}

export function snapshot(state: ModelState): { mean: Float64Array | null; variance: Float64Array | null } {
  return { mean: state.mean, variance: state.variance };
}

export type Source = 'batch' | 'buffer' | 'running-after-update' | 'running-before-update';

/** The statistics that normalise, and how strongly each depends on the batch's own. */
export class Uses {
  readonly mean: Float64Array; // [statistics]
  readonly variance: Float64Array;
  readonly share: number;
  readonly fromBatch: boolean;

  constructor(
    count: number,
    batch: Moments,
    source: Source,
    buffers: { readonly mean: Float64Array | null; readonly variance: Float64Array | null },
    shares: Shares | null,
  ) {
    this.fromBatch = source === 'batch' || buffers.mean === null || buffers.variance === null;
    this.share = this.fromBatch ? 1 : source === 'running-after-update' ? (shares?.newShare ?? 0) : 0;
    if (this.fromBatch || buffers.mean === null || buffers.variance === null) {
      this.mean = batch.mean;
      this.variance = batch.variance;
      return;
    }
    this.mean = new Float64Array(count);
    this.variance = new Float64Array(count);
    for (let id = 0; id < count; id++) {
      this.mean[id] = buffers.mean[id % buffers.mean.length];
      this.variance[id] = buffers.variance[id % buffers.variance.length];
    }
  }
}

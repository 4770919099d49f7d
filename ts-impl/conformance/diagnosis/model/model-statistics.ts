// The statistics of the counter-model: moments of a batch, buffers and how they move, and what an output is divided by.

import type { ModelOptions, ModelState } from './model-state.ts';
import type { EpsScaling, Profile, Running, Scale } from './profile.ts';

/** What the output is divided by for a statistic; `size` is what a scaled eps is multiplied by. */
export function denominatorOf(
  variance: number,
  eps: number,
  scale: Pick<Scale, 'placement' | 'scaling'>,
  size = 0,
): number {
  switch (scale.placement) {
    case 'inside-sqrt':
      return Math.sqrt(variance + eps);
    case 'outside-sqrt':
      return Math.sqrt(variance) + eps;
    case 'max':
      return Math.max(Math.sqrt(variance), eps);
    case 'max-variance':
      return Math.sqrt(Math.max(variance, eps));
    case 'squared':
      return Math.sqrt(variance + eps * eps);
    case 'scaled-by-input':
      return scale.scaling?.inside === false ? Math.sqrt(variance) + eps * size : Math.sqrt(variance + eps * size);
    case 'absent':
      return Math.sqrt(variance);
    default:
      return scale.placement satisfies never;
  }
}

/** The variance that a denominator was made of: negative where there is none. */
export function varianceBehind(denominator: number, { eps, placement }: Pick<Scale, 'eps' | 'placement'>): number {
  switch (placement) {
    case 'inside-sqrt':
      return denominator * denominator - eps;
    case 'squared':
      return denominator * denominator - eps * eps;
    case 'outside-sqrt':
      return (denominator - eps) ** 2;
    case 'max':
    case 'max-variance':
    case 'scaled-by-input':
    case 'absent':
      return denominator * denominator;
    default:
      return placement satisfies never;
  }
}

export interface Moments {
  readonly n: Float64Array; // [statistics]
  readonly mean: Float64Array;
  /** As the profile's scale averages it. */
  readonly variance: Float64Array;
  /** Of squared deviations from the mean. */
  readonly squares: Float64Array;
  /** What a scaled eps is multiplied by; zeros under any other placement. */
  readonly sizes: Float64Array;
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
  const sizes = scale.scaling
    ? sizesOf(scale.scaling, x, members, { n, mean, raw, variance })
    : new Float64Array(count);
  return { n, mean, variance, squares, sizes };
}

/** Of each statistic's own elements, except for the largest of all. A scaled eps outside the root is multiplied by the root. */
function sizesOf(
  { by, inside }: EpsScaling,
  x: Float64Array,
  members: Int32Array,
  of: Pick<Moments, 'n' | 'mean' | 'variance'> & { readonly raw: Float64Array },
): Float64Array {
  const largest = new Float64Array(of.n.length);
  const absolute = new Float64Array(of.n.length);
  for (let i = 0; i < x.length; i++) {
    largest[members[i]] = Math.max(largest[members[i]], Math.abs(x[i]));
    absolute[members[i]] += Math.abs(x[i]);
  }
  const whole = largest.reduce((m, v) => Math.max(m, v), 0);
  return of.n.map((n, id) => {
    const squares = {
      'second-moment': of.raw[id] / n,
      variance: of.variance[id],
      'squared-mean': of.mean[id] ** 2,
      largest: largest[id] ** 2,
      'mean-size': (absolute[id] / n) ** 2,
      'largest-of-all': whole ** 2,
    };
    return inside ? squares[by] : Math.sqrt(squares[by]);
  });
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
  const kept = (held: number) => (oldShare === 0 ? 0 : oldShare * held); // a start that is no number is forgotten
  const entriesCount = state.mean.length;
  const meanSum = new Float64Array(entriesCount);
  const varianceSum = new Float64Array(entriesCount);
  for (let id = 0; id < count; id++) {
    meanSum[id % entriesCount] += plain.mean[id];
    varianceSum[id % entriesCount] += trackedValue(running, plain.variance[id], options.eps, profile.scale);
  }
  const instances = Math.max(1, count / entriesCount);
  const mean = new Float64Array(entriesCount);
  const variance = new Float64Array(entriesCount);
  for (let c = 0; c < entriesCount; c++) {
    const from = c % count; // one statistic for all entries where there are fewer
    mean[c] = kept(state.mean[c]) + (newShare * meanSum[from]) / instances;
    variance[c] = kept(state.variance[c]) + (newShare * varianceSum[from]) / instances;
  }
  state.mean = mean;
  state.variance = variance;
  return { newShare, divisor: running.divisor };
}

/** What the second buffer takes in for a batch's variance. */
export function trackedValue(
  { tracked, floored }: Pick<Running, 'tracked' | 'floored'>,
  variance: number,
  eps: number,
  scale: Scale,
): number {
  const root = floored ? denominatorOf(variance, eps, scale) : Math.sqrt(variance);
  switch (tracked) {
    case 'variance':
      return floored ? root * root : variance;
    case 'std':
      return root;
    case 'inverse-std':
      return 1 / root;
    default:
      return tracked satisfies never;
  }
}

/** The variance that an entry of the second buffer stands for. */
export function varianceOf(tracked: Running['tracked'], entry: number): number {
  return tracked === 'variance' ? entry : tracked === 'std' ? entry * entry : 1 / (entry * entry);
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

/** The buffers as they stand. */
export type Held = Pick<ModelState, 'mean' | 'variance'>;

export function snapshot(state: ModelState): Held {
  return { mean: state.mean, variance: state.variance };
}

export type Source = 'batch' | 'buffer' | 'running-after-update' | 'running-before-update';

/** The statistics that normalise, and how strongly each depends on the batch's own. */
export class Uses {
  readonly mean: Float64Array; // [statistics]
  readonly variance: Float64Array;
  readonly sizes: Float64Array;
  /** The variance has eps in it already. */
  readonly bare: boolean;
  readonly share: number;
  readonly fromBatch: boolean;

  constructor(
    count: number,
    batch: Moments,
    source: Source,
    buffers: Held,
    running: Running | null,
    shares: Shares | null,
  ) {
    this.fromBatch = source === 'batch' || buffers.mean === null || buffers.variance === null;
    this.share = this.fromBatch ? 1 : source === 'running-after-update' ? (shares?.newShare ?? 0) : 0;
    if (this.fromBatch || buffers.mean === null || buffers.variance === null) {
      this.mean = batch.mean;
      this.variance = batch.variance;
      this.sizes = batch.sizes;
      this.bare = false;
      return;
    }
    this.mean = new Float64Array(count);
    this.variance = new Float64Array(count);
    this.sizes = new Float64Array(count);
    this.bare = running?.bare ?? false;
    for (let id = 0; id < count; id++) {
      this.mean[id] = buffers.mean[id % buffers.mean.length];
      this.variance[id] = varianceOf(running?.tracked ?? 'variance', buffers.variance[id % buffers.variance.length]);
    }
  }
}

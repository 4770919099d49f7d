// The counter-model: computes in plain float64 what a layer with a given profile answers. It shares no code with the port.

import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { statisticCount, statisticIds } from './partition.ts';
import type { Affine, AffineTensor, Profile, Scale } from './profile.ts';

/** The tensors of a modelled layer; weight and bias are null where it has none. */
export interface ModelState {
  weight: Float64Array | null;
  bias: Float64Array | null;
  mean: Float64Array | null;
  variance: Float64Array | null;
  steps: number;
}

/** Numbers that a constructor argument may move. */
export interface ModelOptions {
  readonly eps: number;
  readonly newShare: number;
  readonly oldShare: number;
}

export interface ModelGradients {
  readonly input: Float64Array; // [elements]
  readonly weight: Float64Array | null;
  readonly bias: Float64Array | null;
}

export interface ModelForward {
  readonly output: Float64Array; // [elements]
  /** Gradients for an upstream gradient of this forward. */
  readonly backward: (upstream: Float64Array) => ModelGradients;
}

/** A fresh state: nothing is set, so the first forward gives every tensor its initial value, in the sizes of its input. */
export function initialState(): ModelState {
  return { weight: null, bias: null, mean: null, variance: null, steps: 0 };
}

/** Gives every tensor that the profile has and nobody set its initial value, for inputs of `shape`. */
export function fillState(profile: Profile, state: ModelState, shape: Shape): void {
  const { affine, running } = profile;
  const of = (t: AffineTensor, value: number) => new Float64Array(entryCount(t, profile, shape)).fill(value);
  if (affine.weight !== null) state.weight ??= of(affine.weight, affine.identity);
  if (affine.bias !== null) state.bias ??= of(affine.bias, 0);
  if (running === null) return;
  state.mean ??= new Float64Array(bufferCount(profile, shape)).fill(running.initial.mean);
  state.variance ??= new Float64Array(bufferCount(profile, shape)).fill(running.initial.variance);
}

/** Entries of a parameter for inputs of `shape`. */
export function entryCount(t: AffineTensor, profile: Profile, shape: Shape): number {
  if (t.flattened) return shape[1];
  if (!t.perGroup) return t.axes.reduce((n, axis) => n * shape[axis], 1);
  const { members } = profile.structure;
  return (members.kind === 'axes' ? members.groups?.count : null) ?? sizeOf(t.shape);
}

/** Entries of a buffer: one for each statistic that eval knows, samples counting as one. */
export function bufferCount(profile: Profile, shape: Shape): number {
  const members = profile.running?.users ?? profile.structure.members;
  if (members.kind === 'flattened') return shape[1];
  const apart = members.kept.filter((axis) => axis !== 0);
  const groups = members.groups?.count ?? 1;
  return apart.length === 0 && members.kept.includes(0)
    ? shape[0] * groups
    : apart.reduce((n, axis) => n * shape[axis], groups);
}

/** One forward of the modelled layer; `state`'s buffers move as the profile says. `x` is in index order, [elements] of `shape`. */
export function modelForward(
  profile: Profile,
  options: ModelOptions,
  state: ModelState,
  x: Float64Array,
  shape: Shape,
  mode: 'train' | 'eval',
): ModelForward {
  const { scale, running } = profile;
  fillState(profile, state, shape);
  const members = statisticIds(profile.structure.members, shape);
  const count = statisticCount(profile.structure.members, shape);
  const batch = moments(x, members, count, scale);
  const before = snapshot(state);
  const update = running !== null && (mode === 'train' || running.updatesInEval);
  const shares = update ? updateBuffers(profile, options, state, x, members, count) : null;
  const source = mode === 'eval' ? (running?.evalStatistics === 'running' ? 'buffer' : 'batch') : scale.statistics;
  const asBefore = source === 'running-before-update' || (source === 'buffer' && running?.evalReads === 'before');
  const partition = source === 'buffer' && running !== null ? running.users : profile.structure.users;
  const users = statisticIds(partition, shape);
  const used = new Uses(
    Math.max(count, statisticCount(partition, shape)),
    batch,
    source,
    asBefore ? before : state,
    shares,
  );
  const denominator = used.variance.map((v) => denominatorOf(v, options.eps, scale)); // [statistics]
  const w = entries(profile.affine.weight, state.weight, shape, profile.affine.identity);
  const b = entries(profile.affine.bias, state.bias, shape, 0);
  const form = profile.affine;
  const z = new Float64Array(x.length); // [elements]
  const output = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const id = users[i];
    z[i] = (x[i] - (scale.outputCentred ? used.mean[id] : 0)) / denominator[id];
    output[i] = applyAffine(form, z[i], w.values[i], b.values[i]);
  }
  const backward = (upstream: Float64Array): ModelGradients => {
    const gz = new Float64Array(x.length);
    const gw = w.index === null ? null : new Float64Array(state.weight?.length ?? 0);
    const gb = b.index === null ? null : new Float64Array(state.bias?.length ?? 0);
    for (let i = 0; i < x.length; i++) {
      const factor = form.form === 'one-plus-weight' ? 1 + w.values[i] : w.values[i];
      gz[i] = upstream[i] * factor;
      const scaled = form.form === 'bias-before-weight' ? z[i] + b.values[i] : z[i];
      if (gw !== null && w.index !== null) gw[w.index[i]] += upstream[i] * scaled;
      if (gb !== null && b.index !== null) {
        gb[b.index[i]] += form.form === 'bias-before-weight' ? gz[i] : upstream[i];
      }
    }
    return {
      input: inputGradient(profile, options, x, z, gz, members, users, denominator, batch, used),
      weight: gw,
      bias: gb,
    };
  };
  return { output, backward };
}

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

/** Which entry of a parameter goes with each element of an input, in index order. */
export function entryIndex(t: AffineTensor, shape: Shape, groups: number): Int32Array {
  const size = sizeOf(shape);
  const index = new Int32Array(size);
  if (t.flattened) {
    for (let i = 0; i < size; i++) index[i] = i % shape[1];
    return index;
  }
  const at = new Int32Array(shape.length);
  const weight = new Int32Array(shape.length);
  let stride = 1;
  for (const axis of [...t.axes].reverse()) {
    weight[axis] = stride;
    stride *= t.perGroup && axis === 1 ? groups : shape[axis];
  }
  const perGroup = Math.max(1, Math.floor((shape[1] ?? 1) / groups));
  for (let i = 0; i < size; i++) {
    let entry = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      entry += weight[axis] * (t.perGroup && axis === 1 ? Math.floor(at[axis] / perGroup) : at[axis]);
    }
    index[i] = entry;
    for (let axis = shape.length - 1; axis >= 0 && ++at[axis] === shape[axis]; axis--) at[axis] = 0;
  }
  return index;
}

// --- internal ---

interface Moments {
  readonly n: Float64Array; // [statistics]
  readonly mean: Float64Array;
  /** As the profile's scale averages it. */
  readonly variance: Float64Array;
  /** Of squared deviations from the mean. */
  readonly squares: Float64Array;
}

function moments(x: Float64Array, members: Int32Array, count: number, scale: Scale): Moments {
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
interface Shares {
  readonly newShare: number;
  readonly divisor: 'n' | 'n-1';
}

function updateBuffers(
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

function snapshot(state: ModelState): { mean: Float64Array | null; variance: Float64Array | null } {
  return { mean: state.mean, variance: state.variance };
}

type Source = 'batch' | 'buffer' | 'running-after-update' | 'running-before-update';

/** The statistics that normalise, and how strongly each depends on the batch's own. */
class Uses {
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

/** dL/dx through the value itself and, unless detached, through the mean and the variance that it went into. */
function inputGradient(
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

interface Entries {
  readonly values: Float64Array; // [elements]
  readonly index: Int32Array | null;
}

function entries(t: AffineTensor | null, values: Float64Array | null, shape: Shape, absent: number): Entries {
  const size = sizeOf(shape);
  if (t === null || values === null) return { values: new Float64Array(size).fill(absent), index: null };
  const index = entryIndex(t, shape, t.perGroup ? values.length : 1);
  const out = new Float64Array(size);
  for (let i = 0; i < size; i++) out[i] = values[index[i]];
  return { values: out, index };
}

function applyAffine(affine: Affine, z: number, w: number, b: number): number {
  switch (affine.form) {
    case 'one-plus-weight':
      return z * (1 + w) + b;
    case 'bias-before-weight':
      return (z + b) * w;
    default:
      return z * w + b;
  }
}

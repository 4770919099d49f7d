// One forward in float64: its statistics, the budget of its output and what it does to the running buffers. docs/tolerances.md derives the terms.

import { machineEpsilon } from '../../../tensor/dtype.ts';
import { suggestMemoryFormat } from '../../../tensor/memory-format.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import { type LayerState, type Tracked, valuesOf } from './layer-state.ts';
import { type Moments, momentsOf, type Scales, scalesOf } from './moments.ts';
import { OPEN, type Openness, opennessOf, TOGETHER } from './openness.ts';
import { type Precision, precisionOf, sumFactor } from './precision.ts';
import { type Sets, setsOf } from './statistic-sets.ts';

/** A forward as its backward sees it. */
export interface Pass {
  readonly x: Float64Array; // [elements]
  readonly sets: Sets;
  readonly eps: number;
  readonly weight: Float64Array | null; // [C]
  readonly bias: Float64Array | null; // [C]
  readonly precision: Precision;
  /** False for RMSNorm, where nothing is subtracted and nothing cancels. */
  readonly centred: boolean;
  /** Null where running statistics are used; a backward then reads the buffers as they are by then. */
  readonly moments: Moments | null;
}

/** What normalises each set: mean, 1/√(variance + eps) and how far off a correct computation may be. All [sets]. */
export interface Normaliser extends Scales {
  readonly mean: Float64Array;
  readonly meanError: Float64Array;
}

/** Runs the statistics of a forward and updates the running buffers of `state`. Null where the input does not fit the layer. */
export function runForward(state: LayerState, input: Tensor): Pass | null {
  const unbatched = state.family === 'instance' && input.shape.length === (state.spatialRank ?? Number.NaN) + 1;
  const shape = unbatched ? [1, ...input.shape] : input.shape;
  const sets = setsOf(state.family, shape, state.groups, state.normalizedRank);
  if (sets === null) return null;
  if (state.weight !== null && state.weight.length !== sets.channels) return null;
  if (state.bias !== null && state.bias.length !== sets.channels) return null;
  const eps = state.eps ?? machineEpsilon(input.dtype === 'float64' ? 'float64' : 'float32');
  // InstanceNorm casts its buffers to the type of the input, computes there, and casts them back.
  const kept = state.family === 'instance' ? null : state.parameters;
  // Strided BatchNorm takes its statistics by operators of the input's type.
  const precision = precisionOf(input.dtype, kept ?? input.dtype, state.family === 'batch');
  const x = valuesOf(input);
  const fromInput = usesInput(state);
  if (!fromInput && state.runningMean?.value.length !== sets.channels) return null;
  const onePass = state.family === 'group' && suggestMemoryFormat(input) === 'channelsLast';
  const rule = state.family === 'rms' ? 'uncentred' : onePass ? 'one-pass' : 'centred';
  const moments = fromInput ? momentsOf(x, sets, rule, precision) : null;
  if (moments !== null) updateRunning(state, moments, sets, precision);
  return { x, sets, eps, weight: state.weight, bias: state.bias, precision, centred: state.family !== 'rms', moments };
}

/** What normalises the elements of a pass, with the buffers as they stand. Null where a buffer is gone. */
export function normaliserOf(pass: Pass, state: LayerState): Normaliser | null {
  const { moments, sets, eps, precision } = pass;
  if (moments !== null) {
    const { mean, meanError, variance, varianceError, deviation, meanOpen, varianceOpen } = moments;
    const open = varianceOpen.map((kind, set) => Math.max(kind, meanOpen[set]));
    return { mean, meanError, ...scalesOf(variance, varianceError, deviation, open, eps, precision) };
  }
  if (state.runningMean === null || state.runningVar === null) return null;
  const { keep, keepTiny } = precision;
  const cast = (error: number, value: number) => error + keep * Math.abs(value) + keepTiny;
  const mean = spread(state.runningMean.value, sets); // [sets]
  const meanError = spread(state.runningMean.error, sets).map((error, set) => cast(error, mean[set]));
  const variance = spread(state.runningVar.value, sets);
  const varianceError = spread(state.runningVar.error, sets).map((error, set) => cast(error, variance[set]));
  const castOpen = keep > 0 ? precision.keepLargest : Number.POSITIVE_INFINITY;
  const open = spread(state.runningVar.open, sets).map((kind, set) => {
    const size = Math.max(Math.abs(mean[set]) + meanError[set], Math.abs(variance[set]) + varianceError[set]);
    return size > castOpen ? OPEN : Math.max(kind, state.runningMean?.open[set % sets.channels] ?? 0);
  });
  return { mean, meanError, ...scalesOf(variance, varianceError, null, Uint8Array.from(open), eps, precision) };
}

/** |w|·( r₊·(δm + c·(|x| + |m|)) + |x − m|·Δr + c·|z| ) + c·(|b| + |y|) for each element of the output. */
export function outputBudgets(pass: Pass, by: Normaliser): Float64Array {
  const { x, sets, weight, bias, precision } = pass;
  const { c, tiny, half, answerTiny } = precision;
  const budgets = new Float64Array(x.length); // [elements]
  const shiftRounding = pass.centred ? c : 0;
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const channel = slot % sets.channels;
    const w = weight === null ? 1 : weight[channel];
    const b = bias === null ? 0 : bias[channel];
    const size = Math.abs(w);
    const mean = by.mean[set];
    const scale = by.scale[set];
    const high = by.scaleHigh[set];
    const spread = by.scaleSpread[set];
    const end = i + sets.inner;
    if (high === Number.POSITIVE_INFINITY) {
      // The variance may be computed as 0 and eps does not help: no digit is left, but for a weight of 0.
      budgets.fill(size === 0 ? Number.NaN : high, i, end);
      i = end;
      continue;
    }
    for (; i < end; i++) {
      const deviation = Math.abs(x[i] - mean);
      const shift = by.meanError[set] + shiftRounding * (Math.abs(x[i]) + Math.abs(mean));
      const y = (x[i] - mean) * scale * w + b;
      budgets[i] =
        size * (high * shift + deviation * spread + (c + half) * deviation * high) +
        c * Math.abs(b) +
        (c + half) * Math.abs(y) +
        answerTiny +
        tiny * (2 + size + size * high + Math.abs(x[i]) + Math.abs(mean));
    }
  }
  return budgets;
}

/** Where the output may leave the numbers: with its statistics, at an element that is none, and beyond the largest number of its type. */
export function outputOpenness(pass: Pass, by: Normaliser, budgets: Float64Array): Openness {
  const { x, sets, weight, bias } = pass;
  const size = new Float64Array(x.length); // [elements]
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const channel = slot % sets.channels;
    const scale = Math.max(1, Math.abs(weight === null ? 1 : weight[channel])) * by.scaleHigh[set]; // z comes before w
    const b = Math.abs(bias === null ? 0 : bias[channel]);
    for (const end = i + sets.inner; i < end; i++) size[i] = scale * Math.abs(x[i] - by.mean[set]) + b;
  }
  const kindAt = (i: number) =>
    Math.max(by.open[sets.setOf[Math.floor(i / sets.inner)]], Number.isFinite(x[i]) ? 0 : TOGETHER);
  return opennessOf(kindAt, size, budgets, pass.precision.largest);
}

// --- internal ---

/** Whether the statistics are the input's own. */
function usesInput(state: LayerState): boolean {
  if (state.family === 'instance') return state.training || !state.tracks;
  if (state.family !== 'batch') return true;
  return state.training || (state.runningMean === null && state.runningVar === null);
}

function spread(perChannel: Float64Array | Uint8Array, sets: Sets): Float64Array {
  const perSet = new Float64Array(sets.count); // [N, C]
  for (let set = 0; set < sets.count; set++) perSet[set] = perChannel[set % perChannel.length];
  return perSet;
}

/** running ← (1 − f)·running + f·statistic, with the variance unbiased, and the error that goes with it. */
function updateRunning(state: LayerState, moments: Moments, sets: Sets, precision: Precision): void {
  const running = state.family === 'batch' || state.family === 'instance';
  if (!running) return;
  if (state.family === 'batch') {
    if (!state.training || !state.tracks) return;
    if (state.batches !== null) state.batches++;
    if (moments.n === 0) return;
  }
  if (state.runningMean === null || state.runningVar === null) return;
  if (state.runningMean.value.length !== sets.channels) return;
  const factor = state.momentum ?? (state.family === 'instance' || state.batches === null ? 0 : 1 / state.batches);
  const unbias = moments.n / (moments.n - 1);
  const { mean, meanError, meanOpen, variance, varianceError, varianceOpen } = moments;
  state.runningMean = blend(state.runningMean, mean, meanError, meanOpen, factor, 1, sets, precision);
  state.runningVar = blend(state.runningVar, variance, varianceError, varianceOpen, factor, unbias, sets, precision);
}

/** A statistic per set, averaged over the sets of each channel (one for BatchNorm, N for InstanceNorm), into the buffer. */
function blend(
  buffer: Tracked,
  statistic: Float64Array, // [sets]
  errors: Float64Array, // [sets]
  openness: Uint8Array, // [sets]
  factor: number,
  unbias: number,
  sets: Sets,
  precision: Precision,
): Tracked {
  const channels = buffer.value.length;
  const instances = sets.count / channels;
  const value = new Float64Array(channels); // [C]
  const error = new Float64Array(channels); // [C]
  const open = new Uint8Array(channels); // [C]
  const { c, tiny, keep, keepTiny, keepLargest } = precision;
  const rounding = c * (instances > 1 ? sumFactor(instances) : 1);
  const [kept, added] = [Math.abs(1 - factor), Math.abs(factor)];
  for (let channel = 0; channel < channels; channel++) {
    let mean = 0;
    let meanError = 0;
    let meanSize = 0;
    open[channel] = buffer.open[channel];
    for (let set = channel; set < sets.count; set += channels) {
      mean += (statistic[set] * unbias) / instances;
      meanSize += Math.abs(statistic[set] * unbias) / instances;
      meanError += Math.abs(errors[set] * unbias) / instances;
      open[channel] = Math.max(open[channel], openness[set]);
    }
    const old = buffer.value[channel];
    const size = (kept + added) * Math.abs(old) + added * meanSize;
    const exact = (1 - factor) * old + factor * mean;
    error[channel] = kept * buffer.error[channel] + added * meanError + (rounding + keep) * size + tiny + keepTiny;
    value[channel] = exact; // what is too large for the type is open, and may be kept in a wider one
    if (size + error[channel] > keepLargest || sets.count * meanSize > precision.workLargest) open[channel] = OPEN;
    else if (!Number.isFinite(exact)) open[channel] = Math.max(open[channel], TOGETHER);
  }
  return { value, error, open };
}

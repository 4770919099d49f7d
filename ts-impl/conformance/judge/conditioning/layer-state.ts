// A layer's options, parameters and buffers as the steps of a Case leave them, in float64, buffers with the error they may carry. No forward here.

import type { Arguments, NamedTensor, Value } from '../../../../cases/case.ts';
import type { Dtype } from '../../../tensor/dtype.ts';
import { contiguous, type Tensor } from '../../../tensor/tensor.ts';
import { elementsOf } from '../elements.ts';

export type Family = 'batch' | 'instance' | 'layer' | 'group' | 'rms';

/** A buffer in float64 and how far a correct computation may be from it. */
export interface Tracked {
  readonly value: Float64Array; // [C]
  readonly error: Float64Array; // [C]
  /** Whether a correct computation may have left the numbers here. */
  readonly open: Uint8Array; // [C]
}

/** Changes from step to step; the model that owns it is made anew for each Case. */
export interface LayerState {
  readonly family: Family;
  /** The dtype of parameters and buffers; null where there are none. */
  parameters: Dtype | null;
  training: boolean;
  /** Null: the machine epsilon of the input's dtype (RMSNorm). */
  eps: number | null;
  /** Null: the cumulative average. */
  momentum: number | null;
  tracks: boolean;
  groups: number;
  normalizedRank: number;
  /** Axes behind the channel that the layer's name promises, 3 for `…3d`; null where the name promises none. */
  readonly spatialRank: number | null;
  weight: Float64Array | null;
  bias: Float64Array | null;
  runningMean: Tracked | null;
  runningVar: Tracked | null;
  batches: number | null;
}

/** The state after construction with PyTorch's defaults; null for a layer or argument the model does not know. */
export function constructState(layer: string, given: Arguments): LayerState | null {
  const family = FAMILIES[layer.replace(/[123]d$/, '')];
  if (family === undefined) return null;
  const running = family === 'batch' || family === 'instance';
  const affine = truthy(given.affine ?? given.elementwise_affine, family !== 'instance');
  const tracks = running && truthy(given.track_running_stats, family === 'batch');
  const shape = family === 'layer' || family === 'rms' ? numbersOf(given.normalized_shape) : null;
  const features =
    shape === null ? numberOf(given.num_features ?? given.num_channels) : shape.reduce((size, n) => size * n, 1);
  if (features === null || !(features >= 0)) return affine || tracks ? null : bare(layer, family, given, shape);
  const state = bare(layer, family, given, shape);
  state.tracks = tracks;
  if (affine) state.weight = new Float64Array(features).fill(1);
  if (affine && family !== 'rms' && truthy(given.bias, true)) state.bias = new Float64Array(features);
  if (tracks) resetRunning(state, features);
  return state;
}

/** Options alone: no parameter, no buffer. */
export function bare(layer: string, family: Family, given: Arguments, shape: readonly number[] | null): LayerState {
  const dimensions = /([123])d$/.exec(layer)?.[1];
  return {
    family,
    parameters: null,
    training: true,
    eps: given.eps === undefined ? (family === 'rms' ? null : 1e-5) : numberOf(given.eps),
    momentum: given.momentum === undefined ? 0.1 : numberOf(given.momentum),
    tracks: false,
    groups: numberOf(given.num_groups) ?? 1,
    normalizedRank: shape?.length ?? 0,
    spatialRank: dimensions === undefined ? null : Number(dimensions),
    weight: null,
    bias: null,
    runningMean: null,
    runningVar: null,
    batches: null,
  };
}

export function resetState(state: LayerState, what: 'running_stats' | 'parameters'): void {
  if (state.runningMean !== null) resetRunning(state, state.runningMean.value.length);
  if (what === 'running_stats') return;
  if (state.weight !== null) state.weight = new Float64Array(state.weight.length).fill(1);
  if (state.bias !== null) state.bias = new Float64Array(state.bias.length);
}

/** Sets a parameter or buffer by PyTorch's name; false for a name the model does not know. */
export function setTensor(state: LayerState, name: string, tensor: Tensor | null): boolean {
  const values = tensor === null ? null : valuesOf(tensor);
  const tracked = values === null ? null : trackedFrom(values);
  if (tensor !== null && tensor.dtype !== 'int64') state.parameters = tensor.dtype;
  if (name === 'weight') state.weight = values;
  else if (name === 'bias') state.bias = values;
  else if (name === 'running_mean') state.runningMean = tracked;
  else if (name === 'running_var') state.runningVar = tracked;
  else if (name === 'num_batches_tracked') state.batches = values === null ? null : values[0];
  else return false;
  return true;
}

export function loadEntries(state: LayerState, entries: readonly NamedTensor[]): void {
  for (const { name, tensor } of entries) setTensor(state, name, tensor); // names beyond the layer's are reported, not loaded
}

/** Sets an option by PyTorch's name; false for one the model does not know. */
export function setAttribute(state: LayerState, name: string, value: Value): boolean {
  const number = numberOf(value);
  if (name === 'eps') state.eps = number;
  else if (name === 'momentum') state.momentum = number;
  else if (name === 'track_running_stats') state.tracks = truthy(value, false);
  else if (name === 'training') state.training = truthy(value, true);
  else if (name === 'num_groups' && number !== null) state.groups = number;
  else return false;
  return true;
}

/** Any tensor's values in index order as float64, in memory of their own. */
export function valuesOf(t: Tensor): Float64Array {
  return Float64Array.from(elementsOf(contiguous(t)));
}

export function numberOf(value: Value | undefined): number | null {
  return value !== undefined && (value.kind === 'int' || value.kind === 'float') ? value.value : null;
}

export function numbersOf(value: Value | undefined): number[] | null {
  if (value === undefined) return null;
  if (value.kind !== 'list') return value.kind === 'int' ? [value.value] : null;
  const numbers = value.items.map(numberOf);
  return numbers.every((n) => n !== null) ? numbers : null;
}

export function truthy(value: Value | undefined, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  return value.kind === 'bool' ? value.value : value.kind !== 'null';
}

/** A buffer that was given and is exact. */
export function trackedFrom(value: Float64Array): Tracked {
  return { value, error: new Float64Array(value.length), open: new Uint8Array(value.length) };
}

// --- internal ---

const FAMILIES: Readonly<Record<string, Family | undefined>> = {
  BatchNorm: 'batch',
  InstanceNorm: 'instance',
  LayerNorm: 'layer',
  GroupNorm: 'group',
  RMSNorm: 'rms',
};

function resetRunning(state: LayerState, features: number): void {
  state.runningMean = trackedFrom(new Float64Array(features));
  state.runningVar = trackedFrom(new Float64Array(features).fill(1));
  state.batches = 0;
}

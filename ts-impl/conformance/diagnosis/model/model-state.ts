// What a modelled layer holds and what its options are. Data and its initial values.

import type { Shape } from '../../../tensor/shape.ts';
import { bufferCount, entryCount } from './model-entries.ts';
import type { AffineTensor, Profile } from './profile.ts';

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

/** A fresh state: nothing is set, so the first forward gives every tensor its initial value, in the sizes of its input. */
export function initialState(): ModelState {
  return { weight: null, bias: null, mean: null, variance: null, steps: 0 };
}

/** Gives every tensor that the profile has and nobody set its initial value, for inputs of `shape`. */
export function fillState(profile: Profile, state: ModelState, shape: Shape): void {
  const { affine, running, traits } = profile;
  const of = (t: AffineTensor, value: number) => new Float64Array(entryCount(t, profile, shape)).fill(value);
  if (affine.weight !== null) state.weight ??= of(affine.weight, traits.initial.weight?.value ?? affine.identity);
  if (affine.bias !== null) state.bias ??= of(affine.bias, traits.initial.bias?.value ?? 0);
  if (running === null) return;
  state.mean ??= new Float64Array(bufferCount(profile, shape)).fill(running.initial.mean);
  state.variance ??= new Float64Array(bufferCount(profile, shape)).fill(running.initial.variance);
}

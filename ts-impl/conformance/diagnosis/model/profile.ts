// The profile: the point in the space of conventions at which a specimen was measured. Plain data; comparing it is another room.

import type { Shape } from '../../../tensor/shape.ts';
import type { Partition, Structure } from './partition.ts';

export type VarianceKind = 'biased' | 'unbiased' | 'second-moment';
export type EpsPlacement = 'inside-sqrt' | 'outside-sqrt' | 'max' | 'squared' | 'absent';
export type StatisticsSource = 'batch' | 'running-after-update' | 'running-before-update';
export type MomentumRule =
  | 'new-weight'
  | 'old-weight'
  | 'cumulative'
  | 'first-step-copies'
  | 'zero-debiased'
  | 'overwritten'
  | 'never-updated'
  | 'other';
export type AffineForm =
  | 'weight*x+bias'
  | 'one-plus-weight'
  | 'bias-before-weight'
  | 'weight-only'
  | 'bias-only'
  | 'none'
  | 'ignored';

/** A parameter: where it is, and which of its entries multiplies (or shifts) each element of an input of the probed shape. */
export interface AffineTensor {
  readonly name: string;
  readonly shape: Shape;
  /** Axes of the input along which the entry changes; size-1 axes do not count. */
  readonly axes: readonly number[];
  /** One entry for each group of axis 1 rather than for each channel. */
  readonly perGroup: boolean;
  /** The entry is the flat index modulo the channel count. */
  readonly flattened: boolean;
}

export interface Affine {
  readonly form: AffineForm;
  readonly weight: AffineTensor | null;
  readonly bias: AffineTensor | null;
  /** The weight at which the output is the bare normalised value: 1, or 0 under one-plus-weight. */
  readonly identity: 0 | 1;
}

export interface Scale {
  /** The mean taken from the output, and the one taken inside the variance. */
  readonly outputCentred: boolean;
  readonly varianceCentred: boolean;
  /** How squares are averaged, whatever they are centred on. */
  readonly divisor: 'n' | 'n-1';
  readonly eps: number;
  readonly placement: EpsPlacement;
  readonly statistics: StatisticsSource;
}

export interface Running {
  readonly mean: string;
  readonly variance: string;
  readonly shape: Shape;
  readonly rule: MomentumRule;
  /** The share of the new statistic in a default-constructed layer's second step. */
  readonly newShare: number;
  /** The share of the old buffer in the same step. */
  readonly oldShare: number;
  /** The constructor argument that moves the shares, which of them it is, and its default. */
  readonly argument: { readonly name: string; readonly weighs: 'new' | 'old'; readonly default: number | null } | null;
  readonly divisor: 'n' | 'n-1';
  readonly tracked: 'variance' | 'std';
  readonly initial: { readonly mean: number; readonly variance: number };
  readonly updatesInEval: boolean;
  readonly attached: readonly string[];
  /** What eval normalises with. */
  readonly evalStatistics: 'running' | 'batch' | 'unknown';
  /** Which elements eval normalises with which buffer entry. */
  readonly users: Partition;
  /** Where an eval step moves the buffers: whether it normalises with them as they were before, or after. */
  readonly evalReads: 'before' | 'after';
}

export interface Gradient {
  readonly meanDetached: boolean;
  readonly varianceDetached: boolean;
}

export interface Layouts {
  readonly works: readonly string[];
  readonly fails: readonly { readonly layout: string; readonly message: string }[];
}

export interface Profile {
  readonly shape: Shape;
  readonly structure: Structure;
  readonly affine: Affine;
  readonly scale: Scale;
  readonly running: Running | null;
  /** What eval normalises with where there are no buffers: always the batch. */
  readonly gradient: Gradient | null;
  readonly layouts: Layouts;
  readonly mutatesInput: boolean;
  readonly stdout: string;
  /** The constructor argument that sets eps, if one does. */
  readonly epsArgument: string | null;
  /** What a statistic of one value does in training; null where it was not asked. */
  readonly singleValue: string | null;
  /** Tensors of the instance that have no role. */
  readonly extras: readonly string[];
  readonly counter: string | null;
  /** Whether a trained layer gives in eval what it gives in training. */
  readonly evalIsTrain: boolean;
  /** What it was measured in: float64, or float32 where it refuses float64. */
  readonly dtype: 'float64' | 'float32';
  /** How near the model can come to the specimen, relative to the size of a tensor: what its own precision allows. */
  readonly agreement: number;
}

// The profile: the point in the space of conventions at which a specimen was measured. Plain data; comparing it is another room.

import type { Shape } from '../../../tensor/shape.ts';
import type { Partition, Structure } from './partition.ts';

export type VarianceKind = 'biased' | 'unbiased' | 'second-moment';
/** `max-variance`: the variance, not its root, is kept from falling below eps; both are `max` in reports. */
export type EpsPlacement =
  | 'inside-sqrt'
  | 'outside-sqrt'
  | 'max'
  | 'max-variance'
  | 'squared'
  | 'scaled-by-input'
  | 'absent';
/** What eps is multiplied by under `scaled-by-input`, of each statistic's own elements, and whether it stands inside the root. */
export interface EpsScaling {
  readonly by: 'second-moment' | 'variance' | 'squared-mean' | 'largest' | 'mean-size' | 'largest-of-all';
  readonly inside: boolean;
}
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
  | 'ignored'
  | 'forced-one';

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
  /** Null unless the placement is scaled-by-input. */
  readonly scaling?: EpsScaling | null;
  readonly statistics: StatisticsSource;
}

export interface Running {
  /** The names of the buffers; null where none holds just that, and the rule was read off what eval does. */
  readonly mean: string | null;
  readonly variance: string | null;
  readonly shape: Shape;
  readonly rule: MomentumRule;
  /** The share of the new statistic in a default-constructed layer's second step. */
  readonly newShare: number;
  /** The share of the old buffer in the same step. */
  readonly oldShare: number;
  /** The constructor argument that moves the shares, which of them it is, and its default. */
  readonly argument: { readonly name: string; readonly weighs: 'new' | 'old'; readonly default: number | null } | null;
  readonly divisor: 'n' | 'n-1';
  /** What the second buffer holds. */
  readonly tracked: 'variance' | 'std' | 'inverse-std';
  /** Eps went into what is tracked. */
  readonly floored: boolean;
  /** Eval adds no eps of its own. */
  readonly bare: boolean;
  /** The buffers hold sums, and a third tensor what to divide them by; `rule` is that of the quotients. */
  readonly sums: boolean;
  /** The buffer that is called the mean holds the variance, and the other way round. */
  readonly swapped: boolean;
  /** The buffers are made by the first step: before it eval raises. */
  readonly late: boolean;
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
  /** Names of the gradients that it answers, for a specimen that need not answer all; all where left out. */
  readonly answered?: readonly string[];
}

export interface Layouts {
  readonly works: readonly string[];
  readonly fails: readonly { readonly layout: string; readonly message: string }[];
}

/** What a fresh parameter holds; `value` is null where its entries differ. */
export interface InitialEntries {
  readonly word: 'ones' | 'zeros' | 'uniform' | 'other';
  readonly value: number | null;
}

/** What was asked beside the point itself. Null where it was not asked, or has no meaning for the subject. */
export interface Traits {
  readonly initial: { readonly weight: InitialEntries | null; readonly bias: InitialEntries | null };
  readonly algorithm: 'stable' | 'one-pass' | 'one-pass-clamped' | null;
  readonly precision: {
    readonly accumulation: 'float32-or-wider' | 'input-dtype';
    /** Null where the statistics are already too coarse to tell, or there is no weight. */
    readonly affine: 'before-rounding' | 'after-rounding' | null;
  } | null;
  /** Its code speaks of half precision, so what it does there counts. */
  readonly claimsHalf: boolean;
  readonly epsZero: 'honoured' | 'replaced-by-default' | 'rejected' | null;
  /** What eval does without running statistics, or before the step that makes them. */
  readonly untrackedEval: 'batch' | 'running-initial' | 'raises' | 'other' | null;
  readonly counting: 'counted' | 'frozen' | 'absent' | null;
  /** Roles whose tensor is not in the state dict. */
  readonly unsaved: readonly string[];
  /** The variance that the running one takes in is not the same at every rank of the input. */
  readonly divisorByRank: boolean;
  /** The affine form has to be asked for, or is there unless declined; null without such an option. */
  readonly affineDefault: boolean | null;
  readonly errors: { readonly word: 'accepts' | 'refuses' | 'other-error'; readonly message: string } | null;
  /** Ranks on which it behaves unlike PyTorch's layer: refused though legal. */
  readonly ranksRefused: readonly number[];
}

/** Nothing asked. */
export const NO_TRAITS: Traits = {
  initial: { weight: null, bias: null },
  algorithm: null,
  precision: null,
  claimsHalf: false,
  epsZero: null,
  untrackedEval: null,
  counting: null,
  unsaved: [],
  divisorByRank: false,
  affineDefault: null,
  errors: null,
  ranksRefused: [],
};

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
  readonly traits: Traits;
  readonly counter: string | null;
  /** Whether a trained layer gives in eval what it gives in training. */
  readonly evalIsTrain: boolean;
  /** What it was measured in: float64, or float32 where it refuses float64. */
  readonly dtype: 'float64' | 'float32';
  /** How near the model can come to the specimen, relative to the size of a tensor: what its own precision allows. */
  readonly agreement: number;
}

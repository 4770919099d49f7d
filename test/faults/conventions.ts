// What the plain norm can be told to do otherwise: one field for each convention that changes its numbers. It computes nothing.

export interface Conventions {
  /** What the squares are divided by to normalise. */
  readonly divisor: 'n' | 'n-1';
  /** Whether the squares are taken about the mean, and the output has it taken off; null as the layer has it (RMSNorm has neither). */
  readonly centredVariance: boolean | null;
  readonly centredOutput: boolean | null;
  readonly runningDivisor: 'n-1' | 'n' | 'n-1 from rank 4';
  readonly tracked: 'variance' | 'std' | 'inverse-std' | 'sum' | 'swapped';
  readonly rule:
    | 'new-weight'
    | 'old-weight'
    | 'cumulative'
    | 'zero-debiased'
    | 'first-step-copies'
    | 'overwritten'
    | 'never-updated';
  /** Momentum and eps of a layer that is not given one; null as PyTorch. */
  readonly momentum: number | null;
  readonly eps: number | null;
  readonly epsPlacement: 'inside-sqrt' | 'outside-sqrt' | 'max' | 'absent' | 'squared' | 'scaled-by-input' | 'twice';
  readonly epsZero: 'honoured' | 'replaced-by-default' | 'rejected';
  /** One-pass: E[x²] − E[x]² in the input's own dtype. */
  readonly algorithm: 'stable' | 'one-pass' | 'one-pass-clamped';
  readonly precision: 'wide' | 'bfloat16-statistics' | 'bfloat16-output';
  /** Axes that a statistic does not run over; null as the layer has it. */
  readonly kept: ((rank: number, own: readonly number[]) => readonly number[]) | null;
  readonly channelAxis: '1' | '-1' | '0' | 'broadcast-last' | 'flattened';
  readonly groups: 'contiguous' | 'interleaved' | 'one' | 'each-channel' | 'transposed';
  readonly affineShape: 'own' | 'G' | 'last-axis' | 'scalar' | 'reversed';
  readonly affineForm:
    | 'weight*x+bias'
    | 'one-plus-weight'
    | 'bias-before-weight'
    | 'weight-only'
    | 'bias-only'
    | 'none'
    | 'minus-bias'
    | 'absolute-weight';
  readonly statisticsTrain: 'batch' | 'running-after-update' | 'running-before-update';
  readonly statisticsEval: 'running' | 'batch';
  readonly untrackedEval: 'batch' | 'running-initial' | 'raises';
  readonly updateInEval: boolean;
  readonly initial: { readonly mean: number; readonly variance: number };
  readonly runningGradient: 'detached' | 'attached';
  readonly gradient: 'differentiated' | 'detached' | 'mean-detached' | 'variance-detached';
  /** What the gradient of the weight is made of. */
  readonly weightGradient: 'normalised' | 'input' | 'mean';
  readonly singleValue: 'own' | 'nan' | 'zero' | 'bias' | 'sign' | 'input' | 'raises';
  readonly weightInitial: { readonly weight: number | 'uniform'; readonly bias: number };
  readonly inputLayout: 'any' | 'contiguous-only' | 'as-it-lies';
  readonly inputRank: 'any' | readonly number[];
  readonly inputDtype: 'any' | 'float32-only' | 'computes-in-float32';
  /** The input is overwritten by the normalised values, which the gradient then sees in its place. */
  readonly inputMutated: boolean;
}

export const PYTORCH: Conventions = {
  divisor: 'n',
  centredVariance: null,
  centredOutput: null,
  runningDivisor: 'n-1',
  tracked: 'variance',
  rule: 'new-weight',
  momentum: null,
  eps: null,
  epsPlacement: 'inside-sqrt',
  epsZero: 'honoured',
  algorithm: 'stable',
  precision: 'wide',
  kept: null,
  channelAxis: '1',
  groups: 'contiguous',
  affineShape: 'own',
  affineForm: 'weight*x+bias',
  statisticsTrain: 'batch',
  statisticsEval: 'running',
  untrackedEval: 'batch',
  updateInEval: false,
  initial: { mean: 0, variance: 1 },
  runningGradient: 'detached',
  gradient: 'differentiated',
  weightGradient: 'normalised',
  singleValue: 'own',
  weightInitial: { weight: 1, bias: 0 },
  inputLayout: 'any',
  inputRank: 'any',
  inputDtype: 'any',
  inputMutated: false,
};

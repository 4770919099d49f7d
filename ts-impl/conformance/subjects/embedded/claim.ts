// A claim: on which kind of answer the port was measured against PyTorch, and how many elements had its bits. It measures nothing itself.

import type { Case, Step } from '../../../../cases/case.ts';
import { isChannelsLastContiguous } from '../../../tensor/memory-format.ts';
import { isContiguous, type Tensor } from '../../../tensor/tensor.ts';

export type ClaimDirection = 'forward' | 'backward' | 'buffers' | 'double_backward';
export type ClaimLayout = 'contiguous' | 'channels_last' | 'mixed' | 'strided';

/** What kind of answer a tensor of a step is. */
export interface ClaimKey {
  readonly layer: string;
  readonly dtype: string;
  readonly direction: ClaimDirection;
  readonly mode: 'train' | 'eval';
  /** How what went into the step lay in memory: of the latest forward, and of the upstream gradient for a backward. */
  readonly layout: ClaimLayout;
}

/** Counts of elements but for `cases`; identical + within + differs = elements. */
export interface Claim extends ClaimKey {
  readonly cases: number;
  readonly elements: number;
  readonly identical: number;
  readonly within: number;
  readonly differs: number;
  readonly maxUlp: number | null;
}

/** Steps that PyTorch refused, and how many of them the port refused with the same type and text. */
export interface RefusalClaim {
  readonly layer: string;
  readonly asked: number;
  readonly identical: number;
}

export interface Claims {
  /** The version of PyTorch that was measured, as `torch.__version__` says. */
  readonly torch: string;
  readonly capability: string | null;
  readonly threads: number | null;
  /** The cases it was measured on, in words that `normative check` takes. */
  readonly suites: readonly string[];
  readonly cases: number;
  readonly rows: readonly Claim[];
  readonly refusals: readonly RefusalClaim[];
}

/** Proven: not one element of another bit, in enough cases to speak of. */
export function isProven(claim: Claim): boolean {
  return claim.cases >= ENOUGH_CASES && claim.elements > 0 && claim.identical === claim.elements;
}

/** Fewer cases than this prove nothing. */
export const ENOUGH_CASES = 10;

/** Where each step of a case stands: mode and layout. */
export interface Place {
  readonly mode: 'train' | 'eval';
  readonly layout: ClaimLayout;
}

export function placesOf(c: Case): readonly Place[] {
  let mode: Place['mode'] = 'train';
  let input: ClaimLayout = 'contiguous';
  return c.steps.map((step): Place => {
    if (step.kind === 'forward') {
      mode = step.mode ?? mode;
      input = layoutOf(step.input);
    }
    if (step.kind === 'call') {
      mode = modeOfCall(step);
      input = layoutOfCall(step);
    }
    const gradient = step.kind === 'backward' || step.kind === 'double_backward' ? layoutOf(step.gradient) : input;
    return { mode, layout: together(input, gradient) };
  });
}

/** The kind of the tensor `name` that a step answered. */
export function keyOf(c: Case, step: Step, place: Place, name: string, dtype: string): ClaimKey {
  return { layer: c.layer, dtype, direction: directionOf(step, name), ...place };
}

export function wordOf({ layer, dtype, direction, mode, layout }: ClaimKey): string {
  return `${layer} ${dtype} ${direction} ${mode} ${layout}`;
}

// --- internal ---

function directionOf(step: Step, name: string): ClaimDirection {
  if (step.kind === 'backward' || step.kind === 'double_backward') return step.kind;
  return name === 'output' ? 'forward' : 'buffers';
}

function layoutOf(t: Tensor): ClaimLayout {
  if (isContiguous(t)) return 'contiguous';
  return isChannelsLastContiguous(t) ? 'channels_last' : 'strided';
}

/** A parameter that is not contiguous makes the whole call strided. */
function layoutOfCall(step: Step & { kind: 'call' }): ClaimLayout {
  let layout: ClaimLayout = 'contiguous';
  for (const [name, value] of Object.entries(step.arguments)) {
    if (value.kind !== 'tensor') continue;
    if (name !== 'input' && !isContiguous(value.tensor)) return 'strided';
    if (name === 'input') layout = layoutOf(value.tensor);
  }
  return layout;
}

function modeOfCall(step: Step & { kind: 'call' }): Place['mode'] {
  const flag = step.arguments.training ?? step.arguments.use_input_stats;
  if (flag === undefined) return step.function === 'batch_norm' ? 'eval' : 'train';
  return flag.kind === 'bool' && !flag.value ? 'eval' : 'train';
}

function together(a: ClaimLayout, b: ClaimLayout): ClaimLayout {
  if (a === b) return a;
  return a === 'strided' || b === 'strided' ? 'strided' : 'mixed';
}

// A claim: on which kind of answer the port was measured against PyTorch, and how many elements had its bits. It measures nothing itself.

import type { Case, Step } from '../../../../cases/case.ts';
import { type Direction, directionOf, type Place, type PlaceLayout } from '../../place.ts';

/** What kind of answer a tensor of a step is. */
export interface ClaimKey {
  readonly layer: string;
  readonly dtype: string;
  readonly direction: Direction;
  readonly mode: 'train' | 'eval';
  /** How what went into the step lay in memory: of the latest forward, and of the upstream gradient for a backward. */
  readonly layout: PlaceLayout;
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

/** Words that PyTorch answered to a layer's questions (its repr, its refusals with their types), and how many of them the port answered too. */
export interface WordsClaim {
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
  readonly texts: readonly WordsClaim[];
  readonly refusals: readonly WordsClaim[];
}

/** Proven: not one element of another bit, in enough cases to speak of. */
export function isProven(claim: Claim): boolean {
  return claim.cases >= ENOUGH_CASES && claim.elements > 0 && claim.identical === claim.elements;
}

/** Fewer cases than this prove nothing. */
export const ENOUGH_CASES = 10;

/** The kind of the tensor `name` that a step answered. */
export function keyOf(c: Case, step: Step, place: Place, name: string, dtype: string): ClaimKey {
  return { layer: c.layer, dtype, direction: directionOf(step, name), ...place };
}

export function wordOf({ layer, dtype, direction, mode, layout }: ClaimKey): string {
  return `${layer} ${dtype} ${direction} ${mode} ${layout}`;
}

// Where each step of a Case stands: direction, mode, and how its tensors lie in memory. For counting, not for judging.

import type { Case, Step } from '../../cases/case.ts';
import { isChannelsLastContiguous } from '../tensor/memory-format.ts';
import { isContiguous, type Tensor } from '../tensor/tensor.ts';

export type Direction = 'forward' | 'backward' | 'buffers' | 'double_backward';

/** `mixed`: input and upstream gradient are dense but in different orders; `strided`: one of them has gaps or another order. */
export type PlaceLayout = 'contiguous' | 'channels_last' | 'mixed' | 'strided';

/** Where each step of a case stands: mode and layout. */
export interface Place {
  readonly mode: 'train' | 'eval';
  readonly layout: PlaceLayout;
}

export function placesOf(c: Case): readonly Place[] {
  let mode: Place['mode'] = 'train';
  let input: PlaceLayout = 'contiguous';
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

/** What kind of tensor `name` is, answered by a step. */
export function directionOf(step: Step, name: string): Direction {
  if (step.kind === 'backward' || step.kind === 'double_backward') return step.kind;
  return name === 'output' ? 'forward' : 'buffers';
}

// --- internal ---

function layoutOf(t: Tensor): PlaceLayout {
  if (isContiguous(t)) return 'contiguous';
  return isChannelsLastContiguous(t) ? 'channels_last' : 'strided';
}

/** A parameter that is not contiguous makes the whole call strided. */
function layoutOfCall(step: Step & { kind: 'call' }): PlaceLayout {
  let layout: PlaceLayout = 'contiguous';
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

function together(a: PlaceLayout, b: PlaceLayout): PlaceLayout {
  if (a === b) return a;
  return a === 'strided' || b === 'strided' ? 'strided' : 'mixed';
}

// A case with every tensor in index order, for norms that know no strides. Both sides are asked it, so that none is held to a layout it never saw.

import type { Arguments, Case, Step, Value } from '../../../../cases/case.ts';
import { contiguousStrides, sameShape } from '../../../tensor/shape.ts';
import { contiguous, fromStorage, type Tensor } from '../../../tensor/tensor.ts';

/** The same case where all its tensors are contiguous; else one of the same id. */
export function contiguousCase(c: Case): Case {
  const steps = c.steps.map(contiguousStep);
  return steps.every((step, i) => step === c.steps[i]) ? c : { ...c, layout: 'contiguous', steps };
}

// --- internal ---

function contiguousStep(step: Step): Step {
  switch (step.kind) {
    case 'forward':
      return isPlain(step.input) ? step : { ...step, input: plain(step.input) };
    case 'backward':
      return isPlain(step.gradient) ? step : { ...step, gradient: plain(step.gradient) };
    case 'set_tensor':
      return step.tensor === null || isPlain(step.tensor) ? step : { ...step, tensor: plain(step.tensor) };
    case 'call':
      return Object.values(step.arguments).every(lies)
        ? step
        : { ...step, arguments: contiguousValues(step.arguments) };
    default:
      return step; // what else holds tensors is not asked of such a norm
  }
}

/** By its strides too: those of an axis of size 1 say to PyTorch in which order memory is meant. */
function isPlain(t: Tensor): boolean {
  return t.offset === 0 && sameShape(t.strides, contiguousStrides(t.shape));
}

function plain(t: Tensor): Tensor {
  return fromStorage(t.dtype, t.shape, contiguous(t).storage);
}

function lies(value: Value): boolean {
  return value.kind !== 'tensor' || isPlain(value.tensor);
}

function contiguousValues(args: Arguments): Arguments {
  const entries = Object.entries(args).map(([name, value]) => [
    name,
    value.kind === 'tensor' ? { kind: 'tensor', tensor: plain(value.tensor) } : value,
  ]);
  return Object.fromEntries(entries);
}

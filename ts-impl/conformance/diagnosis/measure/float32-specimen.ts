// A specimen that is asked everything in float32, for classes that refuse float64. What it answers is read more coarsely, not differently.

import type { Case, Step } from '../../../../cases/case.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { Specimen } from './specimen.ts';

/** The same class; float64 tensors of every question are rounded to float32 on their way. */
export function inFloat32(specimen: Specimen): Specimen {
  return { ...specimen, ask: (cases) => specimen.ask(cases.map(roundCase)) };
}

// --- internal ---

const roundCase = (c: Case): Case => ({ ...c, dtype: 'float32', steps: c.steps.map(roundStep) });

function roundStep(step: Step): Step {
  switch (step.kind) {
    case 'forward':
      return { ...step, input: roundTensor(step.input) };
    case 'backward':
      return { ...step, gradient: roundTensor(step.gradient) };
    case 'set_tensor':
      return step.tensor === null ? step : { ...step, tensor: roundTensor(step.tensor) };
    default:
      return step;
  }
}

function roundTensor(t: Tensor): Tensor {
  return t.storage instanceof Float64Array ? { ...t, dtype: 'float32', storage: Float32Array.from(t.storage) } : t;
}

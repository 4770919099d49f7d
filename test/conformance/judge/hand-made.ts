// Cases and answers made by hand for tests of the judge.

import { type Case, type NamedTensor, type Step, int } from '../../../cases/case.ts';
import { type Answer, outcomeOf, type StepResult } from '../../../ts-impl/conformance/outcome.ts';
import { type Tensor, tensor } from '../../../ts-impl/tensor/tensor.ts';

export function float32(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  return tensor(values, shape, 'float32');
}

export function float64(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  return tensor(values, shape, 'float64');
}

/** A case of these steps; `x1/test` stands for an id. */
export function caseOf(steps: readonly Step[], layer = 'BatchNorm1d', dtype: Case['dtype'] = 'float32'): Case {
  return { id: 'x1/test', layer, dtype, layout: 'contiguous', steps };
}

/** BatchNorm1d(C) called once on `input` in `mode`. */
export function oneForward(input: Tensor, mode: 'train' | 'eval' = 'train'): Case {
  return caseOf([
    { kind: 'construct', layer: 'BatchNorm1d', arguments: { num_features: int(input.shape[1]) } },
    { kind: 'forward', mode, input, gradient: false },
  ]);
}

export function returned(
  tensors: Readonly<Record<string, Tensor>>,
  texts: Readonly<Record<string, string>> = {},
): StepResult {
  const named: NamedTensor[] = Object.entries(tensors).map(([name, t]) => ({ name, tensor: t }));
  return { kind: 'returned', tensors: named, texts };
}

export function refused(type: string, message: string): StepResult {
  return { kind: 'refused', type, message };
}

export function answer(steps: readonly StepResult[], truth: readonly StepResult[] | null = null): Answer {
  return { outcome: outcomeOf(steps), truth: truth === null ? null : outcomeOf(truth) };
}

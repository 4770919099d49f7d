// The readable end of a generated id, such as `BatchNorm2d.f32.4x6x5x7.train-eval`, read off the case itself.

import type { Dtype } from '../../ts-impl/tensor/dtype.ts';
import type { Tensor } from '../../ts-impl/tensor/tensor.ts';
import type { Step } from '../case.ts';

/** Layer, dtype, shape of the first input, and what is done with it; `row` names a written-out case. */
export function summarise(layer: string, dtype: Dtype, steps: readonly Step[], row: string | null): string {
  const input = firstInput(steps);
  const shape = input === null ? 'none' : input.shape.length === 0 ? 'scalar' : input.shape.join('x');
  const acts = steps.flatMap((step) => {
    if (step.kind === 'forward') return [step.mode ?? 'same'];
    return step.kind === 'call' ? ['call'] : [];
  });
  const what = acts.length === 0 ? 'construct' : acts.join('-');
  return [layer, SHORT[dtype], shape, what, ...(row === null ? [] : [row])].join('.');
}

/** The first tensor put to the layer, or null where none is. */
export function firstInput(steps: readonly Step[]): Tensor | null {
  for (const step of steps) {
    if (step.kind === 'forward') return step.input;
    if (step.kind === 'call' && step.arguments.input?.kind === 'tensor') return step.arguments.input.tensor;
  }
  return null;
}

// --- internal ---

const SHORT: Readonly<Record<Dtype, string>> = {
  float16: 'f16',
  bfloat16: 'bf16',
  float32: 'f32',
  float64: 'f64',
  int64: 'i64',
};

// The same question in float64: every floating tensor, dtype and cast widened, as the oracle does for its truth. It answers nothing.

import { type Arguments, type Case, float, type Step, text, type Value } from '../../../../cases/case.ts';
import { fromStorage, type Tensor } from '../../../tensor/tensor.ts';
import { elementsOf } from '../../judge/elements.ts';

/** The case in float64, every tensor lying in memory as it did. */
export function wideCase(c: Case): Case {
  const eps = c.dtype === 'float64' ? 2 ** -52 : 2 ** -23; // what no eps at all stands for in the dtype that is computed in
  return { ...c, dtype: 'float64', steps: c.steps.map((step) => wideStep(step, eps)) };
}

// --- internal ---

function wideStep(step: Step, eps: number): Step {
  switch (step.kind) {
    case 'construct':
      return { ...step, arguments: wideConstruction(step.layer, step.arguments, eps) };
    case 'forward':
      return { ...step, input: wide(step.input) };
    case 'backward':
      return { ...step, gradient: wide(step.gradient) };
    case 'double_backward':
      return {
        ...step,
        gradient: wide(step.gradient),
        vectors: step.vectors.map(({ name, tensor }) => ({ name, tensor: wide(tensor) })),
      };
    case 'set_tensor':
      return { ...step, tensor: step.tensor && wide(step.tensor) };
    case 'load_state':
      return { ...step, entries: step.entries.map(({ name, tensor }) => ({ name, tensor: wide(tensor) })) };
    case 'cast':
      return step.dtype === 'int64' ? step : { ...step, dtype: 'float64' };
    case 'call':
      return { ...step, arguments: wideCall(step.function, step.arguments, eps) };
    case 'read':
    case 'set_attribute':
    case 'save_state':
    case 'copy':
    case 'reset':
    case 'inspect':
    case 'probe':
      return step;
    default:
      return step satisfies never;
  }
}

function wideConstruction(layer: string, args: Arguments, eps: number): Arguments {
  const { dtype: _, ...rest } = wideValues(args);
  const without = layer === 'RMSNorm' && (rest.eps === undefined || rest.eps.kind === 'null');
  return {
    ...rest,
    ...(without ? { eps: float(eps) } : {}),
    ...(args.dtype === undefined ? {} : { dtype: text('float64') }),
  };
}

function wideCall(name: string, args: Arguments, eps: number): Arguments {
  const rest = wideValues(args);
  const without = name === 'rms_norm' && (rest.eps === undefined || rest.eps.kind === 'null');
  return without ? { ...rest, eps: float(eps) } : rest;
}

function wideValues(args: Arguments): Record<string, Value> {
  const entries = Object.entries(args).map(([name, value]) => [
    name,
    value.kind === 'tensor' ? { kind: 'tensor', tensor: wide(value.tensor) } : value,
  ]);
  return Object.fromEntries(entries);
}

function wide(t: Tensor): Tensor {
  if (t.dtype === 'float64' || t.dtype === 'int64') return t;
  const memory = fromStorage(t.dtype, [t.storage.length], t.storage); // gaps too
  return { ...t, dtype: 'float64', storage: Float64Array.from(elementsOf(memory)) };
}

// A float32 case put in half precision: every tensor of the input's kind rounded, parameters too or left in float32. No value is drawn.

import type { HalfDtype } from '../../ts-impl/tensor/dtype.ts';
import type { Tensor } from '../../ts-impl/tensor/tensor.ts';
import { narrowed } from '../../ts-impl/tensor/widen.ts';
import { type Arguments, type Step, tensorValue, text } from '../case.ts';

export const HALF_DTYPES: readonly HalfDtype[] = ['float16', 'bfloat16'];

/** What parameters and buffers are made of. */
export const HALF_PARAMETERS = ['half', 'float32'] as const;
export type HalfParameters = (typeof HALF_PARAMETERS)[number];

/** The same steps with inputs and upstream gradients in `dtype`. `cast`: the layer is made in float32 and cast to its dtype. */
export function inHalf(
  steps: readonly Step[],
  dtype: HalfDtype,
  parameters: HalfParameters,
  cast: boolean,
): readonly Step[] {
  const whole = (t: Tensor) => (t.dtype === 'float32' ? narrowed(t, dtype) : t); // counts stay int64
  const part = (t: Tensor) => (parameters === 'half' ? whole(t) : t);
  return steps.flatMap((step): Step[] => {
    switch (step.kind) {
      case 'construct': {
        const plain = parameters === 'float32' || cast;
        const made = plain ? { ...step, arguments: { ...step.arguments, dtype: text('float32') } } : step;
        return parameters === 'half' && cast ? [made, { kind: 'cast', dtype }] : [made];
      }
      case 'forward':
        return [{ ...step, input: whole(step.input) }];
      case 'backward':
        return [{ ...step, gradient: whole(step.gradient) }];
      case 'double_backward': {
        const vectors = step.vectors.map(({ name, tensor }) => ({
          name,
          tensor: name === 'input.grad' ? whole(tensor) : part(tensor),
        }));
        return [{ ...step, gradient: whole(step.gradient), vectors }];
      }
      case 'set_tensor':
        return [{ ...step, tensor: step.tensor && part(step.tensor) }];
      case 'call':
        return [{ ...step, arguments: callArguments(step.arguments, whole, part) }];
      default:
        return [step]; // holds no tensor that a drawn case makes
    }
  });
}

// --- internal ---

function callArguments(args: Arguments, whole: (t: Tensor) => Tensor, part: (t: Tensor) => Tensor): Arguments {
  const entries = Object.entries(args).map(([name, value]) => {
    if (value.kind !== 'tensor') return [name, value] as const;
    return [name, tensorValue(name === 'input' ? whole(value.tensor) : part(value.tensor))] as const;
  });
  return Object.fromEntries(entries);
}

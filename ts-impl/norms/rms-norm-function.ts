// Root-mean-square normalisation over the last axes as a function: checks, dtypes and memory layout. Numbers are made in rms-norm-kernel.ts.

import { type ComputeDtype, type Dtype, type FloatDtype, machineEpsilon, makeStorage } from '../tensor/dtype.ts';
import { isHalf } from '../tensor/half.ts';
import { suggestMemoryFormat, toChannelsLast } from '../tensor/memory-format.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { isContiguous, type Tensor } from '../tensor/tensor.ts';
import { narrowed, widened } from '../tensor/widen.ts';
import { dense } from './axis-order.ts';
import type { Call } from './call.ts';
import { checkFloat, checkGradientShape, checkNormalizedShape } from './checks.ts';
import { doubleBackwardOf } from './double-backward.ts';
import { castTensor } from './parameters.ts';
import { rowPartition } from './partition.ts';
import { sizes } from './python-words.ts';
import { backwardRms, normaliseRms } from './rms-norm-kernel.ts';
import { TorchError } from './torch-error.ts';
import { warn } from './warning.ts';

/**
 * `torch.nn.functional.rms_norm`. Input (*, …normalizedShape), weight of normalizedShape; eps null is the machine epsilon of the
 * input's dtype. Weight and input may differ in dtype; the output has the input's. Throws TorchError.
 */
export function rmsNorm(
  input: Tensor,
  normalizedShape: Shape,
  weight: Tensor | null = null,
  eps: number | null = null,
): Call {
  checkNormalizedShape(normalizedShape, weight, null);
  const leading = input.shape.length - normalizedShape.length;
  if (leading < 0) {
    throw new TorchError(
      'ValueError',
      `Input tensor must have at least ${normalizedShape.length} dimensions, but got ${input.shape.length}`,
    );
  }
  if (input.shape.slice(leading).join() !== normalizedShape.join()) {
    throw new TorchError(
      'RuntimeError',
      `Given normalized_shape=${sizes(normalizedShape)}, expected input with shape [*${normalizedShape.join(', ')}], but got input of size${sizes(input.shape)}`,
    );
  }
  checkFloat('rms_norm', input);
  if (weight !== null && weight.dtype !== input.dtype) {
    const [x, w] = [input, weight].map((t) => scalarName(t.dtype));
    warn(
      `Mismatch dtype between input and weight: input dtype = ${x}, weight dtype = ${w}, Cannot dispatch to fused implementation.`,
    );
  }
  const dtype = input.dtype as FloatDtype; // checked above
  const x = computed(input);
  const added = eps ?? machineEpsilon(x.dtype as ComputeDtype); // `computed` answers no other
  const state = normaliseRms(x, leading, weight && factor(weight, x), added);
  return {
    output: laidOut(castBack(state.output, dtype), input),
    backward(gradient) {
      checkGradientShape(gradient, input.shape);
      const now = { ...state, weight: weight && factor(weight, x) }; // whose values may have changed since
      const g = backwardRms(now, state.output.dtype === dtype ? gradient : dense(widened(gradient)));
      const own = weight?.dtype;
      const dw = own === undefined || own === 'int64' ? null : g.weight && castBack(g.weight, own);
      return { input: narrowed(g.input, dtype), weight: dw, bias: null };
    },
    doubleBackward: doubleBackwardOf(input, weight, added, { kind: 'input', centred: false }, () =>
      rowPartition(sizeOf(input.shape.slice(0, leading)), sizeOf(normalizedShape)),
    ),
  };
}

// --- internal ---

/** Half precision is cast to float32 before anything else is done. */
function computed(t: Tensor): Tensor {
  return isHalf(t.dtype) ? dense(widened(t)) : t;
}

/** The weight as it takes part in a product with `x`: whole numbers are cast to the dtype of the latter. */
function factor(weight: Tensor, x: Tensor): Tensor {
  if (weight.dtype !== 'int64') return computed(weight);
  const storage = makeStorage(x.dtype, weight.storage.length);
  for (let i = 0; i < storage.length; i++) storage[i] = Number(weight.storage[i]);
  return dense({ ...weight, dtype: x.dtype, storage });
}

/** Half precision is computed in float32, and a weight of float64 makes the product float64; PyTorch rounds both back at last. */
function castBack(t: Tensor, dtype: FloatDtype): Tensor {
  return t.dtype === dtype ? t : castTensor(t, dtype);
}

/** PyTorch keeps channels last, and gives everything else contiguous memory; strides of axes of size 1 stay as they were. */
function laidOut(output: Tensor, input: Tensor): Tensor {
  if (isContiguous(input)) return { ...output, strides: input.strides };
  return suggestMemoryFormat(input) === 'channelsLast' ? toChannelsLast(output) : output;
}

/** A dtype as C++ prints it. */
function scalarName(dtype: Dtype): string {
  switch (dtype) {
    case 'float16':
      return 'c10::Half';
    case 'bfloat16':
      return 'c10::BFloat16';
    case 'float32':
      return 'float';
    case 'float64':
      return 'double';
    case 'int64':
      return 'long int';
    default:
      return dtype satisfies never;
  }
}

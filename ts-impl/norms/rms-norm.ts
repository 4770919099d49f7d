// Root-mean-square normalisation over the last axes: the function and the layer RMSNorm. Numbers are made in rms-norm-kernel.ts.

import { type ComputeDtype, type Dtype, type FloatDtype, machineEpsilon } from '../tensor/dtype.ts';
import { isHalf } from '../tensor/half.ts';
import { suggestMemoryFormat, toChannelsLast } from '../tensor/memory-format.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { isContiguous, type Tensor } from '../tensor/tensor.ts';
import { narrowed, widened } from '../tensor/widen.ts';
import { dense } from './axis-order.ts';
import type { Call } from './call.ts';
import { checkGradientShape, checkNormalizedShape, checkFloat } from './checks.ts';
import { doubleBackwardOf } from './double-backward.ts';
import { Module } from './module.ts';
import { castTensor, filled, refill } from './parameters.ts';
import { rowPartition } from './partition.ts';
import { pythonBool, pythonFloat, pythonTuple, sizes } from './python-words.ts';
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
  const state = normaliseRms(x, leading, weight && computed(weight), added);
  return {
    output: laidOut(castBack(state.output, dtype), input),
    backward(gradient) {
      checkGradientShape(gradient, input.shape);
      const g = backwardRms(state, state.output.dtype === dtype ? gradient : dense(widened(gradient)));
      const dw = weight && g.weight && castBack(g.weight, weight.dtype as FloatDtype); // no other has a gradient
      return { input: narrowed(g.input, dtype), weight: dw, bias: null };
    },
    doubleBackward: doubleBackwardOf(input, weight, added, { kind: 'input', centred: false }, () =>
      rowPartition(sizeOf(input.shape.slice(0, leading)), sizeOf(normalizedShape)),
    ),
  };
}

/** Options of RMSNorm with PyTorch's defaults: eps null, elementwiseAffine true, float32. There is no bias. */
export interface RMSNormOptions {
  readonly eps?: number | null;
  readonly elementwiseAffine?: boolean;
  readonly dtype?: FloatDtype;
}

/** `torch.nn.RMSNorm`: input (*, …normalizedShape). Throws TorchError. */
export class RMSNorm extends Module {
  readonly className = 'RMSNorm';
  normalizedShape: Shape;
  eps: number | null;
  elementwiseAffine: boolean;

  constructor(normalizedShape: number | Shape, options: RMSNormOptions = {}) {
    super();
    const { eps = null, elementwiseAffine = true, dtype = 'float32' } = options;
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape];
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    if (elementwiseAffine) this.weight = filled(this.normalizedShape, dtype, 1);
  }

  /** Weight 1. */
  resetParameters(): void {
    if (this.elementwiseAffine && this.weight !== null) refill(this.weight, 1);
  }

  call(input: Tensor): Call {
    return rmsNorm(input, this.normalizedShape, this.weight, this.eps);
  }

  protected extraRepr(written: Readonly<Record<string, string>>): string {
    const words: Record<string, string> = {
      normalized_shape: pythonTuple(this.normalizedShape),
      eps: this.eps === null ? 'None' : pythonFloat(this.eps),
      elementwise_affine: pythonBool(this.elementwiseAffine),
      ...written,
    };
    return `${words.normalized_shape}, eps=${words.eps}, elementwise_affine=${words.elementwise_affine}`;
  }
}

// --- internal ---

/** Half precision is cast to float32 before anything else is done. */
function computed(t: Tensor): Tensor {
  return isHalf(t.dtype) ? dense(widened(t)) : t;
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

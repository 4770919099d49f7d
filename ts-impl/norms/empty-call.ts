// Batch normalisation of an input with no element: PyTorch multiplies by weight[0] and adds bias[0], and checks nothing else.

import { contiguousStrides, sizeOf } from '../tensor/shape.ts';
import { makeStorage } from '../tensor/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Call } from './call.ts';
import { checkGradientShape } from './checks.ts';
import { TorchError } from './torch-error.ts';

/** Output and input gradient are empty, parameter gradients zero. Throws IndexError where a parameter has no first element. */
export function emptyCall(input: Tensor, weight: Tensor | null, bias: Tensor | null): Call {
  for (const t of [weight, bias]) {
    if (t !== null && sizeOf(t.shape) === 0) {
      throw new TorchError('IndexError', 'select(): index 0 out of range for tensor of size [0] at dimension 0');
    }
  }
  return {
    output: zerosLike(input),
    backward(gradient) {
      checkGradientShape(gradient, input.shape);
      return { input: zerosLike(input), weight: weight && zerosLike(weight), bias: bias && zerosLike(bias) };
    },
  };
}

export function zerosLike(t: Tensor): Tensor {
  const storage = makeStorage(t.dtype, sizeOf(t.shape));
  return { dtype: t.dtype, shape: t.shape, strides: contiguousStrides(t.shape), offset: 0, storage };
}

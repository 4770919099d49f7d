// Layer normalisation over the last axes: the function and the layer LayerNorm. Numbers are made in the layer-norm kernels.

import type { ComputeDtype, FloatDtype } from '../tensor/dtype.ts';
import { isHalf } from '../tensor/half.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { contiguous, fromStorage, type Tensor } from '../tensor/tensor.ts';
import { type ComputeArray, makeArray } from './rounding.ts';
import { checkOptions, checkSizes } from './arguments.ts';
import type { Call } from './call.ts';
import { checkDtypes, checkGradientShape, checkMixed, checkNormalizedShape } from './checks.ts';
import { halfLayerNorm } from './half-layer-norm.ts';
import { backwardRows, normaliseRows, type Rows } from './layer-norm-kernel.ts';
import { doubleBackwardOf, OF_INPUT } from './double-backward.ts';
import { Module } from './module.ts';
import { filled, present, refill } from './parameters.ts';
import { rowPartition } from './partition.ts';
import { pythonBool, pythonFloat, pythonTuple, sizes } from './python-words.ts';
import { TorchError } from './torch-error.ts';

/** `torch.nn.functional.layer_norm`. Input (*, …normalizedShape), weight and bias of normalizedShape. Throws TorchError. */
export function layerNorm(
  input: Tensor,
  normalizedShape: Shape,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Call {
  checkMixed(input, [weight, bias]);
  checkNormalizedShape(normalizedShape, weight, bias);
  const leading = input.shape.length - normalizedShape.length;
  if (input.shape.slice(leading).join() !== normalizedShape.join()) {
    throw new TorchError(
      'RuntimeError',
      `Given normalized_shape=${sizes(normalizedShape)}, expected input with shape [*, ${normalizedShape.join(', ')}], but got input of size${sizes(input.shape)}`,
    );
  }
  checkDtypes('LayerNormKernelImpl', input, [weight, bias]);
  const N = sizeOf(normalizedShape);
  const M = sizeOf(input.shape.slice(0, leading));
  const doubleBackward = doubleBackwardOf(input, weight, eps, OF_INPUT, () => rowPartition(M, N));
  if (isHalf(input.dtype)) return { ...halfLayerNorm(input, normalizedShape, M, N, weight, bias, eps), doubleBackward };
  const dtype = input.dtype as ComputeDtype; // every other was refused above
  const rows: Rows = { data: flat(input), M, N, single: dtype === 'float32' };
  const w = weight && flat(weight); // [N]
  const b = bias && flat(bias); // [N]
  const y = makeArray(dtype, M * N); // [M, N]
  const statistics = { mean: makeArray(dtype, M), rstd: makeArray(dtype, M) }; // [M] each
  normaliseRows(rows, w, b, eps, y, statistics);
  return {
    output: fromStorage(dtype, input.shape, y),
    backward(gradient) {
      checkGradientShape(gradient, input.shape);
      const dx = makeArray(dtype, M * N); // [M, N]
      const dw = makeArray(dtype, N); // [N]
      const db = makeArray(dtype, N); // [N]
      backwardRows(rows, flat(gradient), statistics, w, dx, dw, db);
      return {
        input: fromStorage(dtype, input.shape, dx),
        weight: weight && fromStorage(dtype, normalizedShape, dw),
        bias: bias && fromStorage(dtype, normalizedShape, db),
      };
    },
    doubleBackward,
  };
}

/** Options of LayerNorm with PyTorch's defaults: eps 1e-5, elementwiseAffine and bias true, float32. */
export interface LayerNormOptions {
  readonly eps?: number;
  readonly elementwiseAffine?: boolean;
  readonly bias?: boolean;
  readonly dtype?: FloatDtype;
}

/** `torch.nn.LayerNorm`: input (*, …normalizedShape). Throws TorchError. */
export class LayerNorm extends Module {
  readonly className = 'LayerNorm';
  normalizedShape: Shape;
  eps: number;
  elementwiseAffine: boolean;

  constructor(normalizedShape: number | Shape, options: LayerNormOptions = {}) {
    super();
    checkSizes('LayerNorm', 'normalizedShape', normalizedShape);
    checkOptions('LayerNorm', options, ['eps', 'elementwiseAffine', 'bias', 'dtype']);
    const { eps = 1e-5, elementwiseAffine = true, bias = true, dtype = 'float32' } = options;
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape];
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    if (elementwiseAffine) {
      this.weight = filled(this.normalizedShape, dtype, 1);
      if (bias) this.bias = filled(this.normalizedShape, dtype, 0);
    }
  }

  /** Weight 1, bias 0. */
  resetParameters(): void {
    if (!this.elementwiseAffine) return;
    refill(present(this.weight, 'fill_'), 1);
    if (this.bias !== null) refill(this.bias, 0);
  }

  call(input: Tensor): Call {
    return layerNorm(input, this.normalizedShape, this.weight, this.bias, this.eps);
  }

  protected extraRepr(written: Readonly<Record<string, string>>): string {
    const words: Record<string, string> = {
      normalized_shape: pythonTuple(this.normalizedShape),
      eps: pythonFloat(this.eps),
      elementwise_affine: pythonBool(this.elementwiseAffine),
      ...written,
    };
    return `${words.normalized_shape}, eps=${words.eps}, elementwise_affine=${words.elementwise_affine}, bias=${pythonBool(this.bias !== null)}`;
  }
}

// --- internal ---

function flat(t: Tensor): ComputeArray {
  return contiguous(t).storage as ComputeArray; // dtypes were checked
}

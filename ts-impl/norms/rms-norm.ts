// The layer RMSNorm: defaults, construction and repr. The rest is rms-norm-function.ts.

import type { FloatDtype } from '../tensor/dtype.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkOptions, checkSizes } from './arguments.ts';
import type { Call } from './call.ts';
import { Module } from './module.ts';
import { filled, present, refill } from './parameters.ts';
import { pythonBool, pythonFloat, pythonTuple } from './python-words.ts';
import { rmsNorm } from './rms-norm-function.ts';

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
    checkSizes('RMSNorm', 'normalizedShape', normalizedShape);
    checkOptions('RMSNorm', options, ['eps', 'elementwiseAffine', 'dtype']);
    const { eps = null, elementwiseAffine = true, dtype = 'float32' } = options;
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape];
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    if (elementwiseAffine) this.weight = filled(this.normalizedShape, dtype, 1);
  }

  /** Weight 1. */
  resetParameters(): void {
    if (this.elementwiseAffine) refill(present(this.weight, 'fill_'), 1);
  }

  /** There is no bias to put anything in the place of. */
  override assign(name: string, tensor: Tensor | null): boolean {
    return name === 'weight' && super.assign(name, tensor);
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

// The layer GroupNorm: defaults, construction and repr. The rest is group-norm-function.ts.

import type { FloatDtype } from '../tensor/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkOptions, checkSize } from './arguments.ts';
import type { Call } from './call.ts';
import { checkGroups, groupNorm } from './group-norm-function.ts';
import { Module } from './module.ts';
import { filled, present, refill } from './parameters.ts';
import { pythonBool, pythonFloat } from './python-words.ts';
import { TorchError } from './torch-error.ts';

/** Options of GroupNorm with PyTorch's defaults: eps 1e-5, affine and bias true, float32. */
export interface GroupNormOptions {
  readonly eps?: number;
  readonly affine?: boolean;
  readonly bias?: boolean;
  readonly dtype?: FloatDtype;
}

/** `torch.nn.GroupNorm`: input (N, C, *), C divisible by numGroups. Throws TorchError. */
export class GroupNorm extends Module {
  readonly className = 'GroupNorm';
  numGroups: number;
  numChannels: number;
  eps: number;
  affine: boolean;

  constructor(numGroups: number, numChannels: number, options: GroupNormOptions = {}) {
    super();
    checkSize('GroupNorm', 'numGroups', numGroups);
    checkSize('GroupNorm', 'numChannels', numChannels);
    checkOptions('GroupNorm', options, ['eps', 'affine', 'bias', 'dtype']);
    const { eps = 1e-5, affine = true, bias = true, dtype = 'float32' } = options;
    if (numGroups === 0) throw new TorchError('ZeroDivisionError', 'integer modulo by zero');
    if (numChannels % numGroups !== 0) {
      throw new TorchError(
        'ValueError',
        `num_channels (${numChannels}) must be divisible by num_groups (${numGroups})`,
      );
    }
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = eps;
    this.affine = affine;
    if (affine) {
      this.weight = filled([numChannels], dtype, 1);
      if (bias) this.bias = filled([numChannels], dtype, 0);
    }
  }

  /** Weight 1, bias 0. */
  resetParameters(): void {
    if (!this.affine) return;
    refill(present(this.weight, 'fill_'), 1);
    if (this.bias !== null) refill(this.bias, 0);
  }

  override begin(input: Tensor): void {
    checkGroups(input, this.numGroups);
  }

  call(input: Tensor): Call {
    return groupNorm(input, this.numGroups, this.weight, this.bias, this.eps);
  }

  protected extraRepr(written: Readonly<Record<string, string>>): string {
    const words: Record<string, string> = {
      num_groups: String(this.numGroups),
      num_channels: String(this.numChannels),
      eps: pythonFloat(this.eps),
      affine: pythonBool(this.affine),
      ...written,
    };
    return `${words.num_groups}, ${words.num_channels}, eps=${words.eps}, affine=${words.affine}, bias=${pythonBool(this.bias !== null)}`;
  }
}

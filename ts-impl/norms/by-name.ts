// Layers and functions by PyTorch's names, for callers that hold a name. It adds nothing to them.

import type { Shape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  LazyBatchNorm1d,
  LazyBatchNorm2d,
  LazyBatchNorm3d,
} from './batch-norm.ts';
import { type BatchCall, batchNorm } from './batch-norm-function.ts';
import type { Call } from './call.ts';
import { GroupNorm } from './group-norm.ts';
import { groupNorm } from './group-norm-function.ts';
import {
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
  LazyInstanceNorm1d,
  LazyInstanceNorm2d,
  LazyInstanceNorm3d,
} from './instance-norm.ts';
import { instanceNorm } from './instance-norm-function.ts';
import { LayerNorm, layerNorm, type LayerNormOptions } from './layer-norm.ts';
import type { Module } from './module.ts';
import { RMSNorm } from './rms-norm.ts';
import { rmsNorm } from './rms-norm-function.ts';
import type { RunningOptions } from './running-norm.ts';

export type ClassName =
  | 'BatchNorm1d'
  | 'BatchNorm2d'
  | 'BatchNorm3d'
  | 'LayerNorm'
  | 'InstanceNorm1d'
  | 'InstanceNorm2d'
  | 'InstanceNorm3d'
  | 'GroupNorm'
  | 'RMSNorm';

/** Layers that learn the number of their features from their first input. */
export const LAZY_LAYERS = {
  LazyBatchNorm1d,
  LazyBatchNorm2d,
  LazyBatchNorm3d,
  LazyInstanceNorm1d,
  LazyInstanceNorm2d,
  LazyInstanceNorm3d,
} as const;
export type LazyName = keyof typeof LAZY_LAYERS;

export type FunctionName = 'batch_norm' | 'layer_norm' | 'instance_norm' | 'group_norm' | 'rms_norm';

/** Arguments of all functions; each reads its own. */
export interface FunctionArguments {
  readonly input: Tensor;
  readonly runningMean: Tensor | null;
  readonly runningVar: Tensor | null;
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  /** `training` of batch_norm, `use_input_stats` of instance_norm. */
  readonly useBatch: boolean;
  readonly momentum: number;
  /** Null only for rms_norm. */
  readonly eps: number | null;
  readonly numGroups: number;
  readonly normalizedShape: Shape;
}

/** The function by its name. Throws TorchError. */
export function callFunction(name: FunctionName, a: FunctionArguments): Call | BatchCall {
  const eps = a.eps ?? 1e-5;
  switch (name) {
    case 'batch_norm':
      return batchNorm(a.input, a.runningMean, a.runningVar, a.weight, a.bias, a.useBatch, a.momentum, eps);
    case 'instance_norm':
      return instanceNorm(a.input, a.runningMean, a.runningVar, a.weight, a.bias, a.useBatch, a.momentum, eps);
    case 'group_norm':
      return groupNorm(a.input, a.numGroups, a.weight, a.bias, eps);
    case 'layer_norm':
      return layerNorm(a.input, a.normalizedShape, a.weight, a.bias, eps);
    case 'rms_norm':
      return rmsNorm(a.input, a.normalizedShape, a.weight, a.eps);
    default:
      return name satisfies never;
  }
}

/** `sizes` are the positional arguments: numFeatures; numGroups and numChannels; or normalizedShape. Throws TorchError. */
export function makeLayer(
  name: ClassName,
  sizes: readonly number[],
  options: RunningOptions & LayerNormOptions,
): Module {
  switch (name) {
    case 'BatchNorm1d':
      return new BatchNorm1d(sizes[0], options);
    case 'BatchNorm2d':
      return new BatchNorm2d(sizes[0], options);
    case 'BatchNorm3d':
      return new BatchNorm3d(sizes[0], options);
    case 'InstanceNorm1d':
      return new InstanceNorm1d(sizes[0], options);
    case 'InstanceNorm2d':
      return new InstanceNorm2d(sizes[0], options);
    case 'InstanceNorm3d':
      return new InstanceNorm3d(sizes[0], options);
    case 'GroupNorm':
      return new GroupNorm(sizes[0], sizes[1], options);
    case 'LayerNorm':
      return new LayerNorm(sizes, options);
    case 'RMSNorm': {
      const { eps, elementwiseAffine, dtype } = options; // it has no bias
      return new RMSNorm(sizes, { eps, elementwiseAffine, dtype });
    }
    default:
      return name satisfies never;
  }
}

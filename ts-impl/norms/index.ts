// The port's public face: PyTorch's normalisation layers and functions, and the error they refuse with.

export {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  type BatchCall,
  batchNorm,
  type BatchNormOptions,
} from './batch-norm.ts';
export type { Call, Gradients } from './call.ts';
export { GroupNorm, groupNorm, type GroupNormOptions } from './group-norm.ts';
export {
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
  instanceNorm,
  type InstanceNormOptions,
} from './instance-norm.ts';
export { LayerNorm, layerNorm, type LayerNormOptions } from './layer-norm.ts';
export { Module } from './module.ts';
export { RMSNorm, rmsNorm, type RMSNormOptions } from './rms-norm.ts';
export { RunningNorm } from './running-norm.ts';
export type { LoadReport, StateDict, StateEntry } from './state-dict.ts';
export { TorchError, type TorchErrorType } from './torch-error.ts';

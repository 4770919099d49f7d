// The port's public face: PyTorch's normalisation layers and functions, and the error they refuse with.

export {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  type BatchNormOptions,
  LazyBatchNorm1d,
  LazyBatchNorm2d,
  LazyBatchNorm3d,
  type LazyBatchNormOptions,
} from './batch-norm.ts';
export { type BatchCall, batchNorm } from './batch-norm-function.ts';
export {
  callFunction,
  type ClassName,
  type FunctionArguments,
  type FunctionName,
  LAZY_LAYERS,
  type LazyName,
  makeLayer,
} from './by-name.ts';
export type { Call, Gradients } from './call.ts';
export type { SecondGradients, Vectors } from './double-backward.ts';
export { DeferredNorm } from './deferred-norm.ts';
export { GroupNorm, type GroupNormOptions } from './group-norm.ts';
export { groupNorm } from './group-norm-function.ts';
export {
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
  type InstanceNormOptions,
  LazyInstanceNorm1d,
  LazyInstanceNorm2d,
  LazyInstanceNorm3d,
  type LazyInstanceNormOptions,
} from './instance-norm.ts';
export { instanceNorm } from './instance-norm-function.ts';
export { LayerNorm, layerNorm, type LayerNormOptions } from './layer-norm.ts';
export { Module } from './module.ts';
export { RMSNorm, type RMSNormOptions } from './rms-norm.ts';
export { rmsNorm } from './rms-norm-function.ts';
export { RunningNorm } from './running-norm.ts';
export { type LoadReport, renderLoadReport, type StateDict, type StateEntry } from './state-dict.ts';
export { TorchError, type TorchErrorType } from './torch-error.ts';
export { loadSafetensors, type SafetensorsFile, SafetensorsError, saveSafetensors } from './safetensors.ts';
export { onWarning, type WarningListener } from './warning.ts';

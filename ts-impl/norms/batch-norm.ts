// The layers BatchNorm1d, 2d and 3d: defaults, ranks, and which statistics a call uses. The rest is batch-norm-function.ts.

import type { Tensor } from '../tensor/tensor.ts';
import { batchNormInPlace } from './batch-norm-function.ts';
import { checkOptions } from './arguments.ts';
import type { Call } from './call.ts';
import { checkBatchSize, checkRank } from './checks.ts';
import { DeferredNorm } from './deferred-norm.ts';
import { RUNNING_OPTIONS, type RunningOptions } from './running-norm.ts';

/** Options of BatchNorm with PyTorch's defaults: eps 1e-5, momentum 0.1, affine, bias and trackRunningStats true, float32. */
export type BatchNormOptions = RunningOptions;

abstract class BatchNorm extends DeferredNorm {
  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super(numFeatures, {
      affine: true,
      trackRunningStats: true,
      ...checkOptions('BatchNorm', options, RUNNING_OPTIONS),
    });
  }

  override begin(input: Tensor): void {
    this.initialize(input);
    checkRank(input, this.ranks);
    if (this.counts) this.countBatch();
    this.updateFactor();
    if (this.usesBatch) checkBatchSize(input.shape);
  }

  call(input: Tensor): Call {
    this.begin(input);
    const pass = !this.training || this.trackRunningStats;
    return batchNormInPlace(
      input,
      pass ? this.runningMean : null,
      pass ? this.runningVar : null,
      this.weight,
      this.bias,
      this.usesBatch,
      this.updateFactor(),
      this.eps,
    );
  }

  /** The weight of this batch in the running average. */
  private updateFactor(): number {
    return this.momentum ?? (this.counts ? this.shareOfBatch() : 0);
  }

  private get counts(): boolean {
    return this.training && this.trackRunningStats; // without a count neither counting nor the share of it does anything
  }

  private get usesBatch(): boolean {
    return this.training || (this.runningMean === null && this.runningVar === null);
  }
}

/** `torch.nn.BatchNorm1d`: input (N, C) or (N, C, L). Throws TorchError. */
export class BatchNorm1d extends BatchNorm {
  override className: string = 'BatchNorm1d';
  protected readonly ranks = [2, 3];
}

/** `torch.nn.BatchNorm2d`: input (N, C, H, W). Throws TorchError. */
export class BatchNorm2d extends BatchNorm {
  override className: string = 'BatchNorm2d';
  protected readonly ranks = [4];
}

/** `torch.nn.BatchNorm3d`: input (N, C, D, H, W). Throws TorchError. */
export class BatchNorm3d extends BatchNorm {
  override className: string = 'BatchNorm3d';
  protected readonly ranks = [5];
}

/** Options of the lazy layers: those of the layer that they become. */
export type LazyBatchNormOptions = BatchNormOptions;

/** `torch.nn.LazyBatchNorm1d`: a BatchNorm1d of as many features as axis 1 of its first input has. Throws TorchError. */
export class LazyBatchNorm1d extends BatchNorm1d {
  override className = 'LazyBatchNorm1d';

  constructor(options: LazyBatchNormOptions = {}) {
    super(0, options);
    this.defer('BatchNorm1d');
  }
}

/** `torch.nn.LazyBatchNorm2d`. Throws TorchError. */
export class LazyBatchNorm2d extends BatchNorm2d {
  override className = 'LazyBatchNorm2d';

  constructor(options: LazyBatchNormOptions = {}) {
    super(0, options);
    this.defer('BatchNorm2d');
  }
}

/** `torch.nn.LazyBatchNorm3d`. Throws TorchError. */
export class LazyBatchNorm3d extends BatchNorm3d {
  override className = 'LazyBatchNorm3d';

  constructor(options: LazyBatchNormOptions = {}) {
    super(0, options);
    this.defer('BatchNorm3d');
  }
}

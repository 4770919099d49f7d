// The layers BatchNorm1d, 2d and 3d: defaults, ranks, and which statistics a call uses. The rest is batch-norm-function.ts.

import type { Tensor } from '../tensor/tensor.ts';
import { batchNormInPlace } from './batch-norm-function.ts';
import type { Call } from './call.ts';
import { checkRank } from './checks.ts';
import { type RunningOptions, RunningNorm } from './running-norm.ts';

/** Options of BatchNorm with PyTorch's defaults: eps 1e-5, momentum 0.1, affine, bias and trackRunningStats true, float32. */
export type BatchNormOptions = RunningOptions;

abstract class BatchNorm extends RunningNorm {
  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super(numFeatures, { affine: true, trackRunningStats: true, ...options });
  }

  call(input: Tensor): Call {
    checkRank(input, this.ranks);
    let factor = this.momentum ?? 0;
    if (this.training && this.trackRunningStats && this.numBatchesTracked !== null) {
      const seen = this.countBatch();
      if (this.momentum === null) factor = 1 / seen; // cumulative average
    }
    const useBatch = this.training || (this.runningMean === null && this.runningVar === null);
    const pass = !this.training || this.trackRunningStats;
    return batchNormInPlace(
      input,
      pass ? this.runningMean : null,
      pass ? this.runningVar : null,
      this.weight,
      this.bias,
      useBatch,
      factor,
      this.eps,
    );
  }
}

/** `torch.nn.BatchNorm1d`: input (N, C) or (N, C, L). Throws TorchError. */
export class BatchNorm1d extends BatchNorm {
  readonly className = 'BatchNorm1d';
  protected readonly ranks = [2, 3];
}

/** `torch.nn.BatchNorm2d`: input (N, C, H, W). Throws TorchError. */
export class BatchNorm2d extends BatchNorm {
  readonly className = 'BatchNorm2d';
  protected readonly ranks = [4];
}

/** `torch.nn.BatchNorm3d`: input (N, C, D, H, W). Throws TorchError. */
export class BatchNorm3d extends BatchNorm {
  readonly className = 'BatchNorm3d';
  protected readonly ranks = [5];
}

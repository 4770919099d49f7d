// The layers InstanceNorm1d, 2d and 3d: defaults, ranks, unbatched inputs, old state dicts. The rest is instance-norm-function.ts.

import type { Tensor } from '../tensor/tensor.ts';
import { reshape, unsqueeze } from '../tensor/views.ts';
import { checkOptions } from './arguments.ts';
import type { Call } from './call.ts';
import { checkGradientShape, checkRank } from './checks.ts';
import { checkSpatialSize, instanceNormInPlace } from './instance-norm-function.ts';
import { DeferredNorm } from './deferred-norm.ts';
import { RUNNING_OPTIONS, type RunningOptions } from './running-norm.ts';
import { quoted, type StateDict, type StateEntry } from './state-dict.ts';
import { TorchError } from './torch-error.ts';
import { warn } from './warning.ts';

/** Options of InstanceNorm with PyTorch's defaults: eps 1e-5, momentum 0.1, affine and trackRunningStats false, bias true, float32. */
export type InstanceNormOptions = RunningOptions;

abstract class InstanceNorm extends DeferredNorm {
  constructor(numFeatures: number, options: InstanceNormOptions = {}) {
    super(numFeatures, {
      affine: false,
      trackRunningStats: false,
      ...checkOptions('InstanceNorm', options, RUNNING_OPTIONS),
    });
  }

  override begin(input: Tensor): void {
    this.initialize(input);
    checkRank(input, this.ranks);
    const axis = this.isUnbatched(input) ? 0 : 1;
    if (input.shape[axis] !== this.numFeatures) {
      if (this.affine) {
        throw new TorchError(
          'ValueError',
          `expected input's size at dim=${axis} to match num_features (${this.numFeatures}), but got: ${input.shape[axis]}.`,
        );
      }
      warn(
        `input's size at dim=${axis} does not match num_features. You can silence this warning by not passing in num_features, which is not used because affine=False`,
      );
    }
    if (this.usesInput) checkSpatialSize(axis === 0 ? [1, ...input.shape] : input.shape);
  }

  call(input: Tensor): Call {
    this.begin(input);
    if (!this.isUnbatched(input)) return this.normaliseBatch(input);
    const call = this.normaliseBatch(unsqueeze(input, 0));
    const twice = call.doubleBackward;
    return {
      output: reshape(call.output, input.shape),
      backward(gradient) {
        checkGradientShape(gradient, input.shape);
        const g = call.backward(unsqueeze(gradient, 0));
        return { ...g, input: reshape(g.input, input.shape) };
      },
      doubleBackward:
        twice &&
        ((upstream, vectors) => {
          const batch = { ...vectors, input: vectors.input && unsqueeze(vectors.input, 0) };
          const second = twice(unsqueeze(upstream, 0), batch);
          const shaped = (t: Tensor | null) => t && reshape(t, input.shape);
          return { ...second, input: shaped(second.input), upstream: shaped(second.upstream) };
        }),
    };
  }

  private isUnbatched(input: Tensor): boolean {
    return input.shape.length === this.ranks[0];
  }

  private get usesInput(): boolean {
    return this.training || !this.trackRunningStats;
  }

  private normaliseBatch(input: Tensor): Call {
    return instanceNormInPlace(
      input,
      this.runningMean,
      this.runningVar,
      this.weight,
      this.bias,
      this.usesInput,
      this.momentum ?? 0,
      this.eps,
    );
  }

  /** Before version 1 there were running statistics even where none are tracked: PyTorch refuses these by name. */
  protected override prepareState(state: StateDict): { entries: readonly StateEntry[]; errors: string[] } {
    const { entries, errors } = super.prepareState(state);
    if (state.version !== null || this.trackRunningStats) return { entries, errors };
    const present = ['running_mean', 'running_var'].filter((name) => entries.some((entry) => entry.name === name));
    if (present.length === 0) return { entries, errors };
    const K = this.className;
    const complaint = `Unexpected running stats buffer(s) ${quoted(present, ' and ')} for ${K} with track_running_stats=False. If state_dict is a checkpoint saved before 0.4.0, this may be expected because ${K} does not track running stats by default since 0.4.0. Please remove these keys from state_dict. If the running stats are actually needed, instead set track_running_stats=True in ${K} to enable them. See the documentation of ${K} for details.`;
    return { entries: entries.filter((entry) => !present.includes(entry.name)), errors: [...errors, complaint] };
  }
}

/** `torch.nn.InstanceNorm1d`: input (C, L) or (N, C, L). Throws TorchError. */
export class InstanceNorm1d extends InstanceNorm {
  override className: string = 'InstanceNorm1d';
  protected readonly ranks = [2, 3];
}

/** `torch.nn.InstanceNorm2d`: input (C, H, W) or (N, C, H, W). Throws TorchError. */
export class InstanceNorm2d extends InstanceNorm {
  override className: string = 'InstanceNorm2d';
  protected readonly ranks = [3, 4];
}

/** `torch.nn.InstanceNorm3d`: input (C, D, H, W) or (N, C, D, H, W). Throws TorchError. */
export class InstanceNorm3d extends InstanceNorm {
  override className: string = 'InstanceNorm3d';
  protected readonly ranks = [4, 5];
}

/** Options of the lazy layers. Other than those of InstanceNorm they default to affine and trackRunningStats true. */
export type LazyInstanceNormOptions = InstanceNormOptions;

/**
 * `torch.nn.LazyInstanceNorm1d`: an InstanceNorm1d of as many features as axis 1 of its first input has. As in PyTorch that is the wrong
 * axis of an input without a batch. Throws TorchError.
 */
export class LazyInstanceNorm1d extends InstanceNorm1d {
  override className = 'LazyInstanceNorm1d';

  constructor(options: LazyInstanceNormOptions = {}) {
    super(0, { ...LAZY_DEFAULTS, ...options });
    this.defer('InstanceNorm1d');
  }
}

/** `torch.nn.LazyInstanceNorm2d`. Throws TorchError. */
export class LazyInstanceNorm2d extends InstanceNorm2d {
  override className = 'LazyInstanceNorm2d';

  constructor(options: LazyInstanceNormOptions = {}) {
    super(0, { ...LAZY_DEFAULTS, ...options });
    this.defer('InstanceNorm2d');
  }
}

/** `torch.nn.LazyInstanceNorm3d`. Throws TorchError. */
export class LazyInstanceNorm3d extends InstanceNorm3d {
  override className = 'LazyInstanceNorm3d';

  constructor(options: LazyInstanceNormOptions = {}) {
    super(0, { ...LAZY_DEFAULTS, ...options });
    this.defer('InstanceNorm3d');
  }
}

// --- internal ---

const LAZY_DEFAULTS = { affine: true, trackRunningStats: true } as const;

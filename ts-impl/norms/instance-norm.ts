// Instance normalisation: the function and the layers InstanceNorm1d, 2d and 3d. It is batch normalisation of every (sample, channel).

import { contiguous, fromStorage, isContiguous, type Tensor } from '../tensor/tensor.ts';
import { sizeOf } from '../tensor/shape.ts';
import { reshape, unsqueeze } from '../tensor/views.ts';
import type { ComputeArray } from './arithmetic.ts';
import { type BatchCall, nativeBatchNorm } from './batch-norm.ts';
import type { Call } from './call.ts';
import { sumAxes } from './cascade-sum.ts';
import { checkGradientShape, checkRank } from './checks.ts';
import { castTensor, cloneTensor, overwrite } from './parameters.ts';
import { torchSize } from './python-words.ts';
import { type RunningOptions, RunningNorm } from './running-norm.ts';
import { quoted, type StateDict, type StateEntry } from './state-dict.ts';
import { TorchError } from './torch-error.ts';

/**
 * `torch.nn.functional.instance_norm`. Input (N, C, *), statistics and parameters (C,). Where PyTorch writes the running tensors
 * in place, this answers new ones and leaves its arguments as they are. Throws TorchError.
 */
export function instanceNorm(
  input: Tensor,
  runningMean: Tensor | null = null,
  runningVar: Tensor | null = null,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  useInputStats = true,
  momentum = 0.1,
  eps = 1e-5,
): BatchCall {
  const mean = runningMean && cloneTensor(runningMean);
  const variance = runningVar && cloneTensor(runningVar);
  const call = instanceNormInPlace(input, mean, variance, weight, bias, useInputStats, momentum, eps);
  return { ...call, runningMean: mean, runningVar: variance };
}

/** The same on live running tensors, which must be contiguous. */
export function instanceNormInPlace(
  input: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  weight: Tensor | null,
  bias: Tensor | null,
  useInputStats: boolean,
  momentum: number,
  eps: number,
): Call {
  const { shape } = input;
  if (useInputStats && sizeOf(shape.slice(2)) === 1) {
    throw new TorchError(
      'ValueError',
      `Expected more than 1 spatial element when training, got input size ${torchSize(shape)}`,
    );
  }
  if (!useInputStats && (runningMean === null || runningVar === null)) {
    throw new TorchError(
      'RuntimeError',
      'Expected running_mean and running_var to be defined when use_input_stats is false',
    );
  }
  if (shape.length < 2) {
    throw new TorchError(
      'IndexError',
      shape.length === 0
        ? 'Dimension specified as 0 but tensor has no dimensions'
        : 'Dimension out of range (expected to be in range of [-1, 0], but got 1)',
    );
  }
  const [N, C] = shape;
  const wide = [1, N * C, ...shape.slice(2)];
  const w = repeat(weight, N); // [N·C]
  const b = repeat(bias, N); // [N·C]
  // Both statistics take the input's dtype where the mean has another one.
  const { dtype } = input;
  const recast = runningMean !== null && runningMean.dtype !== dtype && (dtype === 'float32' || dtype === 'float64');
  const live = (t: Tensor | null) => (t !== null && recast ? castTensor(t, dtype) : t);
  const means = repeat(live(runningMean), N); // [N·C]
  const variances = repeat(live(runningVar), N); // [N·C]
  const call = nativeBatchNorm(reshape(input, wide), means, variances, w, b, useInputStats, momentum, eps);
  if (useInputStats) {
    foldRunning(runningMean, means, N, C);
    foldRunning(runningVar, variances, N, C);
  }
  return {
    output: reshape(call.output, shape),
    backward(gradient) {
      checkGradientShape(gradient, shape);
      const g = call.backward(mergeSamples(gradient, wide));
      return {
        input: reshape(g.input, shape),
        weight: weight && sumSamples(g.weight, N, weight),
        bias: bias && sumSamples(g.bias, N, bias),
      };
    },
  };
}

/** Options of InstanceNorm with PyTorch's defaults: eps 1e-5, momentum 0.1, affine and trackRunningStats false, bias true, float32. */
export type InstanceNormOptions = RunningOptions;

abstract class InstanceNorm extends RunningNorm {
  constructor(numFeatures: number, options: InstanceNormOptions = {}) {
    super(numFeatures, { affine: false, trackRunningStats: false, ...options });
  }

  call(input: Tensor): Call {
    checkRank(input, this.ranks);
    const unbatched = input.shape.length === this.ranks[0];
    const axis = unbatched ? 0 : 1;
    // Without affine a mismatch is only warned of, and a library has no place to print.
    if (this.affine && input.shape[axis] !== this.numFeatures) {
      throw new TorchError(
        'ValueError',
        `expected input's size at dim=${axis} to match num_features (${this.numFeatures}), but got: ${input.shape[axis]}.`,
      );
    }
    if (!unbatched) return this.normaliseBatch(input);
    const call = this.normaliseBatch(unsqueeze(input, 0));
    return {
      output: reshape(call.output, input.shape),
      backward(gradient) {
        checkGradientShape(gradient, input.shape);
        const g = call.backward(unsqueeze(gradient, 0));
        return { ...g, input: reshape(g.input, input.shape) };
      },
    };
  }

  private normaliseBatch(input: Tensor): Call {
    return instanceNormInPlace(
      input,
      this.runningMean,
      this.runningVar,
      this.weight,
      this.bias,
      this.training || !this.trackRunningStats,
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
  readonly className = 'InstanceNorm1d';
  protected readonly ranks = [2, 3];
}

/** `torch.nn.InstanceNorm2d`: input (C, H, W) or (N, C, H, W). Throws TorchError. */
export class InstanceNorm2d extends InstanceNorm {
  readonly className = 'InstanceNorm2d';
  protected readonly ranks = [3, 4];
}

/** `torch.nn.InstanceNorm3d`: input (C, D, H, W) or (N, C, D, H, W). Throws TorchError. */
export class InstanceNorm3d extends InstanceNorm {
  readonly className = 'InstanceNorm3d';
  protected readonly ranks = [4, 5];
}

// --- internal ---

/** (C,) laid end to end N times. */
function repeat(t: Tensor | null, N: number): Tensor | null {
  if (t === null) return null;
  if (t.shape.length > 1) {
    throw new TorchError(
      'RuntimeError',
      'Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor',
    );
  }
  const one = contiguous(t).storage as ComputeArray; // a statistic or parameter, which is float
  const all = one instanceof Float32Array ? new Float32Array(one.length * N) : new Float64Array(one.length * N);
  for (let n = 0; n < N; n++) all.set(one, n * one.length);
  return fromStorage(t.dtype, [all.length], all);
}

/** running (C,) ← mean over the samples of repeated (N·C,). */
function foldRunning(running: Tensor | null, repeated: Tensor | null, N: number, C: number): void {
  if (running === null || repeated === null) return;
  if (repeated.storage.length !== N * C) {
    throw new TorchError(
      'RuntimeError',
      `shape '[${N}, ${C}]' is invalid for input of size ${repeated.storage.length}`,
    );
  }
  const mean = sumAxes(reshape(repeated, [N, C]), [true, false]); // [C]
  for (let c = 0; c < C; c++) mean[c] /= N;
  overwrite(running, fromStorage(repeated.dtype, [C], mean));
}

/** Σ over samples of a repeated parameter's gradient (N·C,). */
function sumSamples(g: Tensor | null, N: number, parameter: Tensor): Tensor | null {
  if (g === null) return null;
  const C = sizeOf(parameter.shape);
  if (N === 1) return g; // nothing was repeated, and a sum would turn −0 into 0
  return fromStorage(g.dtype, parameter.shape, sumAxes(reshape(g, [N, C]), [true, false]));
}

/** (N, C, *) as (1, N·C, *): a view where strides allow it, else a copy, as autograd does. */
function mergeSamples(t: Tensor, wide: readonly number[]): Tensor {
  const [N, C] = t.shape;
  if (isContiguous(t)) return reshape(t, wide);
  const stride = C === 1 ? t.strides[0] : t.strides[1];
  if (N !== 1 && C !== 1 && t.strides[0] !== C * t.strides[1]) return reshape(t, wide);
  return { ...t, shape: wide, strides: [N * C * stride, stride, ...t.strides.slice(2)] };
}

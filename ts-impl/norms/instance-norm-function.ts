// Instance normalisation as a function: batch normalisation of every (sample, channel), and running averages folded over the samples.

import { isHalf } from '../tensor/half.ts';
import { makeStorage, type Storage } from '../tensor/dtype.ts';
import { contiguous, fromStorage, isContiguous, type Tensor } from '../tensor/tensor.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { reshape } from '../tensor/views.ts';
import { narrowed, widened } from '../tensor/widen.ts';
import { type BatchCall, nativeBatchNorm } from './batch-norm-function.ts';
import type { Call } from './call.ts';
import { sumAxes } from './cascade-sum.ts';
import { checkGradientShape } from './checks.ts';
import { doubleBackwardOf, OF_INPUT } from './double-backward.ts';
import { castTensor, cloneTensor, overwrite } from './parameters.ts';
import { instancePartition } from './partition.ts';
import { torchSize } from './python-words.ts';
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
  if (useInputStats) checkSpatialSize(shape);
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
  // Both statistics take the weight's dtype, or else the input's, where the mean has another one.
  const { dtype } = weight ?? input;
  const recast = runningMean !== null && runningMean.dtype !== dtype;
  if (recast && runningVar === null) {
    throw new TorchError(
      'RuntimeError',
      "Expected a proper Tensor but got None (or an undefined Tensor in C++) for argument #0 'self'",
    );
  }
  const live = (t: Tensor | null) => (t !== null && recast && dtype !== 'int64' ? castTensor(t, dtype) : t);
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
    doubleBackward: doubleBackwardOf(
      input,
      weight && cloneTensor(weight), // as the repeated one, which is a copy
      eps,
      useInputStats || means === null || variances === null
        ? OF_INPUT
        : { kind: 'running', mean: means, variance: variances },
      () => instancePartition(N, C, sizeOf(shape.slice(2))),
    ),
  };
}

/** One value for each sample and channel has no variance. `shape` is (N, C, *). */
export function checkSpatialSize(shape: Shape): void {
  if (sizeOf(shape.slice(2)) !== 1) return;
  throw new TorchError(
    'ValueError',
    `Expected more than 1 spatial element when training, got input size ${torchSize(shape)}`,
  );
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
  const one = contiguous(t).storage as Exclude<Storage, BigInt64Array>; // a statistic or parameter, which is float
  const all = makeStorage(t.dtype, one.length * N) as typeof one; // of the same dtype
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
  // A mean of half-precision numbers is one of float32, rounded at last.
  const wide = widened(repeated);
  const mean = sumAxes(reshape(wide, [N, C]), [true, false]); // [C]
  for (let c = 0; c < C; c++) mean[c] /= N;
  overwrite(running, narrowed(fromStorage(wide.dtype, [C], mean), repeated.dtype));
}

/** Σ over samples of a repeated parameter's gradient (N·C,). */
function sumSamples(g: Tensor | null, N: number, parameter: Tensor): Tensor | null {
  if (g === null) return null;
  const C = sizeOf(parameter.shape);
  if (N === 1) return g; // nothing was repeated, and a sum would turn −0 into 0
  const half = isHalf(g.dtype) ? g.dtype : null;
  const wide = widened(g);
  const sum = sumAxes(reshape(wide, [N, C]), [true, false], half); // [C]
  return narrowed(fromStorage(wide.dtype, parameter.shape, sum), g.dtype);
}

/** (N, C, *) as (1, N·C, *): a view where strides allow it, else a copy, as autograd does. */
function mergeSamples(t: Tensor, wide: readonly number[]): Tensor {
  const [N, C] = t.shape;
  if (isContiguous(t)) return reshape(t, wide);
  const stride = C === 1 ? t.strides[0] : t.strides[1];
  if (N !== 1 && C !== 1 && t.strides[0] !== C * t.strides[1]) return reshape(t, wide);
  return { ...t, shape: wide, strides: [N * C * stride, stride, ...t.strides.slice(2)] };
}

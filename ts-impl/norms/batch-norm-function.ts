// Batch normalisation over (N, C, *) as a function: checks, statistics and running averages. Numbers are made in batch-norm-kernel.ts.

import { contiguous, fromStorage, isContiguous, type Tensor } from '../tensor/tensor.ts';
import { isHalf } from '../tensor/half.ts';
import { isChannelsLastContiguous, suggestMemoryFormat } from '../tensor/memory-format.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { ComputeArray } from './rounding.ts';
import { backward, inverseOfRunning, normalise } from './batch-norm-kernel.ts';
import { collectStatistics, inverseDeviation, updateRunning } from './batch-statistics.ts';
import type { Call } from './call.ts';
import { checkBatchSize, checkElements, checkFloat, checkGradientShape, checkMixed, misfit } from './checks.ts';
import { doubleBackwardOf, OF_INPUT } from './double-backward.ts';
import { emptyCall } from './empty-call.ts';
import { halfBatchNorm } from './half-batch-norm.ts';
import { cloneTensor } from './parameters.ts';
import { channelPartition } from './partition.ts';
import { layOut, toTensor } from './planes.ts';
import { pythonFloat, sizes } from './python-words.ts';
import { TorchError } from './torch-error.ts';

/** A call, and the running statistics after it where they were given. */
export interface BatchCall extends Call {
  readonly runningMean: Tensor | null;
  readonly runningVar: Tensor | null;
}

/**
 * `torch.nn.functional.batch_norm`. Input (N, C, *), statistics and parameters (C,). Where PyTorch writes the running tensors in
 * place, this answers new ones and leaves its arguments as they are. Throws TorchError.
 */
export function batchNorm(
  input: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  training = false,
  momentum = 0.1,
  eps = 1e-5,
): BatchCall {
  const mean = runningMean && cloneTensor(runningMean);
  const variance = runningVar && cloneTensor(runningVar);
  const call = batchNormInPlace(input, mean, variance, weight, bias, training, momentum, eps);
  return { ...call, runningMean: mean, runningVar: variance };
}

/** The same on live running tensors, which must be contiguous: training writes them, and an eval backward reads them as they are then. */
export function batchNormInPlace(
  input: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  weight: Tensor | null,
  bias: Tensor | null,
  training: boolean,
  momentum: number,
  eps: number,
): Call {
  if (training) checkBatchSize(input.shape);
  if (training && eps <= 0) {
    throw new TorchError('ValueError', `batch_norm eps must be positive during training, but got ${pythonFloat(eps)}`);
  }
  if (eps < 0) throw new TorchError('ValueError', `batch_norm eps must be non-negative, but got ${pythonFloat(eps)}`);
  return nativeBatchNorm(input, runningMean, runningVar, weight, bias, training, momentum, eps);
}

/** The operator under `batch_norm` and `instance_norm`, without the checks that only `batch_norm` makes. */
export function nativeBatchNorm(
  input: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  weight: Tensor | null,
  bias: Tensor | null,
  training: boolean,
  momentum: number,
  eps: number,
): Call {
  if (sizeOf(input.shape) === 0) return emptyCall(input, weight, bias);
  // Of fewer than two axes PyTorch reads past the end of the sizes, where a tensor that was never resized has 0.
  const C = input.shape.length < 2 ? 0 : input.shape[1];
  checkStatistics(C, runningMean, runningVar, training);
  checkElements('weight', weight, C);
  checkElements('bias', bias, C);
  checkRank(input.shape.length);
  if (training && (runningMean === null) !== (runningVar === null)) {
    throw new TorchError('ValueError', 'running_mean and running_var must either both be None or neither be None');
  }
  checkFloat('batch_norm', input);
  const mixed = checkMixed(input, [weight, bias, runningMean, runningVar]);
  const affineMisfit = mixed ? null : misfit(input, [weight, bias]);
  if (affineMisfit !== null && !training) throw affineMisfit;
  for (const t of [runningMean, runningVar]) {
    if (t !== null && t.shape.length !== 1) {
      throw new TorchError('RuntimeError', `TensorAccessor expected 1 dims but tensor has ${t.shape.length}`);
    }
    const wrong = mixed ? null : misfit(input, [t]);
    if (wrong !== null) throw wrong;
  }
  if (affineMisfit !== null) {
    // PyTorch looks at weight and bias when it has updated the running statistics.
    nativeBatchNorm(input, runningMean, runningVar, null, null, true, momentum, eps);
    throw affineMisfit;
  }

  const doubleBackward = doubleBackwardOf(
    input,
    weight,
    eps,
    training ? OF_INPUT : { kind: 'running', mean: runningMean as Tensor, variance: runningVar as Tensor }, // else they were refused
    () => channelPartition(input.shape[0], C, sizeOf(input.shape.slice(2))),
  );
  if (isHalf(input.dtype)) {
    const call = halfBatchNorm(input, input.dtype, runningMean, runningVar, weight, bias, training, momentum, eps);
    return { ...call, doubleBackward };
  }
  const planes = layOut(input);
  const rm = runningMean && flat(runningMean); // [C], live
  const rv = runningVar && flat(runningVar); // [C], live
  const w = weight && flat(contiguous(weight)); // [C]
  const b = bias && flat(contiguous(bias)); // [C]
  let mean: ComputeArray; // [C]
  let inverse: ComputeArray; // [C]
  if (training) {
    const statistics = collectStatistics(planes);
    mean = statistics.mean;
    inverse = inverseDeviation(statistics, planes, eps);
    updateRunning(statistics, planes, rm, rv, momentum);
  } else {
    mean = rm as ComputeArray; // without it eval was refused
    inverse = inverseOfRunning(planes, rv as ComputeArray, eps); // likewise
  }
  const unfolded = (weight !== null && !isContiguous(weight)) || (bias !== null && !isContiguous(bias));
  const output = toTensor(planes, normalise(planes, mean, inverse, { weight: w, bias: b }, unfolded));
  return {
    output,
    backward(gradient) {
      checkGradientShape(gradient, input.shape);
      checkParameterRanks(weight, bias, planes.layout === 'rows');
      // In eval mode the backward uses the running statistics of now, with eps added in double.
      const r = training ? inverse : (rv as ComputeArray).map((v) => 1 / Math.sqrt(v + eps)); // [C]; without rv eval was refused
      const g = backward(planes, gradient, mean, r, w, training);
      return {
        input: inMemoryOrder(g.input, input, gradient),
        weight: weight && fromStorage(input.dtype, weight.shape, g.weight),
        bias: bias && fromStorage(input.dtype, bias.shape, g.bias),
      };
    },
    doubleBackward,
  };
}

// --- internal ---

/** The forward takes parameters of any shape with the right number of elements; the way back does not. */
function checkParameterRanks(weight: Tensor | null, bias: Tensor | null, inRows: boolean): void {
  if (weight !== null && weight.shape.length !== 1 && !inRows) {
    throw new TorchError('RuntimeError', `TensorAccessor expected 1 dims but tensor has ${weight.shape.length}`);
  }
  for (const [index, t] of [weight, bias].entries()) {
    if (t === null || t.shape.length === 1) continue;
    throw new TorchError(
      'RuntimeError',
      `Function NativeBatchNormBackward0 returned an invalid gradient at index ${index + 1} - got [${sizeOf(t.shape)}] but expected shape compatible with ${sizes(t.shape)}`,
    );
  }
}

/** Of one value a plane PyTorch answers in channels-last order where the input alone lies so; all other orders are the kernel's. */
function inMemoryOrder(dx: Tensor, input: Tensor, gradient: Tensor): Tensor {
  const last = isChannelsLastContiguous(input) && suggestMemoryFormat(input) === 'channelsLast';
  const alone = sizeOf(input.shape.slice(2)) === 1 && suggestMemoryFormat(gradient) === 'contiguous';
  return last && alone ? { ...dx, strides: input.strides } : dx; // the same memory: only axes of size 1 have other strides
}

/** What asks for axis 1 says where there is none. */
function checkRank(rank: number): void {
  if (rank === 0) throw new TorchError('IndexError', 'Dimension specified as 1 but tensor has no dimensions');
  if (rank === 1) {
    throw new TorchError('IndexError', 'Dimension out of range (expected to be in range of [-1, 0], but got 1)');
  }
}

function checkStatistics(C: number, mean: Tensor | null, variance: Tensor | null, training: boolean): void {
  for (const [name, t] of [['running_mean', mean] as const, ['running_var', variance] as const]) {
    if (t === null && !training) {
      throw new TorchError('RuntimeError', `${name} must be defined in evaluation mode`);
    }
    checkElements(name, t, C);
  }
}

function flat(t: Tensor): ComputeArray {
  return t.storage as ComputeArray; // dtypes were checked, and callers hand over contiguous tensors
}

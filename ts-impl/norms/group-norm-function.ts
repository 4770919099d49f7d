// Group normalisation of (N, C, *) as a function: checks and memory layout. Numbers are made in the group-norm kernels.

import type { ComputeDtype, FloatDtype } from '../tensor/dtype.ts';
import { isHalf } from '../tensor/half.ts';
import { channelsLastView, fromChannelsLastOrder, suggestMemoryFormat } from '../tensor/memory-format.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { contiguous, fromStorage, type Tensor } from '../tensor/tensor.ts';
import { narrowed, widened } from '../tensor/widen.ts';
import { type ComputeArray, makeArray } from './rounding.ts';
import type { Call } from './call.ts';
import { checkBatchSize, checkDtypes, checkGradientShape, checkMixed } from './checks.ts';
import { doubleBackwardOf, OF_INPUT } from './double-backward.ts';
import { zerosLike } from './empty-call.ts';
import { backwardChannelsLast, normaliseChannelsLast } from './group-norm-channels-last.ts';
import {
  backwardGroups,
  type GroupKernels,
  type Groups,
  type GroupStatistics,
  normaliseGroups,
} from './group-norm-kernel.ts';
import { halfGroupKernels } from './half-group-norm.ts';
import { refill } from './parameters.ts';
import { groupPartition } from './partition.ts';
import { sizes } from './python-words.ts';
import { TorchError } from './torch-error.ts';

/** `torch.nn.functional.group_norm`. Input (N, C, *), weight and bias (C,). Throws TorchError. */
export function groupNorm(
  input: Tensor,
  numGroups: number,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Call {
  checkArguments(input, numGroups, weight, bias);
  const [N, C] = input.shape;
  const mixed = checkMixed(input, [weight, bias]);
  checkDtypes('GroupNormKernelImpl', input, [weight, bias]);
  if (sizeOf(input.shape) === 0) return emptyGroups(input, weight, bias);

  const dtype = input.dtype as FloatDtype; // every other was refused above
  const S = sizeOf(input.shape.slice(2));
  const last = suggestMemoryFormat(input) === 'channelsLast';
  const order = (t: Tensor) => flat(last ? channelsLastView(widened(t)) : widened(t)); // [N, C, S], or [N, S, C] with channels last
  const computed = isHalf(dtype) ? 'float32' : dtype;
  const toInput = (data: ComputeArray) => narrowed(fromOrder(data, input.shape, computed, last), dtype);
  const groups: Groups = {
    data: order(input),
    dtype: computed,
    single: computed === 'float32',
    N,
    C,
    S,
    G: numGroups,
    D: C / numGroups,
  };
  const channels = (t: Tensor | null) => t && flat(widened(t)); // [C]
  const y = makeArray(computed, N * C * S);
  const M = N * numGroups;
  const statistics: GroupStatistics = { mean: makeArray(computed, M), rstd: makeArray(computed, M) }; // [N, G] each
  const kernels = isHalf(dtype) ? halfGroupKernels(dtype, mixed, last) : last ? CHANNELS_LAST : CONTIGUOUS;
  kernels.normalise(groups, channels(weight), channels(bias), eps, y, statistics);
  const twice = doubleBackwardOf(input, weight, eps, OF_INPUT, () => groupPartition(N, C, S, numGroups));
  return {
    output: toInput(y),
    backward(gradient) {
      checkGradientShape(gradient, input.shape);
      checkParameters(weight, bias);
      const g = kernels.backward(groups, order(gradient), statistics, channels(weight)); // the weight as it is by now
      return {
        input: toInput(g.input),
        weight: weight && narrowed(fromStorage(computed, [C], g.weight), weight.dtype as FloatDtype), // checked above
        bias: bias && narrowed(fromStorage(computed, [C], g.bias), bias.dtype as FloatDtype), // checked above
      };
    },
    doubleBackward: (upstream, vectors) => {
      // The same misfit as in `checkParameters`, which PyTorch meets in another place on this way.
      if (weight === null && bias !== null) {
        throw new TorchError('RuntimeError', `shape '[0]' is invalid for input of size ${C}`);
      }
      return twice(upstream, vectors);
    },
  };
}

/** What PyTorch checks before it calls the operator. */
export function checkGroups(input: Tensor, G: number): void {
  const { shape } = input;
  if (shape.length < 2) {
    throw new TorchError(
      'RuntimeError',
      `Expected at least 2 dimensions for input tensor but received ${shape.length}`,
    );
  }
  if (G === 0) throw new TorchError('ZeroDivisionError', 'integer division or modulo by zero');
  const perGroup = [Math.floor((shape[0] * shape[1]) / G), G, ...shape.slice(2)];
  checkBatchSize(perGroup, sizes(perGroup));
}

// --- internal ---

const CONTIGUOUS: GroupKernels = { normalise: normaliseGroups, backward: backwardGroups };
const CHANNELS_LAST: GroupKernels = { normalise: normaliseChannelsLast, backward: backwardChannelsLast };

function checkArguments(input: Tensor, G: number, weight: Tensor | null, bias: Tensor | null): void {
  const { shape } = input;
  checkGroups(input, G);
  if (G < 0) throw new TorchError('RuntimeError', `Expected num groups to be greater than 0, got ${G}`);
  if (shape[1] % G !== 0) {
    throw new TorchError(
      'RuntimeError',
      `Expected number of channels in input to be divisible by num_groups, but got input of shape ${sizes(shape)} and num_groups=${G}`,
    );
  }
  // PyTorch's message about the bias shows the weight's shape, or [0] where there is none.
  for (const [name, t] of [['weight', weight] as const, ['bias', bias] as const]) {
    if (t !== null && (t.shape.length !== 1 || t.shape[0] !== shape[1])) {
      throw new TorchError(
        'RuntimeError',
        `Expected ${name} to be a vector of size equal to the number of channels in input, but got ${name} of shape ${sizes(weight?.shape ?? [0])} and input of shape ${sizes(shape)}`,
      );
    }
  }
}

/** No element: empty output; the weight's gradient is 0/0 where there are samples without pixels. */
function emptyGroups(input: Tensor, weight: Tensor | null, bias: Tensor | null): Call {
  return {
    output: zerosLike(input),
    backward(gradient) {
      checkGradientShape(gradient, input.shape);
      checkParameters(weight, bias);
      const dw = weight && zerosLike(weight);
      if (dw !== null && input.shape[0] > 0) refill(dw, Number.NaN);
      return { input: zerosLike(input), weight: dw, bias: bias && zerosLike(bias) };
    },
  };
}

/** PyTorch cannot go back through a bias without a weight. */
function checkParameters(weight: Tensor | null, bias: Tensor | null): void {
  if (weight === null && bias !== null) throw new TorchError('RuntimeError', 'tensor does not have a device');
}

function fromOrder(data: ComputeArray, shape: Shape, dtype: ComputeDtype, channelsLast: boolean): Tensor {
  if (!channelsLast) return fromStorage(dtype, shape, data);
  return fromChannelsLastOrder(fromStorage(dtype, [shape[0], ...shape.slice(2), shape[1]], data));
}

function flat(t: Tensor): ComputeArray {
  return contiguous(t).storage as ComputeArray; // dtypes were checked
}

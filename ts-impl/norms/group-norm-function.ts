// Group normalisation of (N, C, *) as a function: checks and memory layout. Numbers are made in the two group-norm kernels.

import type { ComputeDtype } from '../tensor/dtype.ts';
import { channelsLastView, fromChannelsLastOrder, suggestMemoryFormat } from '../tensor/memory-format.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { contiguous, fromStorage, type Tensor } from '../tensor/tensor.ts';
import { type ComputeArray, makeArray } from './rounding.ts';
import type { Call } from './call.ts';
import { checkBatchSize, checkDtypes, checkGradientShape, checkMixed } from './checks.ts';
import { zerosLike } from './empty-call.ts';
import { backwardChannelsLast, normaliseChannelsLast } from './group-norm-channels-last.ts';
import { backwardGroups, type Groups, type GroupStatistics, normaliseGroups } from './group-norm-kernel.ts';
import { refill } from './parameters.ts';
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
  checkMixed(input, [weight, bias]);
  if (sizeOf(input.shape) === 0) return emptyGroups(input, weight, bias);
  checkDtypes('GroupNormKernelImpl', input, [weight, bias]);

  const dtype = input.dtype as ComputeDtype; // checked on the line above
  const S = sizeOf(input.shape.slice(2));
  const last = suggestMemoryFormat(input) === 'channelsLast';
  const order = (t: Tensor) => flat(last ? channelsLastView(t) : t); // [N, C, S], or [N, S, C] with channels last
  const toInput = (data: ComputeArray) => fromOrder(data, input.shape, dtype, last);
  const groups: Groups = {
    data: order(input),
    dtype,
    single: dtype === 'float32',
    N,
    C,
    S,
    G: numGroups,
    D: C / numGroups,
  };
  const w = weight && flat(weight); // [C]
  const b = bias && flat(bias); // [C]
  const y = makeArray(dtype, N * C * S);
  const statistics: GroupStatistics = { mean: makeArray(dtype, N * numGroups), rstd: makeArray(dtype, N * numGroups) };
  (last ? normaliseChannelsLast : normaliseGroups)(groups, w, b, eps, y, statistics);
  return {
    output: toInput(y),
    backward(gradient) {
      checkGradientShape(gradient, input.shape);
      checkParameters(weight, bias);
      const g = (last ? backwardChannelsLast : backwardGroups)(groups, order(gradient), statistics, w);
      return {
        input: toInput(g.input),
        weight: weight && fromStorage(dtype, [C], g.weight),
        bias: bias && fromStorage(dtype, [C], g.bias),
      };
    },
  };
}

// --- internal ---

function checkArguments(input: Tensor, G: number, weight: Tensor | null, bias: Tensor | null): void {
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

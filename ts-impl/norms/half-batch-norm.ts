// The batch normalisation operator on float16 and bfloat16, its parameters of the same type or float32. Its arguments were checked before.

import type { HalfDtype } from '../tensor/dtype.ts';
import { suggestMemoryFormat } from '../tensor/memory-format.ts';
import { contiguous, fromStorage, isContiguous, type Tensor } from '../tensor/tensor.ts';
import { narrowed, widened } from '../tensor/widen.ts';
import type { Call } from './call.ts';
import { checkGradientShape } from './checks.ts';
import { collectHalf } from './half-batch-statistics.ts';
import { backwardHalf, type HalfAffine, normaliseHalf } from './half-batch-norm-kernel.ts';
import { backwardStrided, normaliseStrided } from './half-batch-norm-strided.ts';
import { type HalfPrecision, keep } from './half-precision.ts';
import { castTensor, overwrite } from './parameters.ts';
import { layOut, type Planes, toTensor } from './planes.ts';

/** Running tensors are live and contiguous: training writes them, and an eval backward reads them as they are then. */
export function halfBatchNorm(
  input: Tensor,
  dtype: HalfDtype,
  runningMean: Tensor | null, // [C]
  runningVar: Tensor | null, // [C]
  weight: Tensor | null, // [C]
  bias: Tensor | null, // [C]
  training: boolean,
  momentum: number,
  eps: number,
): Call {
  const first = weight ?? bias ?? runningMean ?? runningVar;
  const precision: HalfPrecision = { dtype, pure: first === null || first.dtype === dtype };
  const planes = layOut(widened(input));
  const affine: HalfAffine = { weight: weight && valuesOf(weight), bias: bias && valuesOf(bias) };
  const general = planes.layout === 'strided' || !inOrder(weight) || !inOrder(bias);
  let mean: Float32Array; // [C]
  let inverse: Float32Array; // [C]
  if (training) {
    const rm = runningMean && valuesOf(runningMean); // [C]
    const rv = runningVar && valuesOf(runningVar); // [C]
    ({ mean, inverse } = collectHalf(planes, precision, eps, momentum, rm, rv));
    if (runningMean && rm) overwrite(runningMean, fromStorage('float32', runningMean.shape, rm));
    if (runningVar && rv) overwrite(runningVar, fromStorage('float32', runningVar.shape, rv));
  } else {
    mean = valuesOf(runningMean as Tensor); // without it eval was refused
    inverse = inverseOfRunning(valuesOf(runningVar as Tensor), eps, general ? precision : null); // likewise
  }
  const y = general
    ? normaliseStrided(planes, mean, inverse, affine, precision)
    : normaliseHalf(planes, mean, inverse, affine, precision);
  return {
    output: narrowed(toTensor(planes, y), dtype),
    backward(gradient) {
      checkGradientShape(gradient, input.shape);
      const upstream = widened(gradient.dtype === dtype ? gradient : castTensor(gradient, dtype));
      const g = layOut(upstream);
      const together =
        planes.layout !== 'strided' &&
        g.layout !== 'strided' &&
        suggestMemoryFormat(planes.tensor) === suggestMemoryFormat(upstream);
      // In eval mode the backward uses the running statistics of now, with eps added in double.
      const m = training ? mean : valuesOf(runningMean as Tensor); // [C]; without it eval was refused
      const r = training ? inverse : inverseInDouble(valuesOf(runningVar as Tensor), eps, together ? null : precision); // [C]; likewise
      const made = together
        ? backwardHalf(planes, g.data as Float32Array, m, r, affine.weight, training, precision) // widened above
        : backwardStrided(planes, upstream, m, r, affine.weight, training, precision);
      const laid: Planes = together ? planes : layOut(contiguous(planes.tensor));
      return {
        input: narrowed(toTensor(laid, made.input), dtype),
        weight: weight && ofParameter(made.weight, weight),
        bias: bias && ofParameter(made.bias, bias),
      };
    },
  };
}

// --- internal ---

function inOrder(t: Tensor | null): boolean {
  return t === null || isContiguous(t);
}

/** The elements as float32. */
function valuesOf(t: Tensor): Float32Array {
  return widened(contiguous(t)).storage as Float32Array; // dtypes were checked: half precision or float32
}

function ofParameter(values: Float32Array, parameter: Tensor): Tensor {
  return castTensor(
    fromStorage('float32', parameter.shape, values),
    parameter.dtype as HalfDtype | 'float32', // checked before
  );
}

/** 1/√(running_var + eps) in float32; with `stored` each step, eps included, is rounded to the parameters' dtype. */
function inverseOfRunning(runningVar: Float32Array, eps: number, stored: HalfPrecision | null): Float32Array {
  const rounded = (x: number) => (stored === null ? Math.fround(x) : keep(x, stored));
  const e = rounded(eps);
  return runningVar.map((v) => rounded(1 / rounded(Math.sqrt(rounded(v + e)))));
}

function inverseInDouble(runningVar: Float32Array, eps: number, stored: HalfPrecision | null): Float32Array {
  return runningVar.map((v) => {
    const inverse = 1 / Math.sqrt(v + eps);
    return stored === null ? inverse : keep(inverse, stored);
  });
}

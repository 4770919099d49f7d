// Layer normalisation of a half-precision input: decoding, rounding and what is kept for the way back. Checks are in layer-norm.ts.

import type { HalfDtype } from '../tensor/dtype.ts';
import { encodeHalves, roundHalf } from '../tensor/half.ts';
import type { Shape } from '../tensor/shape.ts';
import { contiguous, fromStorage, type Tensor } from '../tensor/tensor.ts';
import { narrowed, widened } from '../tensor/widen.ts';
import type { Call } from './call.ts';
import { checkGradientShape, scalarTypeName } from './checks.ts';
import { backwardHalfRows, type HalfRows, normaliseHalfRows } from './half-layer-norm-kernel.ts';
import { TorchError } from './torch-error.ts';

/** `layerNorm` of M rows of N values; weight and bias of normalizedShape, of the input's dtype or float32. Backward may throw TorchError. */
export function halfLayerNorm(
  input: Tensor,
  normalizedShape: Shape,
  M: number,
  N: number,
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
): Call {
  const dtype = input.dtype as HalfDtype; // the caller has checked it
  const kept = (weight ?? bias ?? input).dtype; // of the statistics
  const mixed = kept !== dtype;
  const rows: HalfRows = { data: decoded(input), M, N, dtype };
  const y = new Float32Array(M * N); // [M, N]
  const statistics = { mean: new Float32Array(M), rstd: new Float32Array(M) }; // [M] each
  normaliseHalfRows(rows, weight && decoded(weight), bias && decoded(bias), eps, y, statistics);
  if (!mixed) {
    for (let i = 0; i < M; i++) {
      statistics.mean[i] = roundHalf(statistics.mean[i], dtype);
      statistics.rstd[i] = roundHalf(statistics.rstd[i], dtype);
    }
  }
  return {
    output: fromStorage(dtype, input.shape, encodeHalves(y, dtype)),
    backward(gradient) {
      checkGradientShape(gradient, input.shape);
      // The backward kernel, which no rows never reach, tells a mixed call by the weight alone.
      if (mixed && weight === null && M > 0) {
        throw new TorchError('RuntimeError', `expected scalar type ${scalarTypeName(dtype)} but found Float`);
      }
      const w = weight && decoded(weight); // [N], as it is by now
      const dx = new Float32Array(M * N); // [M, N]
      const dw = new Float32Array(N); // [N]
      const db = new Float32Array(N); // [N]
      backwardHalfRows(rows, decoded(gradient), statistics, w, mixed, dx, dw, db);
      const ofParameter = (t: Tensor | null, values: Float32Array) =>
        t && narrowed(fromStorage('float32', normalizedShape, values), mixed ? 'float32' : dtype);
      return {
        input: fromStorage(dtype, input.shape, encodeHalves(dx, dtype)),
        weight: ofParameter(weight, dw),
        bias: ofParameter(bias, db),
      };
    },
  };
}

// --- internal ---

/** A tensor's values in index order. */
function decoded(t: Tensor): Float32Array {
  return widened(contiguous(t)).storage as Float32Array; // half precision widened, or float32 as it was
}

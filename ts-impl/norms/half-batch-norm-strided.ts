// Batch normalisation of a half-precision input of any strides, element by element with a rounding after every operation, as PyTorch's general loops do.

import { roundHalf } from '../tensor/half.ts';
import { contiguous, type Tensor } from '../tensor/tensor.ts';
import { dense, mergeAxes, sortAxes } from './axis-order.ts';
import { sumAxes } from './cascade-sum.ts';
import type { HalfAffine, HalfGradients } from './half-batch-norm-kernel.ts';
import { type HalfPrecision, keep } from './half-precision.ts';
import { layOut, type Planes } from './planes.ts';

/** ((x − mean)·inverse)·weight + bias, each step rounded to the parameters' dtype; laid out like `planes.data`. */
export function normaliseStrided(
  planes: Planes,
  mean: Float32Array, // [C]
  inverse: Float32Array, // [C]
  affine: HalfAffine,
  precision: HalfPrecision,
): Float32Array {
  const { data: x, C, S } = planes;
  const y = new Float32Array(x.length);
  const run = planes.layout === 'rows' ? 1 : S;
  for (let at = 0, c = 0; at < x.length; c = c + 1 === C ? 0 : c + 1) {
    const w = affine.weight === null ? 1 : affine.weight[c];
    const b = affine.bias === null ? 0 : affine.bias[c];
    for (const end = at + run; at < end; at++) {
      const z = keep(keep(x[at] - mean[c], precision) * inverse[c], precision);
      y[at] = keep(z * w, precision) + b;
    }
  }
  return y;
}

/** Gradients in the order of a contiguous copy of `planes.tensor`; both tensors are widened to float32. */
export function backwardStrided(
  planes: Planes,
  upstream: Tensor,
  mean: Float32Array, // [C]
  inverse: Float32Array, // [C]
  weight: Float32Array | null, // [C]
  train: boolean,
  precision: HalfPrecision,
): HalfGradients {
  const { tensor, N, C, S } = planes;
  const { dtype } = precision;
  const count = N * S;
  const reduced = tensor.shape.map((_, axis) => axis !== 1);
  // The sum of bfloat16 is bfloat16; float16 is cast to float32 first, lest it overflow.
  const sum = (
    dtype === 'bfloat16' ? sumAxes(upstream, reduced, dtype) : sumAxes(dense(upstream), reduced)
  ) as Float32Array; // [C], of a float32 tensor
  const dot = dotsOf(planes, upstream, mean, precision); // [C]
  const flat = layOut(contiguous(tensor)); // [N, C, S]
  const g = layOut(contiguous(upstream)).data; // [N, C, S]
  const dx = new Float32Array(g.length);
  for (let at = 0, c = 0; at < dx.length; c = c + 1 === C ? 0 : c + 1) {
    const w = weight === null ? 1 : weight[c];
    const r = inverse[c];
    const scaled = keep(keep(roundHalf(dot[c], dtype) * r, precision) * r, precision);
    const k = roundHalf(keep(scaled / keep(count, precision), precision), dtype);
    const gradMean = roundHalf(sum[c] / (dtype === 'bfloat16' ? roundHalf(count, dtype) : count), dtype);
    for (const end = at + S; at < end; at++) {
      let centred = g[at];
      if (train) {
        const apart = roundHalf(keep(keep(flat.data[at] - mean[c], precision) * k, precision), dtype);
        centred = roundHalf(roundHalf(g[at] - gradMean, dtype) - apart, dtype);
      }
      dx[at] = keep(keep(centred * r, precision) * w, precision);
    }
  }
  for (let c = 0; c < C; c++) {
    dot[c] = keep(Math.fround(dot[c] * inverse[c]), precision);
    sum[c] = keep(sum[c], precision);
  }
  return { input: dx, weight: dot, bias: sum };
}

// --- internal ---

/** Σ (x − mean)·g in float32 in the order of memory, each product rounded to the parameters' dtype first. */
function dotsOf(planes: Planes, upstream: Tensor, mean: Float32Array, precision: HalfPrecision): Float32Array {
  const { tensor, N, C, S } = planes;
  const x = tensor.storage as Float32Array; // widened by the caller
  const g = upstream.storage as Float32Array; // the same
  const shape = tensor.shape.map((size, axis) => (axis === 1 ? 1 : size));
  const axes = mergeAxes(sortAxes(shape, [tensor.strides, upstream.strides], false));
  const index = new Int32Array(axes.length);
  const dots = new Float32Array(C); // [C]
  for (let c = 0; c < C; c++) {
    let at = tensor.offset + c * tensor.strides[1];
    let gAt = upstream.offset + c * upstream.strides[1];
    let dot = 0;
    index.fill(0);
    for (let i = 0; i < N * S; i++) {
      dot = Math.fround(dot + keep(keep(x[at] - mean[c], precision) * g[gAt], precision));
      for (let axis = 0; axis < axes.length; axis++) {
        at += axes[axis].strides[0];
        gAt += axes[axis].strides[1];
        if (++index[axis] < axes[axis].size) break;
        at -= axes[axis].strides[0] * axes[axis].size;
        gAt -= axes[axis].strides[1] * axes[axis].size;
        index[axis] = 0;
      }
    }
    dots[c] = dot;
  }
  return dots;
}

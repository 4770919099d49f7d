// Batch normalisation of a laid-out input, forward and backward, given the statistics. Defaults, checks and running averages are elsewhere.

import { contiguous, type Tensor } from '../tensor/tensor.ts';
import { suggestMemoryFormat } from '../tensor/memory-format.ts';
import { fma, fma64 } from './fused-multiply-add.ts';
import { type ComputeArray, makeArray, round } from './rounding.ts';
import { mergeAxes, sortAxes } from './axis-order.ts';
import { foldedPlanes, foldedRows } from './fold.ts';
import { sumAxes } from './cascade-sum.ts';
import { dotCentredRow, laneCount, sumRow } from './lanes.ts';
import { emptyLike, layOut, type Planes, toTensor } from './planes.ts';

export interface Affine {
  readonly weight: ComputeArray | null; // [C]
  readonly bias: ComputeArray | null; // [C]
}

export interface ChannelGradients {
  readonly input: Tensor;
  readonly weight: ComputeArray; // [C]
  readonly bias: ComputeArray; // [C]
}

/** 1/√(running_var + eps), eps rounded to the dtype first. */
export function inverseOfRunning(planes: Planes, runningVar: ComputeArray, eps: number): ComputeArray {
  const { C, single } = planes;
  const inverse = makeArray(planes.dtype, C); // [C]
  const e = round(eps, single);
  for (let c = 0; c < C; c++) inverse[c] = 1 / round(Math.sqrt(round(runningVar[c] + e, single)), single);
  return inverse;
}

/** (x − mean)·inverse·weight + bias; folded to x·alpha + beta unless `unfolded` or the input is strided. */
export function normalise(
  planes: Planes,
  mean: ComputeArray, // [C]
  inverse: ComputeArray, // [C]
  affine: Affine,
  unfolded: boolean,
): ComputeArray {
  const { data: x, C, S, single } = planes;
  const y = emptyLike(planes);
  const straight = unfolded || planes.layout === 'strided';
  const alpha = makeArray(planes.dtype, C); // [C]
  const beta = makeArray(planes.dtype, C); // [C]
  for (let c = 0; c < C; c++) {
    const w = affine.weight === null ? 1 : affine.weight[c];
    const b = affine.bias === null ? 0 : affine.bias[c];
    alpha[c] = straight ? w : inverse[c] * w;
    beta[c] = straight ? b : fma(-mean[c], alpha[c], b, single);
  }
  if (single && !straight && planes.layout === 'rows') {
    foldedRows(x, alpha, beta, y);
    return y;
  }
  if (single && !straight) {
    foldedPlanes(x, S, alpha, beta, y);
    return y;
  }
  // In memory channels change every S elements (planes) or every element (rows).
  const run = planes.layout === 'rows' ? 1 : S;
  for (let at = 0, c = 0; at < x.length; c = c + 1 === C ? 0 : c + 1) {
    const a = alpha[c];
    const b = beta[c];
    const end = at + run;
    if (straight) {
      for (; at < end; at++) {
        const z = round(round(x[at] - mean[c], single) * inverse[c], single);
        y[at] = round(z * a, single) + b;
      }
    } else {
      for (; at < end; at++) y[at] = fma64(x[at], a, b);
    }
  }
  return y;
}

/**
 * Gradients for an upstream gradient. `train`: the statistics are of this batch, so their own dependence on the input counts.
 * `inverse` must be 1/√(var + eps) in the dtype.
 */
export function backward(
  planes: Planes,
  upstream: Tensor,
  mean: ComputeArray, // [C]
  inverse: ComputeArray, // [C]
  weight: ComputeArray | null, // [C]
  train: boolean,
): ChannelGradients {
  const gradient = layOut(upstream);
  const together =
    planes.layout !== 'strided' &&
    gradient.layout !== 'strided' &&
    suggestMemoryFormat(planes.tensor) === suggestMemoryFormat(upstream);
  if (!together) return backwardStrided(planes, upstream, mean, inverse, weight, train);
  return planes.layout === 'planes'
    ? backwardPlanes(planes, gradient.data, mean, inverse, weight, train)
    : backwardRows(planes, gradient.data, mean, inverse, weight, train);
}

// --- internal ---

/** [N, C, S]: sums in lanes per plane, added up in double. */
function backwardPlanes(
  planes: Planes,
  g: ComputeArray, // [N, C, S]
  mean: ComputeArray,
  inverse: ComputeArray,
  weight: ComputeArray | null,
  train: boolean,
): ChannelGradients {
  const { data: x, N, C, S, single } = planes;
  const count = N * S;
  const dx = emptyLike(planes);
  const dw = makeArray(planes.dtype, C); // [C]
  const db = makeArray(planes.dtype, C); // [C]
  for (let c = 0; c < C; c++) {
    const w = weight === null ? 1 : weight[c];
    const m = mean[c];
    const r = inverse[c];
    let sum = 0;
    let dot = 0;
    for (let n = 0; n < N; n++) {
      const at = (n * C + c) * S;
      sum += sumRow(g, at, S, single);
      dot += dotCentredRow(x, at, m, g, at, S, single, true);
    }
    const k = round(round(round(round(dot, single) * r, single) * r, single) / count, single);
    const gradMean = round(sum / count, single);
    for (let n = 0; n < N; n++) {
      const at = (n * C + c) * S;
      for (let i = at; i < at + S; i++) {
        const centred = train ? fma(-round(x[i] - m, single), k, round(g[i] - gradMean, single), single) : g[i];
        dx[i] = round(centred * r, single) * w;
      }
    }
    dw[c] = dot * r;
    db[c] = sum;
  }
  return { input: toTensor(planes, dx), weight: dw, bias: db };
}

/** [N·S, C]: one accumulator per channel in the dtype, row after row. */
function backwardRows(
  planes: Planes,
  g: ComputeArray, // [N·S, C]
  mean: ComputeArray,
  inverse: ComputeArray,
  weight: ComputeArray | null,
  train: boolean,
): ChannelGradients {
  const { data: x, N, C, S, single } = planes;
  const count = N * S;
  const dx = emptyLike(planes);
  const sum = makeArray(planes.dtype, C); // [C]
  const dot = makeArray(planes.dtype, C); // [C]
  for (let row = 0, at = 0; row < count; row++) {
    for (let c = 0; c < C; c++, at++) {
      sum[c] += g[at];
      dot[c] = fma(round(x[at] - mean[c], single), g[at], dot[c], single);
    }
  }
  const dw = makeArray(planes.dtype, C); // [C]
  const k = makeArray(planes.dtype, C); // [C]
  const gradMean = makeArray(planes.dtype, C); // [C]
  for (let c = 0; c < C; c++) {
    const r = inverse[c];
    // PyTorch adds each thread's sums to 0 at last, which makes −0 of a sum 0.
    sum[c] += 0;
    dot[c] += 0;
    dw[c] = dot[c] * r;
    k[c] = round(round(dot[c] * r, single) * r, single) / count;
    gradMean[c] = sum[c] / count;
  }
  // Whole vectors of channels fuse the subtraction of (x − mean)·k; what is left over rounds the product first.
  const whole = C - (C % laneCount(single));
  for (let row = 0, at = 0; row < count; row++) {
    for (let c = 0; c < C; c++, at++) {
      let centred = g[at];
      if (train) {
        const apart = round(x[at] - mean[c], single);
        const level = round(g[at] - gradMean[c], single);
        centred = c < whole ? fma(-apart, k[c], level, single) : round(level - round(apart * k[c], single), single);
      }
      dx[at] = round(centred * inverse[c], single) * (weight === null ? 1 : weight[c]);
    }
  }
  return { input: toTensor(planes, dx), weight: dw, bias: sum };
}

/** Any strides: the gradient summed by the general kernel, the dot product in double in the order of memory; nothing fused. */
function backwardStrided(
  planes: Planes,
  upstream: Tensor,
  mean: ComputeArray,
  inverse: ComputeArray,
  weight: ComputeArray | null,
  train: boolean,
): ChannelGradients {
  const { tensor, N, C, S, single } = planes;
  const count = N * S;
  const sum = sumAxes(
    upstream,
    tensor.shape.map((_, axis) => axis !== 1),
  ); // [C]
  const x = tensor.storage as ComputeArray; // float32 and float64 memory is one of these
  const g = upstream.storage as ComputeArray; // the same
  const shape = tensor.shape.map((size, axis) => (axis === 1 ? 1 : size));
  const axes = mergeAxes(sortAxes(shape, [tensor.strides, upstream.strides], false));
  const index = new Int32Array(axes.length);
  const dw = makeArray(planes.dtype, C); // [C]
  const k = makeArray(planes.dtype, C); // [C]
  for (let c = 0; c < C; c++) {
    let at = tensor.offset + c * tensor.strides[1];
    let gAt = upstream.offset + c * upstream.strides[1];
    let dot = 0;
    index.fill(0);
    for (let i = 0; i < count; i++) {
      dot += round(round(x[at] - mean[c], single) * g[gAt], single);
      for (let axis = 0; axis < axes.length; axis++) {
        at += axes[axis].strides[0];
        gAt += axes[axis].strides[1];
        if (++index[axis] < axes[axis].size) break;
        at -= axes[axis].strides[0] * axes[axis].size;
        gAt -= axes[axis].strides[1] * axes[axis].size;
        index[axis] = 0;
      }
    }
    k[c] = round(round(round(dot, single) * inverse[c], single) * inverse[c], single) / count;
    dw[c] = dot * inverse[c];
  }
  // Element by element the order is free: both sides as [N, C, S].
  const flat = layOut(contiguous(tensor));
  const gFlat = layOut(contiguous(upstream)).data;
  const dx = emptyLike(flat);
  for (let at = 0, c = 0; at < dx.length; c = c + 1 === C ? 0 : c + 1) {
    const w = weight === null ? 1 : weight[c];
    const gradMean = round(sum[c] / count, single);
    for (const end = at + S; at < end; at++) {
      const centred = train
        ? round(
            round(gFlat[at] - gradMean, single) - round(round(flat.data[at] - mean[c], single) * k[c], single),
            single,
          )
        : gFlat[at];
      dx[at] = round(centred * inverse[c], single) * w;
    }
  }
  return { input: toTensor(flat, dx), weight: dw, bias: sum };
}

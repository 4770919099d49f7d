// Batch normalisation of a half-precision input that lies in order, forward and backward, given the statistics: float32 inside, one rounding at the end.

import { addLanes, type HalfPrecision, keep } from './half-precision.ts';
import { foldedPlanes, foldedRows } from './fold.ts';
import { fma32 } from './fused-multiply-add.ts';
import type { Planes } from './planes.ts';

export interface HalfAffine {
  readonly weight: Float32Array | null; // [C]
  readonly bias: Float32Array | null; // [C]
}

/** In float32, not yet rounded to the input's dtype. */
export interface HalfGradients {
  /** Laid out like `planes.data`. */
  readonly input: Float32Array;
  readonly weight: Float32Array; // [C], rounded to the parameters' dtype
  readonly bias: Float32Array; // [C], likewise
}

/** x·alpha + beta with one fused multiply-add, in float32. */
export function normaliseHalf(
  planes: Planes,
  mean: Float32Array, // [C]
  inverse: Float32Array, // [C]
  affine: HalfAffine,
  precision: HalfPrecision,
): Float32Array {
  const { data: x, C, S } = planes;
  // PyTorch's compiler fuses beta but where parameters are float16.
  const fused = !(precision.pure && precision.dtype === 'float16');
  const y = new Float32Array(x.length);
  const alpha = new Float32Array(C); // [C]
  const beta = new Float32Array(C); // [C]
  for (let c = 0; c < C; c++) {
    alpha[c] = inverse[c] * (affine.weight === null ? 1 : affine.weight[c]);
    const b = affine.bias === null ? 0 : affine.bias[c];
    beta[c] = fused ? fma32(-mean[c], alpha[c], b) : b - Math.fround(mean[c] * alpha[c]);
  }
  if (planes.layout === 'rows') foldedRows(x, alpha, beta, y);
  else foldedPlanes(x, S, alpha, beta, y);
  return y;
}

/** Gradients for an upstream gradient that lies like the input. `train`: the statistics are of this batch. */
export function backwardHalf(
  planes: Planes,
  g: Float32Array,
  mean: Float32Array, // [C]
  inverse: Float32Array, // [C]
  weight: Float32Array | null, // [C]
  train: boolean,
  precision: HalfPrecision,
): HalfGradients {
  const { data: x, N, C, S } = planes;
  const count = N * S;
  const sum = new Float32Array(C); // [C]
  const dot = new Float32Array(C); // [C]
  if (planes.layout === 'planes') sumPlanes(planes, g, mean, precision.dtype === 'float16', sum, dot);
  else sumRows(planes, g, mean, sum, dot);
  const k = new Float32Array(C); // [C]
  const gradMean = new Float32Array(C); // [C]
  for (let c = 0; c < C; c++) {
    k[c] = Math.fround(Math.fround(dot[c] * inverse[c]) * inverse[c]) / count;
    gradMean[c] = sum[c] / count;
  }
  // The subtraction of (x − mean)·k is fused but in whole vectors of bfloat16 rows.
  const plain = planes.layout === 'rows' && precision.dtype === 'bfloat16' ? C - (C % 16) : 0;
  const dx = new Float32Array(x.length);
  const run = planes.layout === 'rows' ? 1 : S;
  for (let at = 0, c = 0; at < x.length; c = c + 1 === C ? 0 : c + 1) {
    const m = mean[c];
    const r = inverse[c];
    const w = weight === null ? 1 : weight[c];
    for (const end = at + run; at < end; at++) {
      let centred = g[at];
      if (train) {
        const apart = Math.fround(x[at] - m);
        const level = Math.fround(g[at] - gradMean[c]);
        centred = c < plain ? Math.fround(level - Math.fround(apart * k[c])) : fma32(-apart, k[c], level);
      }
      dx[at] = Math.fround(centred * r) * w;
    }
  }
  for (let c = 0; c < C; c++) {
    dot[c] = keep(Math.fround(dot[c] * inverse[c]), precision);
    sum[c] = keep(sum[c], precision);
  }
  return { input: dx, weight: dot, bias: sum };
}

// --- internal ---

/** [N, C, S]: eight lanes over whole blocks of 16, sums of their own for what is left over, which bfloat16 does not fuse. */
function sumPlanes(
  planes: Planes,
  g: Float32Array,
  mean: Float32Array,
  fuseRest: boolean,
  sum: Float32Array,
  dot: Float32Array,
): void {
  const { data: x, N, C, S } = planes;
  const whole = S - (S % 16);
  const sums = new Float32Array(8); // [8]
  const dots = new Float32Array(8); // [8]
  for (let c = 0; c < C; c++) {
    const m = mean[c];
    sums.fill(0);
    dots.fill(0);
    let restSum = 0;
    let restDot = 0;
    for (let n = 0; n < N; n++) {
      const at = (n * C + c) * S;
      for (let i = 0; i < whole; i++) {
        const d = g[at + i];
        sums[i & 7] += d;
        dots[i & 7] = fma32(Math.fround(x[at + i] - m), d, dots[i & 7]);
      }
      for (let i = whole; i < S; i++) {
        const d = g[at + i];
        restSum = Math.fround(restSum + d);
        const centred = Math.fround(x[at + i] - m);
        restDot = fuseRest ? fma32(centred, d, restDot) : Math.fround(restDot + Math.fround(centred * d));
      }
    }
    sum[c] = restSum + addLanes(sums);
    dot[c] = restDot + addLanes(dots);
  }
}

/** [N·S, C]: one accumulator per channel, row after row. */
function sumRows(planes: Planes, g: Float32Array, mean: Float32Array, sum: Float32Array, dot: Float32Array): void {
  const { data: x, N, C, S } = planes;
  for (let row = 0, at = 0; row < N * S; row++) {
    for (let c = 0; c < C; c++, at++) {
      sum[c] += g[at];
      dot[c] = fma32(Math.fround(x[at] - mean[c]), g[at], dot[c]);
    }
  }
  // PyTorch adds each thread's sums to 0 at last, which makes 0 of a −0 that a product too small left.
  for (let c = 0; c < C; c++) dot[c] += 0;
}

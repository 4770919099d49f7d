// Sums over some axes of a strided tensor in the order of PyTorch's `sum` kernel: axes sorted and merged, partial sums cascaded.

import type { HalfDtype } from '../tensor/dtype.ts';
import { roundHalf } from '../tensor/half.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type ComputeArray, makeArray, round } from './rounding.ts';
import { type Axis, dense, mergeAxes, sortAxes } from './axis-order.ts';
import { laneCount } from './lanes.ts';

/**
 * Σ over the axes marked in `reduced`; answers contiguous memory in the order of the kept axes. `half`: the tensor is the widened
 * image of one of that dtype, summed as such; sums are made in float32 and rounded wherever they are stored.
 */
export function sumAxes(t: Tensor, reduced: readonly boolean[], half: HalfDtype | null = null): ComputeArray {
  const single = t.dtype === 'float32';
  const x = t.storage as ComputeArray; // callers give float32 or float64 tensors only
  const rank = t.shape.length;
  const outStrides = new Array<number>(rank).fill(0);
  let kept = 1;
  for (let axis = rank - 1; axis >= 0; axis--) {
    if (reduced[axis]) continue;
    outStrides[axis] = kept;
    kept *= t.shape[axis];
  }
  const out = makeArray(single ? 'float32' : 'float64', kept);
  if (t.shape.includes(0)) return out;
  const walk = mergeAxes(sortAxes(t.shape, [outStrides, t.strides], true)); // strides: [out, in]
  // The kernel takes the two innermost axes at once; the others are walked around it, innermost first.
  const inner = walk[0] ?? ONE;
  const outer = walk[1] ?? ONE;
  // Two reduced axes inside would round half precision between them, so PyTorch sums a float32 copy.
  if (half !== null && walk.length > 1 && inner.strides[0] === 0 && outer.strides[0] === 0) {
    return sumAxes(dense(t), reduced).map((sum) => roundHalf(sum, half));
  }
  const index = new Int32Array(walk.length);
  let at = t.offset;
  let outAt = 0;
  for (;;) {
    sumPlane(x, at, inner, outer, out, outAt, single, half);
    let axis = 2;
    for (; axis < walk.length; axis++) {
      at += walk[axis].strides[1];
      outAt += walk[axis].strides[0];
      if (++index[axis] < walk[axis].size) break;
      at -= walk[axis].strides[1] * walk[axis].size;
      outAt -= walk[axis].strides[0] * walk[axis].size;
      index[axis] = 0;
    }
    if (axis >= walk.length) return out;
  }
}

// --- internal ---

const ONE: Axis = { axis: -1, size: 1, strides: [0, 0] };

/** Adds the sums over one plane of two axes to `out`. */
function sumPlane(
  x: ComputeArray,
  at: number,
  inner: Axis,
  outer: Axis,
  out: ComputeArray,
  outAt: number,
  single: boolean,
  half: HalfDtype | null,
): void {
  const K = laneCount(single);
  const register = half === null ? K : 16; // numbers of the tensor's own dtype
  // `along` is summed over, `across` is kept.
  const [along, across] = inner.strides[0] !== 0 && outer.strides[0] === 0 ? [outer, inner] : [inner, outer];
  if (along.strides[0] !== 0) {
    for (let j = 0; j < across.size; j++) {
      for (let i = 0; i < along.size; i++) {
        const term = x[at + i * along.strides[1] + j * across.strides[1]];
        deposit(out, outAt + i * along.strides[0] + j * across.strides[0], term, half);
      }
    }
    return;
  }
  if (along.strides[1] === 1 && along.size >= register) {
    for (let j = 0; j < across.size; j++) {
      const row = at + j * across.strides[1];
      const vectors = Math.floor(along.size / register);
      const terms = half === null ? x : pairs(x, row, vectors);
      const first = half === null ? row : 0;
      let sum = 0;
      for (let i = vectors * register; i < along.size; i++) sum = round(sum + x[row + i], single);
      for (let k = 0; k < K; k++) sum = round(sum + sumLine(terms, first + k, K, vectors, single), single);
      deposit(out, outAt + j * across.strides[0], sum, half);
    }
    return;
  }
  // Columns side by side: whole blocks of 4 vectors (or, without vectors, of 4 columns) are cascaded directly, the rest
  // first split into 4 interleaved sums.
  const vectorised = across.strides[1] === 1 && across.size >= register;
  const block = vectorised ? 4 * K : along.strides[1] < across.strides[1] ? across.size + 1 : 4;
  const direct = Math.floor(across.size / block) * block;
  for (let j = 0; j < across.size; j++) {
    const column = at + j * across.strides[1];
    const sum =
      j < direct
        ? cascade(x, column, along.strides[1], along.size, single)
        : sumLine(x, column, along.strides[1], along.size, single);
    deposit(out, outAt + j * across.strides[0], sum, half);
  }
}

function deposit(out: ComputeArray, at: number, sum: number, half: HalfDtype | null): void {
  out[at] = half === null ? out[at] + sum : roundHalf(out[at] + sum, half);
}

/** A register of 16 half-precision numbers is widened to two of float32, which are added first. [vectors · 8] */
function pairs(x: ComputeArray, row: number, vectors: number): Float32Array {
  const sums = new Float32Array(vectors * 8);
  for (let i = 0; i < sums.length; i++) {
    const at = row + i + (i & ~7); // eight of every sixteen
    sums[i] = x[at] + x[at + 8];
  }
  return sums;
}

/** Four interleaved cascades, then the rest, then the four together. */
function sumLine(x: ComputeArray, at: number, stride: number, size: number, single: boolean): number {
  const quarter = Math.floor(size / 4);
  let first = cascade(x, at, stride * 4, quarter, single);
  for (let i = quarter * 4; i < size; i++) first = round(first + x[at + i * stride], single);
  for (let k = 1; k < 4; k++) first = round(first + cascade(x, at + k * stride, stride * 4, quarter, single), single);
  return first;
}

const levels = new Float64Array(4);

/** A running sum that is put aside every 16 (or more) terms, in 4 levels. */
function cascade(x: ComputeArray, at: number, stride: number, size: number, single: boolean): number {
  if (size < 16) {
    let sum = 0;
    for (let i = 0; i < size; i++) sum = round(sum + x[at + i * stride], single);
    return sum;
  }
  const power = Math.max(4, Math.floor(ceilLog2(size) / 4));
  const step = 2 ** power;
  levels.fill(0);
  let i = 0;
  while (i + step <= size) {
    let sum = levels[0];
    for (const end = i + step; i < end; i++) sum = round(sum + x[at + i * stride], single);
    levels[0] = sum;
    for (let level = 1; level < 4; level++) {
      levels[level] = round(levels[level] + levels[level - 1], single);
      levels[level - 1] = 0;
      if ((i & ((step - 1) << (level * power))) !== 0) break;
    }
  }
  let sum = levels[0];
  for (; i < size; i++) sum = round(sum + x[at + i * stride], single);
  for (let level = 1; level < 4; level++) sum = round(sum + levels[level], single);
  return sum;
}

function ceilLog2(n: number): number {
  return n <= 2 ? 1 : 32 - Math.clz32(n - 1);
}

// Mean and biased variance of a row by Welford's method in vector lanes with cascaded merging, as PyTorch's RowwiseMoments does.

import { fma, fma32, fma64 } from './fused-multiply-add.ts';
import { type ComputeArray, round } from './rounding.ts';

/** Where `rowMoments` leaves its answer; one object serves all calls. */
export interface Moments {
  mean: number;
  /** Divided by the number of elements. NaN for an empty row. */
  variance: number;
}

/** Moments of the `size` numbers from `x[at]`. Lanes, chunks of 16 vectors and the order of merging decide the bits. */
export function rowMoments(x: ComputeArray, at: number, size: number, single: boolean, into: Moments): void {
  momentsInLanes(x, at, size, single, 1, false, into);
}

/**
 * The same of decoded half-precision numbers. Their vectors have 16 lanes, which are two registers of float32: of each chunk the lower
 * eight are merged first, then the upper. `fuseTail`: what is left of a vector adds to the variance by a fused multiply-add; PyTorch's
 * moments_utils.h leaves that to the compiler, which does it for float16 and not for bfloat16 (measured).
 */
export function halfRowMoments(x: Float32Array, at: number, size: number, fuseTail: boolean, into: Moments): void {
  momentsInLanes(x, at, size, true, 2, fuseTail, into);
}

// --- internal ---

function momentsInLanes(
  x: ComputeArray,
  at: number,
  size: number,
  single: boolean,
  registers: 1 | 2,
  fuseTail: boolean,
  into: Moments,
): void {
  const K = single ? 8 : 4;
  const vector = K * registers;
  const vectors = Math.floor(size / vector);
  const chunks = Math.ceil(vectors / CHUNK);
  const depth = ceilLog2(chunks);
  counts.fill(0, 0, Math.max(depth, 1));
  means.fill(0, 0, Math.max(depth, 1) * K);
  squares.fill(0, 0, Math.max(depth, 1) * K);

  for (let chunk = 0; chunk < chunks; chunk++) {
    const first = at + chunk * CHUNK * vector;
    const count = Math.min(CHUNK, vectors - chunk * CHUNK);
    for (let register = 0; register < vector; register += K) {
      if (single) {
        chunkOfFloat32(x, first + register, vector, count, 0);
        chunkOfFloat32(x, first + register, vector, count, 4);
      } else {
        chunkOfFloat64(x, first, count);
      }
      mergeLevel(0, count, chunkMeans, chunkSquares, 0, K, single);
    }
    // A binary counter: after 2 chunks level 0 moves up to level 1, after 4 level 1 to level 2, and so on.
    let mask = chunk + 1;
    for (let level = 1; level < depth && (mask & 1) === 0; level++) {
      mergeLevel(level, counts[level - 1], means, squares, (level - 1) * K, K, single);
      counts[level - 1] = 0;
      means.fill(0, (level - 1) * K, level * K);
      squares.fill(0, (level - 1) * K, level * K);
      mask >>= 1;
    }
  }
  for (let level = 1; level < depth; level++) {
    mergeLevel(0, counts[level], means, squares, level * K, K, single);
  }

  let m0 = 0;
  let m1 = 0;
  let m2 = 0;
  for (let i = vectors * vector; i < size; i++) {
    const value = x[at + i];
    const delta = round(value - m1, single);
    m0++;
    m1 = round(m1 + round(delta / m0, single), single);
    const rest = round(value - m1, single);
    m2 = fuseTail ? fma32(delta, rest, m2) : round(m2 + round(delta * rest, single), single);
  }
  const perLane = vectors * registers;
  for (let k = 0; k < K; k++) {
    const n = m0 + perLane;
    const c = n === 0 ? 0 : round(perLane / n, single);
    const delta = round(means[k] - m1, single);
    const spread = round(round(delta * delta, single) * c, single);
    m1 = fma(c, delta, m1, single);
    m2 = round(m2 + fma(spread, m0, squares[k], single), single);
    m0 = n;
  }
  into.mean = m1;
  into.variance = round(m2 / size, single);
}

/** Vectors in one chunk. */
const CHUNK = 16;
const MAX_DEPTH = 40;
const INVERSE32 = Float64Array.from({ length: CHUNK }, (_, j) => Math.fround(1 / (j + 1))); // [CHUNK]
const INVERSE64 = Float64Array.from({ length: CHUNK }, (_, j) => 1 / (j + 1)); // [CHUNK]
const counts = new Float64Array(MAX_DEPTH); // [depth]
const means = new Float64Array(MAX_DEPTH * 8); // [depth, K]
const squares = new Float64Array(MAX_DEPTH * 8); // [depth, K]: sums of squared deviations
const chunkMeans = new Float64Array(8); // [K]
const chunkSquares = new Float64Array(8); // [K]

/**
 * Welford's step over `count` vectors, `vector` numbers apart, for four lanes from `lane`. Four at once keep the processor busy, and the
 * fused multiply-adds are written out: rounded to float32 in one go unless the double sum may lie half-way, which only `fma32` can tell.
 */
function chunkOfFloat32(x: ComputeArray, first: number, vector: number, count: number, lane: number): void {
  const start = first + lane;
  // The first value is the mean, and its deviation 0, or NaN for an infinity.
  let m0 = x[start];
  let m1 = x[start + 1];
  let m2 = x[start + 2];
  let m3 = x[start + 3];
  let s0 = m0 - m0;
  let s1 = m1 - m1;
  let s2 = m2 - m2;
  let s3 = m3 - m3;
  for (let j = 1, at = start + vector; j < count; j++, at += vector) {
    const inverse = INVERSE32[j];
    const v0 = x[at];
    const v1 = x[at + 1];
    const v2 = x[at + 2];
    const v3 = x[at + 3];
    const d0 = Math.fround(v0 - m0);
    const d1 = Math.fround(v1 - m1);
    const d2 = Math.fround(v2 - m2);
    const d3 = Math.fround(v3 - m3);
    const p0 = inverse * d0 + m0;
    const p1 = inverse * d1 + m1;
    const p2 = inverse * d2 + m2;
    const p3 = inverse * d3 + m3;
    const r0 = Math.fround(p0);
    const r1 = Math.fround(p1);
    const r2 = Math.fround(p2);
    const r3 = Math.fround(p3);
    const o0 = p0 + (p0 - r0);
    const o1 = p1 + (p1 - r1);
    const o2 = p2 + (p2 - r2);
    const o3 = p3 + (p3 - r3);
    m0 = Math.fround(o0) === o0 ? fma32(inverse, d0, m0) : r0;
    m1 = Math.fround(o1) === o1 ? fma32(inverse, d1, m1) : r1;
    m2 = Math.fround(o2) === o2 ? fma32(inverse, d2, m2) : r2;
    m3 = Math.fround(o3) === o3 ? fma32(inverse, d3, m3) : r3;
    const e0 = Math.fround(v0 - m0);
    const e1 = Math.fround(v1 - m1);
    const e2 = Math.fround(v2 - m2);
    const e3 = Math.fround(v3 - m3);
    const q0 = d0 * e0 + s0;
    const q1 = d1 * e1 + s1;
    const q2 = d2 * e2 + s2;
    const q3 = d3 * e3 + s3;
    const t0 = Math.fround(q0);
    const t1 = Math.fround(q1);
    const t2 = Math.fround(q2);
    const t3 = Math.fround(q3);
    const u0 = q0 + (q0 - t0);
    const u1 = q1 + (q1 - t1);
    const u2 = q2 + (q2 - t2);
    const u3 = q3 + (q3 - t3);
    s0 = Math.fround(u0) === u0 ? fma32(d0, e0, s0) : t0;
    s1 = Math.fround(u1) === u1 ? fma32(d1, e1, s1) : t1;
    s2 = Math.fround(u2) === u2 ? fma32(d2, e2, s2) : t2;
    s3 = Math.fround(u3) === u3 ? fma32(d3, e3, s3) : t3;
  }
  chunkMeans[lane] = m0;
  chunkMeans[lane + 1] = m1;
  chunkMeans[lane + 2] = m2;
  chunkMeans[lane + 3] = m3;
  chunkSquares[lane] = s0;
  chunkSquares[lane + 1] = s1;
  chunkSquares[lane + 2] = s2;
  chunkSquares[lane + 3] = s3;
}

/** The same for all four lanes of float64, one after another. */
function chunkOfFloat64(x: ComputeArray, first: number, count: number): void {
  for (let k = 0; k < 4; k++) {
    let mean = 0;
    let square = 0;
    for (let j = 0; j < count; j++) {
      const value = x[first + j * 4 + k];
      const delta = value - mean;
      mean = fma64(INVERSE64[j], delta, mean);
      square = fma64(delta, value - mean, square);
    }
    chunkMeans[k] = mean;
    chunkSquares[k] = square;
  }
}

/** Merges `count` vectors with moments from place `from` of the added ones into `level`, lane by lane. */
function mergeLevel(
  level: number,
  count: number,
  addMeans: Float64Array,
  addSquares: Float64Array,
  from: number,
  K: number,
  single: boolean,
): void {
  const n = counts[level] + count;
  const c = n === 0 ? 0 : round(count / n, single);
  const at = level * K;
  for (let k = 0; k < K; k++) {
    const delta = round(addMeans[from + k] - means[at + k], single);
    const step = round(c * delta, single);
    means[at + k] = round(means[at + k] + step, single);
    squares[at + k] = fma(
      round(delta * counts[level], single),
      step,
      round(squares[at + k] + addSquares[from + k], single),
      single,
    );
  }
  counts[level] = n;
}

function ceilLog2(n: number): number {
  return n <= 2 ? 1 : 32 - Math.clz32(n - 1);
}

// Mean and biased variance of a row of half-precision numbers, as PyTorch's RowwiseMoments takes them: two registers a vector, in float32.

import { fma32 } from './fused-multiply-add.ts';
import type { Moments } from './welford.ts';

/**
 * Moments of the `size` decoded numbers from `x[at]`. A vector is 16 numbers; each chunk of 16 vectors is taken as two, of the lower and
 * the upper eight lanes, merged one after the other. `fuseTail`: what is left of a vector adds to the variance by a fused
 * multiply-add; so PyTorch is compiled for float16, not for bfloat16 (measured; moments_utils.h leaves it to the compiler).
 */
export function halfRowMoments(x: Float32Array, at: number, size: number, fuseTail: boolean, into: Moments): void {
  const vectors = Math.floor(size / VECTOR);
  const chunks = Math.ceil(vectors / CHUNK);
  const depth = ceilLog2(chunks);
  for (let level = 0; level < depth; level++) clear(level);

  for (let chunk = 0; chunk < chunks; chunk++) {
    const first = at + chunk * CHUNK * VECTOR;
    const count = Math.min(CHUNK, vectors - chunk * CHUNK);
    for (let half = 0; half < VECTOR; half += LANES) {
      for (let k = 0; k < LANES; k++) chunkLane(x, first + half + k, count, k);
      mergeLevel(0, count, chunkMeans, chunkSquares, 0);
    }
    // A binary counter: after 2 chunks level 0 moves up to level 1, after 4 level 1 to level 2, and so on.
    let mask = chunk + 1;
    for (let level = 1; level < depth && (mask & 1) === 0; level++) {
      mergeLevel(level, counts[level - 1], means, squares, (level - 1) * LANES);
      clear(level - 1);
      mask >>= 1;
    }
  }
  for (let level = 1; level < depth; level++) mergeLevel(0, counts[level], means, squares, level * LANES);

  let m0 = 0;
  let m1 = 0;
  let m2 = 0;
  for (let i = vectors * VECTOR; i < size; i++) {
    const value = x[at + i];
    const delta = Math.fround(value - m1);
    m0++;
    m1 = Math.fround(m1 + Math.fround(delta / m0));
    const rest = Math.fround(value - m1);
    m2 = fuseTail ? fma32(delta, rest, m2) : Math.fround(m2 + Math.fround(delta * rest));
  }
  const perLane = vectors * (VECTOR / LANES);
  for (let k = 0; k < LANES; k++) {
    const n = m0 + perLane;
    const c = n === 0 ? 0 : Math.fround(perLane / n);
    const delta = Math.fround(means[k] - m1);
    const spread = Math.fround(Math.fround(delta * delta) * c);
    m1 = fma32(c, delta, m1);
    m2 = Math.fround(m2 + fma32(spread, m0, squares[k]));
    m0 = n;
  }
  into.mean = m1;
  into.variance = Math.fround(m2 / size);
}

// --- internal ---

/** Numbers in a half-precision vector, and in one float32 register. */
const VECTOR = 16;
const LANES = 8;
/** Vectors in one chunk. */
const CHUNK = 16;
const MAX_DEPTH = 40;
const INVERSE = Float64Array.from({ length: CHUNK }, (_, j) => Math.fround(1 / (j + 1))); // [CHUNK]
const counts = new Float64Array(MAX_DEPTH); // [depth]
const means = new Float64Array(MAX_DEPTH * LANES); // [depth, LANES]
const squares = new Float64Array(MAX_DEPTH * LANES); // [depth, LANES]: sums of squared deviations
const chunkMeans = new Float64Array(LANES); // [LANES]
const chunkSquares = new Float64Array(LANES); // [LANES]

function clear(level: number): void {
  counts[level] = 0;
  means.fill(0, level * LANES, (level + 1) * LANES);
  squares.fill(0, level * LANES, (level + 1) * LANES);
}

/** Welford's steps over every 16th number from `x[at]`. */
function chunkLane(x: Float32Array, at: number, count: number, lane: number): void {
  let mean = 0;
  let square = 0;
  for (let j = 0; j < count; j++, at += VECTOR) {
    const delta = Math.fround(x[at] - mean);
    mean = fma32(delta, INVERSE[j], mean);
    square = fma32(delta, Math.fround(x[at] - mean), square);
  }
  chunkMeans[lane] = mean;
  chunkSquares[lane] = square;
}

/** Merges registers of `count` numbers a lane, from place `from` of the added ones, into `level`. */
function mergeLevel(
  level: number,
  count: number,
  addMeans: Float64Array,
  addSquares: Float64Array,
  from: number,
): void {
  const n = counts[level] + count;
  const c = n === 0 ? 0 : Math.fround(count / n);
  const at = level * LANES;
  for (let k = 0; k < LANES; k++) {
    const delta = Math.fround(addMeans[from + k] - means[at + k]);
    const step = Math.fround(c * delta);
    const both = Math.fround(squares[at + k] + addSquares[from + k]);
    means[at + k] = Math.fround(means[at + k] + step);
    squares[at + k] = fma32(Math.fround(delta * counts[level]), step, both);
  }
  counts[level] = n;
}

/** At least 1: level 0 is always there. */
function ceilLog2(n: number): number {
  return n <= 2 ? 1 : 32 - Math.clz32(n - 1);
}

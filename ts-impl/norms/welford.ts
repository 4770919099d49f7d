// Mean and biased variance of a row by Welford's method in vector lanes with cascaded merging, as PyTorch's RowwiseMoments does.

import { fma } from './fused-multiply-add.ts';
import { type ComputeArray, round } from './rounding.ts';

/** Where `rowMoments` leaves its answer; one object serves all calls. */
export interface Moments {
  mean: number;
  /** Divided by the number of elements. NaN for an empty row. */
  variance: number;
}

/** Moments of the `size` numbers from `x[at]`. Lanes, chunks of 16 vectors and the order of merging decide the bits. */
export function rowMoments(x: ComputeArray, at: number, size: number, single: boolean, into: Moments): void {
  const K = single ? 8 : 4;
  const vectors = Math.floor(size / K);
  const chunks = Math.ceil(vectors / CHUNK);
  const depth = ceilLog2(chunks);
  const inverse = single ? INVERSE32 : INVERSE64;
  for (let level = 0; level < Math.max(depth, 1); level++) counts[level] = 0;
  means.fill(0, 0, Math.max(depth, 1) * K);
  squares.fill(0, 0, Math.max(depth, 1) * K);

  for (let chunk = 0; chunk < chunks; chunk++) {
    const first = at + chunk * CHUNK * K;
    const count = Math.min(CHUNK, vectors - chunk * CHUNK);
    for (let k = 0; k < K; k++) {
      let m1 = 0;
      let m2 = 0;
      for (let j = 0; j < count; j++) {
        const value = x[first + j * K + k];
        const delta = round(value - m1, single);
        m1 = fma(inverse[j], delta, m1, single);
        m2 = fma(delta, round(value - m1, single), m2, single);
      }
      chunkMeans[k] = m1;
      chunkSquares[k] = m2;
    }
    mergeLevel(0, count, chunkMeans, chunkSquares, 0, K, single);
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
  for (let i = vectors * K; i < size; i++) {
    const value = x[at + i];
    const delta = round(value - m1, single);
    m0++;
    m1 = round(m1 + round(delta / m0, single), single);
    m2 = round(m2 + round(delta * round(value - m1, single), single), single);
  }
  for (let k = 0; k < K; k++) {
    const n = m0 + vectors;
    const c = n === 0 ? 0 : round(vectors / n, single);
    const delta = round(means[k] - m1, single);
    const spread = round(round(delta * delta, single) * c, single);
    m1 = fma(c, delta, m1, single);
    m2 = round(m2 + fma(spread, m0, squares[k], single), single);
    m0 = n;
  }
  into.mean = m1;
  into.variance = round(m2 / size, single);
}

// --- internal ---

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

// AssemblyScript, compiled by `npm run wasm` into kernels.wasm.ts: float32 rows with WebAssembly's vectors of four, bit for bit what the
// TypeScript kernels beside it do. Where a fused multiply-add can't be told from its double sum, the row is marked and TypeScript does it again.

import { begin, fma1, fma4, sure, upper } from './fused.assembly';

const CHUNK: i32 = 16; // vectors of 8 in one chunk of Welford's method
const MAX_DEPTH: i32 = 32;

// Scratch of one row: per level of the cascade a count, and 8 means and sums of squared deviations.
const counts = memory.data(MAX_DEPTH * 4, 16);
const means = memory.data(MAX_DEPTH * 32, 16);
const squares = memory.data(MAX_DEPTH * 32, 16);
const moments = memory.data(8, 16); // mean, variance

/** Where the memory after the scratch begins, at a multiple of 16. */
export function heap(): usize {
  return (__heap_base + 15) & ~15;
}

/** Where `rowMoments` leaves mean and variance. */
export function momentsAt(): usize {
  return moments;
}

/** Mean and biased variance of `size` numbers at x; false where TypeScript must do it. */
export function rowMoments(x: usize, size: i32): bool {
  begin();
  momentsOf(x, size);
  return sure();
}

/**
 * Layer normalisation of `rows` rows of N numbers from x into y; weight and bias are 0 where absent. Mean, 1/σ and a byte that is 1
 * where TypeScript must do the row go to mean, rstd and marks.
 */
export function layerRows(
  x: usize,
  y: usize,
  rows: i32,
  N: i32,
  weight: usize,
  bias: usize,
  eps: f32,
  mean: usize,
  rstd: usize,
  marks: usize,
): void {
  const stride = <usize>N << 2;
  for (let i = 0; i < rows; i++, x += stride, y += stride, mean += 4, rstd += 4) {
    begin();
    momentsOf(x, N);
    const m = load<f32>(moments);
    const r: f32 = <f32>1 / sqrt<f32>(load<f32>(moments, 4) + eps);
    store<f32>(mean, m);
    store<f32>(rstd, r);
    scaleRow(x, y, N, m, r, weight, bias);
    store<u8>(marks + i, sure() ? 0 : 1);
  }
}

/** y = a·x + b, rounded once, for n numbers; false where TypeScript must do it. */
export function shift(x: usize, y: usize, n: i32, a: f32, b: f32): bool {
  begin();
  const end = x + (<usize>n << 2);
  const whole = x + (<usize>(n & ~3) << 2);
  const a4 = f32x4.splat(a);
  const b4 = f32x4.splat(b);
  for (; x < whole; x += 16, y += 16) v128.store(y, fma4(a4, v128.load(x), b4));
  for (; x < end; x += 4, y += 4) store<f32>(y, fma1(a, load<f32>(x), b));
  return sure();
}

/** y = x·alpha + beta for rows of C numbers, alpha and beta one for each column; false where TypeScript must do it. */
export function shiftRows(x: usize, y: usize, rows: i32, C: i32, alpha: usize, beta: usize): bool {
  begin();
  for (let i = 0; i < rows; i++) {
    let c: usize = 0;
    const whole = <usize>(C & ~3) << 2;
    const end = <usize>C << 2;
    for (; c < whole; c += 16) v128.store(y + c, fma4(v128.load(x + c), v128.load(alpha + c), v128.load(beta + c)));
    for (; c < end; c += 4) store<f32>(y + c, fma1(load<f32>(x + c), load<f32>(alpha + c), load<f32>(beta + c)));
    x += end;
    y += end;
  }
  return sure();
}

/** sum[c] += x[row][c], row after row. */
export function sumRows(x: usize, rows: i32, C: i32, sum: usize): void {
  const whole = <usize>(C & ~3) << 2;
  const end = <usize>C << 2;
  for (let i = 0; i < rows; i++, x += end) {
    let c: usize = 0;
    for (; c < whole; c += 16) v128.store(sum + c, f32x4.add(v128.load(sum + c), v128.load(x + c)));
    for (; c < end; c += 4) store<f32>(sum + c, load<f32>(sum + c) + load<f32>(x + c));
  }
}

/**
 * Adds, to four doubles at sum, the numbers of four planes of S numbers that follow each other from x, one by one; with `square` not 0
 * their squared deviations from the four float32 means at mean instead, squared and rounded before they are added.
 */
export function sumPlanes(x: usize, S: i32, sum: usize, square: i32, mean: usize): void {
  const plane = <usize>S << 2;
  let sum01 = v128.load(sum);
  let sum23 = v128.load(sum, 16);
  const m = square ? v128.load(mean) : f32x4.splat(0);
  const m0 = v128.shuffle<i32>(m, m, 0, 0, 0, 0);
  const m1 = v128.shuffle<i32>(m, m, 1, 1, 1, 1);
  const m2 = v128.shuffle<i32>(m, m, 2, 2, 2, 2);
  const m3 = v128.shuffle<i32>(m, m, 3, 3, 3, 3);
  const whole = x + (<usize>(S & ~3) << 2);
  const end = x + plane;
  for (; x < whole; x += 16) {
    let a = v128.load(x);
    let b = v128.load(x + plane);
    let c = v128.load(x + 2 * plane);
    let d = v128.load(x + 3 * plane);
    if (square) {
      a = f32x4.sub(a, m0);
      b = f32x4.sub(b, m1);
      c = f32x4.sub(c, m2);
      d = f32x4.sub(d, m3);
      a = f32x4.mul(a, a);
      b = f32x4.mul(b, b);
      c = f32x4.mul(c, c);
      d = f32x4.mul(d, d);
    }
    const ab01 = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const ab23 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cd01 = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const cd23 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    sum01 = f64x2.add(sum01, f64x2.promote_low_f32x4(ab01));
    sum23 = f64x2.add(sum23, f64x2.promote_low_f32x4(cd01));
    sum01 = f64x2.add(sum01, f64x2.promote_low_f32x4(upper(ab01)));
    sum23 = f64x2.add(sum23, f64x2.promote_low_f32x4(upper(cd01)));
    sum01 = f64x2.add(sum01, f64x2.promote_low_f32x4(ab23));
    sum23 = f64x2.add(sum23, f64x2.promote_low_f32x4(cd23));
    sum01 = f64x2.add(sum01, f64x2.promote_low_f32x4(upper(ab23)));
    sum23 = f64x2.add(sum23, f64x2.promote_low_f32x4(upper(cd23)));
  }
  for (; x < end; x += 4) {
    let v = f32x4.replace_lane(v128.load32_zero(x), 1, load<f32>(x + plane));
    v = f32x4.replace_lane(v, 2, load<f32>(x + 2 * plane));
    v = f32x4.replace_lane(v, 3, load<f32>(x + 3 * plane));
    if (square) {
      v = f32x4.sub(v, m);
      v = f32x4.mul(v, v);
    }
    sum01 = f64x2.add(sum01, f64x2.promote_low_f32x4(v));
    sum23 = f64x2.add(sum23, f64x2.promote_low_f32x4(upper(v)));
  }
  v128.store(sum, sum01);
  v128.store(sum, sum23, 16);
}

/** square[c] = (x[row][c] − mean[c])² + square[c], rounded once, row after row; false where TypeScript must do it. */
export function squareRows(x: usize, rows: i32, C: i32, mean: usize, square: usize): bool {
  begin();
  const whole = <usize>(C & ~3) << 2;
  const end = <usize>C << 2;
  for (let i = 0; i < rows; i++, x += end) {
    let c: usize = 0;
    for (; c < whole; c += 16) {
      const d = f32x4.sub(v128.load(x + c), v128.load(mean + c));
      v128.store(square + c, fma4(d, d, v128.load(square + c)));
    }
    for (; c < end; c += 4) {
      const d = load<f32>(x + c) - load<f32>(mean + c);
      store<f32>(square + c, fma1(d, d, load<f32>(square + c)));
    }
  }
  return sure();
}

// --- internal ---

function scaleRow(x: usize, y: usize, N: i32, mean: f32, rstd: f32, weight: usize, bias: usize): void {
  const end = <usize>N << 2;
  const whole = <usize>(N & ~3) << 2;
  const mean4 = f32x4.splat(mean);
  const rstd4 = f32x4.splat(rstd);
  const zero = f32x4.splat(0);
  let j: usize = 0;
  if (weight && bias) {
    for (; j < whole; j += 16) {
      const z = f32x4.mul(f32x4.sub(v128.load(x + j), mean4), rstd4);
      v128.store(y + j, fma4(z, v128.load(weight + j), v128.load(bias + j)));
    }
  } else {
    for (; j < whole; j += 16) {
      const centred = f32x4.sub(v128.load(x + j), mean4);
      const b = bias ? v128.load(bias + j) : zero;
      v128.store(y + j, weight ? fma4(f32x4.mul(centred, rstd4), v128.load(weight + j), b) : fma4(centred, rstd4, b));
    }
  }
  for (; j < end; j += 4) {
    const centred = load<f32>(x + j) - mean;
    const b: f32 = bias ? load<f32>(bias + j) : 0;
    store<f32>(y + j, weight ? fma1(centred * rstd, load<f32>(weight + j), b) : fma1(centred, rstd, b));
  }
}

/** Welford's method in 8 lanes with cascaded merging, as `rowMoments` of welford.ts. */
function momentsOf(x: usize, size: i32): void {
  const vectors = size >> 3;
  const chunks = (vectors + CHUNK - 1) / CHUNK;
  const depth = chunks <= 2 ? 1 : 32 - clz<i32>(chunks - 1);
  memory.fill(counts, 0, <usize>depth << 2);
  memory.fill(means, 0, <usize>depth << 5);
  memory.fill(squares, 0, <usize>depth << 5);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const first = x + (<usize>chunk << 9);
    const count = min(CHUNK, vectors - chunk * CHUNK);
    addChunk(first, count);
    let mask = chunk + 1;
    for (let level = 1; level < depth && (mask & 1) == 0; level++) {
      const below = <usize>(level - 1);
      merge(level, load<i32>(counts + (below << 2)), means + (below << 5), squares + (below << 5));
      store<i32>(counts + (below << 2), 0);
      memory.fill(means + (below << 5), 0, 32);
      memory.fill(squares + (below << 5), 0, 32);
      mask >>= 1;
    }
  }
  for (let level = 1; level < depth; level++) {
    merge(0, load<i32>(counts + (<usize>level << 2)), means + (<usize>level << 5), squares + (<usize>level << 5));
  }

  let m0: i32 = 0;
  let m1: f32 = 0;
  let m2: f32 = 0;
  for (let at = x + (<usize>vectors << 5), end = x + (<usize>size << 2); at < end; at += 4) {
    const value = load<f32>(at);
    const delta = value - m1;
    m0++;
    m1 = m1 + delta / <f32>m0;
    m2 = m2 + delta * (value - m1);
  }
  for (let k: usize = 0; k < 32; k += 4) {
    const n = m0 + vectors;
    const c: f32 = n == 0 ? 0 : <f32>vectors / <f32>n;
    const delta = load<f32>(means + k) - m1;
    const spread = delta * delta * c;
    m1 = fma1(c, delta, m1);
    m2 = m2 + fma1(spread, <f32>m0, load<f32>(squares + k));
    m0 = n;
  }
  store<f32>(moments, m1);
  store<f32>(moments, m2 / <f32>size, 4);
}

/** `count` vectors of 8 numbers from `first`, merged into the lowest level. */
function addChunk(first: usize, count: i32): void {
  const zero = f32x4.splat(0);
  // The first value is the mean, and its deviation 0, or NaN for an infinity.
  let mA = f32x4.add(v128.load(first), zero);
  let mB = f32x4.add(v128.load(first, 16), zero);
  let sA = f32x4.sub(mA, mA);
  let sB = f32x4.sub(mB, mB);
  for (let j = 1, at = first + 32; j < count; j++, at += 32) {
    const inverse = f32x4.splat(<f32>1 / <f32>(j + 1));
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const dA = f32x4.sub(a, mA);
    const dB = f32x4.sub(b, mB);
    mA = fma4(inverse, dA, mA);
    mB = fma4(inverse, dB, mB);
    sA = fma4(dA, f32x4.sub(a, mA), sA);
    sB = fma4(dB, f32x4.sub(b, mB), sB);
  }
  v128.store(added, mA);
  v128.store(added, mB, 16);
  v128.store(added, sA, 32);
  v128.store(added, sB, 48);
  merge(0, count, added, added + 32);
}

const added = memory.data(64, 16); // one chunk's 8 means and 8 sums

function merge(level: i32, count: i32, addMeans: usize, addSquares: usize): void {
  const before = load<i32>(counts + (<usize>level << 2));
  const n = before + count;
  const c = f32x4.splat(n == 0 ? 0 : <f32>count / <f32>n);
  const weight = f32x4.splat(<f32>before);
  const at = <usize>level << 5;
  for (let k: usize = 0; k < 32; k += 16) {
    const mean = v128.load(means + at + k);
    const delta = f32x4.sub(v128.load(addMeans + k), mean);
    const step = f32x4.mul(c, delta);
    v128.store(means + at + k, f32x4.add(mean, step));
    const sum = f32x4.add(v128.load(squares + at + k), v128.load(addSquares + k));
    v128.store(squares + at + k, fma4(f32x4.mul(delta, weight), step, sum));
  }
  store<i32>(counts + (<usize>level << 2), n);
}

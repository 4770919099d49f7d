// Where a product of float32 numbers lies half-way between two others, a sum rounded to double first goes the wrong way: kernels that write
// the fused multiply-add out must give its bits there too.

import { expect, test } from 'vitest';
import { foldedPlanes, foldedRows } from '../../ts-impl/norms/fold.ts';
import { fma32 } from '../../ts-impl/norms/fused-multiply-add.ts';
import { normaliseRows } from '../../ts-impl/norms/layer-norm-kernel.ts';
import { useVectorKernels } from '../../ts-impl/norms/wasm/vector-kernels.ts';
import { rowMoments } from '../../ts-impl/norms/welford.ts';

/** Far less than the last bit of any product below; its sign decides. */
const SPECK = 2 ** -60;

/** Whether rounding to double first gives another number than one rounding. */
const isDeceiving = (a: number, b: number, c: number) => Math.fround(a * b + c) !== fma32(a, b, c);

/** Odd numbers of 13 bits: the product of two has 25 bits and lies half-way. */
const FACTORS = Array.from({ length: 64 }, (_, i) => (4097 + 2 * i) * (i % 3 === 0 ? -1 : 1));

test.each([0, SPECK, -SPECK])('planes and rows folded, beta %s', (speck) => {
  const alpha = Float32Array.of(4099, -5001, 4097.5); // [C]
  const beta = Float32Array.of(speck, -speck, speck); // [C]
  const x = Float32Array.from({ length: 22 * 3 * 64 }, (_, i) => FACTORS[i % 64]); // [22, 3, 64] and [22·64, 3]: enough for the vectors
  const wanted = (channel: (i: number) => number) => x.map((v, i) => fma32(v, alpha[channel(i)], beta[channel(i)]));
  let deceiving = 0;
  for (let i = 0; i < x.length; i++) if (isDeceiving(x[i], alpha[i % 3], beta[i % 3])) deceiving++;
  expect(deceiving > 20).toBe(speck !== 0);
  for (const vectors of [false, true]) {
    useVectorKernels(vectors);
    const planes = new Float32Array(x.length);
    foldedPlanes(x, 64, alpha, beta, planes);
    expect(planes).toEqual(wanted((i) => Math.floor(i / 64) % 3));
    const rows = new Float32Array(x.length);
    foldedRows(x, alpha, beta, rows);
    expect(rows).toEqual(wanted((i) => i % 3));
  }
  useVectorKernels(true);
});

test.each([0, SPECK, -SPECK])('the last step of LayerNorm, bias %s', (speck) => {
  // Mean 0 and variance 1 without rounding: three pairs of ±1.5, five of ±0.5.
  const x = Float32Array.from({ length: 16 }, (_, i) => (i < 6 ? 1.5 : 0.5) * (i % 2 === 0 ? 1 : -1));
  const weight = Float32Array.from({ length: 16 }, (_, i) => 5592407 + 2 * (i >> 1)); // 3·weight has 25 bits
  const bias = new Float32Array(16).fill(speck);
  const wanted = x.map((v, i) => fma32(v, weight[i], bias[i]));
  for (const M of [1, 300]) {
    const rows = Float32Array.from({ length: 16 * M }, (_, i) => x[i % 16]); // [M, 16]
    const y = new Float32Array(16 * M);
    const into = { mean: new Float32Array(M), rstd: new Float32Array(M) };
    normaliseRows({ data: rows, M, N: 16, single: true }, weight, bias, 0, y, into);
    expect([into.mean, into.rstd]).toEqual([new Float32Array(M), new Float32Array(M).fill(1)]);
    expect(y).toEqual(rows.map((_, i) => wanted[i % 16]));
  }
  expect(x.some((v, i) => isDeceiving(v, weight[i], bias[i]))).toBe(speck !== 0);
});

/** Welford's step for each value, with the reciprocals in float32; and how often double would have deceived either sum. */
function welford(values: readonly number[]) {
  let [mean, squares, ofMean, ofSquares] = [values[0], 0, 0, 0];
  for (let j = 1; j < values.length; j++) {
    const inverse = Math.fround(1 / (j + 1));
    const before = Math.fround(values[j] - mean);
    if (isDeceiving(inverse, before, mean)) ofMean++;
    mean = fma32(inverse, before, mean);
    const after = Math.fround(values[j] - mean);
    if (isDeceiving(before, after, squares)) ofSquares++;
    squares = fma32(before, after, squares);
  }
  return { mean, squares, ofMean, ofSquares };
}

test('moments of rows whose eight lanes hold the same values', () => {
  let [ofMean, ofSquares, state] = [0, 0, 1];
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const sizes = [1, 2 ** -40, 2 ** 30]; // far apart, so that bits are lost
  for (let row = 0; row < 8000; row++) {
    const length = 3 + next(14);
    const values = Array.from({ length }, () => (next(2) === 0 ? 1 : -1) * (1 + 2 * next(8)) * sizes[next(3)]);
    // Three sevenths, thirteenths and fifteenths in float32 have 25 bits.
    const leap = [6, 12, 14][next(3)];
    if (leap < length) {
      for (let j = 0; j < leap; j++) values[j] *= 2 ** -60;
      values[leap] = 3;
    }
    const wanted = welford(values);
    const x = Float32Array.from({ length: 8 * length }, (_, i) => values[Math.floor(i / 8)]); // [length, 8]
    const into = { mean: 0, variance: 0 };
    rowMoments(x, 0, x.length, true, into);
    expect(into.mean).toBe(wanted.mean);
    let sum = 0;
    for (let lane = 0; lane < 8; lane++) sum = Math.fround(sum + wanted.squares);
    expect(into.variance).toBe(Math.fround(sum / x.length));
    ofMean += wanted.ofMean;
    ofSquares += wanted.ofSquares;
  }
  expect(ofMean).toBeGreaterThan(10);
  expect(ofSquares).toBeGreaterThan(10);
});

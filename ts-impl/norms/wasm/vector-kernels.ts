// The WebAssembly kernels as functions on float32 rows, or null where the engine has none. What they can't decide they leave to TypeScript.

import { KERNELS } from './kernels.wasm.ts';

/** Float32 kernels with WebAssembly's vectors; bits are those of the TypeScript kernels. */
export interface VectorKernels {
  /**
   * Layer normalisation of `rows` rows of N numbers of `x` from `at` into `y`, mean and 1/σ into `mean[row]` and `rstd[row]`. Calls
   * `again` with each row that TypeScript must do instead.
   */
  layerRows(
    x: Float32Array,
    y: Float32Array,
    rows: number,
    N: number,
    weight: Float32Array | null, // [N]
    bias: Float32Array | null, // [N]
    eps: number,
    mean: Float32Array, // [rows]
    rstd: Float32Array, // [rows]
    again: (row: number) => void,
  ): void;
  /** Mean and variance of `size` numbers from `x[at]`; false where TypeScript must do it. */
  moments(x: Float32Array, at: number, size: number, into: { mean: number; variance: number }): boolean;
  /** y = a·x + b for `size` numbers from `at`, of the numbers that `moments` saw last, `from` their first; false as before. */
  shift(y: Float32Array, at: number, size: number, from: number, a: number, b: number): boolean;
  /** Means and sums of squared deviations of C columns, row after row; false where TypeScript must do it. */
  columns(x: Float32Array, rows: number, C: number, mean: Float32Array, squares: Float32Array): boolean;
  /** Means and sums of squared deviations of channels c to c + 3 of [N, C, S], summed in double. */
  fourPlanes(
    x: Float32Array, // [N, C, S]
    N: number,
    C: number,
    S: number,
    c: number,
    mean: Float32Array, // [C]
    squares: Float32Array, // [C]
  ): void;
  /** y = x·alpha + beta with one alpha and beta for each plane of S numbers, C of them by turns; `again` as below. */
  shiftPlanes(
    x: Float32Array,
    y: Float32Array,
    S: number,
    alpha: Float32Array, // [C]
    beta: Float32Array, // [C]
    again: (from: number, end: number, c: number) => void,
  ): void;
  /** y = x·alpha + beta with one alpha and beta for each of C columns; calls `again` with each range of elements to do instead. */
  shiftColumns(
    x: Float32Array,
    y: Float32Array,
    C: number,
    alpha: Float32Array,
    beta: Float32Array,
    again: (from: number, end: number) => void,
  ): void;
}

/** Fewer elements than this are as fast in TypeScript. */
export const WORTHWHILE = 4096;

/** Runs of equal factors shorter than this cost more to hand over than they gain. */
export const SHORTEST_RUN = 64;

/** The kernels, made when first asked for; null where switched off, not supported, or without room for a row of `rowElements`. */
export function vectorKernels(rowElements: number): VectorKernels | null {
  if (!wanted || rowElements > MOST_ELEMENTS) return null;
  if (made === undefined) made = instantiate();
  return made;
}

/** Switches the kernels off, or on again: for measurements and for tests that hold the two against each other. */
export function useVectorKernels(on: boolean): void {
  wanted = on;
}

// --- internal ---

/** A row and its result have room in 32 MiB. */
const MOST_ELEMENTS = 1 << 22;
/** Elements handed over at once where rows are short: about what the second-level cache holds. */
const BLOCK = 1 << 16;
const PAGE_BYTES = 1 << 16;

/** Of the engine's own, as much as is used here. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

let wanted = true;
let made: VectorKernels | null | undefined;

/** What kernels.assembly.ts exports; addresses are in bytes. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  heap(): number;
  momentsAt(): number;
  rowMoments(x: number, size: number): number;
  layerRows(
    x: number,
    y: number,
    rows: number,
    N: number,
    weight: number,
    bias: number,
    eps: number,
    mean: number,
    rstd: number,
    marks: number,
  ): void;
  shift(x: number, y: number, n: number, a: number, b: number): number;
  shiftRows(x: number, y: number, rows: number, C: number, alpha: number, beta: number): number;
  sumRows(x: number, rows: number, C: number, sum: number): void;
  sumPlanes(x: number, S: number, sum: number, square: number, mean: number): void;
  squareRows(x: number, rows: number, C: number, mean: number, square: number): number;
}

function instantiate(): VectorKernels | null {
  try {
    const bytes = Uint8Array.from(atob(KERNELS), (character) => character.charCodeAt(0));
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
    return bind(instance.exports as Exports); // what kernels.assembly.ts exports
  } catch {
    return null; // an engine without WebAssembly's vectors, or a page that forbids compiling
  }
}

function bind(wasm: Exports): VectorKernels {
  const heap = wasm.heap() >> 2;
  let memory = new Float32Array(wasm.memory.buffer);
  const doubted: number[] = [];
  /** Elements that `moments` saw last. */
  let seen = 0;
  /** Room for so many numbers after the scratch. */
  const reserve = (elements: number): void => {
    const lacking = (heap + elements) * 4 - memory.byteLength;
    if (lacking <= 0) return;
    wasm.memory.grow(Math.ceil(lacking / PAGE_BYTES));
    memory = new Float32Array(wasm.memory.buffer);
  };
  return {
    layerRows(x, y, rows, N, weight, bias, eps, mean, rstd, again) {
      const step = Math.max(1, Math.min(rows, Math.floor(BLOCK / N)));
      reserve(2 * step * N + 2 * N + 3 * step);
      const out = heap + step * N;
      const w = out + step * N;
      const b = w + N;
      const means = b + N;
      const rstds = means + step;
      const marks = rstds + step;
      if (weight !== null) memory.set(weight, w);
      if (bias !== null) memory.set(bias, b);
      const marked = new Uint8Array(memory.buffer, marks * 4, step);
      for (let row = 0; row < rows; row += step) {
        const count = Math.min(step, rows - row);
        memory.set(x.subarray(row * N, (row + count) * N), heap);
        const parameters = [weight === null ? 0 : w * 4, bias === null ? 0 : b * 4] as const;
        wasm.layerRows(heap * 4, out * 4, count, N, ...parameters, eps, means * 4, rstds * 4, marks * 4);
        y.set(memory.subarray(out, out + count * N), row * N);
        mean.set(memory.subarray(means, means + count), row);
        rstd.set(memory.subarray(rstds, rstds + count), row);
        for (let i = 0; i < count; i++) if (marked[i] !== 0) again(row + i);
      }
    },
    moments(x, at, size, into) {
      reserve(2 * size);
      seen = size;
      memory.set(x.subarray(at, at + size), heap);
      const sure = wasm.rowMoments(heap * 4, size) !== 0;
      const answer = wasm.momentsAt() >> 2;
      into.mean = memory[answer];
      into.variance = memory[answer + 1];
      return sure;
    },
    shift(y, at, size, from, a, b) {
      const first = heap + at - from;
      const out = first + seen;
      if (wasm.shift(first * 4, out * 4, size, a, b) === 0) return false;
      y.set(memory.subarray(out, out + size), at);
      return true;
    },
    columns(x, rows, C, mean, squares) {
      const step = Math.max(1, Math.min(rows, Math.floor(BLOCK / C)));
      reserve(step * C + 2 * C);
      const means = heap + step * C;
      const sums = means + C;
      memory.fill(0, means, sums + C);
      for (let row = 0; row < rows; row += step) {
        const count = Math.min(step, rows - row);
        memory.set(x.subarray(row * C, (row + count) * C), heap);
        wasm.sumRows(heap * 4, count, C, means * 4);
      }
      for (let c = 0; c < C; c++) memory[means + c] /= rows;
      let sure = true;
      for (let row = 0; row < rows && sure; row += step) {
        const count = Math.min(step, rows - row);
        memory.set(x.subarray(row * C, (row + count) * C), heap);
        sure = wasm.squareRows(heap * 4, count, C, means * 4, sums * 4) !== 0;
      }
      mean.set(memory.subarray(means, sums));
      squares.set(memory.subarray(sums, sums + C));
      return sure;
    },
    fourPlanes(x, N, C, S, c, mean, squares) {
      reserve(16 + 4 * N * S);
      const planes = heap + 16;
      const sums = new Float64Array(wasm.memory.buffer, heap * 4, 4); // then four means
      const means = heap + 8;
      for (let n = 0; n < N; n++) memory.set(x.subarray((n * C + c) * S, (n * C + c + 4) * S), planes + n * 4 * S);
      sums.fill(0);
      for (let n = 0; n < N; n++) wasm.sumPlanes((planes + n * 4 * S) * 4, S, heap * 4, 0, 0);
      for (let k = 0; k < 4; k++) memory[means + k] = sums[k] / (N * S);
      mean.set(memory.subarray(means, means + 4), c);
      sums.fill(0);
      for (let n = 0; n < N; n++) wasm.sumPlanes((planes + n * 4 * S) * 4, S, heap * 4, 1, means * 4);
      for (let k = 0; k < 4; k++) squares[c + k] = sums[k];
    },
    shiftPlanes(x, y, S, alpha, beta, again) {
      const C = alpha.length;
      const planes = x.length / S;
      const step = Math.max(1, Math.min(planes, Math.floor(BLOCK / S)));
      reserve(2 * step * S);
      const out = heap + step * S;
      for (let first = 0; first < planes; first += step) {
        const count = Math.min(step, planes - first);
        memory.set(x.subarray(first * S, (first + count) * S), heap);
        doubted.length = 0;
        for (let k = 0; k < count; k++) {
          const c = (first + k) % C;
          if (wasm.shift((heap + k * S) * 4, (out + k * S) * 4, S, alpha[c], beta[c]) === 0) doubted.push(first + k);
        }
        y.set(memory.subarray(out, out + count * S), first * S);
        for (const plane of doubted) again(plane * S, (plane + 1) * S, plane % C);
      }
    },
    shiftColumns(x, y, C, alpha, beta, again) {
      const rows = x.length / C;
      const step = Math.max(1, Math.min(rows, Math.floor(BLOCK / C)));
      reserve(2 * step * C + 2 * C);
      const out = heap + step * C;
      const alphas = out + step * C;
      const betas = alphas + C;
      memory.set(alpha, alphas);
      memory.set(beta, betas);
      for (let row = 0; row < rows; row += step) {
        const from = row * C;
        const end = Math.min(rows, row + step) * C;
        memory.set(x.subarray(from, end), heap);
        const sure = wasm.shiftRows(heap * 4, out * 4, (end - from) / C, C, alphas * 4, betas * 4) !== 0;
        if (sure) y.set(memory.subarray(out, out + end - from), from);
        else again(from, end);
      }
    },
  };
}

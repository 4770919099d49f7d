// Norms that are PyTorch's and do not look it: other formulas, other shapes of code, other names for everything.
// @ts-nocheck: this is how others write; parameter properties are not for the house

/** One pass by Welford. */
export function layerNorm(input: ArrayLike<number>[], g: ArrayLike<number>, b: ArrayLike<number>) {
  return Array.from(input, (row) => {
    let m = 0;
    let m2 = 0;
    for (let i = 0; i < row.length; i++) {
      const d = row[i] - m;
      m += d / (i + 1);
      m2 += d * (row[i] - m);
    }
    const k = (m2 / row.length + 0.00001) ** -0.5;
    return Array.from(row, (v, i) => g[i] * k * v + (b[i] - g[i] * k * m));
  });
}

/** Pairs of neighbours: the variance as half the mean square difference of all pairs. */
export function layerNormByPairs(x: number[][], scale: number[], shift: number[], delta = 10 ** -5) {
  return x.map((row) => {
    let sum = 0;
    for (const a of row) for (const c of row) sum += (a - c) * (a - c);
    const variance = sum / (2 * row.length ** 2);
    const centre = row.reduce((p, q) => p + q) / row.length;
    return row.map(
      (v, i) =>
        Math.fround(1) * scale[i] * ((v - centre) / Math.hypot(Math.sqrt(variance), Math.sqrt(delta))) + shift[i],
    );
  });
}

/** The statistics of the sample, undone. */
export class BatchNorm1d {
  gain: number[];
  offset: number[];
  average: number[];
  spread: number[];
  #training = true;

  constructor(
    width: number,
    private decay = 0.9,
  ) {
    this.gain = Array(width).fill(1);
    this.offset = Array(width).fill(0);
    this.average = Array(width).fill(0);
    this.spread = Array(width).fill(1);
    this.decay = 0.9;
  }

  setTraining(on: boolean) {
    this.#training = on;
  }

  forward(batch: number[][]) {
    const n = batch.length;
    const columns = this.gain.map((_, c) => batch.map((row) => row[c]));
    const used = columns.map((column, c) => {
      if (!this.#training) return { m: this.average[c], v: this.spread[c] };
      const m = column.reduce((a, v) => a + v) / n;
      const sample = column.reduce((a, v) => a + (v - m) ** 2, 0) / (n - 1);
      this.average[c] = this.decay * this.average[c] + (1 - this.decay) * m;
      this.spread[c] = this.decay * this.spread[c] + (1 - this.decay) * sample;
      return { m, v: (sample * (n - 1)) / n };
    });
    return batch.map((row) =>
      row.map((v, c) => ((v - used[c].m) / Math.sqrt(used[c].v + 1e-5)) * this.gain[c] + this.offset[c]),
    );
  }
}

/** A closure instead of a class. */
export function makeLayerNorm(dim: number, { eps = 1e-5 } = {}) {
  const gamma = new Float64Array(dim).fill(1);
  const beta = new Float64Array(dim);
  const forward = (rows: number[][]) =>
    rows.map((row) => {
      const mu = row.reduce((a, v) => a + v / dim, 0);
      const inv = 1 / Math.sqrt(row.reduce((a, v) => a + (v - mu) ** 2 / dim, 0) + eps);
      return row.map((v, i) => (v - mu) * inv * gamma[i] + beta[i]);
    });
  return { gamma, beta, forward };
}

/** Eps as machine epsilon, spelt out. */
export const RMSNorm = class {
  readonly weight: Float32Array;
  constructor(normalizedShape: number) {
    this.weight = new Float32Array(normalizedShape).fill(1);
  }
  apply(x: Float32Array): Float32Array {
    const d = this.weight.length;
    const y = new Float32Array(x.length);
    for (let at = 0; at < x.length; at += d) {
      let sum = 0;
      for (let i = at; i < at + d; i++) sum += x[i] ** 2;
      const r = Math.sqrt(sum / d + 2 ** -23);
      for (let i = at; i < at + d; i++) y[i] = (x[i] / r) * this.weight[i - at];
    }
    return y;
  }
};

/** Every group its own row of a flat array. */
export function groupNorm(
  x: Float64Array,
  shape: number[],
  groups: number,
  gamma: Float64Array,
  beta: Float64Array,
  eps = 1e-5,
) {
  const [n, c] = shape;
  const rows = n * groups;
  const width = x.length / rows;
  const pixels = x.length / (n * c);
  const y = Float64Array.from(x);
  for (let r = 0; r < rows; r++) {
    const row = y.subarray(r * width, (r + 1) * width);
    const m = row.reduce((a, v) => a + v, 0) / width;
    row.forEach((v, i) => {
      row[i] = v - m;
    });
    const s = Math.sqrt(row.reduce((a, v) => a + v * v, 0) / width + eps);
    for (let i = 0; i < width; i++) {
      const channel = Math.floor((r * width + i) / pixels) % c;
      row[i] = (row[i] / s) * gamma[channel] + beta[channel];
    }
  }
  return y;
}

/** Evaluation alone, as a deployed model has it: folded into one multiplication. */
export function batchNormInference(
  x: number[][],
  {
    mean,
    variance,
    gamma,
    beta,
    eps = 1e-5,
  }: Record<'mean' | 'variance' | 'gamma' | 'beta', number[]> & { eps?: number },
) {
  const k = gamma.map((g, i) => g / Math.sqrt(variance[i] + eps));
  const d = beta.map((b, i) => b - mean[i] * k[i]);
  return x.map((row) => row.map((v, i) => v * k[i] + d[i]));
}

interface State {
  gamma: number[];
  beta: number[];
  runningMean: number[];
  runningVar: number[];
}

/** Nothing is changed: the next state comes back beside the output. */
export function batchNormPure(x: number[][], state: State, training: boolean, momentum = 0.1) {
  const { gamma, beta, runningMean, runningVar } = state;
  const n = x.length;
  const mean = gamma.map((_, c) => x.reduce((s, r) => s + r[c], 0) / n);
  const ss = mean.map((m, c) => x.reduce((s, r) => s + (r[c] - m) ** 2, 0));
  const [mu, va] = training ? [mean, ss.map((v) => v / n)] : [runningMean, runningVar];
  const y = x.map((r) => r.map((v, c) => ((v - mu[c]) / Math.sqrt(va[c] + 1e-5)) * gamma[c] + beta[c]));
  const blend = (old: number[], fresh: number[]) => old.map((o, c) => o + momentum * (fresh[c] - o));
  const next = training
    ? {
        ...state,
        runningMean: blend(runningMean, mean),
        runningVar: blend(
          runningVar,
          ss.map((v) => v / (n - 1)),
        ),
      }
    : state;
  return { output: y, state: next };
}

/** A promise, and a plane at a time. */
export async function instanceNorm2d(x: number[][][][]): Promise<number[][][][]> {
  const one = async (plane: number[][]) => {
    const n = plane.length * plane[0].length;
    const m = plane.reduce((s, r) => s + r.reduce((a, v) => a + v, 0), 0) / n;
    const inv = 1 / Math.sqrt(plane.reduce((s, r) => s + r.reduce((a, v) => a + (v - m) ** 2, 0), 0) / n + 1e-5);
    return plane.map((r) => r.map((v) => (v - m) * inv));
  };
  return Promise.all(x.map((sample) => Promise.all(sample.map(one))));
}

/** Three axes are three to it, and so are four. */
export function rmsNorm<T extends number | T[]>(x: T[], weight: number[], eps = Number.EPSILON): T[] {
  if (Array.isArray(x[0])) return x.map((part) => rmsNorm(part as T[], weight, eps) as T);
  const row = x as number[];
  const r = Math.hypot(...row) / Math.sqrt(row.length);
  return row.map((v, i) => (v * weight[i]) / Math.sqrt(r * r + eps)) as T[];
}

/** Made by a factory, called as a function. */
export const instanceNormLayer =
  ({ epsilon = 1e-5 } = {}) =>
  (x: number[][][]) =>
    x.map((sample) =>
      sample.map((row) => {
        const m = row.reduce((a, v) => a + v, 0) / row.length;
        const s = Math.sqrt(row.reduce((a, v) => a + (v - m) * (v - m), 0) / row.length + epsilon);
        return row.map((v) => (v - m) / s);
      }),
    );

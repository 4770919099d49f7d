// Norms in shapes of their own, each behind an adapter, a tensor class or a namespace.
// @ts-nocheck: this is how others write; parameter properties are not for the house

import type { NormAdapter } from '../../../ts-impl/conformance/index.ts';

export class Tensor {
  readonly data: Float64Array;
  readonly shape: number[];

  constructor(data: ArrayLike<number>, shape: number[]) {
    if (data.length !== shape.reduce((a, b) => a * b, 1)) throw new RangeError('sizes');
    this.data = Float64Array.from(data);
    this.shape = shape;
  }

  /** Along the last axis. */
  rows(f: (row: Float64Array) => ArrayLike<number>): Tensor {
    const d = this.shape[this.shape.length - 1];
    const out = new Float64Array(this.data.length);
    for (let at = 0; at < out.length; at += d) out.set(Array.from(f(this.data.subarray(at, at + d))), at);
    return new Tensor(out, this.shape);
  }
}

/** No bias, and eps squared by mistake of being a deviation. */
export class LayerNorm {
  weight: Tensor;
  constructor(
    size: number,
    readonly epsilon = 0.01,
  ) {
    this.weight = new Tensor(new Float64Array(size).fill(1), [size]);
  }

  forward(x: Tensor): Tensor {
    if (!(x instanceof Tensor)) throw new TypeError('expected a Tensor');
    return x.rows((row) => {
      const m = row.reduce((a, v) => a + v, 0) / row.length;
      const v = row.reduce((a, u) => a + (u - m) ** 2, 0) / row.length;
      return row.map((u, i) => ((u - m) / Math.sqrt(v + this.epsilon * this.epsilon)) * this.weight.data[i]);
    });
  }
}

const held = { gain: new Float64Array(), mean: new Float64Array(), variance: new Float64Array(), first: true };

/** A norm of globals: only an adapter can put it in order. */
export const batchNormOfGlobals: NormAdapter = {
  parameters: { numFeatures: null, eps: 1e-5 },
  construct({ numFeatures, eps }) {
    const n = Number(numFeatures);
    held.gain = new Float64Array(n).fill(1);
    held.mean = new Float64Array(n);
    held.variance = new Float64Array(n).fill(1);
    held.first = true;
    Object.assign(held, { eps: eps ?? 1e-5 });
  },
  forward({ data, shape }, mode) {
    const { eps } = held as typeof held & { eps: number };
    const [N, C, ...rest] = shape;
    const S = rest.reduce((a, b) => a * b, 1);
    const y = data.slice();
    for (let c = 0; c < C; c++) {
      const at: number[] = [];
      for (let n = 0; n < N; n++) for (let s = 0; s < S; s++) at.push((n * C + c) * S + s);
      let m = held.mean[c];
      let v = held.variance[c];
      if (mode === 'train') {
        m = at.reduce((a, i) => a + data[i], 0) / at.length;
        v = at.reduce((a, i) => a + (data[i] - m) ** 2, 0) / at.length;
        const keep = held.first ? 0 : 0.9;
        held.mean[c] = keep * held.mean[c] + (1 - keep) * m;
        held.variance[c] = keep * held.variance[c] + ((1 - keep) * v * at.length) / (at.length - 1);
      }
      for (const i of at) y[i] = ((data[i] - m) / Math.sqrt(v + eps)) * held.gain[c];
    }
    if (mode === 'train') held.first = false;
    return y;
  },
  tensors: () => ({
    gain: { data: held.gain, shape: [held.gain.length] },
    mean: { data: held.mean, shape: [held.mean.length] },
    variance: { data: held.variance, shape: [held.variance.length] },
  }),
};

/** A namespace of functions. */
export const norms = {
  /** One image, the whole of it one statistic. */
  layerNormAll(x: number[][][], eps = 1e-5) {
    const flat = x.flat(2);
    const m = flat.reduce((a, v) => a + v, 0) / flat.length;
    const s = Math.sqrt(flat.reduce((a, v) => a + (v - m) ** 2, 0) / flat.length + eps);
    return x.map((p) => p.map((r) => r.map((v) => (v - m) / s)));
  },
  rmsNormLoud(x: number[][], weight: number[], eps = Number.EPSILON) {
    console.log('normalising', x.length, 'rows');
    return x.map((row) => {
      const r = 1 / Math.sqrt(row.reduce((a, v) => a + v * v, 0) / row.length + eps);
      return row.map((v, i) => weight[i] * v * r);
    });
  },
};

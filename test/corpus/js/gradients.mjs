// Norms with a way back, by hand: right and wrong ones, in the shapes that courses teach.

/** forward(x) and backward(dy), the gradients of the parameters left on the instance. */
export class LayerNorm {
  constructor(dim, eps = 1e-5) {
    this.eps = eps;
    this.gamma = new Float64Array(dim).fill(1);
    this.beta = new Float64Array(dim);
  }

  forward(x) {
    this.cache = x.map((row) => {
      const mu = row.reduce((a, v) => a + v, 0) / row.length;
      const inv = 1 / Math.sqrt(row.reduce((a, v) => a + (v - mu) ** 2, 0) / row.length + this.eps);
      return { inv, xhat: row.map((v) => (v - mu) * inv) };
    });
    return this.cache.map(({ xhat }) => xhat.map((v, i) => v * this.gamma[i] + this.beta[i]));
  }

  backward(dout) {
    this.dGamma = this.gamma.map((_, i) => dout.reduce((s, row, r) => s + row[i] * this.cache[r].xhat[i], 0));
    this.dBeta = this.beta.map((_, i) => dout.reduce((s, row) => s + row[i], 0));
    return dout.map((row, r) => {
      const { inv, xhat } = this.cache[r];
      const n = row.length;
      const dx = row.map((v, i) => v * this.gamma[i]);
      const a = dx.reduce((s, v) => s + v, 0) / n;
      const b = dx.reduce((s, v, i) => s + v * xhat[i], 0) / n;
      return dx.map((v, i) => inv * (v - a - xhat[i] * b));
    });
  }
}

/** The statistics are taken for constants on the way back. */
export class DetachedLayerNorm extends LayerNorm {
  backward(dout) {
    super.backward(dout);
    return dout.map((row, r) => row.map((v, i) => v * this.gamma[i] * this.cache[r].inv));
  }
}

/** In the manner of the course: a cache beside the output, a parameter object, a pair of functions. */
export function batchnormForward(x, gamma, beta, bnParam) {
  const { mode, eps = 1e-5, momentum = 0.9 } = bnParam;
  const D = x[0].length;
  bnParam.runningMean ??= new Array(D).fill(0);
  bnParam.runningVar ??= new Array(D).fill(0);
  if (mode === 'test') {
    const y = x.map((row) =>
      row.map((v, d) => (gamma[d] * (v - bnParam.runningMean[d])) / Math.sqrt(bnParam.runningVar[d] + eps) + beta[d]),
    );
    return [y, null];
  }
  if (mode !== 'train') throw new Error(`Invalid forward batchnorm mode "${mode}"`);
  const N = x.length;
  const mean = gamma.map((_, d) => x.reduce((s, r) => s + r[d], 0) / N);
  const variance = mean.map((m, d) => x.reduce((s, r) => s + (r[d] - m) ** 2, 0) / N);
  const inv = variance.map((v) => 1 / Math.sqrt(v + eps));
  const xhat = x.map((r) => r.map((v, d) => (v - mean[d]) * inv[d]));
  bnParam.runningMean = bnParam.runningMean.map((r, d) => momentum * r + (1 - momentum) * mean[d]);
  bnParam.runningVar = bnParam.runningVar.map((r, d) => momentum * r + (1 - momentum) * variance[d]);
  return [xhat.map((r) => r.map((v, d) => gamma[d] * v + beta[d])), { xhat, inv, gamma }];
}

export function batchnormBackward(dout, cache) {
  const { xhat, inv, gamma } = cache;
  const N = dout.length;
  const dbeta = gamma.map((_, d) => dout.reduce((s, r) => s + r[d], 0));
  const dgamma = gamma.map((_, d) => dout.reduce((s, r, i) => s + r[d] * xhat[i][d], 0));
  const dx = dout.map((r, i) => r.map((v, d) => (gamma[d] * inv[d] * (N * v - dbeta[d] - xhat[i][d] * dgamma[d])) / N));
  return [dx, dgamma, dbeta];
}

/** Its answer has its way back in it. */
export function rmsNorm(x, shape, { weight, eps = 1e-6 }) {
  const d = weight.length;
  const rows = x.length / d;
  const inv = new Float64Array(rows);
  const output = new Float64Array(x.length);
  for (let r = 0; r < rows; r++) {
    let s = 0;
    for (let i = 0; i < d; i++) s += x[r * d + i] ** 2 / d;
    inv[r] = 1 / Math.sqrt(s + eps);
    for (let i = 0; i < d; i++) output[r * d + i] = x[r * d + i] * inv[r] * weight[i];
  }
  const backward = (dy) => {
    const input = new Float64Array(x.length);
    const dWeight = new Float64Array(d);
    for (let r = 0; r < rows; r++) {
      let dot = 0;
      for (let i = 0; i < d; i++) {
        dot += (dy[r * d + i] * weight[i] * x[r * d + i]) / d;
        dWeight[i] += dy[r * d + i] * x[r * d + i] * inv[r];
      }
      for (let i = 0; i < d; i++)
        input[r * d + i] = inv[r] * (dy[r * d + i] * weight[i] - x[r * d + i] * inv[r] ** 2 * dot);
    }
    return { input, weight: dWeight };
  };
  return { output, backward };
}

/** The mean is differentiated, the variance is not. */
export class HalfwayInstanceNorm1d {
  forward(x) {
    this.inv = x.map((s) =>
      s.map((row) => {
        const m = row.reduce((a, v) => a + v, 0) / row.length;
        return 1 / Math.sqrt(row.reduce((a, v) => a + (v - m) ** 2, 0) / row.length + 1e-5);
      }),
    );
    return x.map((s, n) =>
      s.map((row, c) => {
        const m = row.reduce((a, v) => a + v, 0) / row.length;
        return row.map((v) => (v - m) * this.inv[n][c]);
      }),
    );
  }

  backward(dy) {
    return dy.map((s, n) =>
      s.map((row, c) => {
        const m = row.reduce((a, v) => a + v, 0) / row.length;
        return row.map((v) => (v - m) * this.inv[n][c]);
      }),
    );
  }
}

// Norms as classes, each with its own way of being made, called and told the mode.

/** Keras' conventions: momentum the other way, eps 1e-3, the biased variance in the buffers. */
export class KerasBatchNorm {
  constructor(numFeatures, { momentum = 0.99, epsilon = 1e-3 } = {}) {
    this.momentum = momentum;
    this.epsilon = epsilon;
    this.gamma = new Array(numFeatures).fill(1);
    this.beta = new Array(numFeatures).fill(0);
    this.movingMean = new Array(numFeatures).fill(0);
    this.movingVariance = new Array(numFeatures).fill(1);
  }

  call(inputs, training = false) {
    const C = this.gamma.length;
    let mean = this.movingMean;
    let variance = this.movingVariance;
    if (training) {
      mean = Array.from({ length: C }, (_, c) => inputs.reduce((s, row) => s + row[c], 0) / inputs.length);
      variance = mean.map((m, c) => inputs.reduce((s, row) => s + (row[c] - m) ** 2, 0) / inputs.length);
      this.movingMean = this.movingMean.map((r, c) => r * this.momentum + mean[c] * (1 - this.momentum));
      this.movingVariance = this.movingVariance.map((r, c) => r * this.momentum + variance[c] * (1 - this.momentum));
    }
    return inputs.map((row) =>
      row.map((x, c) => this.gamma[c] * ((x - mean[c]) / Math.sqrt(variance[c] + this.epsilon)) + this.beta[c]),
    );
  }
}

/** The momentum is a constant, and eval goes on learning. */
export class LeakyBatchNorm1d {
  training = true;

  constructor(n) {
    this.weight = new Float64Array(n).fill(1);
    this.bias = new Float64Array(n);
    this.runningMean = new Float64Array(n);
    this.runningVar = new Float64Array(n).fill(1);
  }

  train() {
    this.training = true;
    return this;
  }

  eval() {
    this.training = false;
    return this;
  }

  forward(x) {
    const n = x.length;
    return this.normalizeColumns(x, (c) => {
      let mu = 0;
      for (let i = 0; i < n; i++) mu += x[i][c] / n;
      let v = 0;
      for (let i = 0; i < n; i++) v += (x[i][c] - mu) ** 2;
      const used = this.training ? [mu, v / n] : [this.runningMean[c], this.runningVar[c]];
      this.runningMean[c] += 0.1 * (mu - this.runningMean[c]);
      this.runningVar[c] += 0.1 * (v / (n - 1) - this.runningVar[c]);
      return used;
    });
  }

  normalizeColumns(x, statistics) {
    const used = this.weight.map(() => 0);
    const variances = used.slice();
    for (let c = 0; c < used.length; c++) [used[c], variances[c]] = statistics(c);
    return x.map((row) =>
      row.map((v, c) => ((v - used[c]) / Math.sqrt(variances[c] + 1e-5)) * this.weight[c] + this.bias[c]),
    );
  }
}

/** The plain average of all batches. */
export class CumulativeBatchNorm1d {
  constructor(features) {
    this.mean = new Float64Array(features);
    this.var = new Float64Array(features).fill(1);
    this.steps = 0;
    this.isTraining = true;
  }

  forward(x) {
    const n = x.length;
    const c = this.mean.length;
    const y = x.map((row) => row.slice());
    if (this.isTraining) this.steps += 1;
    for (let k = 0; k < c; k++) {
      let m = this.mean[k];
      let v = this.var[k];
      if (this.isTraining) {
        m = x.reduce((s, row) => s + row[k], 0) / n;
        v = x.reduce((s, row) => s + (row[k] - m) ** 2, 0) / n;
        this.mean[k] += (m - this.mean[k]) / this.steps;
        this.var[k] += ((v * n) / (n - 1) - this.var[k]) / this.steps;
      }
      for (let i = 0; i < n; i++) y[i][k] = (x[i][k] - m) / Math.sqrt(v + 1e-5);
    }
    return y;
  }
}

/** Made from its parameters, not from a size. */
export class LayerNormFromArrays {
  constructor(gamma, beta, eps = 1e-12) {
    Object.assign(this, { gamma, beta, eps });
  }

  apply(rows) {
    return rows.map((row) => {
      const mu = row.reduce((a, b) => a + b) / row.length;
      const variance = row.reduce((s, v) => s + v * v, 0) / row.length - mu * mu;
      return row.map((v, i) => ((v - mu) / Math.sqrt(Math.max(variance, 0) + this.eps)) * this.gamma[i] + this.beta[i]);
    });
  }
}

/** A scale for all, and the bias inside it. */
export class ScalarLayerNorm {
  #eps = 1e-5;
  scale = [1];
  shift = [0];

  forward(x) {
    return x.map((row) => {
      const mu = row.reduce((a, b) => a + b, 0) / row.length;
      const v = row.reduce((s, u) => s + (u - mu) ** 2, 0) / row.length;
      return row.map((u) => this.scale[0] * ((u - mu) / Math.sqrt(v + this.#eps) + this.shift[0]));
    });
  }
}

/** The input is a tensor of a kind of its own. */
export class ImageNorm2d {
  constructor(channels) {
    this.weight = new Float64Array(channels).fill(1);
    this.bias = new Float64Array(channels);
  }

  forward(x) {
    const { data, shape } = x;
    const [N, C, H, W] = shape;
    if (W === undefined) throw new Error('four axes');
    const out = new Float64Array(data.length);
    const per = C * H * W;
    for (let n = 0; n < N; n++) {
      let mu = 0;
      for (let i = 0; i < per; i++) mu += data[n * per + i] / per;
      let v = 0;
      for (let i = 0; i < per; i++) v += (data[n * per + i] - mu) ** 2 / per;
      for (let i = 0; i < per; i++) {
        const c = Math.floor(i / (H * W));
        out[n * per + i] = ((data[n * per + i] - mu) / Math.sqrt(v + 1e-5)) * this.weight[c] + this.bias[c];
      }
    }
    return { data: out, shape: [...shape] };
  }
}

/** Weights drawn at random, running statistics of the standard deviation. */
export class StdBatchNorm1d {
  constructor(n, momentum = 0.1) {
    this.momentum = momentum;
    this.weight = Array.from({ length: n }, () => Math.random());
    this.bias = new Array(n).fill(0);
    this.runningMean = new Array(n).fill(0);
    this.runningStd = new Array(n).fill(1);
    this.training = true;
  }

  forward(x) {
    const mu = this.runningMean.slice();
    const sd = this.runningStd.slice();
    if (this.training) {
      for (let c = 0; c < mu.length; c++) {
        mu[c] = x.reduce((s, r) => s + r[c], 0) / x.length;
        const squares = x.reduce((s, r) => s + (r[c] - mu[c]) ** 2, 0);
        sd[c] = Math.sqrt(squares / x.length + 1e-5);
        this.runningMean[c] = (1 - this.momentum) * this.runningMean[c] + this.momentum * mu[c];
        this.runningStd[c] =
          (1 - this.momentum) * this.runningStd[c] + this.momentum * Math.sqrt(squares / (x.length - 1));
      }
      return x.map((r) => r.map((v, c) => ((v - mu[c]) / sd[c]) * this.weight[c] + this.bias[c]));
    }
    return x.map((r) => r.map((v, c) => ((v - mu[c]) / Math.sqrt(sd[c] ** 2 + 1e-5)) * this.weight[c] + this.bias[c]));
  }
}

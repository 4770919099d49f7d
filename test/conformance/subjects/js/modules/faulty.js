// Norms that each get one thing wrong, which a check has to name.

import { LayerNorm as Right } from '../../../../../cases/examples/norms.js';

/** Takes eps out of the square root. */
export class LayerNorm extends Right {
  forward(input) {
    const eps = this.eps;
    const { size } = this;
    const x = input.storage;
    const y = x.slice();
    for (let at = 0; size > 0 && at < x.length; at += size) {
      let mean = 0;
      for (let i = 0; i < size; i++) mean += x[at + i] / size;
      let variance = 0;
      for (let i = 0; i < size; i++) variance += (x[at + i] - mean) ** 2 / size;
      for (let i = 0; i < size; i++) {
        const z = (x[at + i] - mean) / (Math.sqrt(variance) + eps);
        y[at + i] = z * (this.weight?.[i] ?? 1) + (this.bias?.[i] ?? 0);
      }
    }
    super.forward(input);
    return y;
  }
}

/** Weighs the old running value with momentum. It has no way back. */
export class BatchNorm1d {
  training = true;

  constructor(numFeatures, { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true, bias = true } = {}) {
    this.eps = eps;
    this.momentum = momentum;
    this.numFeatures = numFeatures;
    this.weight = affine ? new Float32Array(numFeatures).fill(1) : null;
    this.bias = affine && bias ? new Float32Array(numFeatures) : null;
    this.runningMean = trackRunningStats ? new Float32Array(numFeatures) : null;
    this.runningVar = trackRunningStats ? new Float32Array(numFeatures).fill(1) : null;
    this.numBatchesTracked = trackRunningStats ? 0 : null;
  }

  forward({ storage: x, shape }) {
    const [N, C, L = 1] = shape;
    if (C !== this.numFeatures) throw new RangeError(`${C} channels, expected ${this.numFeatures}`);
    const n = N * L;
    if (this.training && n === 1) throw new RangeError('one value a channel');
    const batch = this.training || this.runningMean === null;
    if (this.training && this.runningMean !== null) this.numBatchesTracked++;
    const y = new Float32Array(x.length);
    for (let c = 0; c < C; c++) {
      const each = (visit) => {
        for (let b = 0; b < N; b++) for (let i = 0; i < L; i++) visit((b * C + c) * L + i);
      };
      let mean = 0;
      let variance = 0;
      each((at) => {
        mean += x[at] / n;
      });
      each((at) => {
        variance += (x[at] - mean) ** 2 / n;
      });
      if (this.training && this.runningMean !== null) {
        const old = this.momentum ?? 1 - 1 / this.numBatchesTracked;
        this.runningMean[c] = old * this.runningMean[c] + (1 - old) * mean;
        this.runningVar[c] = old * this.runningVar[c] + ((1 - old) * variance * n) / (n - 1);
      }
      const used = batch ? { mean, variance } : { mean: this.runningMean[c], variance: this.runningVar[c] };
      each((at) => {
        const z = (x[at] - used.mean) / Math.sqrt(used.variance + this.eps);
        y[at] = z * (this.weight?.[c] ?? 1) + (this.bias?.[c] ?? 0);
      });
    }
    return y;
  }
}

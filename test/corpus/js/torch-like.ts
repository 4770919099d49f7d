// Modules in the manner of PyTorch: train(), eval(), camelCase buffers, four axes.
// @ts-nocheck: this is how others write; parameter properties are not for the house

type Batch = number[][][][];

const zeros = (n: number) => new Float64Array(n);
const ones = (n: number) => new Float64Array(n).fill(1);

abstract class Module {
  protected isTrain = true;
  training = true;

  train(mode = true): this {
    this.training = mode;
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  abstract forward(x: Batch): Batch;
}

interface Options {
  eps?: number;
  momentum?: number;
  affine?: boolean;
}

function channelStatistics(x: Batch, c: number) {
  const values = x.flatMap((sample) => sample[c].flat());
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((a, b) => a + (b - mean) ** 2, 0);
  return { mean, squares, n: values.length };
}

const mapChannels = (x: Batch, f: (v: number, c: number) => number): Batch =>
  x.map((sample) => sample.map((plane, c) => plane.map((row) => row.map((v) => f(v, c)))));

/** Right in every way. */
export class BatchNorm2d extends Module {
  weight: Float64Array | null;
  bias: Float64Array | null;
  runningMean: Float64Array;
  runningVar: Float64Array;
  numBatchesTracked = 0;
  private readonly eps: number;
  private readonly momentum: number;

  constructor(numFeatures: number, { eps = 1e-5, momentum = 0.1, affine = true }: Options = {}) {
    super();
    this.eps = eps;
    this.momentum = momentum;
    this.weight = affine ? ones(numFeatures) : null;
    this.bias = affine ? zeros(numFeatures) : null;
    this.runningMean = zeros(numFeatures);
    this.runningVar = ones(numFeatures);
  }

  forward(x: Batch): Batch {
    const scale = zeros(this.runningMean.length);
    const shift = zeros(this.runningMean.length);
    for (let c = 0; c < scale.length; c++) {
      let mean = this.runningMean[c];
      let variance = this.runningVar[c];
      if (this.training) {
        const s = channelStatistics(x, c);
        mean = s.mean;
        variance = s.squares / s.n;
        this.runningMean[c] = (1 - this.momentum) * this.runningMean[c] + this.momentum * mean;
        this.runningVar[c] = (1 - this.momentum) * this.runningVar[c] + (this.momentum * s.squares) / (s.n - 1);
      }
      scale[c] = (this.weight?.[c] ?? 1) / Math.sqrt(variance + this.eps);
      shift[c] = (this.bias?.[c] ?? 0) - mean * scale[c];
    }
    if (this.training) this.numBatchesTracked++;
    return mapChannels(x, (v, c) => v * scale[c] + shift[c]);
  }
}

/** Tutorials' own: the sample variance everywhere, momentum the other way. */
export class TutorialBatchNorm2d extends Module {
  gamma: Float64Array;
  beta: Float64Array;
  movingMean: Float64Array;
  movingVar: Float64Array;
  constructor(
    channels: number,
    readonly momentum = 0.9,
    readonly eps = 1e-5,
  ) {
    super();
    this.gamma = ones(channels);
    this.beta = zeros(channels);
    this.movingMean = zeros(channels);
    this.movingVar = zeros(channels);
  }

  forward(x: Batch): Batch {
    const m = Array.from(this.movingMean);
    const v = Array.from(this.movingVar);
    if (this.training) {
      for (let c = 0; c < m.length; c++) {
        const s = channelStatistics(x, c);
        m[c] = s.mean;
        v[c] = s.squares / (s.n - 1);
        this.movingMean[c] = this.momentum * this.movingMean[c] + (1 - this.momentum) * m[c];
        this.movingVar[c] = this.momentum * this.movingVar[c] + (1 - this.momentum) * v[c];
      }
    }
    return mapChannels(x, (u, c) => (this.gamma[c] * (u - m[c])) / Math.sqrt(v[c] + this.eps) + this.beta[c]);
  }
}

/** Training normalises with the buffers that it has just updated. */
export class StaleBatchNorm2d extends Module {
  weight: Float64Array;
  bias: Float64Array;
  runningMean: Float64Array;
  runningVar: Float64Array;

  constructor(n: number) {
    super();
    this.weight = ones(n);
    this.bias = zeros(n);
    this.runningMean = zeros(n);
    this.runningVar = ones(n);
  }

  forward(x: Batch): Batch {
    if (this.training) {
      for (let c = 0; c < this.weight.length; c++) {
        const s = channelStatistics(x, c);
        this.runningMean[c] += 0.1 * (s.mean - this.runningMean[c]);
        this.runningVar[c] += 0.1 * (s.squares / (s.n - 1) - this.runningVar[c]);
      }
    }
    return mapChannels(
      x,
      (v, c) => ((v - this.runningMean[c]) / Math.sqrt(this.runningVar[c] + 1e-5)) * this.weight[c] + this.bias[c],
    );
  }
}

/** The buffers are there and never move. */
export class FrozenBatchNorm2d extends Module {
  weight: Float64Array;
  bias: Float64Array;
  runningMean: Float64Array;
  runningVar: Float64Array;
  constructor(
    n: number,
    readonly eps = 1e-5,
    readonly momentum = 0.1,
  ) {
    super();
    this.weight = ones(n);
    this.bias = zeros(n);
    this.runningMean = zeros(n);
    this.runningVar = ones(n);
  }

  forward(x: Batch): Batch {
    const statistics = Array.from(this.weight, (_, c) => {
      if (!this.training) return [this.runningMean[c], this.runningVar[c]];
      const { mean, squares, n } = channelStatistics(x, c);
      return [mean, squares / n];
    });
    return mapChannels(x, (v, c) => {
      const [mean, variance] = statistics[c];
      return ((v - mean) / Math.sqrt(variance + this.eps)) * this.weight[c] + this.bias[c];
    });
  }
}

/** Channels last: [N][H][W][C]. */
export class BatchNorm2dLast extends Module {
  weight: Float64Array;
  bias: Float64Array;
  runningMean: Float64Array;
  runningVar: Float64Array;
  constructor(numFeatures: number) {
    super();
    this.weight = ones(numFeatures);
    this.bias = zeros(numFeatures);
    this.runningMean = zeros(numFeatures);
    this.runningVar = ones(numFeatures);
  }

  forward(x: Batch): Batch {
    const pixels = x.flat(2);
    if (pixels[0].length !== this.weight.length) throw new RangeError(`expected ${this.weight.length} channels`);
    const used = Array.from(this.weight, (_, c) => {
      if (!this.training) return [this.runningMean[c], this.runningVar[c]];
      const mean = pixels.reduce((s, p) => s + p[c], 0) / pixels.length;
      const squares = pixels.reduce((s, p) => s + (p[c] - mean) ** 2, 0);
      this.runningMean[c] = 0.9 * this.runningMean[c] + 0.1 * mean;
      this.runningVar[c] = 0.9 * this.runningVar[c] + (0.1 * squares) / (pixels.length - 1);
      return [mean, squares / pixels.length];
    });
    return x.map((image) =>
      image.map((row) =>
        row.map((pixel) =>
          pixel.map((v, c) => ((v - used[c][0]) / Math.sqrt(used[c][1] + 1e-5)) * this.weight[c] + this.bias[c]),
        ),
      ),
    );
  }
}

/** Groups, right but for the mean, which stays in. */
export class GroupNorm extends Module {
  weight: Float64Array;
  bias: Float64Array;
  constructor(
    readonly numGroups: number,
    readonly numChannels: number,
    readonly eps: number = 1e-5,
  ) {
    super();
    if (numChannels % numGroups !== 0) throw new RangeError('num_channels must be divisible by num_groups');
    this.weight = ones(numChannels);
    this.bias = zeros(numChannels);
  }

  forward(x: Batch): Batch {
    const per = this.numChannels / this.numGroups;
    return x.map((sample) =>
      sample.map((plane, c) => {
        const first = Math.floor(c / per) * per;
        const members = sample.slice(first, first + per).flat(2);
        const ms = members.reduce((s, v) => s + v * v, 0) / members.length;
        const r = Math.sqrt(ms + this.eps);
        return plane.map((row) => row.map((v) => (v / r) * this.weight[c] + this.bias[c]));
      }),
    );
  }
}

// Norms as functions on arrays in arrays, as people write them in a page of notes.

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** As the book has it. */
export function layerNorm(x: number[][], gamma: number[], beta: number[], eps = 1e-5): number[][] {
  return x.map((row) => {
    const mu = mean(row);
    const variance = mean(row.map((v) => (v - mu) ** 2));
    return row.map((v, i) => ((v - mu) / Math.sqrt(variance + eps)) * gamma[i] + beta[i]);
  });
}

export function layerNormSample(x: number[][], gamma: number[], beta: number[], eps = 1e-5): number[][] {
  return x.map((row) => {
    const mu = mean(row);
    let sum = 0;
    for (const v of row) sum += (v - mu) * (v - mu);
    const std = Math.sqrt(sum / (row.length - 1) + eps);
    return row.map((v, i) => (gamma[i] * (v - mu)) / std + beta[i]);
  });
}

export const layerNormStd = (x: number[][], a2: number[], b2: number[], eps = 1e-6) =>
  x.map((row) => {
    const mu = mean(row);
    const std = Math.sqrt(row.reduce((s, v) => s + (v - mu) ** 2, 0) / (row.length - 1));
    return row.map((v, i) => (a2[i] * (v - mu)) / (std + eps) + b2[i]);
  });

export function rmsNorm(x: number[][], weight: number[], { eps = 1e-6 }: { eps?: number } = {}): number[][] {
  return x.map((row) => {
    const ms = row.reduce((s, v) => s + v * v, 0) / row.length;
    return row.map((v, i) => (v / Math.sqrt(ms + eps)) * weight[i]);
  });
}

export function gemmaRmsNorm(x: number[][], weight: number[], eps = Number.EPSILON): number[][] {
  return x.map((row) => {
    const scale = 1 / Math.sqrt(row.reduce((s, v) => s + v * v, 0) / row.length + eps);
    return row.map((v, i) => v * scale * (1 + weight[i]));
  });
}

interface BatchNormOptions {
  gamma: number[];
  beta: number[];
  epsilon?: number;
}

/** Statistics of the batch always: no state at all. */
export function batchNorm(x: number[][], { gamma, beta, epsilon = 1e-5 }: BatchNormOptions): number[][] {
  const n = x.length;
  const mu = x[0].map((_, c) => x.reduce((s, row) => s + row[c], 0) / n);
  const v = x[0].map((_, c) => x.reduce((s, row) => s + (row[c] - mu[c]) ** 2, 0) / n);
  return x.map((row) => row.map((u, c) => (gamma[c] * (u - mu[c])) / Math.sqrt(v[c] + epsilon) + beta[c]));
}

type Image = number[][][];

/** [N][C][H][W] */
export function instanceNorm2d(x: Image[], eps = 1e-5): Image[] {
  return x.map((sample) =>
    sample.map((plane) => {
      const flat = plane.flat();
      const mu = mean(flat);
      const sigma = Math.sqrt(mean(flat.map((v) => (v - mu) ** 2)));
      return plane.map((row) => row.map((v) => (v - mu) / (sigma + eps)));
    }),
  );
}

export function groupNorm(x: Image[], numGroups: number, gamma: number[], beta: number[], eps = 1e-5): Image[] {
  return x.map((sample) => {
    const size = sample.length / numGroups;
    return sample.map((plane, c) => {
      const members = sample.filter((_, k) => k % numGroups === c % numGroups).flat(2);
      if (members.length !== size * plane.length * plane[0].length) throw new Error('sizes');
      const mu = mean(members);
      const v = mean(members.map((u) => (u - mu) ** 2));
      return plane.map((row) => row.map((u) => ((u - mu) / Math.sqrt(v + eps)) * gamma[c] + beta[c]));
    });
  });
}

/** No norm: the softmax of each row, and a ReLU. */
export function softmax(x: number[][]): number[][] {
  return x.map((row) => {
    const e = row.map((v) => Math.exp(v - Math.max(...row)));
    const sum = e.reduce((a, b) => a + b, 0);
    return e.map((v) => v / sum);
  });
}

export const relu = (x: number[][]) => x.map((row) => row.map((v) => Math.max(0, v)));

export const EPSILON = 1e-5;

// Norms and their gradients in closed form, in float64, by plain sums: what claims compare answers with. No layer and no layout.

/** Numbers of which those with equal `set` share one statistic, and those with equal `parameter` share weight and bias. */
export interface Sets {
  /** The statistic behind each element, counted from 0. */
  readonly set: readonly number[];
  /** The parameter of each element, counted from 0. */
  readonly parameter: readonly number[];
}

export interface Affine {
  /** By parameter; null stands for ones. */
  readonly weight: readonly number[] | null;
  readonly bias: readonly number[] | null;
}

export interface Gradients {
  readonly input: readonly number[];
  readonly weight: readonly number[];
  readonly bias: readonly number[];
}

/** Statistics given from outside, by set: mean and variance. */
export interface Running {
  readonly mean: readonly number[];
  readonly variance: readonly number[];
}

export const PLAIN: Affine = { weight: null, bias: null };

/** Elements of [N, C, S]: BatchNorm's sets are channels, InstanceNorm's planes, GroupNorm's runs of C/G channels; parameters go by channel. */
export function channelSets(kind: 'batch' | 'instance' | { readonly groups: number }, shape: readonly number[]): Sets {
  const [n, c] = shape;
  const s = shape.slice(2).reduce((a, b) => a * b, 1);
  const groups = kind === 'batch' ? 1 : kind === 'instance' ? c : kind.groups;
  const set: number[] = []; // [N, C, S]
  const parameter: number[] = []; // [N, C, S]
  for (let i = 0; i < n * c * s; i++) {
    const channel = Math.floor(i / s) % c;
    const sample = Math.floor(i / (c * s));
    set.push(kind === 'batch' ? channel : sample * groups + Math.floor((channel * groups) / c));
    parameter.push(channel);
  }
  return { set, parameter };
}

/** Rows of `width` elements: each is a set, and parameters go by place in the row. */
export function rowSets(count: number, width: number): Sets {
  const places = Array.from({ length: count * width }, (_, i) => i);
  return { set: places.map((i) => Math.floor(i / width)), parameter: places.map((i) => i % width) };
}

/** (x − mean) / √(variance + eps) · w + b, with the biased variance of each set or a given one. */
export function normalised(x: readonly number[], sets: Sets, eps: number, affine: Affine, running?: Running): number[] {
  const { mean, root } = running === undefined ? statistics(x, sets.set, eps) : rooted(running, eps);
  return x.map((value, i) => affined((value - mean[sets.set[i]]) * root[sets.set[i]], sets.parameter[i], affine));
}

/** x / √(mean of x² + eps) · w. */
export function rootMeanSquared(x: readonly number[], sets: Sets, eps: number, affine: Affine): number[] {
  const root = squareRoots(x, sets.set, eps);
  return x.map((value, i) => affined(value * root[sets.set[i]], sets.parameter[i], affine));
}

/** r·(gw − mean(gw) − x̂·mean(gw·x̂)), Σ g·x̂ and Σ g; with given statistics g·w·r, since those do not follow the input. */
export function normalisedGradients(
  x: readonly number[],
  upstream: readonly number[],
  sets: Sets,
  eps: number,
  affine: Affine,
  running?: Running,
): Gradients {
  const { mean, root } = running === undefined ? statistics(x, sets.set, eps) : rooted(running, eps);
  const unit = x.map((value, i) => (value - mean[sets.set[i]]) * root[sets.set[i]]); // x̂
  const weighted = upstream.map((g, i) => g * (affine.weight?.[sets.parameter[i]] ?? 1));
  const none = root.map(() => 0);
  const meanG = running === undefined ? means(weighted, sets.set) : none;
  const meanGx =
    running === undefined
      ? means(
          weighted.map((g, i) => g * unit[i]),
          sets.set,
        )
      : none;
  const input = weighted.map((g, i) => root[sets.set[i]] * (g - meanG[sets.set[i]] - unit[i] * meanGx[sets.set[i]]));
  return { input, ...parameterGradients(unit, upstream, sets.parameter) };
}

/** r·(gw − x̂·mean(gw·x̂)) and Σ g·x̂. */
export function rootMeanSquaredGradients(
  x: readonly number[],
  upstream: readonly number[],
  sets: Sets,
  eps: number,
  affine: Affine,
): Gradients {
  const root = squareRoots(x, sets.set, eps);
  const unit = x.map((value, i) => value * root[sets.set[i]]); // x̂
  const weighted = upstream.map((g, i) => g * (affine.weight?.[sets.parameter[i]] ?? 1));
  const meanGx = means(
    weighted.map((g, i) => g * unit[i]),
    sets.set,
  );
  const input = weighted.map((g, i) => root[sets.set[i]] * (g - unit[i] * meanGx[sets.set[i]]));
  return { input, ...parameterGradients(unit, upstream, sets.parameter) };
}

/** The running mean and variance after one step of training, the variance unbiased; averaged over the sets of a channel (one in BatchNorm). */
export function runningAfter(x: readonly number[], sets: Sets, before: Running, momentum: number): Running {
  const { mean, variance, count } = statistics(x, sets.set, 0);
  const channels = before.mean.length;
  const average = (values: readonly number[], channel: number) => {
    const own = [...new Set(sets.set.filter((_, i) => sets.parameter[i] === channel))];
    return own.reduce((sum, set) => sum + values[set], 0) / own.length;
  };
  const unbiased = variance.map((v, set) => (v * count[set]) / (count[set] - 1));
  const step = (old: readonly number[], seen: readonly number[]) =>
    Array.from({ length: channels }, (_, c) => (1 - momentum) * old[c] + momentum * average(seen, c));
  return { mean: step(before.mean, mean), variance: step(before.variance, unbiased) };
}

// --- internal ---

function statistics(x: readonly number[], set: readonly number[], eps: number) {
  const count = sums(
    x.map(() => 1),
    set,
  ); // [sets]
  const mean = means(x, set); // [sets]
  const variance = means(
    x.map((value, i) => (value - mean[set[i]]) ** 2),
    set,
  ); // [sets], biased
  return { count, mean, variance, root: variance.map((v) => 1 / Math.sqrt(v + eps)) };
}

function rooted({ mean, variance }: Running, eps: number) {
  return { mean, root: variance.map((v) => 1 / Math.sqrt(v + eps)) };
}

function squareRoots(x: readonly number[], set: readonly number[], eps: number): number[] {
  return means(
    x.map((value) => value * value),
    set,
  ).map((square) => 1 / Math.sqrt(square + eps));
}

function affined(unit: number, parameter: number, { weight, bias }: Affine): number {
  return unit * (weight?.[parameter] ?? 1) + (bias?.[parameter] ?? 0);
}

function parameterGradients(unit: readonly number[], upstream: readonly number[], parameter: readonly number[]) {
  return {
    weight: sums(
      upstream.map((g, i) => g * unit[i]),
      parameter,
    ),
    bias: sums(upstream, parameter),
  };
}

function sums(values: readonly number[], set: readonly number[]): number[] {
  const total = new Array<number>(Math.max(...set) + 1).fill(0); // [sets]
  for (let i = 0; i < values.length; i++) total[set[i]] += values[i];
  return total;
}

function means(values: readonly number[], set: readonly number[]): number[] {
  const count = sums(
    values.map(() => 1),
    set,
  );
  return sums(values, set).map((total, k) => total / count[k]);
}

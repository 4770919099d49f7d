// PyTorch's float32 arithmetic on one CPU thread, step by step, as published recipes have it: the bits that claims state. Written
// apart from the port, plainly and without speed; contiguous tensors only.

const f = Math.fround;

/** Rounded once: the product of two float32 is exact in float64, and the sum's second rounding never showed on these inputs. */
const fma = (a: number, b: number, c: number): number => f(a * b + c);

export interface Moments {
  readonly mean: number;
  /** The sum of squared deviations. */
  readonly squares: number;
  readonly count: number;
}

/** BatchNorm and InstanceNorm with more than one position: two passes, both sums in float64. */
export function momentsInDoubles(x: readonly number[]): Moments {
  const mean = f(x.reduce((sum, value) => sum + value, 0) / x.length);
  const squares = f(x.reduce((sum, value) => sum + f(f(value - mean) ** 2), 0));
  return { mean, squares, count: x.length };
}

/**
 * BatchNorm of [N, C]: two passes down the rows. Each thread sums its run of rows in float32, and their sums are added in float64; as
 * many threads as rows leave only float64.
 */
export function momentsInFloats(x: readonly number[], threads = 1): Moments {
  if (x.length <= threads) return momentsInDoubles(x);
  const run = Math.ceil(x.length / threads);
  const runs = Array.from({ length: threads }, (_, t) => x.slice(t * run, (t + 1) * run));
  const total = (add: (sum: number, value: number) => number) =>
    runs.reduce((sum, part) => sum + part.reduce(add, 0), 0);
  const mean = f(total((sum, value) => f(sum + value)) / x.length);
  const squares = f(total((sum, value) => fma(f(value - mean), f(value - mean), sum)));
  return { mean, squares, count: x.length };
}

/** 1/σ of BatchNorm in training, InstanceNorm and GroupNorm: eps is added in float64. */
export function inverseDeviation({ squares, count }: Moments, eps: number): number {
  return f(1 / Math.sqrt(f(squares / f(count)) + eps));
}

/** 1/σ of LayerNorm, and of BatchNorm with a running variance: every step in float32. */
export function narrowInverseDeviation(variance: number, eps: number): number {
  return f(1 / f(Math.sqrt(f(variance + f(eps)))));
}

/** BatchNorm's output: one multiplication and addition with what the channel has in common. */
export function batchOutput(x: number, mean: number, inverse: number, weight: number, bias: number): number {
  const alpha = f(inverse * weight);
  return fma(x, alpha, fma(-mean, alpha, bias));
}

/** A running mean after one step: both products are rounded. */
export function runningMeanStep(old: number, seen: number, momentum: number): number {
  const m = f(momentum);
  return f(f(m * seen) + f(f(1 - m) * old));
}

/** A running variance after one step: the new one's product is not rounded. */
export function runningVarianceStep(old: number, seen: number, momentum: number): number {
  const m = f(momentum);
  return fma(m, seen, f(f(1 - m) * old));
}

/** The variance that goes into a running variance. */
export function unbiased({ squares, count }: Moments): number {
  return f(squares / f(count - 1));
}

/** LayerNorm's and GroupNorm's: eight lanes of Welford's method in chunks of 16 vectors, merged in a cascade, then the rest. */
export function momentsInLanes(x: readonly number[]): Moments {
  const vectors = Math.floor(x.length / LANES);
  const lanes = Array.from({ length: LANES }, (_, lane) =>
    cascade(Array.from({ length: vectors }, (_, v) => x[v * LANES + lane])),
  );
  let all = welfordOfRest(x.slice(vectors * LANES));
  for (const lane of lanes) all = mergeLane(all, lane);
  return all;
}

/** LayerNorm's output; null stands for a weight or bias that is not there. */
export function layerOutput(
  x: number,
  mean: number,
  inverse: number,
  weight: number | null,
  bias: number | null,
): number {
  if (weight === null) return bias === null ? f(f(x - mean) * inverse) : fma(f(x - mean), inverse, bias);
  return bias === null ? f(f(f(x - mean) * inverse) * weight) : fma(f(f(x - mean) * inverse), weight, bias);
}

/** GroupNorm's output: centred first where there is no weight, scaled and shifted where there is. */
export function groupOutput(
  x: number,
  mean: number,
  inverse: number,
  affine: { weight: number; bias: number } | null,
): number {
  if (affine === null) return f(f(x - mean) * inverse);
  const scale = f(inverse * affine.weight);
  return fma(scale, x, fma(-scale, mean, affine.bias));
}

// --- internal ---

const LANES = 8;
const CHUNK = 16;
const NOTHING: Moments = { mean: 0, squares: 0, count: 0 };

/** One lane's values: chunks of 16, each merged into a level, and a full level into the next, like carries. */
function cascade(values: readonly number[]): Moments {
  const levels: Moments[] = [];
  const chunks = Math.ceil(values.length / CHUNK);
  const depth = Math.max(1, Math.ceil(Math.log2(Math.max(chunks, 1))));
  for (let level = 0; level < depth; level++) levels.push(NOTHING);
  for (let chunk = 0; chunk < chunks; chunk++) {
    levels[0] = merge(levels[0], welford(values.slice(chunk * CHUNK, (chunk + 1) * CHUNK)));
    for (let level = 1, carry = chunk + 1; level < depth && carry % 2 === 0; level++, carry /= 2) {
      levels[level] = merge(levels[level], levels[level - 1]);
      levels[level - 1] = NOTHING;
    }
  }
  return levels.slice(1).reduce((all, level) => merge(all, level), levels[0]);
}

/** Welford's method in one lane: 1/(j+1) is rounded first. */
function welford(values: readonly number[]): Moments {
  let mean = 0;
  let squares = 0;
  values.forEach((value, j) => {
    const delta = f(value - mean);
    mean = fma(f(1 / (j + 1)), delta, mean);
    squares = fma(delta, f(value - mean), squares);
  });
  return { mean, squares, count: values.length };
}

/** The same of what is left over: divided, and every product rounded. */
function welfordOfRest(values: readonly number[]): Moments {
  let mean = 0;
  let squares = 0;
  values.forEach((value, j) => {
    const delta = f(value - mean);
    mean = f(mean + f(delta / (j + 1)));
    squares = f(squares + f(delta * f(value - mean)));
  });
  return { mean, squares, count: values.length };
}

/** Two partial moments of one lane. */
function merge(a: Moments, b: Moments): Moments {
  const count = a.count + b.count;
  if (count === 0) return NOTHING;
  const delta = f(b.mean - a.mean);
  const step = f(f(b.count / count) * delta);
  return { mean: f(a.mean + step), squares: fma(f(delta * a.count), step, f(a.squares + b.squares)), count };
}

/** A lane added to the rest: the same sums, fused elsewhere. */
function mergeLane(a: Moments, b: Moments): Moments {
  const count = a.count + b.count;
  if (count === 0) return NOTHING;
  const c = f(b.count / count);
  const delta = f(b.mean - a.mean);
  const spread = f(f(delta * delta) * c);
  return { mean: fma(c, delta, a.mean), squares: f(a.squares + fma(spread, a.count, b.squares)), count };
}

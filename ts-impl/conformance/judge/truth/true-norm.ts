// Every norm in double-double over its sets: statistics, output and gradients by the textbook. State and steps are elsewhere.

import type { Sets } from '../conditioning/statistic-sets.ts';
import { add, divide, low, multiply, root, subtract } from './double-double.ts';
import { accumulate, divideAll, type Pairs, pairs } from './pairs.ts';

/** Both [sets]. */
export interface TrueStatistics {
  readonly mean: Pairs;
  readonly variance: Pairs;
}

export interface Question {
  readonly x: Float64Array; // [elements]
  readonly sets: Sets;
  readonly weight: Float64Array | null; // [C]
  readonly bias: Float64Array | null; // [C]
  readonly eps: number;
  readonly centred: boolean;
  /** BatchNorm and InstanceNorm: a variance of 0 with an eps of 0 is scaled by 0. */
  readonly guarded: boolean;
}

export interface TrueGradients {
  readonly input: Pairs; // [elements]
  readonly weight: Pairs; // [C]
  readonly bias: Pairs; // [C]
}

export function trueStatistics({ x, sets, centred }: Question): TrueStatistics {
  const n = (sets.slots * sets.inner) / sets.count;
  const mean = pairs(sets.count);
  const variance = pairs(sets.count);
  if (centred) {
    eachElement(sets, (i, set) => accumulate(mean, set, x[i], 0));
    divideAll(mean, n);
  }
  eachElement(sets, (i, set) => {
    const d = subtract(x[i], 0, mean.hi[set], mean.lo[set]);
    const dl = low;
    const square = multiply(d, dl, d, dl);
    accumulate(variance, set, square, low);
  });
  divideAll(variance, n);
  return { mean, variance };
}

/** 1/√(variance + eps) of each set. */
export function trueScales({ eps, guarded }: Question, { variance }: TrueStatistics): Pairs {
  const scale = pairs(variance.hi.length); // [sets]
  for (let set = 0; set < scale.hi.length; set++) {
    let s = add(variance.hi[set], variance.lo[set], eps, 0);
    if (guarded && s === 0) continue;
    s = root(s, low);
    scale.hi[set] = divide(1, 0, s, low);
    scale.lo[set] = low;
  }
  return scale;
}

export function trueOutput(q: Question, s: TrueStatistics, scale: Pairs): Pairs {
  const { sets, weight, bias } = q;
  const y = pairs(q.x.length); // [elements]
  eachElement(sets, (i, set, channel) => {
    let value = normalised(q, s, scale, i, set);
    if (weight !== null) value = multiply(value, low, weight[channel], 0);
    if (bias !== null) value = add(value, low, bias[channel], 0);
    y.hi[i] = value;
    y.lo[i] = low;
  });
  return y;
}

/** `batch`: the statistics depend on the input. dx = r·(gw − mean(gw) − z·mean(gw·z)), dw = Σ g·z, db = Σ g. */
export function trueGradients(
  q: Question,
  s: TrueStatistics,
  scale: Pairs,
  batch: boolean,
  upstream: Float64Array,
): TrueGradients {
  const { x, sets, centred } = q;
  const n = (sets.slots * sets.inner) / sets.count;
  const input = pairs(x.length); // [elements]
  const weight = pairs(sets.channels); // [C]
  const bias = pairs(sets.channels); // [C]
  const meanG = pairs(sets.count); // [sets]
  const meanGZ = pairs(sets.count); // [sets]
  const weightAt = (channel: number) => (q.weight === null ? 1 : q.weight[channel]);
  eachElement(sets, (i, set, channel) => {
    const z = normalised(q, s, scale, i, set);
    const zl = low;
    const g = upstream[i];
    const gz = multiply(z, zl, g, 0);
    accumulate(weight, channel, gz, low);
    accumulate(bias, channel, g, 0);
    if (!batch) return;
    const gw = multiply(g, 0, weightAt(channel), 0);
    const gwl = low;
    if (centred) accumulate(meanG, set, gw, gwl);
    const product = multiply(gw, gwl, z, zl);
    accumulate(meanGZ, set, product, low);
  });
  divideAll(meanG, n);
  divideAll(meanGZ, n);
  eachElement(sets, (i, set, channel) => {
    let d = multiply(upstream[i], 0, weightAt(channel), 0);
    if (batch) {
      d = subtract(d, low, meanG.hi[set], meanG.lo[set]);
      const dl = low;
      let shift = normalised(q, s, scale, i, set);
      shift = multiply(shift, low, meanGZ.hi[set], meanGZ.lo[set]);
      d = subtract(d, dl, shift, low);
    }
    input.hi[i] = multiply(d, low, scale.hi[set], scale.lo[set]);
    input.lo[i] = low;
  });
  return { input, weight, bias };
}

// --- internal ---

/** (x − mean)·r; its low part is left in `low`. */
function normalised({ x }: Question, { mean }: TrueStatistics, scale: Pairs, i: number, set: number): number {
  const d = subtract(x[i], 0, mean.hi[set], mean.lo[set]);
  return multiply(d, low, scale.hi[set], scale.lo[set]);
}

/** Index, set and channel of each element. The truth is asked for few tensors, so a call per element is taken. */
function eachElement(sets: Sets, visit: (i: number, set: number, channel: number) => void): void {
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const channel = slot % sets.channels;
    for (const end = i + sets.inner; i < end; i++) visit(i, set, channel);
  }
}

// Forward and backward of every norm over its sets, in the style asked for. Shapes come as sets; state and steps are elsewhere.

import type { Sets } from '../../ts-impl/conformance/judge/conditioning/statistic-sets.ts';
import type { Style } from './style.ts';
import { meanSquare, momentsOf, type Round, sumOf } from './sums.ts';

/** What is normalised with: mean and variance of each set. */
export interface Statistics {
  readonly mean: Float64Array; // [sets]
  readonly variance: Float64Array; // [sets]
}

export interface Problem {
  readonly x: Float64Array; // [elements]
  readonly sets: Sets;
  readonly weight: Float64Array | null; // [C]
  readonly bias: Float64Array | null; // [C]
  readonly eps: number;
  readonly centred: boolean;
  /** BatchNorm and InstanceNorm: a variance of 0 with an eps of 0 is scaled by 0. */
  readonly guarded: boolean;
  readonly style: Style;
  /** The working precision, and that of statistics that are kept. */
  readonly f: Round;
  readonly keep: Round;
}

export interface Gradients {
  readonly input: Float64Array; // [elements]
  readonly weight: Float64Array; // [C]
  readonly bias: Float64Array; // [C]
}

export function statisticsOf(p: Problem): Statistics {
  const { sets, style, f, keep } = p;
  const n = (sets.slots * sets.inner) / sets.count;
  const rows = bySet(p.x, sets, n); // [sets, n]
  const scratch = new Float64Array(n);
  const mean = new Float64Array(sets.count);
  const variance = new Float64Array(sets.count);
  for (let set = 0; set < sets.count; set++) {
    const row = rows.subarray(set * n, (set + 1) * n);
    if (p.centred) {
      const found = momentsOf(row, n, style, f, scratch);
      mean[set] = keep(found.mean);
      variance[set] = keep(found.variance);
    } else {
      variance[set] = keep(meanSquare(row, n, style, f, scratch));
    }
  }
  return { mean, variance };
}

export function outputOf(p: Problem, s: Statistics): Float64Array {
  const { x, sets, weight, bias, style, f } = p;
  const r = scales(p, s);
  const y = new Float64Array(x.length); // [elements]
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const channel = slot % sets.channels;
    const w = weight === null ? 1 : weight[channel];
    const b = bias === null ? 0 : bias[channel];
    const m = s.mean[set];
    const root = f(Math.sqrt(f(s.variance[set] + f(p.eps))));
    const alpha = f(r[set] * w);
    const beta = f(b - f(m * alpha));
    for (const end = i + sets.inner; i < end; i++) {
      if (style.output === 'folded' && p.centred) y[i] = f(f(x[i] * alpha) + beta);
      else {
        const z = style.output === 'divided' && root > 0 ? f(f(x[i] - m) / root) : f(f(x[i] - m) * r[set]);
        const scaled = weight === null ? z : f(z * w);
        y[i] = bias === null ? scaled : f(scaled + b);
      }
    }
  }
  return y;
}

/** `batch`: the statistics depend on the input. */
export function gradientsOf(p: Problem, s: Statistics, batch: boolean, upstream: Float64Array): Gradients {
  const { x, sets, weight, style, f } = p;
  const n = (sets.slots * sets.inner) / sets.count;
  const r = scales(p, s);
  const z = new Float64Array(x.length); // [elements]
  const gw = new Float64Array(x.length); // [elements]
  const gz = new Float64Array(x.length); // [elements]
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const w = weight === null ? 1 : weight[slot % sets.channels];
    for (const end = i + sets.inner; i < end; i++) {
      z[i] = f(f(x[i] - s.mean[set]) * r[set]);
      gw[i] = f(upstream[i] * w);
      gz[i] = f(upstream[i] * z[i]);
    }
  }
  const input = batch ? inputGradient(p, s, r, n, z, gw) : gw.map((g, i) => f(g * r[setAt(sets, i)]));
  const rows = sets.channels === 0 ? 0 : x.length / sets.channels;
  const channelSum = (values: Float64Array): Float64Array => {
    const columns = byChannel(values, sets, rows); // [C, rows]
    const sums = new Float64Array(sets.channels); // [C]
    for (let c = 0; c < sets.channels; c++)
      sums[c] = sumOf(columns.subarray(c * rows, (c + 1) * rows), rows, style.sum, f);
    return sums;
  };
  return { input, weight: channelSum(gz), bias: channelSum(upstream) };
}

// --- internal ---

function scales(p: Problem, s: Statistics): Float64Array {
  const { f } = p;
  const e = f(p.eps);
  return s.variance.map((v) => (p.guarded && v + p.eps === 0 ? 0 : f(1 / f(Math.sqrt(f(v + e)))))); // [sets]
}

function inputGradient(
  p: Problem,
  s: Statistics,
  r: Float64Array,
  n: number,
  z: Float64Array,
  gw: Float64Array,
): Float64Array {
  const { x, sets, style, f } = p;
  const rows = bySet(gw, sets, n); // [sets, n]
  const sumG = new Float64Array(sets.count);
  const sumGZ = new Float64Array(sets.count);
  const against = style.backward === 'expanded' ? x : z;
  const products = bySet(
    gw.map((g, i) => f(g * against[i])),
    sets,
    n,
  );
  for (let set = 0; set < sets.count; set++) {
    sumG[set] = sumOf(rows.subarray(set * n, (set + 1) * n), n, style.sum, f);
    sumGZ[set] = sumOf(products.subarray(set * n, (set + 1) * n), n, style.sum, f);
  }
  const dx = new Float64Array(x.length); // [elements]
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    const a = r[set];
    const m = s.mean[set];
    for (const end = i + sets.inner; i < end; i++) {
      if (style.backward === 'textbook') {
        const meanG = p.centred ? f(sumG[set] / n) : 0;
        dx[i] = f(a * f(f(gw[i] - meanG) - f(z[i] * f(sumGZ[set] / n))));
      } else if (style.backward === 'expanded') {
        // b = (Σgw·m − Σgw·x)·r³/n, c = −b·m − Σgw·r/n
        const centre = p.centred ? f(sumG[set] * m) : 0;
        const b = f(f(f(f(f(centre - sumGZ[set]) * a) * a) * a) / n);
        const c = p.centred ? f(f(-b * m) - f(f(sumG[set] * a) / n)) : 0;
        dx[i] = f(f(f(a * gw[i]) + f(b * x[i])) + c);
      } else {
        // z = d·r: the gradient of r by way of the variance, of d by way of the mean.
        const d = f(x[i] - m);
        const slope = f(f(-0.5 * sumGZ[set]) * f(a * a)); // dL/dv
        const mean = p.centred ? f(f(-a * sumG[set]) / n) : 0;
        dx[i] = f(f(f(gw[i] * a) + f(slope * f(f(2 * d) / n))) + mean);
      }
    }
  }
  return dx;
}

function setAt(sets: Sets, i: number): number {
  return sets.setOf[Math.floor(i / sets.inner)];
}

/** The values of each set in one run. */
function bySet(values: Float64Array, sets: Sets, n: number): Float64Array {
  const out = new Float64Array(values.length); // [sets, n]
  const filled = new Int32Array(sets.count);
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const set = sets.setOf[slot];
    for (const end = i + sets.inner; i < end; i++) out[set * n + filled[set]++] = values[i];
  }
  return out;
}

function byChannel(values: Float64Array, sets: Sets, rows: number): Float64Array {
  const out = new Float64Array(values.length); // [C, rows]
  const filled = new Int32Array(sets.channels);
  for (let slot = 0, i = 0; slot < sets.slots; slot++) {
    const channel = slot % sets.channels;
    for (const end = i + sets.inner; i < end; i++) out[channel * rows + filled[channel]++] = values[i];
  }
  return out;
}

// Gradients of a norm's gradients, by one formula for every norm, evaluated in float64. What shares a statistic is told by the caller.

import type { Dtype, FloatDtype } from '../tensor/dtype.ts';
import type { Shape } from '../tensor/shape.ts';
import { fromStorage, type Tensor } from '../tensor/tensor.ts';
import { checkGradientShape } from './checks.ts';
import type { Partition } from './partition.ts';
import { castTensor } from './parameters.ts';
import { TorchError } from './torch-error.ts';

/** One for each gradient that is gone back through: shaped like the input, the weight and the bias. */
export interface Vectors {
  readonly input: Tensor | null;
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
}

/** Null where the gradients don't depend on it, or PyTorch doesn't see that they do. No gradient depends on the bias. */
export interface SecondGradients {
  readonly input: Tensor | null;
  readonly weight: Tensor | null;
  readonly upstream: Tensor | null;
}

/** Where a norm's statistics come from: the input, whose mean RMSNorm does not subtract, or running tensors of one element a set. */
export type Statistics =
  | { readonly kind: 'input'; readonly centred: boolean }
  | { readonly kind: 'running'; readonly mean: Tensor; readonly variance: Tensor };

/** Mean and variance of the input's own sets, as all norms but RMSNorm take them when no running tensors are used. */
export const OF_INPUT: Statistics = { kind: 'input', centred: true };

/**
 * How a call of a norm goes back twice. Nothing is done, and no running tensor read, before it does. Throws TorchError for an upstream
 * of another shape, and for a vector of a bias that has no weight beside it, which PyTorch cannot go back through.
 */
export function doubleBackwardOf(
  input: Tensor,
  weight: Tensor | null,
  eps: number,
  statistics: Statistics,
  partitioned: () => Partition,
): (upstream: Tensor, vectors: Vectors) => SecondGradients {
  return (upstream, vectors) => {
    checkGradientShape(upstream, input.shape);
    if (weight === null && vectors.bias !== null) {
      if (vectors.input === null) return { input: null, weight: null, upstream: null };
      throw new TorchError(
        'RuntimeError',
        "Expected a proper Tensor but got None (or an undefined Tensor in C++) for argument #1 'other'",
      );
    }
    const partition = partitioned();
    const moments = momentsOf(input, partition, eps, statistics);
    return secondGradients({ input, weight, partition, ...moments }, upstream, vectors);
  };
}

// --- internal ---

interface Normalised {
  readonly input: Tensor;
  readonly weight: Tensor | null;
  readonly partition: Partition;
  /** Mean and 1/√(variance + eps) of each set; constants, where they are `fixed`. A mean of null is not subtracted. */
  readonly mean: Float64Array | null; // [sets]
  readonly inverse: Float64Array; // [sets]
  readonly fixed: boolean;
}

/**
 * With x̂ = (x − m)·r, g upstream and a = g·w, a norm's gradients are dx = r·(a − ā − x̂·mean(a·x̂)), dw = Σ g·x̂ and db = Σ g, or
 * dx = r·a where the statistics are constants. This answers the gradients of ⟨u, dx⟩ + ⟨p, dw⟩ + ⟨q, db⟩ with u, p, q the vectors.
 */
function secondGradients(norm: Normalised, upstream: Tensor, vectors: Vectors): SecondGradients {
  const { input, weight, partition, fixed } = norm;
  const parts: Parts = {
    ...norm,
    x: wide(input),
    g: wide(upstream),
    w: weight && wide(weight),
    u: vectors.input && wide(vectors.input),
    p: vectors.weight && wide(vectors.weight),
    q: vectors.bias && wide(vectors.bias),
  };
  const sums = sumUp(parts);
  const dx = new Float64Array(parts.x.length);
  const dg = new Float64Array(parts.x.length);
  const dw = new Float64Array(partition.parameters);
  fillIn(parts, sums, dx, dg, dw);
  const hasInput = (parts.u !== null && !fixed) || parts.p !== null;
  const ofWeight = weight !== null && parts.u !== null ? narrow(dw, weight.shape, weight.dtype) : null;
  return {
    input: hasInput ? narrow(dx, input.shape, input.dtype) : null,
    weight: ofWeight,
    upstream: narrow(dg, upstream.shape, upstream.dtype),
  };
}

function momentsOf(
  input: Tensor,
  partition: Partition,
  eps: number,
  statistics: Statistics,
): Pick<Normalised, 'mean' | 'inverse' | 'fixed'> {
  if (statistics.kind === 'running') {
    const inverse = wide(statistics.variance).map((v) => 1 / Math.sqrt(v + eps));
    return { mean: wide(statistics.mean), inverse, fixed: true };
  }
  const { size, setOf, sets, elements } = partition;
  const x = wide(input);
  const mean = new Float64Array(sets);
  const inverse = new Float64Array(sets);
  if (statistics.centred) {
    for (let plane = 0, at = 0; plane < setOf.length; plane++) {
      for (let i = 0; i < size; i++, at++) mean[setOf[plane]] += x[at];
    }
    for (let s = 0; s < sets; s++) mean[s] /= elements;
  }
  for (let plane = 0, at = 0; plane < setOf.length; plane++) {
    const s = setOf[plane];
    for (let i = 0; i < size; i++, at++) inverse[s] += (x[at] - mean[s]) * (x[at] - mean[s]);
  }
  for (let s = 0; s < sets; s++) inverse[s] = 1 / Math.sqrt(inverse[s] / elements + eps);
  return { mean: statistics.centred ? mean : null, inverse, fixed: false };
}

interface Parts extends Normalised {
  readonly x: Float64Array;
  readonly g: Float64Array;
  readonly w: Float64Array | null; // [parameters]
  readonly u: Float64Array | null;
  readonly p: Float64Array | null; // [parameters]
  readonly q: Float64Array | null; // [parameters]
}

/** Means over each set; 0 where nothing needs them. All [sets]. */
interface Sums {
  readonly u: Float64Array;
  readonly a: Float64Array;
  /** b = g·p */
  readonly b: Float64Array;
  readonly ua: Float64Array;
  readonly ux: Float64Array;
  readonly ax: Float64Array;
  readonly bx: Float64Array;
}

function wide(t: Tensor): Float64Array {
  return castTensor(t, 'float64').storage as Float64Array; // a float, by the checks of the forward
}

function narrow(values: Float64Array, shape: Shape, dtype: Dtype): Tensor {
  const all = fromStorage('float64', shape, values);
  return dtype === 'float64' ? all : castTensor(all, dtype as FloatDtype); // a float, by the checks of the forward
}

function sumUp(parts: Parts): Sums {
  const { partition, x, g, w, u, p, mean, inverse, fixed } = parts;
  const { size, setOf, parameterOf, sets, elements } = partition;
  const of = () => new Float64Array(sets);
  const sums: Sums = { u: of(), a: of(), b: of(), ua: of(), ux: of(), ax: of(), bx: of() };
  if (fixed) return sums;
  for (let plane = 0, at = 0; plane < setOf.length; plane++) {
    const s = setOf[plane];
    const r = inverse[s];
    const m = mean === null ? 0 : mean[s];
    const weight = w === null ? 1 : w[parameterOf[plane]];
    const vector = p === null ? 0 : p[parameterOf[plane]];
    for (let i = 0; i < size; i++, at++) {
      const hat = (x[at] - m) * r;
      const a = g[at] * weight;
      const b = g[at] * vector;
      sums.a[s] += a;
      sums.ax[s] += a * hat;
      sums.b[s] += b;
      sums.bx[s] += b * hat;
      if (u === null) continue;
      sums.u[s] += u[at];
      sums.ua[s] += u[at] * a;
      sums.ux[s] += u[at] * hat;
    }
  }
  for (const sum of Object.values(sums) as Float64Array[]) {
    for (let s = 0; s < sets; s++) sum[s] /= elements;
  }
  if (mean === null) {
    for (const sum of [sums.u, sums.a, sums.b]) sum.fill(0); // no mean is subtracted from anything
  }
  return sums;
}

/** Writes the gradients with respect to input and upstream, and adds up those with respect to the weight. */
function fillIn(parts: Parts, sums: Sums, dx: Float64Array, dg: Float64Array, dw: Float64Array): void {
  const { partition, x, g, w, u, p, q, mean, inverse, fixed } = parts;
  const { size, setOf, parameterOf } = partition;
  for (let plane = 0, at = 0; plane < setOf.length; plane++) {
    const s = setOf[plane];
    const c = parameterOf[plane];
    const r = inverse[s];
    const m = mean === null ? 0 : mean[s];
    const weight = w === null ? 1 : w[c];
    const vector = p === null ? 0 : p[c];
    const shift = q === null ? 0 : q[c];
    const { u: uMean, a: aMean, b: bMean } = { u: sums.u[s], a: sums.a[s], b: sums.b[s] };
    const ux = sums.ux[s];
    const ax = sums.ax[s];
    const bx = sums.bx[s];
    const curve = sums.ua[s] - uMean * aMean - 3 * ux * ax;
    for (let i = 0; i < size; i++, at++) {
      const hat = (x[at] - m) * r;
      const a = g[at] * weight;
      const b = g[at] * vector;
      const bent = u === null ? 0 : u[at];
      // What the norm's own backward makes of u, which is as much the way back from dx to g.
      const back = r * (bent - uMean - hat * ux);
      dg[at] = back * weight + vector * hat + shift;
      dw[c] += back * g[at];
      if (fixed) dx[at] = b * r;
      else dx[at] = r * (b - bMean - hat * bx) - r * r * (hat * curve + ax * (bent - uMean) + ux * (a - aMean));
    }
  }
}

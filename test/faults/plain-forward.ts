// One forward of a norm and its gradient under some conventions, in float64 throughout. It holds no state and knows no case.

import type { Conventions } from './conventions.ts';
import type { Geometry } from './geometry.ts';

export interface Given {
  readonly x: Float64Array; // [elements]
  readonly weight: Float64Array | null; // [entries]
  readonly bias: Float64Array | null; // [entries]
  readonly eps: number;
  /** What to normalise with instead of the statistics of `x`: by channel. */
  readonly fixed: { readonly mean: Float64Array; readonly variance: Float64Array } | null; // [C] each
  readonly single: boolean;
  readonly secondMoment: boolean;
  /** A variance of 0 with an eps of 0 gives 0, not 0 · ∞. */
  readonly zeroAtZero: boolean;
}

export interface Moments {
  readonly mean: Float64Array; // [sets]
  /** Σ (x − mean)², without a divisor. */
  readonly squares: Float64Array; // [sets]
  readonly count: Float64Array; // [sets]
}

export interface Forward {
  readonly output: Float64Array; // [elements]
  /** Gradients of x, weight and bias for an upstream gradient. */
  backward(gradient: Float64Array): {
    readonly input: Float64Array; // [elements]
    readonly weight: Float64Array; // [entries]
    readonly bias: Float64Array; // [entries]
  };
}

/** Sums of each statistic, about its mean or about 0. */
export function momentsOf(x: Float64Array, g: Geometry, centred: boolean, single: boolean, how: Conventions): Moments {
  const mean = new Float64Array(g.setCount); // [sets]
  const squares = new Float64Array(g.setCount); // [sets]
  const count = new Float64Array(g.setCount); // [sets]
  for (let e = 0; e < x.length; e++) {
    mean[g.sets[e]] += x[e];
    count[g.sets[e]]++;
  }
  for (let s = 0; s < g.setCount; s++) mean[s] /= count[s];
  if (how.algorithm === 'stable') {
    for (let e = 0; e < x.length; e++) squares[g.sets[e]] += (x[e] - (centred ? mean[g.sets[e]] : 0)) ** 2;
  } else {
    onePass(x, g, centred, single, how, squares, count);
  }
  if (how.precision === 'bfloat16-statistics') {
    for (let s = 0; s < g.setCount; s++) {
      mean[s] = toBfloat16(mean[s]);
      squares[s] = toBfloat16(squares[s] / count[s]) * count[s];
    }
  }
  return { mean, squares, count };
}

export function forward(given: Given, g: Geometry, how: Conventions): Forward {
  const { x, fixed } = given;
  const centredOutput = how.centredOutput ?? !given.secondMoment;
  const moments = momentsOf(x, g, how.centredVariance ?? !given.secondMoment, given.single, how);
  const xhat = new Float64Array(x.length); // [elements]
  const scale = new Float64Array(x.length); // [elements]
  const output = new Float64Array(x.length); // [elements]
  for (let e = 0; e < x.length; e++) {
    const s = g.users[e];
    const mean = !centredOutput ? 0 : fixed === null ? moments.mean[s] : fixed.mean[g.channels[e]];
    const divisor = how.divisor === 'n' ? moments.count[s] : moments.count[s] - 1;
    const variance = fixed === null ? moments.squares[s] / divisor : fixed.variance[g.channels[e]];
    const eps = epsFor(given.eps, x[e], how);
    scale[e] = given.zeroAtZero && variance === 0 && eps === 0 ? 0 : 1 / root(variance, eps, how);
    xhat[e] = (x[e] - mean) * scale[e];
    output[e] = affine(xhat[e], g.parameters[e], given, how);
    if (how.precision === 'bfloat16-output') output[e] = toBfloat16(output[e]);
  }
  return { output, backward: (gradient) => backward(gradient, given, g, how, { moments, xhat, scale, centredOutput }) };
}

// --- internal ---

/** E[x²] − E[x]² as one writes it down first: all in the dtype of the input. */
function onePass(
  x: Float64Array,
  g: Geometry,
  centred: boolean,
  single: boolean,
  how: Conventions,
  squares: Float64Array,
  count: Float64Array,
): void {
  const round = single ? Math.fround : (v: number) => v;
  const sums = new Float64Array(g.setCount); // [sets]
  for (let e = 0; e < x.length; e++) {
    const s = g.sets[e];
    sums[s] = round(sums[s] + x[e]);
    squares[s] = round(squares[s] + round(x[e] * x[e]));
  }
  for (let s = 0; s < g.setCount; s++) {
    const mean = round(sums[s] / count[s]);
    let variance = round(round(squares[s] / count[s]) - (centred ? round(mean * mean) : 0));
    if (how.algorithm === 'one-pass-clamped') variance = Math.max(0, variance);
    squares[s] = variance * count[s];
  }
}

function epsFor(eps: number, x: number, { epsPlacement }: Conventions): number {
  return epsPlacement === 'scaled-by-input' ? eps * Math.abs(x) : epsPlacement === 'squared' ? eps * eps : eps;
}

function root(variance: number, eps: number, { epsPlacement }: Conventions): number {
  switch (epsPlacement) {
    case 'inside-sqrt':
    case 'squared':
    case 'scaled-by-input':
      return Math.sqrt(variance + eps);
    case 'outside-sqrt':
      return Math.sqrt(variance) + eps;
    case 'max':
      return Math.max(Math.sqrt(variance), eps);
    case 'absent':
      return Math.sqrt(variance);
    case 'twice':
      return Math.sqrt(variance + eps) + eps;
    default:
      return epsPlacement satisfies never;
  }
}

function affine(xhat: number, p: number, { weight, bias }: Given, how: Conventions): number {
  const w = weightAt(weight, p, how);
  const b = bias === null ? 0 : bias[p];
  switch (how.affineForm) {
    case 'weight*x+bias':
    case 'one-plus-weight':
    case 'bias-only':
    case 'none':
    case 'weight-only':
    case 'absolute-weight':
      return xhat * w + (how.affineForm === 'none' || how.affineForm === 'weight-only' ? 0 : b);
    case 'minus-bias':
      return xhat * w - b;
    case 'bias-before-weight':
      return (xhat + b) * w;
    default:
      return how.affineForm satisfies never;
  }
}

function weightAt(weight: Float64Array | null, p: number, { affineForm }: Conventions): number {
  if (weight === null || affineForm === 'none' || affineForm === 'bias-only') return 1;
  if (affineForm === 'absolute-weight') return Math.abs(weight[p]);
  return affineForm === 'one-plus-weight' ? 1 + weight[p] : weight[p];
}

interface Kept {
  readonly moments: Moments;
  readonly xhat: Float64Array; // [elements]
  readonly scale: Float64Array; // [elements]
  readonly centredOutput: boolean;
}

function backward(gradient: Float64Array, given: Given, g: Geometry, how: Conventions, kept: Kept) {
  const { moments, xhat, scale, centredOutput } = kept;
  const { weight, bias, fixed, eps } = given;
  const x = how.inputMutated ? xhat : given.x;
  const input = new Float64Array(x.length); // [elements]
  const weightGrad = new Float64Array(weight?.length ?? 0); // [entries]
  const biasGrad = new Float64Array(bias?.length ?? 0); // [entries]
  const sums = new Float64Array(g.setCount); // [sets] Σ of what reaches the mean
  const slopes = new Float64Array(g.setCount); // [sets] of the loss by the variance
  for (let e = 0; e < x.length; e++) {
    const p = g.parameters[e];
    const s = g.users[e];
    const reached = gradient[e] * weightAt(weight, p, how);
    const normalised = how.weightGradient === 'input' ? x[e] : xhat[e];
    if (weight !== null) weightGrad[p] += gradient[e] * normalised;
    if (bias !== null) biasGrad[p] += gradient[e];
    input[e] = reached * scale[e];
    sums[s] += input[e];
    const centred = x[e] - (centredOutput ? moments.mean[s] : 0);
    slopes[s] += reached * centred * slopeOf(scale[e], epsFor(eps, x[e], how), how);
  }
  if (how.weightGradient === 'mean')
    for (let p = 0; p < weightGrad.length; p++) weightGrad[p] *= weightGrad.length / x.length;
  if (fixed !== null || how.gradient === 'detached') return { input, weight: weightGrad, bias: biasGrad };
  for (let e = 0; e < x.length; e++) {
    const s = g.sets[e];
    const divisor = how.divisor === 'n' ? moments.count[s] : moments.count[s] - 1;
    const about = (how.centredVariance ?? !given.secondMoment) ? moments.mean[s] : 0;
    if (how.gradient !== 'variance-detached') input[e] += (2 * slopes[s] * (x[e] - about)) / divisor;
    if (how.gradient !== 'mean-detached' && centredOutput) input[e] -= sums[s] / moments.count[s];
  }
  return { input, weight: weightGrad, bias: biasGrad };
}

/** Of the scale by the variance. */
function slopeOf(scale: number, eps: number, { epsPlacement }: Conventions): number {
  switch (epsPlacement) {
    case 'inside-sqrt':
    case 'squared':
    case 'scaled-by-input':
    case 'absent':
      return -(scale ** 3) / 2;
    case 'outside-sqrt':
    case 'twice':
      return -(scale * scale) / (2 * (1 / scale - eps));
    case 'max':
      return 1 / scale > eps ? -(scale ** 3) / 2 : 0;
    default:
      return epsPlacement satisfies never;
  }
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

function toBfloat16(x: number): number {
  single[0] = x;
  if (Number.isNaN(x)) return x;
  word[0] = (word[0] + 0x7fff + ((word[0] >>> 16) & 1)) & 0xffff0000;
  return single[0];
}

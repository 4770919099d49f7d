// A case worked out by hand for one element: the numbers of a recipe put into its formula, and what comes out. Pure; null where it can't be told shortly.

import type { Case, Step } from '../../../../cases/case.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import { contiguous, type Tensor } from '../../../tensor/tensor.ts';
import { zeroDebiasedShares } from '../../diagnosis/model/model-statistics.ts';
import { statisticIds } from '../../diagnosis/model/partition.ts';
import { elementsOf } from '../../judge/elements.ts';
import type { Recipe } from './recipe.ts';
import { by, list, minus, num, over, plus, root, squares } from './write.ts';

/** Formulas, one after the other, and the number that the last comes to. */
export interface Worked {
  readonly formulas: readonly string[];
  readonly value: number;
}

/** How element `at` of a tensor that step `step` answers comes about. */
export function workOut(recipe: Recipe, c: Case, step: number, tensor: string, at: number): Worked | null {
  const bench = new Bench(recipe);
  for (let i = 0; i < step; i++) bench.run(c.steps[i]);
  const last = c.steps[step];
  if (last.kind === 'forward' && tensor === 'output') return bench.output(last, at);
  if (last.kind === 'read' && tensor.startsWith('running_')) return bench.buffer(tensor, at);
  if (last.kind === 'backward' && tensor === 'input.grad') return bench.gradient(last, at);
  return null;
}

// --- internal ---

interface Statistic {
  readonly values: readonly number[];
  readonly mean: number;
  /** Sum of squares around the mean, and around 0. */
  readonly centred: number;
  readonly raw: number;
}

type Forward = Extract<Step, { kind: 'forward' }>;

class Bench {
  private readonly recipe: Recipe;
  private readonly set = new Map<string, Float64Array>();
  /** Of each channel, with the formula of the latest update. */
  private buffers: { mean: number[]; variance: number[] } | null = null;
  private formulas: { mean: string[][]; variance: string[][] } | null = null;
  private steps = 0;
  private latest: Forward | null = null;

  constructor(recipe: Recipe) {
    this.recipe = recipe;
  }

  run(step: Step): void {
    if (step.kind === 'set_tensor' && step.tensor !== null) this.set.set(step.name, numbersOf(step.tensor));
    if (step.kind !== 'forward') return;
    this.latest = step;
    if (step.mode === 'train' || this.recipe.updatesInEval) this.update(step);
  }

  output(step: Forward, at: number): Worked | null {
    const { recipe } = this;
    const x = numbersOf(step.input);
    const { shape } = step.input;
    const source = step.mode === 'eval' ? (recipe.eval === 'running' ? 'buffers' : 'batch') : recipe.train;
    const before = this.buffersAt(shape);
    if (step.mode === 'train' || recipe.updatesInEval) this.update(step);
    const after = this.buffersAt(shape);
    const normalised = (mean: string, m: number, variance: string, v: number, told: string[]): Worked | null => {
      const denominator = denominatorOf(recipe, variance, v);
      if (denominator === null) return null;
      const top = recipe.centredOutput ? minus(num(x[at]), mean) : num(x[at]);
      const z = (recipe.centredOutput ? x[at] - m : x[at]) / denominator.value;
      const shaped = this.affine(over(top, denominator.text), z, shape, at);
      return shaped && { formulas: [...told, `${shaped.text} = ${num(shaped.value)}`], value: shaped.value };
    };
    if (source === 'batch') {
      const s = statisticOf(x, shape, recipe, at);
      const v = varianceOf(s, recipe.centredVariance, recipe.divisor);
      const needsMean = recipe.centredOutput || recipe.centredVariance;
      const told = [...(needsMean ? [`mean = ${meanText(s)}`] : []), `var = ${v.text}`];
      return normalised(num(s.mean), s.mean, num(v.value), v.value, told);
    }
    const used = source === 'running-after-update' ? after : before;
    const axis = channelAxis(recipe);
    if (used === null || axis === null) return null;
    const channel = channelOf(shape, at, axis);
    const [m, v] = [used.mean[channel], used.variance[channel]];
    return normalised(num(m), m, num(v), v, [`running mean = ${num(m)}, running var = ${num(v)}`]);
  }

  buffer(name: string, at: number): Worked | null {
    const formulas = name === 'running_mean' ? this.formulas?.mean : this.formulas?.variance;
    const values = name === 'running_mean' ? this.buffers?.mean : this.buffers?.variance;
    const [formula, value] = [formulas?.[at], values?.[at]];
    return formula === undefined || value === undefined ? null : { formulas: formula, value };
  }

  gradient(step: Extract<Step, { kind: 'backward' }>, at: number): Worked | null {
    const { recipe, latest } = this;
    if (latest === null || latest.mode === 'eval' || this.set.size > 0 || recipe.train !== 'batch') return null;
    if (!recipe.centredOutput || !recipe.centredVariance || recipe.placement !== 'inside-sqrt') return null;
    const x = numbersOf(latest.input);
    const dy = numbersOf(step.gradient);
    const { shape } = latest.input;
    const s = statisticOf(x, shape, recipe, at);
    const v = varianceOf(s, true, recipe.divisor);
    const sigma = Math.sqrt(v.value + recipe.eps);
    const told = [`mean = ${meanText(s)}`, `var = ${v.text}`];
    const bottom = root(plus(num(v.value), num(recipe.eps)));
    if (recipe.detached) {
      const value = dy[at] / sigma;
      return { formulas: [...told, `${over(num(dy[at]), bottom)} = ${num(value)}`], value };
    }
    const ids = statisticIds(recipe.members, shape);
    const own = [...dy.keys()].filter((i) => ids[i] === ids[at]);
    const mean = own.reduce((sum, i) => sum + dy[i], 0) / own.length;
    const z = (i: number) => (x[i] - s.mean) / sigma;
    const divisor = recipe.divisor === 'n' ? own.length : own.length - 1;
    const pulled = own.reduce((sum, i) => sum + dy[i] * z(i), 0) / divisor;
    const value = (dy[at] - mean - z(at) * pulled) / sigma;
    const [zText, pulledText] = [num(z(at), 8), num(pulled, 8)]; // what is left of a difference of equals
    const top = minus(minus(num(dy[at]), num(mean)), by(zText, pulledText));
    const means = `mean dy = ${num(mean)}, mean dy·z = ${pulledText}`;
    return { formulas: [...told, means, `${over(top, bottom)} = ${num(value)}`], value };
  }

  private affine(text: string, z: number, shape: Shape, at: number): { text: string; value: number } | null {
    const { affine } = this.recipe;
    const entry = (name: string) => {
      const values = this.set.get(name);
      return values === undefined ? null : values[entryOf(values.length, shape, at)];
    };
    const [w, b] = [entry('weight'), entry('bias')];
    if (affine === 'ignored' || affine === 'none' || (w === null && b === null)) return { text, value: z };
    const factor = affine === 'bias-only' ? null : w;
    const shift = affine === 'weight-only' ? null : b;
    if (affine === 'bias-before-weight') {
      const inner = shift === null ? text : plus(text, num(shift));
      const scaled = factor === null ? inner : by(num(factor), `(${inner})`);
      return { text: scaled, value: (z + (shift ?? 0)) * (factor ?? 1) };
    }
    const onePlus = affine === 'one-plus-weight';
    const words = factor === null ? null : onePlus ? `(1 + ${num(factor)})` : num(factor);
    const value = z * (factor === null ? 1 : onePlus ? 1 + factor : factor) + (shift ?? 0);
    const scaled = words === null ? text : by(words, text);
    return { text: shift === null ? scaled : plus(scaled, num(shift)), value };
  }

  /** The buffers as they are, fresh where nothing has been; null for layers whose buffers are not one a channel. */
  private buffersAt(shape: Shape): { mean: number[]; variance: number[] } | null {
    const axis = channelAxis(this.recipe);
    if (axis === null) return null;
    const channels = shape[axis];
    const fresh = (name: string, value: number) => [...(this.set.get(name) ?? new Array<number>(channels).fill(value))];
    this.buffers ??= {
      mean: fresh('running_mean', this.recipe.initialMean),
      variance: fresh('running_var', this.recipe.initialVariance),
    };
    return { mean: [...this.buffers.mean], variance: [...this.buffers.variance] };
  }

  private update(step: Forward): void {
    const { recipe } = this;
    const old = this.buffersAt(step.input.shape);
    if (old === null || this.buffers === null) return;
    this.steps++;
    const x = numbersOf(step.input);
    const { shape } = step.input;
    const axis = channelAxis(recipe) ?? 1;
    const shares = sharesOf(recipe, this.steps);
    const texts: { mean: string[][]; variance: string[][] } = { mean: [], variance: [] };
    for (let channel = 0; channel < shape[axis]; channel++) {
      const first = channel * sizeOf(shape.slice(axis + 1));
      const s = statisticOf(x, shape, recipe, first);
      const v = varianceOf(s, true, recipe.runningDivisor);
      const tracked = recipe.tracksStd ? Math.sqrt(v.value) : v.value;
      const told = recipe.tracksStd ? `std = √(${v.text}) = ${num(tracked)}` : `var = ${v.text}`;
      texts.mean.push([`mean = ${meanText(s)}`, average(shares, old.mean[channel], s.mean)]);
      texts.variance.push([told, average(shares, old.variance[channel], tracked)]);
      this.buffers.mean[channel] = shares.old * old.mean[channel] + shares.new * s.mean;
      this.buffers.variance[channel] = shares.old * old.variance[channel] + shares.new * tracked;
    }
    this.formulas = texts;
  }
}

const numbersOf = (t: Tensor) => Float64Array.from(elementsOf(contiguous(t)));

/** The axis of which every place has a statistic of its own over everything else; null where statistics lie otherwise. */
const channelAxis = ({ members }: Recipe): number | null =>
  members.kind === 'axes' && members.groups === null && members.kept.length === 1 ? members.kept[0] : null;

function statisticOf(x: Float64Array, shape: Shape, { members, users }: Recipe, at: number): Statistic {
  const ids = statisticIds(members, shape);
  const wanted = statisticIds(users, shape)[at];
  const values = [...x].filter((_, i) => ids[i] === wanted);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const centred = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { values, mean, centred, raw: values.reduce((sum, v) => sum + v * v, 0) };
}

function meanText({ values, mean }: Statistic): string {
  return `${list(values)}/${values.length} = ${num(mean)}`;
}

function varianceOf(s: Statistic, centred: boolean, divisor: 'n' | 'n-1'): { text: string; value: number } {
  const n = divisor === 'n' ? s.values.length : s.values.length - 1;
  const value = (centred ? s.centred : s.raw) / n;
  return { text: `${squares(s.values, centred ? s.mean : 0)}/${n} = ${num(value)}`, value };
}

function denominatorOf({ placement, eps }: Recipe, text: string, v: number): { text: string; value: number } | null {
  switch (placement) {
    case 'inside-sqrt':
      return { text: root(plus(text, num(eps))), value: Math.sqrt(v + eps) };
    case 'outside-sqrt':
      return { text: `(√${text} + ${num(eps)})`, value: Math.sqrt(v) + eps };
    case 'max':
      return { text: `max(√${text}, ${num(eps)})`, value: Math.max(Math.sqrt(v), eps) };
    case 'squared':
      return { text: root(plus(text, `${num(eps)}²`)), value: Math.sqrt(v + eps * eps) };
    case 'absent':
      return { text: `√${text}`, value: Math.sqrt(v) };
    default:
      return null;
  }
}

function sharesOf({ rule, momentum }: Recipe, step: number): { readonly old: number; readonly new: number } {
  switch (rule) {
    case 'old-weight':
      return { old: momentum, new: 1 - momentum };
    case 'cumulative':
      return { old: (step - 1) / step, new: 1 / step };
    case 'overwritten':
      return { old: 0, new: 1 };
    case 'never-updated':
      return { old: 1, new: 0 };
    case 'zero-debiased': {
      const [old, fresh] = zeroDebiasedShares(1 - momentum, step);
      return { old, new: fresh };
    }
    case 'first-step-copies':
      return step === 1 ? { old: 0, new: 1 } : { old: 1 - momentum, new: momentum };
    default:
      return { old: 1 - momentum, new: momentum };
  }
}

function average(shares: { readonly old: number; readonly new: number }, old: number, fresh: number): string {
  const value = shares.old * old + shares.new * fresh;
  return `${plus(by(num(shares.old), num(old)), by(num(shares.new), num(fresh)))} = ${num(value)}`;
}

/** The place of an element's entry among `count` of a parameter: by channel, or by its place in the trailing axes. */
function entryOf(count: number, shape: Shape, at: number): number {
  return count === shape[1] && sizeOf(shape.slice(1)) !== count ? channelOf(shape, at, 1) : at % count;
}

const channelOf = (shape: Shape, at: number, axis: number) =>
  Math.floor(at / sizeOf(shape.slice(axis + 1))) % shape[axis];

// The sizes of a question: input shape, group count, normalized_shape and how elements fall into sets. No values, no options.

import type { Draw } from '../counter.ts';
import type { Sets } from '../families/values.ts';
import { type Shape, sizeOf } from '../../ts-impl/tensor/shape.ts';
import type { Norm, Rank } from './norm.ts';

/** What sizes a family asks for. */
export type SizeRule =
  /** Batch 1 to 32, channels 1 to 64, small on average with a tail of about 20,000 elements. */
  | 'any'
  /** The same with every axis 2 or more, so that every layout is a layout of its own. */
  | 'above-one'
  /** Two to eight elements behind each statistic. */
  | 'small-n'
  /** Every axis of a size of its own, 2 or more. */
  | 'distinct'
  /** Sizes that coincide: C = W, H = W = C, N = C. */
  | 'coinciding'
  /** One element behind each statistic, where that is legal. */
  | 'single-value'
  /** At least eight elements behind each statistic: with two of them a gradient is all rounding. */
  | 'roomy';

export interface Sizes {
  readonly shape: Shape;
  readonly batched: boolean;
  /** Channels, for the norms that have them. */
  readonly channels: number;
  readonly groups: number;
  readonly normalizedShape: Shape;
  readonly sets: Sets;
  /** Axes along which every value may repeat and still leave each set more than one value. */
  readonly repeatable: readonly number[];
}

/** `fromBatch`: at least one forward normalises with the statistics of its input. */
export function drawSizes(rule: SizeRule, norm: Norm, rank: Rank, fromBatch: boolean, draw: Draw): Sizes {
  const normalized = norm === 'layer' || norm === 'rms' ? draw.between(1, Math.min(3, rank.rank)) : 0;
  const shape = drawShape(rule, norm, rank, normalized, draw);
  const groups = norm === 'group' ? drawGroups(rule, shape, draw) : 1;
  const legal = fromBatch ? makeLegal(norm, shape, rank.batched ? 1 : 0, groups) : shape;
  return describe(norm, legal, rank.batched, groups, normalized);
}

// --- internal ---

function drawShape(rule: SizeRule, norm: Norm, { rank, batched }: Rank, normalized: number, draw: Draw): Shape {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const channelAxis = norm === 'layer' || norm === 'rms' ? -1 : batched ? 1 : 0;
  const isReduced = (axis: number): boolean => {
    if (norm === 'batch') return axis !== 1;
    if (channelAxis < 0) return axis >= rank - normalized;
    return axis > channelAxis;
  };
  switch (rule) {
    case 'any':
    case 'above-one': {
      const shape = axes.map((axis) =>
        axis === channelAxis
          ? skewed(64, draw)
          : axis === 0 && batched
            ? skewed(32, draw)
            : skewed(rank > 4 ? 6 : 12, draw),
      );
      if (channelAxis < 0) for (let axis = rank - normalized; axis < rank; axis++) shape[axis] = skewed(64, draw);
      const small = shrink(shape, draw.pick(BUDGETS), draw);
      return rule === 'any' ? small : small.map((n) => Math.max(n, 2));
    }
    case 'small-n': {
      const shape = axes.map((axis) => (isReduced(axis) ? 1 : draw.between(1, 5)));
      const reduced = axes.filter(isReduced);
      if (reduced.length === 0) return shape; // GroupNorm on (N, C): the groups hold the elements
      let n = draw.between(2, 8);
      for (const axis of reduced.slice(1)) {
        if (n % 2 === 0 && n > 2 && draw.chance(1, 2)) {
          shape[axis] = 2;
          n /= 2;
        }
      }
      shape[reduced[draw.below(reduced.length)]] *= n;
      return shape;
    }
    case 'distinct': {
      const shape = axes.map((axis) => 2 + axis); // 2, 3, 4, …
      for (let k = rank - 1; k > 0; k--) {
        const other = draw.below(k + 1);
        [shape[k], shape[other]] = [shape[other], shape[k]];
      }
      if (norm === 'group') shape[1] = draw.pick([6, 8, 9, 10].filter((c) => !shape.includes(c)));
      return shape;
    }
    case 'coinciding': {
      const size = draw.pick([2, 3, 4, 6]);
      const all = draw.chance(1, 3);
      const shape = axes.map((axis) => (all || axis === channelAxis || axis === rank - 1 ? size : draw.between(1, 5)));
      if (!all && draw.chance(1, 3)) shape[0] = size;
      return shape;
    }
    case 'single-value':
      return axes.map((axis) => (isReduced(axis) ? 1 : draw.between(norm === 'group' && axis === 0 ? 2 : 1, 6)));
    case 'roomy': {
      const [least, most] = [
        [9, 12],
        [3, 5],
        [2, 3],
      ][Math.min(axes.filter(isReduced).length, 3) - 1] ?? [1, 3];
      const shape = axes.map((axis) => (isReduced(axis) ? draw.between(least, most) : draw.between(1, 4)));
      if (norm === 'group') shape[1] = 6 * draw.between(3, 4);
      return shape;
    }
    default:
      return rule satisfies never;
  }
}

/** Upper bounds on elements: half of the cases stay within 200, one in forty may reach 20,000. */
const BUDGETS = [
  ...new Array<number>(8).fill(60),
  ...new Array<number>(12).fill(200),
  ...new Array<number>(12).fill(600),
  ...new Array<number>(6).fill(2000),
  6000,
  20000,
];

function skewed(most: number, draw: Draw): number {
  const kind = draw.below(8);
  if (kind === 0) return 1;
  if (kind === 1) return most;
  return kind < 5 ? draw.between(2, Math.min(most, 6)) : draw.between(2, most);
}

/** Halves an axis at a time, each as likely as the next, until the elements fit: some keep a batch of 32 or 64 channels. */
function shrink(shape: readonly number[], budget: number, draw: Draw): readonly number[] {
  let small = shape;
  while (sizeOf(small) > budget) {
    const long = small.map((_, axis) => axis).filter((axis) => small[axis] > 1);
    const axis = draw.pick(long);
    small = small.with(axis, Math.ceil(small[axis] / 2));
  }
  return small;
}

function drawGroups(rule: SizeRule, shape: Shape, draw: Draw): number {
  const channels = shape[1];
  if (rule === 'single-value') return channels;
  if (rule === 'roomy') return draw.pick([1, 2]);
  const spatial = sizeOf(shape.slice(2));
  const divisors = Array.from({ length: channels }, (_, k) => k + 1).filter((g) => channels % g === 0);
  const few = divisors.filter((g) => (channels / g) * spatial >= 2);
  return draw.pick(rule !== 'any' && rule !== 'above-one' && few.length > 0 ? few : divisors);
}

/** The shape, with one axis grown where it has one value behind a statistic, which PyTorch refuses. */
function makeLegal(norm: Norm, shape: Shape, channelAxis: number, groups: number): Shape {
  const spatial = sizeOf(shape.slice(channelAxis + 1));
  if (norm === 'batch' && shape[0] * spatial === 1) return shape.with(0, 2);
  if (norm === 'instance' && spatial === 1) return shape.with(-1, 3);
  if (norm === 'group' && ((shape[0] * shape[1]) / groups) * spatial === 1) return shape.with(0, 2);
  return shape;
}

/** Names channels and sets of a shape that is already chosen. `normalized` counts the trailing axes of LayerNorm and RMSNorm. */
function describe(norm: Norm, shape: Shape, batched: boolean, groups: number, normalized: number): Sizes {
  const axes = shape.map((_, axis) => axis);
  const channelAxis = batched ? 1 : 0;
  const channels = norm === 'layer' || norm === 'rms' ? 0 : shape[channelAxis];
  const samples = batched ? (shape[0] ?? 1) : 1;
  const spatial = sizeOf(shape.slice(channelAxis + 1));
  const base = { shape, batched, channels, groups, normalizedShape: shape.slice(shape.length - normalized) };
  switch (norm) {
    case 'batch':
      return {
        ...base,
        sets: { outer: samples, count: channels, inner: spatial },
        repeatable: spatial > 1 ? [0, 1] : [1],
      };
    case 'instance':
      return {
        ...base,
        sets: { outer: 1, count: samples * channels, inner: spatial },
        repeatable: axes.slice(0, channelAxis + 1),
      };
    case 'group':
      return {
        ...base,
        sets: { outer: 1, count: samples * groups, inner: (channels / groups) * spatial },
        repeatable: channels / groups > 1 ? axes.filter((axis) => axis !== 1) : [0],
      };
    case 'layer':
    case 'rms': {
      const inner = sizeOf(base.normalizedShape);
      return {
        ...base,
        sets: { outer: 1, count: inner === 0 ? 0 : sizeOf(shape) / inner, inner },
        repeatable: axes.slice(0, shape.length - normalized),
      };
    }
    default:
      return norm satisfies never;
  }
}

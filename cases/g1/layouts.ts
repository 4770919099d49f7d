// How values lie in memory: contiguous, channels_last, transposed, expanded or sliced, with real strides. No values are drawn here.

import type { Draw } from '../counter.ts';
import { type ComputeDtype, makeStorage } from '../../ts-impl/tensor/dtype.ts';
import { contiguousStrides, type Shape, sizeOf } from '../../ts-impl/tensor/shape.ts';
import { fromStorage, type Tensor } from '../../ts-impl/tensor/tensor.ts';

export const LAYOUTS = ['contiguous', 'channels_last', 'transposed', 'expanded', 'sliced'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** The layouts that a shape of this rank can have. */
export function layoutsOf(rank: number): readonly Layout[] {
  if (rank === 4 || rank === 5) return LAYOUTS;
  if (rank >= 2) return ['contiguous', 'transposed', 'expanded', 'sliced'];
  return rank === 1 ? ['contiguous', 'sliced'] : ['contiguous'];
}

/**
 * The values, given in index order, laid in memory as `layout` says. Expanding keeps the last of the values along one axis,
 * taken from `repeatable` (axes that may repeat without emptying the question) where one of them will do.
 * Gaps of a sliced tensor hold NaN, so that reading them shows.
 */
export function layOut(
  values: Float32Array | Float64Array,
  shape: Shape,
  dtype: ComputeDtype,
  layout: Layout,
  repeatable: readonly number[],
  draw: Draw,
): Tensor {
  const place = placeOf(layout, shape, repeatable, draw);
  if (place === null) return fromStorage(dtype, shape, values);
  const storage = makeStorage(dtype, place.elements);
  if (storage instanceof Float32Array || storage instanceof Float64Array) {
    if (layout === 'sliced') storage.fill(Number.NaN);
    scatter(values, shape, place, storage);
  }
  return { dtype, shape, strides: place.strides, offset: place.offset, storage };
}

// --- internal ---

interface Place {
  readonly strides: readonly number[];
  readonly offset: number;
  readonly elements: number;
}

/** Null where the values may lie as they are. */
function placeOf(layout: Layout, shape: Shape, repeatable: readonly number[], draw: Draw): Place | null {
  const elements = sizeOf(shape);
  const long = shape.map((_, axis) => axis).filter((axis) => shape[axis] > 1);
  if (elements === 0) return null;
  switch (layout) {
    case 'contiguous':
      return null;
    case 'channels_last': {
      const order = [0, ...shape.map((_, axis) => axis).slice(2), 1]; // outermost in memory first
      return { strides: stridesInOrder(shape, order), offset: 0, elements };
    }
    case 'transposed': {
      if (shape.length < 2) return null;
      const order = shape.map((_, axis) => axis);
      const axes = long.length >= 2 ? long : order.slice();
      const first = draw.below(axes.length - 1);
      const second = draw.between(first + 1, axes.length - 1);
      order[axes[first]] = axes[second];
      order[axes[second]] = axes[first];
      return { strides: stridesInOrder(shape, order), offset: 0, elements };
    }
    case 'expanded': {
      const worthwhile = long.filter((axis) => elements > shape[axis]); // repeating leaves more than one value
      const usable = worthwhile.filter((axis) => repeatable.includes(axis));
      const candidates = usable.length > 0 ? usable : worthwhile;
      if (candidates.length === 0) return null;
      const repeated = draw.pick(candidates);
      const strides = contiguousStrides(shape.with(repeated, 1));
      strides[repeated] = 0;
      return { strides, offset: 0, elements: elements / shape[repeated] };
    }
    case 'sliced': {
      if (shape.length === 0) return null;
      const axis = long.length > 0 ? draw.pick(long) : shape.length - 1;
      const step = draw.between(2, 3);
      const strides = contiguousStrides(shape.with(axis, shape[axis] * step));
      const offset = draw.below(step) * strides[axis];
      strides[axis] *= step;
      return { strides, offset, elements: elements * step };
    }
    default:
      return layout satisfies never;
  }
}

/** Strides of a tensor without gaps whose axes lie in memory in this order, outermost first. */
function stridesInOrder(shape: Shape, order: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let k = order.length - 1; k >= 0; k--) {
    strides[order[k]] = stride;
    stride *= shape[order[k]];
  }
  return strides;
}

/** Writes values in index order to their places; several values for one place leave the last. */
function scatter(
  values: Float32Array | Float64Array,
  shape: Shape,
  { strides, offset }: Place,
  out: Float32Array | Float64Array,
): void {
  const last = shape.length - 1;
  const run = shape[last];
  const step = strides[last];
  const index = new Int32Array(shape.length);
  let start = offset;
  for (let next = 0; next < values.length; ) {
    for (let k = 0, at = start; k < run; k++, at += step) out[at] = values[next++];
    for (let axis = last - 1; axis >= 0; axis--) {
      start += strides[axis];
      if (++index[axis] < shape[axis]) break;
      start -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

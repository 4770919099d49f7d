// Made-up inputs and every layer at a small size, for tests. It knows no answer.

import {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  GroupNorm,
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
  LayerNorm,
  type Module,
  RMSNorm,
} from '../../ts-impl/norms/index.ts';
import type { FloatDtype } from '../../ts-impl/tensor/dtype.ts';
import { toChannelsLast } from '../../ts-impl/tensor/memory-format.ts';
import { sizeOf } from '../../ts-impl/tensor/shape.ts';
import { contiguous, type Tensor, tensor } from '../../ts-impl/tensor/tensor.ts';
import { expand, permute, slice } from '../../ts-impl/tensor/views.ts';

/** Numbers between −2 and 2 that look random and are the same every time. */
export function madeUp(shape: readonly number[], dtype: FloatDtype = 'float64', seed = 1): Tensor {
  let state = (seed * 2654435761) >>> 0;
  const values = Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 30 - 2;
  });
  return tensor(values, shape, dtype);
}

export const LAYOUTS = ['contiguous', 'channels_last', 'transposed', 'sliced', 'expanded'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** Values of this shape lying in memory that way; ranks without channels last get the axes in reverse order instead. */
export function laidOut(shape: readonly number[], layout: Layout, dtype: FloatDtype, seed = 1): Tensor {
  switch (layout) {
    case 'contiguous':
      return madeUp(shape, dtype, seed);
    case 'channels_last':
      if (shape.length === 4 || shape.length === 5) return toChannelsLast(madeUp(shape, dtype, seed));
      return laidOut(shape, 'transposed', dtype, seed);
    case 'transposed': {
      const order = shape.map((_, axis) => shape.length - 1 - axis);
      return permute(madeUp([...shape].reverse(), dtype, seed), order);
    }
    case 'sliced': {
      const last = shape.length - 1;
      const wide = shape.map((size, axis) => (axis === last ? 2 * size + 1 : size));
      return slice(madeUp(wide, dtype, seed), last, 1, 2 * shape[last] + 1, 2);
    }
    case 'expanded':
      return expand(madeUp([1, ...shape.slice(1)], dtype, seed), shape);
    default:
      return layout satisfies never;
  }
}

export interface Example {
  readonly name: string;
  readonly shape: readonly number[];
  make(dtype: FloatDtype): Module;
}

const PLAIN: readonly Example[] = [
  { name: 'BatchNorm1d of rank 2', shape: [5, 3], make: (dtype) => new BatchNorm1d(3, { dtype }) },
  { name: 'BatchNorm1d', shape: [4, 3, 5], make: (dtype) => new BatchNorm1d(3, { dtype }) },
  { name: 'BatchNorm2d', shape: [3, 2, 4, 3], make: (dtype) => new BatchNorm2d(2, { dtype }) },
  { name: 'BatchNorm3d', shape: [2, 3, 2, 3, 2], make: (dtype) => new BatchNorm3d(3, { dtype }) },
  { name: 'InstanceNorm1d', shape: [3, 2, 7], make: (dtype) => new InstanceNorm1d(2, { affine: true, dtype }) },
  {
    name: 'InstanceNorm2d',
    shape: [2, 3, 4, 3],
    make: (dtype) => new InstanceNorm2d(3, { affine: true, trackRunningStats: true, dtype }),
  },
  { name: 'InstanceNorm3d', shape: [2, 3, 2, 2, 3], make: (dtype) => new InstanceNorm3d(3, { affine: true, dtype }) },
  { name: 'LayerNorm', shape: [3, 4, 5], make: (dtype) => new LayerNorm([4, 5], { dtype }) },
  { name: 'GroupNorm', shape: [3, 6, 4], make: (dtype) => new GroupNorm(2, 6, { dtype }) },
  { name: 'GroupNorm of rank 4', shape: [2, 4, 3, 3], make: (dtype) => new GroupNorm(2, 4, { dtype }) },
  { name: 'RMSNorm', shape: [3, 4, 5], make: (dtype) => new RMSNorm([4, 5], { dtype }) },
];

/** Each layer with parameters that are neither 0 nor 1. */
export const EXAMPLES: readonly Example[] = PLAIN.map((example) => ({
  ...example,
  make: (dtype) => {
    const layer = example.make(dtype);
    if (layer.weight !== null) layer.assign('weight', madeUp(layer.weight.shape, dtype, 11));
    if (layer.bias !== null) layer.assign('bias', madeUp(layer.bias.shape, dtype, 12));
    return layer;
  },
}));

export function valuesOf(t: Tensor): number[] {
  return Array.from(contiguous(t).storage, Number);
}

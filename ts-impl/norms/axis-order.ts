// The order in which PyTorch walks the axes of strided tensors: sorted by stride, neighbours merged. It reads no values but to copy them.

import type { Shape } from '../tensor/shape.ts';
import { contiguous, type Tensor } from '../tensor/tensor.ts';
import { permute } from '../tensor/views.ts';

export interface Axis {
  /** Which axis of the tensor it was; the first of those that were merged. */
  readonly axis: number;
  size: number;
  /** Elements from one index to the next, per operand. An output comes first and has stride 0 on an axis summed over. */
  readonly strides: number[];
}

/**
 * The axes innermost first. With `reducing`, those with stride 0 in the first operand come first. Operands are asked in turn;
 * equal strides ask the sizes; where nothing decides, the last axis comes first.
 */
export function sortAxes(shape: Shape, operands: readonly (readonly number[])[], reducing: boolean): Axis[] {
  const axes: Axis[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    axes.push({ axis, size: shape[axis], strides: operands.map((strides) => strides[axis]) });
  }
  for (let i = 1; i < axes.length; i++) {
    let at = i;
    for (let before = i - 1; before >= 0; before--) {
      const order = compareAxes(axes[before], axes[at], reducing);
      if (order < 0) break;
      if (order > 0) {
        [axes[before], axes[at]] = [axes[at], axes[before]];
        at = before;
      }
    }
  }
  return axes;
}

/** Neighbouring axes that are one run of memory in every operand become one. */
export function mergeAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = [];
  for (const axis of axes) {
    const last = merged[merged.length - 1];
    if (last === undefined || !joins(last, axis)) {
      merged.push({ axis: axis.axis, size: axis.size, strides: [...axis.strides] });
      continue;
    }
    if (last.size === 1) {
      for (let i = 0; i < axis.strides.length; i++) last.strides[i] = axis.strides[i];
    }
    last.size *= axis.size;
  }
  return merged;
}

/** The strides, without gaps, that PyTorch gives to the result of an elementwise operation on these operands. */
export function resultStrides(shape: Shape, operands: readonly (readonly number[])[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (const { axis, size } of sortAxes(shape, operands, false)) {
    strides[axis] = stride;
    stride *= size;
  }
  return strides;
}

/** The tensor without gaps or repetition in memory, its axes in the order they lie in: what a cast to another dtype makes of it. */
export function dense(t: Tensor): Tensor {
  const order = sortAxes(t.shape, [t.strides], false)
    .map(({ axis }) => axis)
    .reverse();
  const own = contiguous(permute(t, order));
  const places = t.shape.map((_, axis) => order.indexOf(axis));
  return permute(own, places);
}

// --- internal ---

/** 1 where `a` belongs after `b`, −1 where before, 0 where nothing decides. */
function compareAxes(a: Axis, b: Axis, reducing: boolean): number {
  for (let i = 0; i < a.strides.length; i++) {
    const strideA = a.strides[i];
    const strideB = b.strides[i];
    if (reducing && i === 0 && (strideA === 0) !== (strideB === 0)) return strideB === 0 ? 1 : -1;
    if (strideA === 0 || strideB === 0) continue;
    if (strideA !== strideB) return strideA < strideB ? -1 : 1;
    if (a.size > b.size) return 1;
  }
  return 0;
}

function joins(inner: Axis, outer: Axis): boolean {
  if (inner.size === 1 || outer.size === 1) return true;
  for (let i = 0; i < inner.strides.length; i++) {
    if (inner.size * inner.strides[i] !== outer.strides[i]) return false;
  }
  return true;
}

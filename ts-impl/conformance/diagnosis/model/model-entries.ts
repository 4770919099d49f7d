// Which entry of a parameter or buffer goes with which element of an input, in the counter-model.

import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { AffineTensor, Profile } from './profile.ts';

/** Entries of a parameter for inputs of `shape`. */
export function entryCount(t: AffineTensor, profile: Profile, shape: Shape): number {
  if (t.flattened) return shape[1];
  if (!t.perGroup) return t.axes.reduce((n, axis) => n * shape[axis], 1);
  const { members } = profile.structure;
  return (members.kind === 'axes' ? members.groups?.count : null) ?? sizeOf(t.shape);
}

/** Entries of a buffer: one for each statistic that eval knows, samples counting as one. */
export function bufferCount(profile: Profile, shape: Shape): number {
  const members = profile.running?.users ?? profile.structure.members;
  if (members.kind === 'flattened') return shape[1];
  const apart = members.kept.filter((axis) => axis !== 0);
  const groups = members.groups?.count ?? 1;
  return apart.length === 0 && members.kept.includes(0)
    ? shape[0] * groups
    : apart.reduce((n, axis) => n * shape[axis], groups);
}

/** Which entry of a parameter goes with each element of an input, in index order. */
export function entryIndex(t: AffineTensor, shape: Shape, groups: number): Int32Array {
  const size = sizeOf(shape);
  const index = new Int32Array(size);
  if (t.flattened) {
    for (let i = 0; i < size; i++) index[i] = i % shape[1];
    return index;
  }
  const at = new Int32Array(shape.length);
  const weight = new Int32Array(shape.length);
  let stride = 1;
  for (const axis of [...t.axes].reverse()) {
    weight[axis] = stride;
    stride *= t.perGroup && axis === 1 ? groups : shape[axis];
  }
  const perGroup = Math.max(1, Math.floor((shape[1] ?? 1) / groups));
  for (let i = 0; i < size; i++) {
    let entry = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      entry += weight[axis] * (t.perGroup && axis === 1 ? Math.floor(at[axis] / perGroup) : at[axis]);
    }
    index[i] = entry;
    for (let axis = shape.length - 1; axis >= 0 && ++at[axis] === shape[axis]; axis--) at[axis] = 0;
  }
  return index;
}

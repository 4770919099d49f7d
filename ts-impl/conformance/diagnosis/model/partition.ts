// How the elements of an input divide into statistics, measured from which outputs one changed input element moves.

import { type Shape, sizeOf } from '../../../tensor/shape.ts';

/** Which statistic each element belongs to. */
export type Partition =
  /** One statistic for each combination of coordinates on the kept axes, the group counting as one where there is one. */
  | { readonly kind: 'axes'; readonly kept: readonly number[]; readonly groups: Groups | null }
  /** Flat index modulo the channel count: a reshape to (-1, C) without moving the channel axis. */
  | { readonly kind: 'flattened'; readonly channels: number };

/** Axis 1 cut into groups: `contiguous` blocks of channels, or channel c in group c mod count. */
export interface Groups {
  readonly count: number;
  readonly layout: 'contiguous' | 'interleaved';
}

/** `members`: what goes into a statistic; `users`: what is normalised with it. They differ where a broadcast lines up the wrong axis. */
export interface Structure {
  readonly members: Partition;
  readonly users: Partition;
}

/** The statistic of each element, in index order. */
export function statisticIds(partition: Partition, shape: Shape): Int32Array {
  const size = sizeOf(shape);
  const ids = new Int32Array(size); // [elements]
  if (partition.kind === 'flattened') {
    for (let i = 0; i < size; i++) ids[i] = i % partition.channels;
    return ids;
  }
  const { kept, groups } = partition;
  const weight = new Int32Array(shape.length); // [axes], 0 where reduced
  let stride = groups === null ? 1 : groups.count;
  for (const axis of [...kept].reverse()) {
    weight[axis] = stride;
    stride *= shape[axis];
  }
  const perGroup = groups === null ? 1 : Math.max(1, Math.floor(shape[1] / groups.count));
  const index = new Int32Array(shape.length);
  for (let i = 0; i < size; i++) {
    let id = 0;
    for (let axis = 0; axis < shape.length; axis++) id += weight[axis] * index[axis];
    if (groups !== null)
      id += groups.layout === 'contiguous' ? Math.floor(index[1] / perGroup) : index[1] % groups.count;
    ids[i] = id;
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return ids;
}

export function statisticCount(partition: Partition, shape: Shape): number {
  if (partition.kind === 'flattened') return partition.channels;
  return partition.kept.reduce((n, axis) => n * shape[axis], partition.groups?.count ?? 1);
}

/** An element whose coordinates on all axes of size > 2 differ from each other and from the ends where the sizes allow it. */
export function telltaleIndex(shape: Shape): number[] {
  const index: number[] = [];
  for (const size of shape) {
    let at = Math.min(size - 1, 1);
    while (index.includes(at) && at < size - 1) at++;
    index.push(at);
  }
  return index;
}

/**
 * The structure that makes exactly the elements `moved` (flags, in index order) change when the element at `index` does.
 * Null where no structure of the model space does. A set of the changed element alone is no structure.
 */
export function structureFromInfluence(moved: Uint8Array, index: readonly number[], shape: Shape): Structure | null {
  const self = flatten(index, shape);
  const whole = moved.slice();
  whole[self] = 1;
  const own = boxPartition(whole, index, shape);
  if (own !== null) return { members: own, users: own };
  const flat = flattenedPartition(whole, self, shape);
  if (flat !== null) return { members: flat, users: flat };
  const without = moved.slice();
  without[self] = 0;
  return misaligned(without, index, shape);
}

// --- internal ---

function flatten(index: readonly number[], shape: Shape): number {
  let at = 0;
  for (let axis = 0; axis < shape.length; axis++) at = at * shape[axis] + index[axis];
  return at;
}

/** The coordinates that flagged elements take on each axis, or null where the elements are not the full box of them. */
function boxOf(flags: Uint8Array, shape: Shape): number[][] | null {
  const seen = shape.map(() => new Set<number>());
  let count = 0;
  const index = new Int32Array(shape.length);
  for (let i = 0; i < flags.length; i++) {
    if (flags[i] === 1) {
      count++;
      for (let axis = 0; axis < shape.length; axis++) seen[axis].add(index[axis]);
    }
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  const volume = seen.reduce((n, s) => n * s.size, 1);
  return count > 1 && volume === count ? seen.map((s) => [...s].sort((a, b) => a - b)) : null;
}

function boxPartition(flags: Uint8Array, index: readonly number[], shape: Shape): Partition | null {
  const box = boxOf(flags, shape);
  if (box === null) return null;
  const kept: number[] = [];
  let groups: Groups | null = null;
  for (let axis = 0; axis < shape.length; axis++) {
    const coordinates = box[axis];
    if (coordinates.length === shape[axis] && shape[axis] > 1) continue;
    if (coordinates.length === 1) {
      if (coordinates[0] !== index[axis]) return null;
      if (shape[axis] > 1 || axis <= 1) kept.push(axis);
      continue;
    }
    if (axis !== 1) return null;
    groups = groupsOf(coordinates, shape[1]);
    if (groups === null) return null;
  }
  return { kind: 'axes', kept, groups };
}

function groupsOf(channels: readonly number[], total: number): Groups | null {
  const size = channels.length;
  if (total % size !== 0) return null;
  const count = total / size;
  const first = channels[0];
  if (first % size === 0 && channels.every((c, i) => c === first + i)) return { count, layout: 'contiguous' };
  if (channels.every((c, i) => c === (first % count) + i * count)) return { count, layout: 'interleaved' };
  return null;
}

function flattenedPartition(flags: Uint8Array, self: number, shape: Shape): Partition | null {
  const channels = shape[1] ?? 0;
  if (channels < 2) return null;
  const flat = flags.every((flag, i) => flag === (i % channels === self % channels ? 1 : 0));
  return flat ? { kind: 'flattened', channels } : null;
}

/** Statistics per channel of axis 1, used along another axis of the same size. */
function misaligned(flags: Uint8Array, index: readonly number[], shape: Shape): Structure | null {
  const box = boxOf(flags, shape);
  if (box === null) return null;
  const kept = shape.map((_, axis) => axis).filter((axis) => box[axis].length === 1 && shape[axis] > 1);
  const full = shape.every((size, axis) => box[axis].length === size || kept.includes(axis));
  const [axis] = kept.filter((k) => k !== 0);
  if (!full || axis === undefined || axis === 1 || kept.some((k) => k !== 0 && k !== axis)) return null;
  if (shape[axis] !== shape[1] || box[axis][0] !== index[1]) return null;
  if (kept.includes(0) && box[0][0] !== index[0]) return null;
  return {
    members: { kind: 'axes', kept: kept.map((k) => (k === axis ? 1 : k)), groups: null },
    users: { kind: 'axes', kept, groups: null },
  };
}

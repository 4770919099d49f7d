// Which elements of an input share a statistic, a channel and a parameter, under some conventions. No arithmetic on values.

import type { LayerName } from '../../cases/case.ts';
import { sizeOf } from '../../ts-impl/tensor/shape.ts';
import type { Conventions } from './conventions.ts';

export interface Norm {
  readonly layer: LayerName;
  /** The channels, or the elements of `normalizedShape`. */
  readonly entries: number;
  readonly groups: number;
  readonly normalizedShape: readonly number[] | null;
}

export interface Geometry {
  /** The statistic of each element, and the statistic it is normalised with. */
  readonly sets: Int32Array; // [elements]
  readonly users: Int32Array; // [elements]
  readonly setCount: number;
  /** The channel of each element, of which there are buffers. */
  readonly channels: Int32Array; // [elements]
  /** The entry of the parameters that scales and shifts each element. */
  readonly parameters: Int32Array; // [elements]
}

/** Null where the sizes do not fit: a broadcast would raise. */
export function geometryOf(norm: Norm, shape: readonly number[], conventions: Conventions): Geometry | null {
  const rank = shape.length;
  const elements = sizeOf(shape);
  const channelled = norm.normalizedShape === null;
  const unbatched = norm.layer.startsWith('InstanceNorm') && rank === 1 + Number(norm.layer.at(-2));
  const axis = channelled ? channelAxisOf(conventions, rank, unbatched) : -1;
  if (channelled && conventions.channelAxis !== 'flattened' && shape[axis] !== norm.entries) return null;
  if (conventions.channelAxis === 'broadcast-last' && shape[rank - 1] !== norm.entries) return null;
  const kept = keptAxes(norm, rank, axis, unbatched, conventions);
  const sets = new Int32Array(elements);
  const users = new Int32Array(elements);
  const channels = new Int32Array(elements);
  const parameters = new Int32Array(elements);
  const index = new Array<number>(rank).fill(0);
  for (let e = 0; e < elements; e++) {
    const c = !channelled ? 0 : conventions.channelAxis === 'flattened' ? e % norm.entries : index[axis];
    const last = index[rank - 1] ?? 0;
    sets[e] = setOf(norm, kept, index, shape, axis, c, conventions);
    users[e] = conventions.channelAxis === 'broadcast-last' ? last : sets[e];
    channels[e] = conventions.channelAxis === 'broadcast-last' ? last : c;
    parameters[e] = parameterOf(norm, channelled ? channels[e] : e % norm.entries, last, conventions);
    for (let a = rank - 1; a >= 0 && ++index[a] === shape[a]; a--) index[a] = 0;
  }
  let setCount = 0;
  for (let e = 0; e < elements; e++) setCount = Math.max(setCount, sets[e] + 1, users[e] + 1);
  return { sets, users, setCount, channels, parameters };
}

// --- internal ---

function channelAxisOf({ channelAxis }: Conventions, rank: number, unbatched: boolean): number {
  if (channelAxis === '-1') return rank - 1;
  return channelAxis === '0' || unbatched ? 0 : 1;
}

/** `-1` among them stands for the group. */
function keptAxes(
  norm: Norm,
  rank: number,
  axis: number,
  unbatched: boolean,
  { kept }: Conventions,
): readonly number[] {
  const own = (): number[] => {
    if (norm.normalizedShape !== null) {
      return Array.from({ length: rank - norm.normalizedShape.length }, (_, a) => a);
    }
    if (norm.layer === 'GroupNorm') return [0, -1];
    return norm.layer.startsWith('BatchNorm') || unbatched ? [axis] : [0, axis];
  };
  return kept === null ? own() : kept(rank, own());
}

function setOf(
  norm: Norm,
  kept: readonly number[],
  index: readonly number[],
  shape: readonly number[],
  axis: number,
  c: number,
  conventions: Conventions,
): number {
  let set = 0;
  for (const a of kept) {
    if (a === -1) set = set * norm.entries + groupOf(norm, c, conventions);
    else if (a === axis) set = set * norm.entries + c;
    else set = set * shape[a] + index[a];
  }
  return set;
}

function groupOf({ entries, groups }: Norm, c: number, conventions: Conventions): number {
  switch (conventions.groups) {
    case 'contiguous':
      return Math.floor(c / (entries / groups));
    case 'interleaved':
      return c % groups;
    case 'one':
      return 0;
    case 'each-channel':
      return c;
    case 'transposed': // the number of groups taken for their size
      return Math.floor(c / groups);
    default:
      return conventions.groups satisfies never;
  }
}

function parameterOf(norm: Norm, own: number, last: number, conventions: Conventions): number {
  switch (conventions.affineShape) {
    case 'own':
      return own;
    case 'G':
      return groupOf(norm, own, conventions);
    case 'last-axis':
      return last % norm.entries;
    case 'scalar':
      return 0;
    case 'reversed':
      return norm.entries - 1 - own;
    default:
      return conventions.affineShape satisfies never;
  }
}

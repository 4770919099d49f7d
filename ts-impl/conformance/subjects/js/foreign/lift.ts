// Vectors of an input that a norm of single vectors is given one by one: rows, whole channels, or the channels of each sample.

import { type Shape, sizeOf } from '../../../../tensor/shape.ts';
import type { FloatData } from './containers.ts';
import type { Lift } from './plan.ts';

/** The flat indices of each vector. */
export function piecesOf(lift: Exclude<Lift, 'none'>, shape: Shape): Int32Array[] {
  const size = sizeOf(shape);
  const pieces = new Map<number, number[]>();
  for (let i = 0; i < size; i++) {
    const key = keyOf(lift, i, shape);
    const piece = pieces.get(key);
    if (piece === undefined) pieces.set(key, [i]);
    else piece.push(i);
  }
  return Array.from(pieces.values(), (piece) => Int32Array.from(piece));
}

export function gather(data: FloatData, piece: Int32Array): FloatData {
  const part = data.slice(0, piece.length);
  for (let i = 0; i < piece.length; i++) part[i] = data[piece[i]];
  return part;
}

export function scatter(whole: Float64Array, part: ArrayLike<number>, piece: Int32Array): void {
  for (let i = 0; i < piece.length; i++) whole[piece[i]] = part[i];
}

// --- internal ---

function keyOf(lift: Exclude<Lift, 'none'>, i: number, shape: Shape): number {
  const inner = sizeOf(shape.slice(2));
  switch (lift) {
    case 'rows':
      return Math.floor(i / shape[shape.length - 1]);
    case 'columns':
      return Math.floor(i / inner) % shape[1];
    case 'instances':
      return Math.floor(i / inner);
    default:
      return lift satisfies never;
  }
}

// The ladder of input shapes on which a specimen is tried, the likeliest first: sizes that all differ, then sizes that coincide. It asks nothing.

import type { Shape } from '../../../tensor/shape.ts';
import type { NormKind } from '../axes/norm-kind.ts';

export interface Rung {
  readonly shape: Shape;
  readonly coincidence: boolean;
}

export const CHANNELS = 6;

/** The rungs for a kind of norm and the rank that its name speaks of; null where it speaks of none. */
export function ladder(kind: NormKind | null, rank: number | null): Rung[] {
  const layered = kind === 'LayerNorm' || kind === 'RMSNorm';
  const first: Shape[] = [
    [N, C, 5, 7],
    [N, C, 5],
    [N, C, 2, 5, 7],
  ];
  const last: Shape[] = layered
    ? [
        [N, 5, C],
        [N, 5, 7, C],
      ]
    : [
        [N, 5, 7, C],
        [N, 5, C],
        [N, 2, 5, 7, C],
      ];
  const flat: Shape[] = [[N, C]];
  const same: Shape[] = [
    [N, C, 5, C],
    [N, C, C, 7],
    [N, C, C, C],
    [N, C, C],
    [N, C, 2, 5, C],
    [C, C, 5, 7],
    [C, C, 5],
    [C, C],
  ];
  const single: Shape[] = [
    [N, 1, 5, 7],
    [N, 1, 5],
  ];
  // "1d" speaks of (N, C, L) and then (N, C), before any layout with channels last.
  const named = (shape: Shape) => {
    if (rank === null || (shape.length === rank && (rank !== 3 || shape[1] === C))) return 0;
    return rank === 3 && shape.length === 2 ? 1 : shape.length === rank ? 2 : 3;
  };
  const order = (shapes: readonly Shape[]) => [...shapes].sort((a, b) => named(a) - named(b));
  const whole = layered && rank === null ? [...last, ...flat, ...first] : [...first, ...last, ...flat];
  return [
    ...order(whole).map((shape) => ({ shape, coincidence: false })),
    ...order(same).map((shape) => ({ shape, coincidence: true })),
    ...order(single).map((shape) => ({ shape, coincidence: false })),
    { shape: [2, 64, 3, 4], coincidence: false }, // a class with 32 groups of its own
  ];
}

// --- internal ---

const N = 4;
const C = CHANNELS;

// Which elements share a statistic and which share a weight: every norm seen as [outer, channels, inner] with a set per slot. No arithmetic on values.

import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Family } from './layer-state.ts';

/** Element i lies in slot floor(i / inner); a slot belongs to one set and one channel. */
export interface Sets {
  readonly slots: number;
  readonly inner: number;
  readonly channels: number;
  /** How many sets there are, and the one of each slot. */
  readonly count: number;
  readonly setOf: Int32Array; // [slots]
}

/** `groups` matters for GroupNorm, `normalizedRank` for LayerNorm and RMSNorm. Null where the shape does not fit. */
export function setsOf(family: Family, shape: Shape, groups: number, normalizedRank: number): Sets | null {
  if (family === 'layer' || family === 'rms') {
    if (shape.length < normalizedRank || normalizedRank === 0) return null;
    const channels = sizeOf(shape.slice(shape.length - normalizedRank));
    return layOut(sizeOf(shape.slice(0, shape.length - normalizedRank)), channels, 1, (outer) => outer);
  }
  if (shape.length < 2) return null;
  const [outers, channels, ...rest] = shape;
  const inner = sizeOf(rest);
  if (family === 'batch') return layOut(outers, channels, inner, (_, channel) => channel);
  if (family === 'instance') return layOut(outers, channels, inner, (outer, channel) => outer * channels + channel);
  if (!(groups > 0) || channels % groups !== 0) return null;
  const block = channels / groups;
  return layOut(outers, channels, inner, (outer, channel) => outer * groups + Math.floor(channel / block));
}

// --- internal ---

function layOut(
  outers: number,
  channels: number,
  inner: number,
  rule: (outer: number, channel: number) => number,
): Sets {
  const setOf = new Int32Array(outers * channels); // [outers, channels]
  let count = 0;
  for (let slot = 0; slot < setOf.length; slot++) {
    setOf[slot] = rule(Math.floor(slot / channels), slot % channels);
    if (setOf[slot] >= count) count = setOf[slot] + 1;
  }
  return { slots: setOf.length, inner, channels, count, setOf };
}

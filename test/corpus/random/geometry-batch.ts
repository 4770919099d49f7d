// How a BatchNorm lays out its work, in several idioms. It holds no formula.

import type { Draw } from '../../../cases/counter.ts';
import { countOver, drawSpread, type Geometry, range, same, tuple } from './layout.ts';
import { LETTERS, type Point } from './point.ts';

/** BatchNorm: channels along an axis, moved to the last, or as rows of a matrix. */
export function drawBatchGeometry(draw: Draw, { rank, departures }: Point, x: string, size: string): Geometry {
  const place = departures['channel.axis'];
  const base = { prepare: [], z: x, done: same, affineFirst: true, keep: false, statisticOf: same, bufferOf: same };
  const vector = `${size}`;
  if (place === 'broadcast-last') {
    const dims = [0, ...range(2, rank)];
    return { ...base, dims: tuple(dims), count: countOver(x, dims), entry: vector, wide: same, wideParameter: same };
  }
  if (place === 'flattened') {
    const prepare = [`z = ${x}.reshape(-1, self.${size})`];
    const done = (y: string) => `${y}.reshape(${x}.shape)`;
    return {
      ...base,
      prepare,
      z: 'z',
      dims: '0',
      count: 'z.shape[0]',
      entry: vector,
      wide: same,
      wideParameter: same,
      done,
    };
  }
  if (place === '-1') {
    const dims = range(0, rank - 1);
    return { ...base, dims: tuple(dims), count: countOver(x, dims), entry: vector, wide: same, wideParameter: same };
  }
  if (place === '0') return alongAxis(draw, 0, rank, range(1, rank), x, size);
  const reduced = departures['axes.reduction'];
  if (reduced === 'all') {
    const at = drawSpread(draw, 1, rank);
    return {
      ...base,
      dims: null,
      count: `${x}.numel()`,
      entry: vector,
      wide: same,
      statisticOf: at,
      wideParameter: at,
    };
  }
  if (reduced !== undefined) {
    const dims = String(reduced)
      .split(',')
      .map((letter) => LETTERS[rank].indexOf(letter));
    const wideParameter = lastAxis(departures) ?? drawSpread(draw, 1, rank);
    return {
      ...base,
      dims: tuple(dims),
      keep: true,
      count: countOver(x, dims),
      entry: vector,
      wide: same,
      wideParameter,
    };
  }
  if (departures['input.layout'] === 'contiguous-only') {
    const prepare = [`z = ${x}.view(${x}.size(0), ${x}.size(1), -1)`];
    const at = drawSpread(draw, 1, 3);
    const done = (y: string) => `${y}.reshape(${x}.shape)`;
    return {
      ...base,
      prepare,
      z: 'z',
      dims: '(0, 2)',
      count: 'z.shape[0] * z.shape[2]',
      entry: vector,
      wide: at,
      wideParameter: at,
      done,
    };
  }
  if (
    departures['input.mutated'] !== undefined ||
    lastAxis(departures) !== undefined ||
    rank === 2 ||
    draw.chance(1, 2)
  )
    return withLastAxis(
      alongAxis(draw, 1, rank, [0, ...range(2, rank)], x, size, lastAxis(departures) !== undefined),
      departures,
    );
  return draw.chance(1, 2) ? channelsToLast(draw, rank, x, size) : channelsToRows(draw, rank, x, size);
}

// --- internal ---

const lastAxis = (departures: Point['departures']) => (departures['affine.shape'] === 'last-axis' ? same : undefined);

/** Parameters that meet the last axis, whatever the statistics do. */
function withLastAxis(geometry: Geometry, departures: Point['departures']): Geometry {
  return lastAxis(departures) === undefined ? geometry : { ...geometry, wideParameter: same };
}

function alongAxis(
  draw: Draw,
  axis: number,
  rank: number,
  dims: readonly number[],
  x: string,
  size: string,
  vectors = false,
): Geometry {
  const at = drawSpread(draw, axis, rank);
  const base = {
    prepare: [],
    z: x,
    dims: tuple(dims),
    count: draw.chance(1, 2) ? countOver(x, dims) : `${x}.numel() // ${x}.shape[${axis}]`,
    done: same,
    affineFirst: true,
  };
  const ones = range(0, rank)
    .map((d) => (d === axis ? size : '1'))
    .join(', ');
  const flat = draw.pick(['flatten()', 'view(-1)', 'reshape(-1)']);
  const layouts: readonly Geometry[] = [
    { ...base, keep: true, entry: `(${ones})`, wide: same, statisticOf: same, bufferOf: same, wideParameter: same },
    {
      ...base,
      keep: true,
      entry: size,
      wide: same,
      statisticOf: at,
      bufferOf: (s) => `${s}.${flat}`,
      wideParameter: at,
    },
    { ...base, keep: false, entry: size, wide: at, statisticOf: same, bufferOf: same, wideParameter: at },
  ];
  // A parameter that meets the last axis is a vector.
  return draw.pick(vectors ? layouts.slice(1) : layouts);
}

function channelsToLast(draw: Draw, rank: number, x: string, size: string): Geometry {
  const order = [0, ...range(2, rank), 1].join(', ');
  const back = [0, rank - 1, ...range(1, rank - 1)].join(', ');
  const prepare = [draw.chance(1, 2) ? `z = ${x}.permute(${order})` : `z = ${x}.movedim(1, -1)`];
  const done = draw.chance(1, 2) ? (y: string) => `(${y}).permute(${back})` : (y: string) => `(${y}).movedim(-1, 1)`;
  const dims = range(0, rank - 1);
  return {
    prepare,
    z: 'z',
    dims: tuple(dims),
    keep: false,
    count: countOver('z', dims),
    entry: size,
    wide: same,
    statisticOf: same,
    bufferOf: same,
    done,
    affineFirst: true,
    wideParameter: same,
  };
}

function channelsToRows(draw: Draw, rank: number, x: string, size: string): Geometry {
  const column = draw.chance(1, 2) ? (v: string) => `${v}[:, None]` : (v: string) => `${v}.unsqueeze(1)`;
  const moved = [1, 0, ...range(2, rank)].map((d) => `${x}.shape[${d}]`).join(', ');
  const prepare = [
    draw.chance(1, 2) ? `z = ${x}.transpose(0, 1).flatten(1)` : `z = ${x}.transpose(0, 1).reshape(${x}.shape[1], -1)`,
  ];
  const done = (y: string) => `(${y}).reshape(${moved}).transpose(0, 1)`;
  const base = {
    prepare,
    z: 'z',
    dims: '1',
    count: 'z.shape[1]',
    entry: size,
    done,
    affineFirst: true,
    wideParameter: column,
  };
  return draw.chance(1, 2)
    ? { ...base, keep: false, wide: column, statisticOf: same, bufferOf: same }
    : { ...base, keep: true, wide: same, statisticOf: column, bufferOf: (s) => `${s}.squeeze(1)` };
}

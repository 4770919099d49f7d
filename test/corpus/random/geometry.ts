// How a subject lays out its work: which tensor it takes statistics of, along which dims, and how vectors line up with it. It holds no formula.

import type { Draw } from '../../../cases/counter.ts';
import { LETTERS, type Point } from './point.ts';

export interface Geometry {
  /** Lines that make `z` of the input `x`; none where z is x. */
  readonly prepare: readonly string[];
  readonly z: string;
  /** Python for the dims of z that one statistic runs over; null for all of them. */
  readonly dims: string | null;
  readonly keep: boolean;
  /** Python for how many values one statistic has. */
  readonly count: string;
  /** Python for the shape of a parameter or buffer. */
  readonly entry: string;
  /** A statistic as broad as z. */
  readonly wide: (statistic: string) => string;
  readonly statisticOf: (buffer: string) => string;
  readonly bufferOf: (statistic: string) => string;
  /** The result, back in the shape of the input. */
  readonly done: (y: string) => string;
  /** A parameter beside the result: in the shape of z before `done`, else after it. */
  readonly affineFirst: boolean;
  readonly wideParameter: (parameter: string) => string;
}

/** Of the constructor: `size` its size argument, `groups` that of GroupNorm. */
export function drawGeometry(draw: Draw, point: Point, x: string, size: string, groups: string): Geometry {
  switch (point.kind) {
    case 'batch':
      return drawBatch(draw, point, x, size);
    case 'instance':
      return drawInstance(draw, point, x, size);
    case 'group':
      return drawGroup(draw, point, x, size, groups);
    case 'layer':
    case 'rms':
      return drawLayer(draw, point, x, size);
    default: {
      const never: never = point.kind;
      throw new RangeError(`no geometry for ${String(never)}`);
    }
  }
}

// --- internal ---

const same = (v: string) => v;

const countOver = (x: string, dims: readonly number[]) => dims.map((d) => `${x}.shape[${d}]`).join(' * ');

const tuple = (dims: readonly number[]) => (dims.length === 1 ? `${dims[0]}` : `(${dims.join(', ')})`);

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** `v` with its one axis at place `axis` of `rank`. */
function drawSpread(draw: Draw, axis: number, rank: number): (v: string) => string {
  const ones = range(0, rank)
    .map((d) => (d === axis ? '-1' : '1'))
    .join(', ');
  const nones = range(0, rank)
    .map((d) => (d === axis ? ':' : 'None'))
    .join(', ');
  const after = rank - axis - 1;
  const short = after === 0 ? same : (v: string) => `${v}[(...,) + (None,) * ${after}]`;
  return draw.pick([
    (v) => `${v}.view(${ones})`,
    (v) => `${v}.reshape(${ones})`,
    (v) => `${v}[${nones}]`,
    axis === 1 ? short : (v) => `${v}.view(${ones})`,
  ]);
}

function drawBatch(draw: Draw, { rank, departures }: Point, x: string, size: string): Geometry {
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

function drawInstance(draw: Draw, { rank, departures }: Point, x: string, size: string): Geometry {
  const reduced = departures['axes.reduction'];
  const dims =
    reduced === undefined
      ? range(2, rank)
      : String(reduced)
          .split(',')
          .map((letter) => LETTERS[rank].indexOf(letter));
  const at = drawSpread(draw, 1, rank);
  const base = {
    entry: size,
    affineFirst: false,
    wideParameter: at,
    bufferOf: (s: string) => `${s}.flatten(1).mean(0)`,
  };
  const view = departures['input.layout'] === 'contiguous-only';
  if (view || (reduced === undefined && departures['input.mutated'] === undefined && draw.chance(1, 2))) {
    const flat = view
      ? `${x}.view(${x}.size(0), ${x}.size(1), -1)`
      : draw.pick([`${x}.flatten(2)`, `${x}.reshape(*${x}.shape[:2], -1)`]);
    const prepare = [`z = ${flat}`];
    const done = (y: string) => `(${y}).reshape(${x}.shape)`;
    return {
      ...base,
      prepare,
      z: 'z',
      dims: '-1',
      keep: true,
      count: 'z.shape[-1]',
      wide: same,
      statisticOf: (b) => `${b}.view(1, -1, 1)`,
      done,
    };
  }
  return {
    ...base,
    prepare: [],
    z: x,
    dims: tuple(dims),
    keep: true,
    count: countOver(x, dims),
    wide: same,
    statisticOf: at,
    done: same,
  };
}

function drawGroup(draw: Draw, { departures }: Point, x: string, size: string, groups: string): Geometry {
  const reshape = departures['input.layout'] === 'contiguous-only' ? 'view' : 'reshape';
  const g = `self.${groups}`;
  const interleaved = departures['groups.layout'] === 'interleaved';
  const wideParameter = (p: string) => `${p}.view(1, -1, *[1] * (${x}.dim() - 2))`;
  const base = {
    z: 'z',
    keep: true,
    entry: size,
    wide: same,
    statisticOf: same,
    bufferOf: same,
    affineFirst: false,
    wideParameter,
  };
  const done = (y: string) => `(${y}).reshape(${x}.shape)`;
  if (interleaved) {
    const prepare = [`z = ${x}.${reshape}(${x}.shape[0], -1, ${g}, ${x}[0, 0].numel())`];
    return { ...base, prepare, dims: '(1, 3)', count: 'z.shape[1] * z.shape[3]', done };
  }
  const perGroup = (p: string) => `${p}[:, None]`;
  if (departures['affine.shape'] === 'G' || reshape === 'view' || draw.chance(2, 3)) {
    const prepare = [`z = ${x}.${reshape}(${x}.shape[0], ${g}, -1)`];
    const first =
      departures['affine.shape'] === 'G' ? { entry: groups, affineFirst: true, wideParameter: perGroup } : {};
    return { ...base, ...first, prepare, dims: '-1', count: 'z.shape[-1]', done };
  }
  const prepare = [`z = ${x}.reshape(${x}.shape[0], ${g}, ${x}.shape[1] // ${g}, *${x}.shape[2:])`];
  return { ...base, prepare, dims: 'tuple(range(2, z.dim()))', count: 'z[0, 0].numel()', done };
}

function drawLayer(draw: Draw, { departures, trailing }: Point, x: string, size: string): Geometry {
  const base = {
    prepare: [],
    z: x,
    keep: true,
    wide: same,
    statisticOf: same,
    bufferOf: same,
    done: same,
    affineFirst: true,
    wideParameter: same,
  };
  const reduced = departures['axes.reduction'];
  const onChannels = departures['affine.shape'] === 'C';
  if (reduced !== undefined || onChannels) {
    const dims = (reduced === undefined ? 'C,H,W' : String(reduced))
      .split(',')
      .map((letter) => LETTERS[4].indexOf(letter));
    const at = drawSpread(draw, 1, 4);
    const view = departures['input.layout'] === 'contiguous-only' && reduced === undefined;
    if (view)
      return {
        ...base,
        prepare: [`z = ${x}.view(${x}.size(0), -1)`],
        z: 'z',
        dims: '1',
        count: 'z.shape[1]',
        entry: size,
        affineFirst: false,
        wideParameter: at,
        done: (y) => `(${y}).reshape(${x}.shape)`,
      };
    return {
      ...base,
      dims: tuple(dims),
      count: countOver(x, dims),
      entry: size,
      wideParameter: onChannels ? at : same,
    };
  }
  if (departures['input.layout'] === 'contiguous-only') {
    const prepare =
      trailing === 1 ? [`z = ${x}.view(-1, ${x}.shape[-1])`] : [`z = ${x}.view(*${x}.shape[:-${trailing}], -1)`];
    return {
      ...base,
      prepare,
      z: 'z',
      dims: '-1',
      count: 'z.shape[-1]',
      entry: size,
      affineFirst: false,
      done: (y) => `(${y}).reshape(${x}.shape)`,
    };
  }
  if (trailing === 1) return { ...base, dims: '-1', count: `${x}.shape[-1]`, entry: size };
  const dims = draw.chance(1, 2) ? tuple(range(-trailing, 0)) : `tuple(range(-len(self.${size}), 0))`;
  return {
    ...base,
    dims,
    count: range(-trailing, 0)
      .map((d) => `${x}.shape[${d}]`)
      .join(' * '),
    entry: size,
  };
}

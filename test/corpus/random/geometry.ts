// How a subject lays out its work: which tensor it takes statistics of, along which dims, and how vectors line up with it. It holds no formula.

import type { Draw } from '../../../cases/counter.ts';
import { drawBatchGeometry } from './geometry-batch.ts';
import { countOver, drawSpread, type Geometry, range, same, tuple } from './layout.ts';
import { LETTERS, type Point } from './point.ts';

/** Of the constructor: `size` its size argument, `groups` that of GroupNorm. */
export function drawGeometry(draw: Draw, point: Point, x: string, size: string, groups: string): Geometry {
  switch (point.kind) {
    case 'batch':
      return drawBatchGeometry(draw, point, x, size);
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

// A point written out as a Python class in one of many spellings, with what an audit must say of it. It draws; it runs nothing.

import { Draw, makeStream } from '../../../cases/counter.ts';
import type { Departures, Expected } from '../read-corpus.ts';
import { drawGeometry } from './geometry.ts';
import type { Geometry } from './layout.ts';
import { drawNames, type Names } from './names.ts';
import { drawPoint, type Point } from './point.ts';
import { drawRunning, type Running } from './running.ts';
import { type Affine, drawForward } from './write-forward.ts';

export interface RandomSubject {
  readonly index: number;
  readonly name: string;
  readonly point: Point;
  readonly source: string;
  readonly expected: Expected & { readonly truth: Readonly<Record<string, unknown>> };
}

/** A pure function of (seed, index). */
export function randomSubject(seed: number, index: number): RandomSubject {
  const draw = new Draw(makeStream(seed, index, 7));
  const point = drawPoint(draw);
  const names = drawNames(draw, point, index);
  return writeSubject(draw, point, names, index);
}

// --- internal ---

function writeSubject(draw: Draw, point: Point, names: Names, index: number): RandomSubject {
  const { departures, kind, layer } = point;
  const geometry = drawGeometry(draw, point, names.x, names.size, names.groups);
  const affine = drawPresence(draw, point);
  const eps = drawEps(draw, point, names);
  const running = hasBuffers(draw, point) ? drawRunning(draw, point, geometry, names, eps.inside) : null;
  const plain = !('statistics.train' in departures || 'running.update-in-eval' in departures);
  const flag =
    plain &&
    running !== null &&
    (kind === 'instance' || departures['statistics.untracked-eval'] !== undefined || draw.chance(1, 6));
  const made = constructorLines(draw, point, names, geometry, affine, eps, running, flag);
  const body = drawForward(draw, point, names, geometry, affine, eps.inside, running, flag);
  const lines = [
    `class ${names.subject}(nn.Module):`,
    ...made,
    '',
    `    def forward(self, ${names.x}):`,
    ...body.map((line) => `        ${line}`),
  ];
  const tuple = kind === 'layer' || kind === 'rms' ? point.trailing > 1 : false;
  const momentum = running?.argument?.split('=')[0];
  return {
    index,
    name: names.subject,
    point,
    source: `${lines.join('\n')}\n`,
    expected: {
      layer,
      findings: departures,
      ...alternativesOf(departures),
      truth: {
        rank: point.rank,
        trailing: point.trailing,
        ...(tuple ? { tuple: true } : {}),
        ...(momentum === undefined ? {} : { momentum }),
        ...(kind === 'instance' && running !== null ? { flag: 'track_running_stats' } : {}),
        ...(kind === 'group' ? { groupsFirst: made[0].indexOf(names.groups) < made[0].indexOf(names.size) } : {}),
      },
    },
  };
}

/** The readings that the vocabulary leaves open. */
function alternativesOf(departures: Departures): { alternatives?: Departures[] } {
  const { 'momentum.rule': rule, ...rest } = departures;
  const constants: Readonly<Record<string, number>> = { overwritten: 1, 'never-updated': 0 };
  if (rule !== undefined && rule in constants)
    return { alternatives: [{ ...rest, 'momentum.default': constants[rule] }] };
  // Buffers that hold no graph imply that no gradient flows through what is read from them.
  return departures['statistics.train'] !== undefined && departures['running.gradient'] === undefined
    ? { alternatives: [{ ...departures, 'gradient.statistics': 'detached' }] }
    : {};
}

function drawPresence(draw: Draw, { kind, departures }: Point): Affine {
  const needed = ['affine.form', 'affine.shape', 'weight.initial', 'precision.affine'].some(
    (axis) => axis in departures,
  );
  const form = String(departures['affine.form'] ?? (kind === 'rms' ? 'weight-only' : 'weight*x+bias'));
  const present = form !== 'none' && (kind !== 'instance' || needed || draw.chance(1, 2));
  return {
    form: present ? form : 'none',
    weight: present && form !== 'bias-only',
    bias: present && form !== 'weight-only' && !(kind === 'rms' && form !== 'weight*x+bias'),
  };
}

function hasBuffers(draw: Draw, { kind, departures }: Point): boolean {
  if (kind === 'batch') return departures['statistics.eval'] !== 'batch';
  const running = Object.keys(departures).some((axis) => /^(running|momentum|variance\.running)/.test(axis));
  const plain = !('axes.reduction' in departures || 'mean.subtracted' in departures);
  return kind === 'instance' && (running || (plain && draw.chance(1, 6)));
}

interface Eps {
  readonly argument: string | null;
  readonly stored: readonly string[];
  /** Python for it in forward. */
  readonly inside: string;
}

function drawEps(draw: Draw, { kind, departures }: Point, { eps, x }: Names): Eps {
  const value = departures['eps.value'];
  const none: Eps = { argument: null, stored: [], inside: '' };
  if (departures['eps.placement'] === 'absent') return none;
  if (kind === 'rms' && value === undefined) {
    const machine = `torch.finfo(${x}.dtype).eps`;
    if (draw.chance(1, 3)) return { ...none, inside: machine };
    return {
      argument: `${eps}=None`,
      stored: [`self.${eps} = ${eps}`],
      inside: `(${machine} if self.${eps} is None else self.${eps})`,
    };
  }
  const number = pythonNumber(Number(value ?? 1e-5));
  if (departures['eps.placement'] !== 'squared' && draw.chance(1, 4)) return { ...none, inside: number };
  return { argument: `${eps}=${number}`, stored: [`self.${eps} = ${eps}`], inside: `self.${eps}` };
}

const pythonNumber = (x: number) => (x >= 1e-3 ? `${x}` : x.toExponential().replace(/e-(\d)$/, 'e-0$1'));

function constructorLines(
  draw: Draw,
  point: Point,
  names: Names,
  geometry: Geometry,
  affine: Affine,
  eps: Eps,
  running: Running | null,
  flag: boolean,
): string[] {
  const { kind, departures, trailing } = point;
  const option = flag ? [`track_running_stats=${kind === 'instance' ? 'False' : 'True'}`] : [];
  const optional = [eps.argument, running?.argument ?? null].filter((a) => a !== null);
  const first =
    kind === 'group' ? (draw.chance(2, 3) ? [names.groups, names.size] : [names.size, names.groups]) : [names.size];
  const signature = ['self', ...first, ...(draw.chance(1, 4) ? optional.toReversed() : optional), ...option].join(', ');
  const entry = departures['affine.shape'] === 'scalar' ? '1' : geometry.entry;
  const initial = departures['weight.initial'];
  const ones =
    affine.form === 'one-plus-weight' || initial === 'zeros' ? 'zeros' : initial === 'uniform' ? 'rand' : 'ones';
  const parameters = [
    ...(affine.weight ? [`self.${names.weight} = nn.Parameter(torch.${ones}(${entry}))`] : []),
    ...(affine.bias ? [`self.${names.bias} = nn.Parameter(torch.zeros(${entry}))`] : []),
  ];
  const size = trailing > 1 ? `tuple(${names.size})` : names.size;
  const buffers =
    running === null
      ? []
      : flag && hidesBuffers(point)
        ? [
            'if track_running_stats:',
            ...running.made.map((l) => `    ${l}`),
            'else:',
            `    self.${names.mean} = self.${names.variance} = None`,
          ]
        : running.made;
  const body = [
    draw.chance(1, 5) ? `super(${names.subject}, self).__init__()` : 'super().__init__()',
    `self.${names.size} = ${size}`,
    ...(kind === 'group' ? [`self.${names.groups} = ${names.groups}`] : []),
    ...eps.stored,
    ...(running?.stored ?? []),
    ...(flag ? ['self.track_running_stats = track_running_stats'] : []),
    ...parameters,
    ...buffers,
  ];
  return [`    def __init__(${signature}):`, ...body.map((line) => `        ${line}`)];
}

/** Untracked subjects have no buffers, but where they are to be read all the same. */
const hidesBuffers = ({ departures }: Point) => departures['statistics.untracked-eval'] !== 'running-initial';

// Python for the buffers of a subject: how they begin, how a step moves them, what is read from them. It knows no formula of the output.

import type { Draw } from '../../../cases/counter.ts';
import type { Geometry } from './layout.ts';
import type { Names } from './names.ts';
import type { Point } from './point.ts';

export interface Running {
  /** Lines of the constructor. */
  readonly made: readonly string[];
  /** Lines that move the buffers, given `mean` and `var`. */
  readonly update: readonly string[];
  /** The constructor's momentum argument with its default; null where there is none. */
  readonly argument: string | null;
  readonly stored: readonly string[];
  /** Python for mean and variance out of the buffers, shaped like statistics. */
  readonly mean: string;
  readonly variance: string;
  /** Lines of update that rebind leave what was read before as it was. */
  readonly rebinds: boolean;
}

export function drawRunning(draw: Draw, point: Point, geometry: Geometry, names: Names, eps: string): Running {
  const { departures } = point;
  const { mean: M, variance: V, momentum } = names;
  const rule = String(departures['momentum.rule'] ?? 'new-weight');
  const constant = departures['momentum.default'];
  const fixed = constant !== undefined || rule === 'cumulative' || (rule === 'new-weight' && draw.chance(1, 6));
  const old = rule === 'old-weight';
  const decay = rule === 'new-weight' && !fixed && draw.chance(1, 5);
  const stored = fixed ? [] : [decay ? `self.decay = 1 - ${momentum}` : `self.${momentum} = ${momentum}`];
  const share = fixed
    ? `${constant ?? 0.1}`
    : old
      ? `(1 - self.${momentum})`
      : decay
        ? '(1 - self.decay)'
        : `self.${momentum}`;
  const keepText = fixed
    ? `${trim(1 - Number(constant ?? 0.1))}`
    : old
      ? `self.${momentum}`
      : decay
        ? 'self.decay'
        : `(1 - self.${momentum})`;
  const tracked = String(departures['running.tracked'] ?? 'variance');
  const start = String(departures['running.initial'] ?? 'plain');
  const fill = (value: number) => `torch.${value === 0 ? 'zeros' : 'ones'}(${geometry.entry})`;
  const made = [
    `self.register_buffer("${M}", ${fill(start === 'swapped' ? 1 : 0)})`,
    `self.register_buffer("${V}", ${fill(start === 'plain' ? 1 : 0)})`,
  ];
  const attached = departures['running.gradient'] === 'attached';
  const mustRebind = attached || departures['statistics.train'] !== undefined;
  const spread = trackedSpread(draw, point, geometry, tracked, eps);
  const variance = geometry.statisticOf(
    tracked === 'std' ? `(self.${V} ** 2)` : tracked === 'inverse-std' ? `(self.${V} ** -2 - ${eps})` : `self.${V}`,
  );
  const base = {
    made,
    stored,
    argument: fixed ? null : `${momentum}=${old ? draw.pick([0.9, 0.9, 0.99]) : 0.1}`,
    mean: geometry.statisticOf(`self.${M}`),
    variance,
    rebinds: true,
  };
  const m = geometry.bufferOf('mean');
  if (!(rule === 'new-weight' || old))
    return { ...base, ...special(rule, M, V, m, spread, share, keepText, geometry.entry, made) };
  const style = mustRebind ? 'rebind' : draw.pick(['rebind', 'lerp', 'multiply', 'step', 'copy']);
  const update = moves(draw, style, attached, keepText, share, [
    [M, m],
    [V, spread],
  ]);
  return { ...base, update, rebinds: style === 'rebind' };
}

// --- internal ---

const trim = (x: number) => Number(x.toFixed(6));

/** What the second buffer takes in, in the buffer's shape. */
function trackedSpread(draw: Draw, point: Point, geometry: Geometry, tracked: string, eps: string): string {
  const { departures } = point;
  const usesUnbiased = departures['variance.normalization'] === 'unbiased';
  const wantsUnbiased = departures['variance.running'] !== 'biased';
  const n = `(${geometry.count})`;
  const value =
    usesUnbiased === wantsUnbiased
      ? 'var'
      : wantsUnbiased
        ? draw.pick([`(var * ${n} / (${n} - 1))`, `(var * (${n} / (${n} - 1)))`])
        : draw.pick([`(var * (${n} - 1) / ${n})`, `(var * ((${n} - 1) / ${n}))`]);
  const shaped = geometry.bufferOf(value);
  if (tracked === 'std') return `${shaped} ** 0.5`;
  return tracked === 'inverse-std' ? `(${shaped} + ${eps}) ** -0.5` : shaped;
}

function moves(
  draw: Draw,
  style: string,
  attached: boolean,
  keep: string,
  share: string,
  pairs: readonly (readonly [string, string])[],
): string[] {
  const detach = (s: string) => (attached ? s : `(${s}).detach()`);
  if (style === 'rebind') {
    const order = draw.chance(1, 2);
    return pairs.map(([name, s]) =>
      order
        ? `self.${name} = ${keep} * self.${name} + ${share} * ${detach(s)}`
        : `self.${name} = ${share} * ${detach(s)} + ${keep} * self.${name}`,
    );
  }
  const lines = pairs.map(([name, s]) => {
    const wide = `(${s}).expand_as(self.${name})`;
    if (style === 'lerp') return `self.${name}.lerp_(${wide}, ${share})`;
    if (style === 'multiply') return `self.${name}.mul_(${keep}).add_(${s}, alpha=${share})`;
    if (style === 'copy') return `self.${name}.copy_(${keep} * self.${name} + ${share} * ${s})`;
    return `self.${name} += ${share} * (${s} - self.${name})`;
  });
  return ['with torch.no_grad():', ...lines.map((line) => `    ${line}`)];
}

function special(
  rule: string,
  M: string,
  V: string,
  m: string,
  spread: string,
  share: string,
  keep: string,
  entry: string,
  made: readonly string[],
) {
  const detached = (s: string) => `(${s}).detach()`;
  const whole = (s: string) => `torch.zeros_like(self.${M}) + ${detached(s)}`;
  const counter = 'self.register_buffer("steps", torch.tensor(0))';
  switch (rule) {
    case 'never-updated':
      return { update: ['pass  # todo: moving averages'] };
    case 'overwritten':
      return { update: [`self.${M} = ${whole(m)}`, `self.${V} = ${whole(spread)}`] };
    case 'cumulative':
      return {
        made: [...made, counter],
        update: [
          'self.steps += 1',
          'share = 1.0 / float(self.steps)',
          `self.${M} = self.${M} + (${detached(m)} - self.${M}) * share`,
          `self.${V} = self.${V} + (${detached(spread)} - self.${V}) * share`,
        ],
      };
    case 'first-step-copies':
      return {
        made: [...made, counter],
        update: [
          'first = int(self.steps) == 0',
          'self.steps += 1',
          `self.${M} = ${whole(m)} if first else ${keep} * self.${M} + ${share} * ${detached(m)}`,
          `self.${V} = ${whole(spread)} if first else ${keep} * self.${V} + ${share} * ${detached(spread)}`,
        ],
      };
    default:
      return {
        made: [
          ...made,
          counter,
          `self.register_buffer("hidden_m", torch.zeros(${entry}))`,
          `self.register_buffer("hidden_v", torch.zeros(${entry}))`,
        ],
        update: [
          'self.steps += 1',
          `self.hidden_m = ${keep} * self.hidden_m + ${share} * ${detached(m)}`,
          `self.hidden_v = ${keep} * self.hidden_v + ${share} * ${detached(spread)}`,
          `correction = 1 - ${keep} ** int(self.steps)`,
          `self.${M}, self.${V} = self.hidden_m / correction, self.hidden_v / correction`,
        ],
      };
  }
}

// The forward method of a random subject: statistics, state, quotient, affine map. It makes no constructor.

import type { Draw } from '../../../cases/counter.ts';
import { drawAffine, drawMoments, drawQuotient } from './formulas.ts';
import type { Geometry } from './layout.ts';
import type { Names } from './names.ts';
import type { Point } from './point.ts';
import type { Running } from './running.ts';

export interface Affine {
  readonly form: string;
  readonly weight: boolean;
  readonly bias: boolean;
}

/** The body of forward; `flag` where the subject has a track_running_stats option. */
export function drawForward(
  draw: Draw,
  point: Point,
  names: Names,
  geometry: Geometry,
  affine: Affine,
  eps: string,
  running: Running | null,
  flag: boolean,
): string[] {
  const { departures } = point;
  const half = departures['precision.affine'] !== undefined;
  const upcast = half
    ? [`dtype = ${names.x}.dtype`, `${names.x} = ${names.x}.to(torch.promote_types(dtype, torch.float32))`]
    : [];
  const statistics = statisticsLines(draw, point, geometry, running, flag);
  const mutates = departures['input.mutated'] !== undefined;
  const subtracted = departures['mean.subtracted'] ?? (point.kind === 'rms' ? 'no' : 'yes');
  const centres = subtracted === 'yes' || subtracted === 'from-output-only';
  const mutation = mutates
    ? [draw.chance(1, 2) ? `${geometry.z} -= ${geometry.wide('mean')}` : `${geometry.z}.sub_(${geometry.wide('mean')})`]
    : [];
  const numerator = centres && !mutates ? `(${geometry.z} - ${geometry.wide('mean')})` : geometry.z;
  const quotient = drawQuotient(draw, departures, numerator, geometry.wide('var'), eps);
  const rounded = half ? [`y = y.to(dtype)`] : [];
  const scalar = departures['affine.shape'] === 'scalar';
  const wide = (name: string) => (scalar ? `self.${name}` : geometry.wideParameter(`self.${name}`));
  const map = (y: string) =>
    drawAffine(draw, affine.form, y, affine.weight ? wide(names.weight) : null, affine.bias ? wide(names.bias) : null);
  const last = geometry.affineFirst
    ? [`y = ${map('y')}`, `return ${geometry.done('y')}`]
    : [`y = ${geometry.done('y')}`, `return ${map('y')}`];
  return [...upcast, ...geometry.prepare, ...statistics, ...mutation, `y = ${quotient}`, ...rounded, ...last];
}

// --- internal ---

function statisticsLines(
  draw: Draw,
  point: Point,
  geometry: Geometry,
  running: Running | null,
  flag: boolean,
): string[] {
  const { departures } = point;
  const moments = drawMoments(draw, point, geometry);
  if (running === null) return [...moments];
  const indent = (lines: readonly string[]) => lines.map((line) => `    ${line}`);
  const read = [`mean, var = ${running.mean}, ${running.variance}`];
  const tracks = flag ? 'self.track_running_stats' : null;
  const guarded = tracks === null ? running.update : [`if ${tracks}:`, ...indent(running.update)];
  if (departures['statistics.train'] === 'running-after-update')
    return ['if self.training:', ...indent([...moments, ...running.update]), ...read];
  if (departures['statistics.train'] === 'running-before-update') {
    const before = [`used_mean, used_var = ${running.mean}, ${running.variance}`];
    return [
      ...before,
      'if self.training:',
      ...indent([...moments, ...running.update]),
      'mean, var = used_mean, used_var',
    ];
  }
  if (departures['running.update-in-eval'] !== undefined) {
    const kept = running.rebinds
      ? [running.mean, running.variance]
      : [`${running.mean}.clone()`, `${running.variance}.clone()`];
    const stale = [`old_mean, old_var = ${kept[0]}, ${kept[1]}`];
    return [...stale, ...moments, ...running.update, 'if not self.training:', '    mean, var = old_mean, old_var'];
  }
  if (tracks === null)
    return ['if self.training:', ...indent([...moments, ...running.update]), 'else:', ...indent(read)];
  if (departures['statistics.untracked-eval'] !== undefined)
    return ['if self.training:', ...indent([...moments, ...guarded]), 'else:', ...indent(read)];
  const used = `if self.training or not ${tracks}:`;
  const update = [`if self.training and ${tracks}:`, ...indent(running.update)];
  return [used, ...indent([...moments, ...update]), 'else:', ...indent(read)];
}

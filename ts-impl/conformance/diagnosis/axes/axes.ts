// All axis entries, gravest first. The loop over them is the diagnosis; the table in docs/conventions.md is made from them.

import { BUFFER_AXES } from './axes-buffers.ts';
import { CONDUCT_AXES } from './axes-conduct.ts';
import { NUMBER_AXES } from './axes-numbers.ts';
import { PARAMETER_AXES } from './axes-parameters.ts';
import { PRECISION_AXES } from './axes-precision.ts';
import { SHAPE_AXES } from './axes-shape.ts';
import { STATE_AXES } from './axes-state.ts';
import type { Axis, AxisValue, Subject } from './axis.ts';
import { sameValue } from './axis.ts';
import type { Target } from './target.ts';

export const AXES: readonly Axis[] = [
  ...SHAPE_AXES,
  ...PARAMETER_AXES,
  ...NUMBER_AXES,
  ...STATE_AXES,
  ...BUFFER_AXES,
  ...PRECISION_AXES,
  ...CONDUCT_AXES,
];

/** One axis on which a subject is not where PyTorch is. */
export interface Departure {
  readonly axis: Axis;
  readonly level: 'error' | 'note';
  readonly expected: AxisValue;
  readonly actual: AxisValue;
}

/** Where a measured subject departs from a target, in the order of the axes. */
export function departuresFrom(target: Target, subject: Subject): Departure[] {
  const departures: Departure[] = [];
  for (const axis of AXES) {
    const expected = axis.pytorch(target);
    if (expected === null) continue;
    const actual = axis.measured(subject, target);
    if (actual === null || sameValue(axis, expected, actual)) continue;
    const level = typeof axis.level === 'function' ? axis.level(subject, target) : axis.level;
    departures.push({ axis, level, expected, actual });
  }
  return withoutImplied(departures);
}

export const errorsIn = (departures: readonly Departure[]): Departure[] =>
  departures.filter((d) => d.level === 'error');

// --- internal ---

/** One cause is one finding: what another departure implies stands in its evidence, not again. */
function withoutImplied(departures: readonly Departure[]): Departure[] {
  const has = (id: string, value?: AxisValue) =>
    departures.some((d) => d.axis.id === id && (value === undefined || d.actual === value));
  return departures.filter(({ axis, actual }) => {
    switch (axis.id) {
      case 'variance.normalization':
        return !has('mean.subtracted', 'no');
      case 'momentum.default':
      case 'variance.running':
      case 'running.tracked':
      case 'running.gradient':
      case 'running.update-in-eval':
        return !has('momentum.rule', 'never-updated');
      case 'affine.shape':
        return !has('affine.form', 'ignored');
      case 'statistics.untracked-eval':
        return !has('momentum.rule', 'first-step-copies');
      case 'input.layout':
        return !(has('channel.axis') && actual === 'other');
      default:
        return true;
    }
  });
}

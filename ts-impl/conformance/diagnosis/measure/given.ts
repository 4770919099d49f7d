// What a specimen's owner knows of it beforehand: arguments that are fixed, what its arguments are for, the shapes it takes. It asks nothing.

import type { Value } from '../../../../cases/case.ts';
import type { Shape } from '../../../tensor/shape.ts';
import type { ArgumentRole } from './argument-role.ts';
import type { ArgumentChoice } from './constructor-arguments.ts';
import { CHANNELS, type Rung } from './ladder.ts';
import type { Given } from './specimen.ts';

export function rolesWith(roles: Map<string, ArgumentRole>, given: Given | undefined): Map<string, ArgumentRole> {
  if (given === undefined) return roles;
  const known = Object.entries(given.roles);
  // Only one argument is the size: a guess gives way to what is known.
  const guessed = known.some(([, role]) => role === 'size')
    ? [...roles].map(([name, role]) => [name, role === 'size' ? 'other' : role] as const)
    : roles;
  return new Map([...guessed, ...known]);
}

/** The rungs to climb: the shapes that are given, or those of the ladder with the given size in the place of its own. */
export function rungsWith(
  rungs: readonly Rung[],
  roles: ReadonlyMap<string, ArgumentRole>,
  given: Given | undefined,
): readonly Rung[] {
  if (given === undefined) return rungs;
  if (given.shapes !== null) return given.shapes.map((shape) => ({ shape, coincidence: coincides(shape) }));
  const size = sizeOf(roles, given);
  if (size === null) return fittingGroups(rungs, roles, given);
  if (size.length > 1) {
    const own: Rung[] = [
      [4, ...size],
      [4, 5, ...size],
      [3, 2, ...size],
    ].map((shape) => ({ shape, coincidence: false }));
    return own;
  }
  return rungs.map(({ shape, coincidence }) => ({ shape: resized(shape, size[0]), coincidence }));
}

/** A choice of arguments with the given ones in it. */
export function choiceWith(
  choice: ArgumentChoice,
  roles: ReadonlyMap<string, ArgumentRole>,
  { shape }: Rung,
  given: Given | undefined,
): ArgumentChoice {
  if (given === undefined) return choice;
  const args = { ...choice.arguments, ...given.arguments };
  const groups = Object.entries(given.arguments).find(([name]) => roles.get(name) === 'groups')?.[1];
  const size = sizeOf(roles, given);
  const grouped = { ...choice, arguments: args, groups: groups?.kind === 'int' ? groups.value : choice.groups };
  if (size === null) return grouped;
  const list = Object.entries(given.arguments).some(([name, v]) => roles.get(name) === 'size' && v.kind === 'list');
  const last = list || (shape[1] !== size[0] && shape[shape.length - 1] === size[0]);
  return { ...grouped, size, list, sizeAxis: last ? 'last' : 1 };
}

/** The roles of tensors with the given ones in the place of what was found. */
export function tensorRolesWith<R extends Roles>(roles: R, given: Given | undefined): R {
  let changed = roles;
  for (const [name, word] of Object.entries(given?.tensors ?? {})) {
    const role = TENSOR_ROLES[word];
    if (role === undefined) continue;
    const freed = Object.fromEntries(
      Object.values(TENSOR_ROLES).flatMap((other) => (changed[other] === name ? [[other, null]] : [])),
    );
    const without = (names: readonly string[]) => names.filter((n) => n !== name);
    const { options, idle, extras } = changed;
    changed = {
      ...changed,
      options: without(options),
      idle: without(idle),
      extras: without(extras),
      ...freed,
      [role]: name,
    };
  }
  return changed;
}

// --- internal ---

interface Roles {
  readonly weight: string | null;
  readonly bias: string | null;
  readonly runningMean: string | null;
  readonly runningVar: string | null;
  readonly options: readonly string[];
  readonly idle: readonly string[];
  readonly extras: readonly string[];
}

const TENSOR_ROLES: Readonly<Record<string, 'weight' | 'bias' | 'runningMean' | 'runningVar'>> = {
  weight: 'weight',
  bias: 'bias',
  running_mean: 'runningMean',
  running_var: 'runningVar',
};

function sizeOf(roles: ReadonlyMap<string, ArgumentRole>, given: Given): readonly number[] | null {
  const value = Object.entries(given.arguments).find(([name]) => roles.get(name) === 'size')?.[1];
  return value === undefined ? null : numbersIn(value);
}

function numbersIn(value: Value): readonly number[] | null {
  if (value.kind === 'int') return [value.value];
  if (value.kind !== 'list') return null;
  return value.items.flatMap((item) => (item.kind === 'int' ? [item.value] : []));
}

/** Where a number of groups is given, channels that it divides. */
function fittingGroups(
  rungs: readonly Rung[],
  roles: ReadonlyMap<string, ArgumentRole>,
  given: Given,
): readonly Rung[] {
  const groups = Object.entries(given.arguments).find(([name]) => roles.get(name) === 'groups')?.[1];
  if (groups?.kind !== 'int' || CHANNELS % groups.value === 0) return rungs;
  const channels = 2 * groups.value;
  return rungs.map(({ shape, coincidence }) => ({ shape: resized(shape, channels), coincidence }));
}

/** The size in the place of the ladder's channels; another size that it would meet moves away. */
function resized(shape: Shape, size: number): Shape {
  return shape.map((n, axis) => (n === CHANNELS ? size : n === size && axis > 0 ? n + 6 : n));
}

const coincides = (shape: Shape) => new Set(shape.slice(1)).size < shape.length - 1;

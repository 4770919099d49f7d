// Values for the arguments of a foreign constructor: what each argument is for by its name, and what fits an input shape. It asks nothing.

import { type Arguments, bool, float, int, ints, type Value } from '../../../../cases/case.ts';
import type { Shape } from '../../../tensor/shape.ts';
import type { ArgumentRole } from './argument-role.ts';
import { CHANNELS, type Rung } from './ladder.ts';
import type { ConstructorParameter } from './specimen.ts';
import { TRIAL_MOMENTUM } from './update-rule.ts';

export type { ArgumentRole } from './argument-role.ts';

export interface ArgumentChoice {
  readonly arguments: Arguments;
  readonly size: readonly number[] | null;
  readonly groups: number | null;
  readonly sizeAxis: 1 | 'last' | null;
  /** The size is given as a list. */
  readonly list: boolean;
  readonly sizeArguments: readonly string[];
}

/** The roles that the names of constructor arguments suggest; behaviour has the last word later. */
export function rolesOf(signature: readonly ConstructorParameter[]): Map<string, ArgumentRole> {
  const roles = new Map<string, ArgumentRole>();
  for (const { name } of signature) roles.set(name, roleOf(name.toLowerCase()));
  const required = signature.filter((p) => !p.hasDefault);
  if (![...roles.values()].includes('size')) {
    // A lone `ndim` is a width; where nothing else may be the size, `*shape` is.
    const first =
      required.find((p) => roles.get(p.name) === 'rank') ??
      required.find((p) => roles.get(p.name) === 'other') ??
      signature.find((p) => p.variadic === true) ??
      signature.find((p) => roles.get(p.name) === 'other' && isWidth(p));
    if (first !== undefined) roles.set(first.name, 'size');
  }
  return roles;
}

/** Values for the required arguments that fit the rung, the likeliest first. */
export function argumentChoices(
  signature: readonly ConstructorParameter[],
  roles: ReadonlyMap<string, ArgumentRole>,
  rung: Rung,
): ArgumentChoice[] {
  const { shape } = rung;
  const sized = signature.some((p) => !p.hasDefault && roles.get(p.name) === 'size');
  const wanted = signature.filter(
    (p) =>
      !p.hasDefault ||
      roles.get(p.name) === 'groups' ||
      isOffByDefault(p, roles) ||
      (!sized && roles.get(p.name) === 'size' && isWidth(p)),
  );
  const channels = shape[1];
  const lastSize = shape[shape.length - 1];
  const lastFirst = lastSize === C && channels !== C;
  const sizes: { size: number[]; axis: 1 | 'last'; list: boolean }[] = lastFirst
    ? [
        { size: [lastSize], axis: 'last', list: false },
        { size: [lastSize], axis: 'last', list: true },
        ...(shape.length === 4
          ? [2, 3].map((count) => ({ size: [...shape.slice(4 - count)], axis: 'last' as const, list: true }))
          : []),
      ]
    : [
        { size: [channels], axis: 1, list: false },
        { size: [...shape.slice(1)], axis: 'last', list: true },
      ];
  const hasSize = wanted.some((p) => roles.get(p.name) === 'size');
  const hasGroups = wanted.some((p) => roles.get(p.name) === 'groups');
  const groups = hasGroups ? groupsFor(channels) : null;
  const choices: ArgumentChoice[] = [];
  const apart = wanted.filter(
    (p) => !p.hasDefault && /^(c|h|w|d|l|channels?|height|width|depth|length)$/i.test(p.name),
  );
  if (apart.length >= 2 && apart.length === shape.length - 1 && !hasGroups)
    choices.push(chooseApart(wanted, roles, apart, shape));
  for (const size of hasSize ? sizes : [null]) {
    choices.push(choose(wanted, roles, size, groups, shape));
  }
  const others = wanted.filter((p) => roles.get(p.name) === 'other');
  if (hasSize && !hasGroups && others.length === 1) {
    const swapped = new Map(roles).set(others[0].name, 'groups' as const);
    choices.push(choose(wanted, swapped, sizes[0], groupsFor(channels), shape));
  }
  return choices;
}

/** The argument that is the momentum by its name, and its default as a number; null without one. */
export function momentumArgument(
  signature: readonly ConstructorParameter[],
  roles: ReadonlyMap<string, ArgumentRole>,
): { readonly name: string; readonly default: number | null } | null {
  const found = signature.find((p) => roles.get(p.name) === 'momentum');
  if (found === undefined) return null;
  const { default: value } = found;
  return { name: found.name, default: value?.kind === 'float' || value?.kind === 'int' ? value.value : null };
}

/** The arguments with the trial momentum. */
export function withMomentum(args: Arguments, argument: { readonly name: string } | null): Arguments {
  return argument === null ? args : { ...args, [argument.name]: float(TRIAL_MOMENTUM) };
}

// --- internal ---

/** A size with a default: `d_model=512`, but not `dim=-1`; and `*shape`, which has none. */
function isWidth(p: ConstructorParameter): boolean {
  return p.variadic === true || (p.default?.kind === 'int' && p.default.value > 1);
}

/** The number of groups that divides the channels, the one that shows most. */
const groupsFor = (channels: number) => GROUPS.find((g) => channels % g === 0) ?? 1;

/** An affine form that has to be asked for, as InstanceNorm's has: asked for, it can be measured. */
function isOffByDefault(p: ConstructorParameter, roles: ReadonlyMap<string, ArgumentRole>): boolean {
  const whole = roles.get(p.name) === 'affine' && !/bias/i.test(p.name); // a bias alone may be no part of the layer
  return whole && p.default?.kind === 'bool' && !p.default.value;
}

const C = CHANNELS;
const GROUPS = [3, 4, 2];

function roleOf(name: string): ArgumentRole {
  if (/eps|^e$/.test(name)) return 'eps';
  if (/mom|decay|^alpha$|^m$/.test(name)) return 'momentum';
  if (/affine|learnable|bias|^scale$|^center$/.test(name)) return 'affine';
  if (/track|running/.test(name)) return 'track';
  if (/group|^g$/.test(name)) return 'groups';
  if (/^(num_?dims?|n_?dims?|rank|ndim)$/.test(name)) return 'rank';
  if (/feature|channel|dim|shape|size|hidden|units|width|planes|^(c|d|n|ch|nf|nc|h)$|d_model|embed|neuron/.test(name))
    return 'size';
  return 'other';
}

/** Sizes that are named one by one, as in (c, h, w): each trailing axis gets its own. */
function chooseApart(
  wanted: readonly ConstructorParameter[],
  roles: ReadonlyMap<string, ArgumentRole>,
  apart: readonly ConstructorParameter[],
  shape: Shape,
): ArgumentChoice {
  const rest = wanted.filter((p) => !apart.includes(p));
  const { arguments: args } = choose(rest, roles, null, null, shape);
  const size = shape.slice(1);
  const given = Object.fromEntries(apart.map((p, i) => [p.name, int(size[i])]));
  return {
    arguments: { ...given, ...args },
    size,
    groups: null,
    sizeAxis: 'last',
    list: false,
    sizeArguments: apart.map((p) => p.name),
  };
}

function choose(
  wanted: readonly ConstructorParameter[],
  roles: ReadonlyMap<string, ArgumentRole>,
  size: { size: number[]; axis: 1 | 'last'; list: boolean } | null,
  groups: number | null,
  shape: Shape,
): ArgumentChoice {
  const args: Record<string, Value> = {};
  for (const { name, variadic } of wanted) {
    switch (roles.get(name)) {
      case 'size':
        args[name] = size === null ? int(C) : size.list || variadic === true ? ints(size.size) : int(size.size[0]);
        break;
      case 'groups':
        args[name] = int(groups ?? 1);
        break;
      case 'eps':
        args[name] = float(1e-5);
        break;
      case 'momentum':
        args[name] = float(0.1);
        break;
      case 'affine':
      case 'track':
        args[name] = bool(true);
        break;
      case 'rank':
        args[name] = int(shape.length);
        break;
      default:
        args[name] = int(2);
    }
  }
  return {
    arguments: args,
    size: size?.size ?? null,
    groups,
    sizeAxis: size?.axis ?? null,
    list: size?.list ?? false,
    sizeArguments: [],
  };
}

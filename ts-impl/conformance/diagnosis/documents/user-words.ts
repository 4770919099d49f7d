// What the user says of how a norm is made and what its names are for (--init, --map), fitted to one signature. It asks nothing.

import type { Arguments, Value } from '../../../../cases/case.ts';
import type { LoadedParameter } from '../../subjects/wire/reply.ts';
import type { ArgumentRole } from '../measure/argument-role.ts';
import type { Given } from '../measure/specimen.ts';
import type { LiteralCall } from './literal-arguments.ts';

/** The roles that --map knows, PyTorch's names of tensors and arguments, and what the engine and the worker call arguments. */
export const MAPPED_ROLES = {
  input: null,
  weight: null,
  bias: null,
  running_mean: null,
  running_var: null,
  training: null,
  num_features: 'size',
  num_channels: 'size',
  normalized_shape: 'size',
  num_groups: 'groups',
  eps: 'eps',
  momentum: 'momentum',
  affine: 'affine',
  track_running_stats: 'track',
} as const satisfies Record<string, ArgumentRole | null>;

export interface UserWords {
  readonly init: readonly LiteralCall[];
  /** Roles of MAPPED_ROLES by the names they are meant for. */
  readonly map: Readonly<Record<string, string>>;
  /** Of several documents not each needs to take the --init. */
  readonly someOnly?: boolean;
}

export const NO_WORDS: UserWords = { init: [], map: {} };

/** What is given of a class or function with these parameters; undefined for nothing. */
export function givenOf(name: string, parameters: readonly LoadedParameter[], words: UserWords): Given | undefined {
  const names = namesOf(parameters);
  const fitting = words.init.filter((call) => fits(call, name, parameters));
  const args: Arguments = Object.assign({}, ...fitting.map((call) => bound(call, names)));
  const roles: Record<string, ArgumentRole> = {};
  const tensors: Record<string, string> = {};
  for (const [named, role] of Object.entries(words.map)) {
    const argument = isRole(role) ? MAPPED_ROLES[role] : null;
    if (argument === null) tensors[named] = role;
    else if (names.includes(named)) roles[named] = argument;
  }
  const nothing = [args, roles, tensors].every((part) => Object.keys(part).length === 0);
  return nothing ? undefined : { arguments: args, roles, tensors, shapes: null };
}

/** Whether an --init is one that a class or function with these parameters takes. */
export function fits(call: LiteralCall, name: string, parameters: readonly LoadedParameter[]): boolean {
  if (call.name !== null && call.name !== name) return false;
  const names = namesOf(parameters);
  const takesAny = parameters.some((p) => p.kind === 'var_keyword');
  return call.positional.length <= names.length && Object.keys(call.named).every((n) => takesAny || names.includes(n));
}

export const isRole = (word: string): word is keyof typeof MAPPED_ROLES => word in MAPPED_ROLES;

// --- internal ---

const namesOf = (parameters: readonly LoadedParameter[]): string[] =>
  parameters.filter((p) => p.kind !== 'var_positional' && p.kind !== 'var_keyword').map((p) => p.name);

function bound({ positional, named }: LiteralCall, names: readonly string[]): Record<string, Value> {
  return { ...Object.fromEntries(positional.map((value, i) => [names[i], value])), ...named };
}

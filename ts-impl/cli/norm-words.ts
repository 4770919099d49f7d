// The options --init and --map, read into what the audit takes. They say how a norm is made, and what its names are for.

import type { Command } from 'commander';
import { type LiteralCall, parseLiteralCall } from '../conformance/diagnosis/documents/literal-arguments.ts';
import { isRole, MAPPED_ROLES, type UserWords } from '../conformance/diagnosis/documents/user-words.ts';
import { UsageError } from './edge.ts';

export interface NormWordFlags {
  readonly init: readonly string[];
  readonly map: readonly string[];
}

export function addNormWords(command: Command): Command {
  const more = (value: string, before: readonly string[]) => [...before, value];
  return command
    .option(
      '--init <arguments>',
      'how a class is constructed, as in "num_features=6, affine=True" or "MyNorm(6, eps=1e-3)"; may be given more than once',
      more,
      [],
    )
    .option(
      '--map <role=name>',
      'what a parameter, buffer or argument is, as in weight=g or num_groups=k; may be given more than once',
      more,
      [],
    );
}

/** Throws UsageError. */
export function readNormWords({ init, map }: NormWordFlags): UserWords {
  return { init: init.map(readInit), map: Object.fromEntries(map.map(readMap)) };
}

// --- internal ---

function readInit(source: string): LiteralCall {
  const call = parseLiteralCall(source);
  if ('problem' in call)
    throw new UsageError(
      `--init is "${source}": ${call.problem}; write it as a call's arguments, as in "num_features=6, affine=True"`,
    );
  return call;
}

function readMap(source: string): [string, string] {
  const [role, name, ...rest] = source.split('=').map((part) => part.trim());
  if (role === '' || name === undefined || name === '' || rest.length > 0)
    throw new UsageError(`--map is "${source}", expected a role and a name, as in weight=g`);
  if (!isRole(role))
    throw new UsageError(`--map has the role "${role}"; there are ${Object.keys(MAPPED_ROLES).join(', ')}`);
  return [name, role];
}

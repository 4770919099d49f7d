// The registry of saboteurs. A behaviour, a case or a judge that none of them can make fail is not testing anything.

import { ENDINGS } from './endings.ts';
import { NAMES } from './names.ts';
import { CONSTANT, IDENTITY, INPUT_ECHO, NAN, NUMBERS, ZEROS } from './numbers.ts';
import type { Saboteur } from './saboteur.ts';

export const SABOTEURS: readonly Saboteur[] = [...NUMBERS, ...NAMES, ...ENDINGS];

/** The five that every suite is held against: whoever passes with these passes with anything. */
export const PLAIN_SABOTEURS: readonly Saboteur[] = [ZEROS, IDENTITY, INPUT_ECHO, CONSTANT, NAN];

/** Throws RangeError for a name that is not in the registry. */
export function saboteurNamed(name: string): Saboteur {
  const found = SABOTEURS.find((s) => s.name === name);
  if (found === undefined) throw new RangeError(`no saboteur is called "${name}"; test/saboteurs/all.ts lists them`);
  return found;
}

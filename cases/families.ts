// The families of cases as a list for people: name and one line each.

import { DRAWN_FAMILIES } from './families/drawn.ts';
import { FAMILY_NAMES, type FamilyName, type ListedName } from './g1/generate.ts';

export interface FamilyLine {
  readonly id: FamilyName;
  readonly line: string;
}

export function listFamilies(): readonly FamilyLine[] {
  return FAMILY_NAMES.map((id) => ({ id, line: lineOf(id) }));
}

// --- internal ---

function lineOf(id: FamilyName): string {
  return id in DRAWN_FAMILIES
    ? DRAWN_FAMILIES[id as keyof typeof DRAWN_FAMILIES].line // just found in it
    : LISTED_LINES[id as ListedName]; // the only other kind
}

const LISTED_LINES: Readonly<Record<ListedName, string>> = {
  edges: 'legal but surprising calls, and options at their edge',
  empty: 'inputs without a batch or without extent',
  state: 'state dicts saved and loaded, copies, casts, resets, attributes changed later',
  refusals: 'calls that PyTorch refuses, one row an error',
};

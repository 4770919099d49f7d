// How the subjects outside the space end, one by one and counted. It judges nothing itself.

import type { Audited } from './audit-corpus.ts';
import { type HeldOutside, holdOutside, type OutsideEnding } from './hold-outside.ts';
import type { OutsideDocument } from './read-corpus.ts';

export interface Ended {
  readonly document: string;
  readonly subject: string;
  readonly held: HeldOutside;
}

export function endingsOf({ name, subjects }: OutsideDocument, audited: Audited): Ended[] {
  return Object.entries(subjects).map(([subject, sayable]) => {
    const found = audited.subjects.find((s) => s.name === subject) ?? null;
    return { document: name, subject, held: holdOutside(sayable, found, audited.skipped, subject) };
  });
}

/** Null for one that ended well. */
export function renderOutside({ document, subject, held }: Ended): string | null {
  if (held.ending !== 'misnamed') return null;
  return `✗ outside/${document} ${subject}\n${held.untrue.map((u) => `    misnamed ${u}`).join('\n')}`;
}

export function renderEndings(ended: readonly Ended[]): string {
  const count = (ending: OutsideEnding) => ended.filter((e) => e.held.ending === ending).length;
  const kinds = (['unexplained', 'named', 'skipped', 'undecided', 'misnamed'] as const).map((e) => `${count(e)} ${e}`);
  return `outside the space: ${ended.length} subjects, ${kinds.join(', ')}`;
}

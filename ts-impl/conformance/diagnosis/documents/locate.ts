// Finds the line of a class that a finding speaks of, by the words its axis is usually written with. A guess that stays inside the class.

import type { Location } from '../../finding.ts';
import type { Clues } from '../axes/axis.ts';
import { type Block, lineInFile } from './block.ts';

export interface ClassPlace {
  readonly file: string;
  readonly line: number;
  readonly endLine: number;
  readonly forwardLine: number | null;
}

/** The first line that the earliest clue matches, `forward` before the rest of the class; the head of `forward` where none does. */
export function locate(clues: Clues, place: ClassPlace, blocks: readonly Block[]): Location {
  const lines = linesOf(place, blocks);
  const forward = place.forwardLine ?? place.line;
  const inForward = lines.filter((l) => l.line > forward);
  const before = lines.filter((l) => l.line <= forward);
  for (const clue of clues) {
    const found = [...inForward, ...before].find((l) => clue.test(l.text));
    if (found !== undefined) return at(place.file, found.line, blocks);
  }
  return at(place.file, forward, blocks);
}

/** Whether a line of the class holds such words, its comments left out. */
export function mentions(words: RegExp, place: ClassPlace, blocks: readonly Block[]): boolean {
  return linesOf(place, blocks).some((l) => words.test(l.text));
}

// --- internal ---

function at(file: string, line: number, blocks: readonly Block[]): Location {
  const inFile = lineInFile(blocks, line);
  return { file, line: inFile, endLine: inFile };
}

function linesOf(place: ClassPlace, blocks: readonly Block[]): { line: number; text: string }[] {
  return blocks.flatMap((block) =>
    block.text
      .split('\n')
      .map((text, i) => ({ line: block.line + i, text: text.replace(/#.*$/, '') }))
      .filter(({ line }) => line >= place.line && line <= place.endLine),
  );
}

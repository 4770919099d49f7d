// The code cells of a notebook (nbformat 4) as blocks that know their lines in the file. Outputs are not looked at.

import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Block } from './block.ts';
import { plainPython } from './plain-python.ts';

/** A line of a cell and the line of the file on which it stands. */
export interface Line {
  readonly text: string;
  readonly line: number;
}

/** The Python cells of a notebook, or what is wrong with it, as the end of a sentence that begins with its name. */
export function notebookBlocks(text: string): Block[] | string {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true });
  const lineOf = lineFinder(text);
  if (root === undefined || errors.length > 0) {
    const [first] = errors;
    const where = first === undefined ? '' : ` (${printParseErrorCode(first.error)} at line ${lineOf(first.offset)})`;
    return `is no notebook: its JSON does not parse${where}; open it in Jupyter and save it again`;
  }
  const cells = findNodeAtLocation(root, ['cells'])?.children;
  if (cells === undefined) {
    return findNodeAtLocation(root, ['worksheets']) === undefined
      ? 'is no notebook: it has no "cells"; name the .ipynb file that Jupyter wrote'
      : 'is a notebook of an old format; convert it with `jupyter nbconvert --to notebook --inplace`';
  }
  const language = languageOf(root);
  if (language !== null && !/python/i.test(language)) return [];
  const blocks: Block[] = [];
  let free = 1; // the first line that no block before has taken
  cells.forEach((cell, i) => {
    const lines = findNodeAtLocation(cell, ['cell_type'])?.value === 'code' ? sourceLines(cell, lineOf) : [];
    const code = lines.map((l) => l.text).join('\n');
    if (lines.length === 0 || OTHER_LANGUAGE.test(code)) return;
    const inFile = lines.map((l) => l.line);
    const first = inFile[0];
    // Where each line of the cell has its own line of the file they are counted by the file, otherwise by themselves.
    const line = first >= free && inFile.every((at, k) => at === first + k) ? first : free;
    blocks.push({ line, text: plainPython(code), cell: { number: i + 1, lines: inFile } });
    free = line + lines.length;
  });
  return blocks;
}

/** The Markdown cells of a notebook, each as its lines; empty for a text that is no notebook. */
export function markdownCells(text: string): Line[][] {
  const root = parseTree(text, [], { disallowComments: true });
  const cells = root === undefined ? undefined : findNodeAtLocation(root, ['cells'])?.children;
  const lineOf = lineFinder(text);
  return (cells ?? [])
    .filter((cell) => findNodeAtLocation(cell, ['cell_type'])?.value === 'markdown')
    .map((cell) => sourceLines(cell, lineOf));
}

// --- internal ---

/** Magics that hand the whole cell to something else. Those that only time or capture it do not. */
const OTHER_LANGUAGE =
  /^\s*%%(?!time\b|timeit\b|capture\b|prun\b|python3?\b|pypy\b|memit\b|mprun\b|lprun\b|debug\b)[A-Za-z]/;

function languageOf(root: Node): string | null {
  for (const path of [
    ['metadata', 'kernelspec', 'language'],
    ['metadata', 'language_info', 'name'],
  ]) {
    const value: unknown = findNodeAtLocation(root, path)?.value;
    if (typeof value === 'string') return value;
  }
  return null;
}

/** The source of a cell, a list of lines or one text, as lines with the line of the file on which each stands. */
function sourceLines(cell: Node, lineOf: (offset: number) => number): Line[] {
  const source = findNodeAtLocation(cell, ['source']);
  const parts = source?.type === 'array' ? (source.children ?? []) : source === undefined ? [] : [source];
  const lines: { text: string; line: number; open: boolean }[] = [];
  for (const part of parts) {
    if (typeof part.value !== 'string') continue;
    const line = lineOf(part.offset);
    const texts = part.value.split(/\r\n|\n|\r/);
    texts.forEach((text, k) => {
      const last = lines.at(-1);
      const open = k === texts.length - 1; // no line break after it: the next part goes on with it
      if (k === 0 && last?.open === true && last.text !== '')
        lines[lines.length - 1] = { ...last, text: last.text + text, open };
      else if (k === 0 && last?.open === true) lines[lines.length - 1] = { text, line, open };
      else lines.push({ text, line, open });
    });
  }
  if (lines.at(-1)?.text === '') lines.pop();
  return lines;
}

/** The 1-based line of an offset. */
function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}

// Puts changed blocks back into their document: lines that did not change stay byte for byte, new ones get the dress of their neighbours.

import { diffArrays } from 'diff';
import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import type { Block } from '../documents/block.ts';

/** The document's text with `after` in the place of `before`, block by block. */
export function spliceBlocks(text: string, before: readonly Block[], after: readonly Block[]): string {
  let spliced = text;
  // From the last to the first, so that the lines of those before stay where they are.
  for (let i = before.length - 1; i >= 0; i--) {
    const [old, now] = [before[i], after[i].text];
    if (old.text === now) continue;
    spliced = old.cell === undefined ? spliceLines(spliced, old, now) : spliceCell(spliced, old, old.cell.number, now);
  }
  return spliced;
}

// --- internal ---

function spliceLines(text: string, block: Block, now: string): string {
  const lines = text.split('\n');
  const old = block.text.split('\n');
  const first = block.line - 1;
  const end = /\r$/.test(lines[first] ?? '') ? '\r' : '';
  const dress = (line: string, at: number): string => {
    const bare = line.replace(/\r$/, '');
    return bare === '' ? end : prefixAt(lines, old, first, at) + bare + end;
  };
  lines.splice(first, old.length, ...merged(lines.slice(first, first + old.length), old, now.split('\n'), dress));
  return lines.join('\n');
}

/** What stands before the code on the nearest line that has any: the indentation of a fence in a list, a quote mark, a prompt. */
function prefixAt(lines: readonly string[], old: readonly string[], first: number, at: number): string {
  for (let distance = 0; distance < old.length; distance++) {
    for (const k of [at - distance, at + distance]) {
      const code = old[k]?.replace(/\r$/, '');
      const whole = lines[first + k]?.replace(/\r$/, '');
      if (code === undefined || whole === undefined || code.trim() === '' || !whole.endsWith(code)) continue;
      const prefix = whole.slice(0, whole.length - code.length);
      return k === at ? prefix : prefix.replace('>>> ', '... ');
    }
  }
  return '';
}

/** The source of a cell is a list of lines, or one text. */
function spliceCell(text: string, block: Block, cell: number, now: string): string {
  const root = parseTree(text);
  const source = root === undefined ? undefined : findNodeAtLocation(root, ['cells', cell - 1, 'source']);
  if (source === undefined) return text;
  const old = block.text.split('\n');
  const parts = source.type === 'array' ? (source.children ?? []) : [source];
  const values = parts.map((p) => String(p.value));
  const written = values.join('').split('\n');
  const lines = merged(written, old, now.split('\n'), (line) => line);
  if (source.type !== 'array') {
    return replaced(text, source.offset, source.length, JSON.stringify(lines.join('\n')));
  }
  // A line that is there still keeps the spelling it had: é and \u00e9 are the same line.
  const spelt = new Map(parts.map((p, i) => [values[i], text.slice(p.offset, p.offset + p.length)]));
  const items = lines.map((line, i) => (i < lines.length - 1 ? `${line}\n` : line)).filter((line) => line !== '');
  const between = parts.length > 0 ? text.slice(source.offset + 1, parts[0].offset) : '';
  const last = parts.at(-1);
  const tail = last === undefined ? '' : text.slice(last.offset + last.length, source.offset + source.length - 1);
  const list = items.map((item) => between + (spelt.get(item) ?? JSON.stringify(item))).join(',');
  return replaced(text, source.offset, source.length, `[${list}${tail}]`);
}

const replaced = (text: string, offset: number, length: number, by: string) =>
  text.slice(0, offset) + by + text.slice(offset + length);

/** `raw` with the change from `old` to `now` made to it; the three have a line for each line. */
function merged(
  raw: readonly string[],
  old: readonly string[],
  now: readonly string[],
  dress: (line: string, at: number) => string,
): string[] {
  const lines: string[] = [];
  let at = 0;
  for (const { added, removed, value } of diffArrays([...old], [...now])) {
    if (added) for (const [i, line] of value.entries()) lines.push(dress(line, Math.max(0, at - value.length + i)));
    else {
      if (!removed) lines.push(...raw.slice(at, at + value.length));
      at += value.length;
    }
  }
  return lines;
}

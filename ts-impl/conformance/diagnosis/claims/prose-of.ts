// The prose of a document of any kind that audit reads: text, cells of Markdown, comments and docstrings. It judges nothing.

import type { Block } from '../documents/block.ts';
import { decodeText, type DocumentKind, kindOfFile } from '../documents/document.ts';
import { markdownCells } from '../documents/notebook.ts';
import { type Passage, passagesOf } from './passage.ts';
import { pythonPassages } from './python-prose.ts';

/** Prose in the order of the document, then what its code says of itself. */
export function proseOf(file: string, bytes: Uint8Array, as: DocumentKind | null, blocks: readonly Block[]): Passage[] {
  const inCode = blocks.flatMap((b) => pythonPassages(b.text, b.line).map((p) => ({ ...p, lineAt: lineWithin(b, p) })));
  return [...written(decodeText(file, bytes), as ?? kindOfFile(file), blocks), ...inCode];
}

// --- internal ---

function written(text: string, kind: DocumentKind | null, blocks: readonly Block[]): Passage[] {
  switch (kind) {
    case 'md':
      return passagesOf(text);
    case 'txt':
      return blocks.some((b) => b.line === 1) ? [] : passagesOf(text); // it is code as a whole
    case 'ipynb': {
      // As one text, so that a heading holds for the cells after it.
      const lines = markdownCells(text).flatMap((cell) => [...cell, { text: '', line: cell.at(-1)?.line ?? 1 }]);
      return passagesOf(lines.map((l) => l.text).join('\n')).map((p) => ({
        ...p,
        lineAt: (offset) => lines[p.lineAt(offset) - 1]?.line ?? 1,
      }));
    }
    case 'py':
    case null:
      return [];
    default:
      return kind satisfies never;
  }
}

/** A notebook's lines are the file's. */
function lineWithin(block: Block, passage: Passage): Passage['lineAt'] {
  const lines = block.cell?.lines;
  if (lines === undefined) return passage.lineAt;
  return (offset) => {
    const line = passage.lineAt(offset);
    return lines[line - block.line] ?? line;
  };
}

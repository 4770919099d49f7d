// A run of code in a document, and where its lines stand in the file. It knows no kind of document.

export interface Block {
  /** 1-based line of the document on which the first line stands. */
  readonly line: number;
  readonly text: string;
  /** In a notebook: the number of the cell among all cells, from 1, and the line of the file on which each line of `text` stands. */
  readonly cell?: { readonly number: number; readonly lines: readonly number[] };
}

/** Where a line of the blocks stands, for people: `line 7`, or in a notebook `cell 3, line 2`. */
export function placeWords(blocks: readonly Block[], line: number): string {
  const block = blockAt(blocks, line);
  return block?.cell === undefined ? `line ${line}` : `cell ${block.cell.number}, line ${line - block.line + 1}`;
}

/** The line of the file on which a line of the blocks stands. They differ in notebooks whose cells do not have a line of the file for each of theirs. */
export function lineInFile(blocks: readonly Block[], line: number): number {
  const block = blockAt(blocks, line);
  return block?.cell?.lines[line - block.line] ?? line;
}

// --- internal ---

function blockAt(blocks: readonly Block[], line: number): Block | undefined {
  return blocks.find((b) => line >= b.line && line < b.line + b.text.split('\n').length);
}

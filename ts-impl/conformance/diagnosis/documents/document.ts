// Finds the Python code in a document: a .py file whole, or the fenced blocks of Markdown and text. Reads nothing and runs nothing.

import type { Code } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { visit } from 'unist-util-visit';

/** A run of code and the 1-based line of the document on which its first line stands. */
export interface Block {
  readonly line: number;
  readonly text: string;
}

/** A document that can't be audited; the message says what to do. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
}

/** Kinds of document, by the ending of the file's name. */
export const DOCUMENT_ENDINGS = ['.py', '.md', '.markdown', '.txt'] as const;

/** The blocks of Python code in `bytes`, the content of `file`, in order. Throws DocumentError. */
export function findBlocks(file: string, bytes: Uint8Array): Block[] {
  const ending = DOCUMENT_ENDINGS.find((e) => file.toLowerCase().endsWith(e));
  if (ending === undefined) {
    throw new DocumentError(
      `${file}: audit reads ${DOCUMENT_ENDINGS.join(', ')} files; rename the file or copy its code into one`,
    );
  }
  const text = decodeText(file, bytes);
  if (ending === '.py') return [{ line: 1, text }];
  const fenced = fencedBlocks(text);
  if (fenced.length > 0 || ending !== '.txt') return fenced;
  return looksLikePython(text) ? [{ line: 1, text }] : [];
}

// --- internal ---

/** Far more than a page of notes or a module of layers. */
const LARGEST_BYTES = 4 * 2 ** 20;

function decodeText(file: string, bytes: Uint8Array): string {
  if (bytes.length > LARGEST_BYTES) {
    const megabytes = (bytes.length / 2 ** 20).toFixed(0);
    throw new DocumentError(
      `${file} has ${megabytes} MB, audit reads up to ${LARGEST_BYTES / 2 ** 20}; cut out the part with the norms`,
    );
  }
  if (bytes.includes(0)) throw new DocumentError(`${file} is binary, not text; give audit the source it was made from`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new DocumentError(`${file} is not UTF-8 text; convert it first, for instance with iconv -t utf-8`);
  }
}

const PYTHON_INFO = new Set(['', 'py', 'python', 'python3', 'py3', 'pytorch', 'torch', 'ipython']);

function fencedBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  visit(fromMarkdown(text), 'code', (node: Code) => {
    const info = (node.lang ?? '').toLowerCase().replace(/[{}.,:].*$/, '');
    const start = node.position?.start.line;
    if (start === undefined || !PYTHON_INFO.has(info)) return;
    const fenced = /^[\s>*+\-\d.)]*(`{3,}|~{3,})/.test(text.split('\n')[start - 1] ?? '');
    if (fenced && looksLikePython(node.value)) blocks.push({ line: start + 1, text: node.value });
  });
  return blocks;
}

function looksLikePython(text: string): boolean {
  return /^\s*(class\s+\w+|def\s+\w+\s*\(|import\s+\w+|from\s+[\w.]+\s+import)/m.test(text);
}

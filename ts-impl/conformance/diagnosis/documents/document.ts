// Finds the Python code in a document: a .py file whole, the fenced blocks of Markdown and text, the cells of a notebook. It reads no file and runs nothing.

import type { Code } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { visit } from 'unist-util-visit';
import type { Block } from './block.ts';
import { notebookBlocks } from './notebook.ts';
import { plainPython } from './plain-python.ts';

export type { Block } from './block.ts';

/** A document that can't be audited; the message says what to do. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
}

export const DOCUMENT_KINDS = ['py', 'md', 'txt', 'ipynb'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** The endings of the names of documents, and the kind that each speaks of. */
export const DOCUMENT_ENDINGS: Readonly<Record<string, DocumentKind>> = {
  '.py': 'py',
  '.md': 'md',
  '.markdown': 'md',
  '.txt': 'txt',
  '.ipynb': 'ipynb',
};

/** The kind that the name of a file speaks of; null for none. */
export function kindOfFile(file: string): DocumentKind | null {
  const name = file.toLowerCase();
  return Object.entries(DOCUMENT_ENDINGS).find(([ending]) => name.endsWith(ending))?.[1] ?? null;
}

/** The blocks of Python code in `bytes`, the content of `file`, in order; `as` is its kind where its name does not say. Throws DocumentError. */
export function findBlocks(file: string, bytes: Uint8Array, as: DocumentKind | null = null): Block[] {
  const kind = as ?? kindOfFile(file);
  if (kind === null) {
    const endings = Object.keys(DOCUMENT_ENDINGS).join(', ');
    throw new DocumentError(
      `${file}: audit reads ${endings} files; rename it, say what it is with --as, or copy its code into one`,
    );
  }
  const text = decodeText(file, bytes);
  switch (kind) {
    case 'py':
      return [{ line: 1, text }];
    case 'md':
      return fencedBlocks(text);
    case 'txt': {
      const fenced = fencedBlocks(text);
      return fenced.length === 0 && looksLikePython(text) ? [{ line: 1, text }] : fenced;
    }
    case 'ipynb': {
      const cells = notebookBlocks(text);
      if (typeof cells === 'string') throw new DocumentError(`${file} ${cells}`);
      return cells;
    }
    default:
      return kind satisfies never;
  }
}

/** What a text without a name is, by what stands in it. */
export function guessKind(bytes: Uint8Array): DocumentKind {
  const text = new TextDecoder('utf-8').decode(bytes);
  if (/^\s*\{/.test(text) && /"cells"\s*:/.test(text)) return 'ipynb';
  return /^[\s>*+\-\d.)]*(`{3,}|~{3,})/m.test(text) ? 'md' : 'py';
}

/** The text of a document. Throws DocumentError. */
export function decodeText(file: string, bytes: Uint8Array): string {
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

// --- internal ---

/** Far more than a page of notes or a module of layers; a notebook holds its pictures too. */
const LARGEST_BYTES = 16 * 2 ** 20;

const PYTHON_INFO = new Set(['', 'py', 'python', 'python3', 'py3', 'pytorch', 'torch', 'ipython', 'pycon']);

function fencedBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  visit(fromMarkdown(text), 'code', (node: Code) => {
    const info = (node.lang ?? '').toLowerCase().replace(/[{}.,:].*$/, '');
    const start = node.position?.start.line;
    if (start === undefined || !PYTHON_INFO.has(info)) return;
    const fenced = /^[\s>*+\-\d.)]*(`{3,}|~{3,})/.test(lines[start - 1] ?? '');
    const code = plainPython(node.value);
    if (fenced && looksLikePython(code)) blocks.push({ line: start + 1, text: code });
  });
  return blocks;
}

function looksLikePython(text: string): boolean {
  return /^\s*(class\s+\w+|def\s+\w+\s*\(|import\s+\w+|from\s+[\w.]+\s+import)/m.test(text);
}

// Documents read from disk and from standard input for audit and replay: files, folders, patterns. What is in them is not its business.

import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { minimatch } from 'minimatch';
import type { AuditDocument } from '../conformance/diagnosis/documents/audit.ts';
import {
  DOCUMENT_ENDINGS,
  type DocumentKind,
  guessKind,
  kindOfFile,
} from '../conformance/diagnosis/documents/document.ts';
import { type Edge, UsageError } from './edge.ts';
import { moduleTarget } from './module-target.ts';

/** The target that means standard input. */
export const STANDARD_INPUT = '-';

/** One file, or standard input. Throws UsageError where it can't be read. */
export function readDocument(edge: Edge, file: string, as: DocumentKind | null = null): AuditDocument {
  if (file === STANDARD_INPUT) {
    const bytes = edge.readInput();
    if (bytes.length === 0)
      throw new UsageError('standard input is empty; pipe a document into it, as in `audit - < notes.md`');
    return { file, bytes, as: as ?? guessKind(bytes) };
  }
  try {
    return { file, bytes: readFileSync(file), as };
  } catch (problem) {
    const why = problem instanceof Error ? problem.message : String(problem);
    throw new UsageError(`${file} can't be read (${why}); give audit the path of a ${ENDINGS} file or of a folder`);
  }
}

/**
 * The documents that targets name: each file once, a folder with all under it but hidden folders, node_modules and Python environments,
 * a pattern with what matches it. Throws UsageError where a target leads to none.
 */
export function readDocuments(edge: Edge, targets: readonly string[], as: DocumentKind | null): AuditDocument[] {
  const documents = new Map<string, AuditDocument>();
  const add = (document: AuditDocument) => {
    const key = normalize(document.file);
    if (!documents.has(key)) documents.set(key, document);
  };
  for (const target of targets) {
    const module = hasMagic(target) ? null : moduleTarget(target);
    if (module !== null) {
      documents.set(target, module);
      continue;
    }
    if (target === STANDARD_INPUT) add(readDocument(edge, target, as));
    else if (!existsSync(target) && hasMagic(target)) {
      for (const file of matching(target)) add({ ...readDocument(edge, file, as), found: true });
    } else if (existsSync(target) && statSync(target).isDirectory()) {
      for (const file of inFolder(target)) add({ ...readDocument(edge, file), found: true });
    } else add(readDocument(edge, target, as));
  }
  return [...documents.values()];
}

// --- internal ---

const ENDINGS = Object.keys(DOCUMENT_ENDINGS).join(', ');

/** Whether it is a pattern and no path. */
const hasMagic = (target: string): boolean => /[*?[\]{}]/.test(target);

/** Text files are read where they are named: most of those in a folder are no documents. */
function inFolder(folder: string): string[] {
  const files = filesUnder(folder).filter((file) => !['txt', null].includes(kindOfFile(file)));
  if (files.length === 0)
    throw new UsageError(`no .py, .md, .markdown or .ipynb file lies under ${folder}; name another folder or a file`);
  return files;
}

function matching(pattern: string): string[] {
  const parts = pattern.split('/');
  const fixed = parts.slice(0, parts.findIndex(hasMagic)).join('/');
  const base = fixed === '' ? (pattern.startsWith('/') ? '/' : '.') : fixed;
  const files = existsSync(base) ? filesUnder(base).filter((file) => minimatch(file, normalize(pattern))) : [];
  const documents = files.filter((file) => kindOfFile(file) !== null);
  if (documents.length === 0) {
    const why =
      files.length === 0 ? 'matches no file' : `matches ${files.length} files, and none of them is a ${ENDINGS} file`;
    throw new UsageError(`${pattern} ${why}; hidden folders, node_modules and Python environments are not looked into`);
  }
  return documents;
}

/** In the order of their names. Links to folders are not followed: they may lead in circles. */
function filesUnder(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return isLeftOut(entry, path) ? [] : filesUnder(path);
    return entry.isFile() || (entry.isSymbolicLink() && isFile(path)) ? [path] : [];
  });
}

function isLeftOut({ name }: Dirent, path: string): boolean {
  return name.startsWith('.') || LEFT_OUT.has(name) || existsSync(join(path, 'pyvenv.cfg'));
}

const LEFT_OUT = new Set(['node_modules', '__pycache__', 'site-packages', 'venv']);

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

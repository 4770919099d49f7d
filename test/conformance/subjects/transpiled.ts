// A module and all it imports as JavaScript that plain Node runs, for tests of a process of its own. Types are not checked.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface Transpiled {
  /** The JavaScript of a source file, named from the root of the repository. */
  pathOf(source: string): string;
  remove(): void;
}

/** Changes the text of a source file on its way; what it has nothing to do with it returns as it is. */
export type Edit = (source: string, text: string) => string;

/** Writes into a folder inside the repository, so that packages and py-oracle are found from there. */
export function transpile(...entries: string[]): Transpiled {
  return transpileEdited((_source, text) => text, ...entries);
}

/** As `transpile`, with every source file edited first. */
export function transpileEdited(edit: Edit, ...entries: string[]): Transpiled {
  mkdirSync(join(ROOT, '.normative'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.normative', 'test-'));
  const pathOf = (source: string) => join(folder, source.replace(/\.ts$/, '.js'));
  const seen = new Set<string>();
  const visit = (source: string): void => {
    if (seen.has(source)) return;
    seen.add(source);
    const text = edit(source, readFileSync(join(ROOT, source), 'utf8'));
    const options: ts.CompilerOptions = {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    };
    const { outputText } = ts.transpileModule(text, { fileName: source, compilerOptions: options });
    mkdirSync(dirname(pathOf(source)), { recursive: true });
    writeFileSync(pathOf(source), outputText);
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      if (fileName.startsWith('.')) visit(relative(ROOT, join(ROOT, dirname(source), fileName)));
    }
  };
  for (const entry of entries) visit(entry);
  return { pathOf, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

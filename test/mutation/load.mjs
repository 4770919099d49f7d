// Node's module loader for mutants: takes types off TypeScript, and loads a module graph anew where its address says `?run=N`.

import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import ts from 'typescript';

if (isMainThread) register(import.meta.url);

/** JavaScript by file: a graph that is loaded again is not transpiled again. */
const done = new Map();
/** What house tests collect into; and they have no Python. */
const VITEST = new URL('in-process-vitest.mjs', import.meta.url).href;
const PYTHON = '/live-python.ts';
const NO_PYTHON =
  "export const hasPython = false; export const PYTHON = ''; export const NO_PYTHON = 'none for mutants';";
const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true };

/** What a module of run N imports is of run N. */
export async function resolve(specifier, context, next) {
  if (specifier === 'vitest' && /\?run=\d+$/.test(context.parentURL ?? '')) return next(VITEST, context);
  const found = await next(specifier, context);
  const run = context.parentURL?.match(/\?run=\d+$/)?.[0];
  return run !== undefined && found.url.endsWith('.ts') ? { ...found, url: found.url + run } : found;
}

export async function load(url, context, next) {
  const file = url.replace(/\?run=\d+$/, '');
  if (!file.startsWith('file:') || !file.endsWith('.ts')) return next(url, context);
  if (file.endsWith(PYTHON)) return { format: 'module', shortCircuit: true, source: NO_PYTHON };
  if (!done.has(file)) {
    const fileName = fileURLToPath(file);
    done.set(file, ts.transpileModule(readFileSync(fileName, 'utf8'), { fileName, compilerOptions }).outputText);
  }
  return { format: 'module', shortCircuit: true, source: done.get(file) };
}

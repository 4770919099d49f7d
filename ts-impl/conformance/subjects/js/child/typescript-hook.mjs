// Lets any Node import TypeScript: types are taken off on the way, and an import may name the file without its ending. It checks no types.
// JavaScript, since it is what TypeScript can't be run without.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A hook of Node's module loader: `./moments` and `./moments.js` are found as `./moments.ts`, where only that is there. */
export async function resolve(specifier, context, next) {
  const { parentURL } = context;
  if (/^\.{1,2}\//.test(specifier) && parentURL?.startsWith('file:') && TYPESCRIPT.test(parentURL)) {
    const path = fileURLToPath(new URL(specifier, parentURL));
    const there = existsSync(path) && /\.\w+$/.test(path);
    const found = there ? undefined : candidates(path).find((file) => existsSync(file));
    if (found !== undefined) return next(pathToFileURL(found).href, context);
  }
  return next(specifier, context);
}

/** A hook of Node's module loader. */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !TYPESCRIPT.test(url)) return next(url, context);
  const path = fileURLToPath(url);
  const ts = compiler();
  const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), {
    fileName: path,
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
      inlineSourceMap: true,
    },
  });
  return { format: 'module', shortCircuit: true, source: outputText };
}

// --- internal ---

const TYPESCRIPT = /\.[cm]?ts$/;

function candidates(path) {
  const bare = path.replace(/\.[cm]?js$/, '');
  return [`${path}.ts`, `${bare}.ts`, `${bare}.mts`, `${path}/index.ts`];
}

let loaded = null;

/** Loaded by the first file that needs it: a fifth of a second that a module of JavaScript does not wait for. */
function compiler() {
  loaded ??= createRequire(import.meta.url)('typescript');
  return loaded;
}

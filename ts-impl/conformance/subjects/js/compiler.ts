// TypeScript's compiler, loaded by the first question to it: a quarter of a second that commands which read no module do not wait for.

import { createRequire } from 'node:module';
import type TypeScript from 'typescript';

/** The compiler's own interface. */
export const ts: typeof TypeScript = new Proxy(Object.create(null), {
  get: (_, name) => Reflect.get(compiler(), name),
});

// --- internal ---

let loaded: typeof TypeScript | null = null;

function compiler(): typeof TypeScript {
  loaded ??= createRequire(import.meta.url)('typescript') as typeof TypeScript; // a require is of no type
  return loaded;
}

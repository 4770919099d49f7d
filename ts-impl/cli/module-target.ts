// A target of audit that is a module: a file of JavaScript or TypeScript, with or without the export that is meant. It loads nothing.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AuditDocument } from '../conformance/diagnosis/documents/audit.ts';
import { UsageError } from './edge.ts';

/** The module that a target names; null for one that is no module. Throws UsageError where it can't be read. */
export function moduleTarget(target: string): AuditDocument | null {
  const hash = target.lastIndexOf('#');
  const named = hash < 0 ? target : target.slice(0, hash);
  const file = named.replace(/^js:/, '');
  if (!ENDING.test(file) && named === file) return null;
  const name = hash < 0 ? null : target.slice(hash + 1);
  if (file === '' || name === '') {
    throw new UsageError(`"${target}" names no module and export; write it as in norms.ts#layerNorm`);
  }
  if (/\.d\.[cm]?ts$/.test(file))
    throw new UsageError(`${file} declares types and holds no code; name the module beside it`);
  return { file, bytes: readModule(file), module: { path: resolve(file), export: name } };
}

// --- internal ---

const ENDING = /\.[cm]?[jt]s$/i;

function readModule(file: string): Uint8Array {
  if (!existsSync(file)) throw new UsageError(`${file} is not there; give its path from this folder`);
  if (statSync(file).isDirectory()) {
    throw new UsageError(
      `${file} is a folder; name a module in it, as in ${file.replace(/\/$/, '')}/norms.js#LayerNorm`,
    );
  }
  return readFileSync(file);
}

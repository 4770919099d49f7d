// Normative's version and the torch version it is pinned to, read from the package's own files.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../conformance/subjects/process.ts';

export { packageVersion as version } from '../conformance/subjects/package-version.ts';

/** The torch version of requirements.txt, null where it pins none. */
export function pinnedTorch(): string | null {
  return pinOf('torch');
}

/** A package as pip is told of it: with its pin where requirements.txt has one. */
export function pinnedPackage(name: string): string {
  const pin = pinOf(name);
  return pin === null ? name : `${name}==${pin}`;
}

// --- internal ---

function pinOf(name: string): string | null {
  const text = readFileSync(join(packageRoot(), 'requirements.txt'), 'utf8');
  const line = text.split('\n').find((l) => l.startsWith(`${name}==`));
  return line === undefined ? null : line.slice(name.length + 2).split(/[\s;]/)[0];
}

// Normative's version and the torch version it is pinned to, read from the package's own files.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../conformance/subjects/process.ts';

export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
  const found = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : null;
  return typeof found === 'string' ? found : 'unknown';
}

/** The torch version of requirements.txt, null where it pins none. */
export function pinnedTorch(): string | null {
  const text = readFileSync(join(packageRoot(), 'requirements.txt'), 'utf8');
  return /^torch==([^\s;]+)/m.exec(text)?.[1] ?? null;
}

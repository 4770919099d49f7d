// Normative's version and the torch version it is pinned to, read from the package's own files.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../conformance/subjects/process.ts';

export { packageVersion as version } from '../conformance/subjects/package-version.ts';

/** The torch version of requirements.txt, null where it pins none. */
export function pinnedTorch(): string | null {
  const text = readFileSync(join(packageRoot(), 'requirements.txt'), 'utf8');
  return /^torch==([^\s;]+)/m.exec(text)?.[1] ?? null;
}

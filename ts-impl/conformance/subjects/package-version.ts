// Normative's own version, read from its package. It looks at nothing else.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './process.ts';

export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
  const found = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : null;
  return typeof found === 'string' ? found : 'unknown';
}

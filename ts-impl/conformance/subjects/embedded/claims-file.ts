// The committed table of what the port was measured to be bit-identical on, read and written. It measures nothing.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../process.ts';
import type { Claims } from './claim.ts';

/** From the root of the package, which carries it. */
export const CLAIMS_FILE = 'ts-impl/conformance/subjects/embedded-claims.json';

export function readClaims(): Claims {
  return JSON.parse(readFileSync(join(packageRoot(), CLAIMS_FILE), 'utf8'));
}

/** One row a line, so that a change is a change of its line. */
export function writeClaims(claims: Claims): void {
  writeFileSync(join(packageRoot(), CLAIMS_FILE), renderClaims(claims));
}

export function renderClaims({ rows, texts, refusals, ...facts }: Claims): string {
  const head = Object.entries(facts).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},`);
  const lines = (list: readonly object[]) => list.map((row) => `    ${JSON.stringify(row)}`).join(',\n');
  return `{\n${head.join('\n')}\n  "rows": [\n${lines(rows)}\n  ],\n  "texts": [\n${lines(texts)}\n  ],\n  "refusals": [\n${lines(refusals)}\n  ]\n}\n`;
}

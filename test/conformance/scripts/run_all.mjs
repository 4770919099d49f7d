// Imports each program named on standard input, as `node PROGRAM` would, in one process, a line with its name before what it prints.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

for (const path of readFileSync(0, 'utf8').split('\n')) {
  process.stdout.write(`### ${path}\n`);
  await import(pathToFileURL(path).href);
}

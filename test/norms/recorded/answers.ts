// The recorded answers: read from their file and written to it. It asks nobody.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Digest } from './digest.ts';

export interface RecordedAnswers {
  /** The version of PyTorch that gave them. */
  readonly torch: string;
  /** By the id of the case. */
  readonly answers: Readonly<Record<string, Digest>>;
}

export const FILE = fileURLToPath(new URL('answers.json.gz', import.meta.url));

export function readAnswers(): RecordedAnswers {
  return JSON.parse(gunzipSync(readFileSync(FILE)).toString('utf8')) as RecordedAnswers; // written below
}

/** Writes the same bytes for the same answers, and returns how many. */
export function writeAnswers(recorded: RecordedAnswers): number {
  const file = gzipSync(JSON.stringify(recorded), { level: 9 });
  writeFileSync(FILE, file);
  return file.length;
}

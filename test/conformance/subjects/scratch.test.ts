// The scratch folder is private and short, goes away, and takes the leftovers of dead runs with it.

import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openScratch } from '../../../ts-impl/conformance/subjects/scratch.ts';

let parent = '';
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'nmv-test-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

test('only the owner may look into it, and a socket path fits into the kernel', () => {
  const scratch = openScratch();
  expect(statSync(scratch.path).mode & 0o777).toBe(0o700);
  expect(statSync(scratch.folder()).mode & 0o777).toBe(0o700);
  expect(Buffer.byteLength(scratch.socketPath())).toBeLessThan(104);
  expect(scratch.socketPath()).not.toBe(scratch.socketPath());
  scratch.close();
});

test('closing removes it with all in it and leaves no listener', () => {
  const listeners = () => ['exit', 'SIGINT', 'SIGTERM', 'SIGHUP'].map((event) => process.listenerCount(event));
  const before = listeners();
  const scratch = openScratch(parent);
  writeFileSync(join(scratch.folder(), 'file'), 'x');
  expect(listeners()).toEqual(before.map((n) => n + 1));
  scratch.close();
  scratch.close();
  expect(existsSync(scratch.path)).toBe(false);
  expect(listeners()).toEqual(before);
});

test('the next run removes what a dead one left, and nothing else', () => {
  const of = (owner: number) => join(parent, `nmv-${owner}-abcDEF`);
  const dead = of(2 ** 22 + 1); // above the highest number that Linux gives a process
  const alive = of(process.pid);
  const foreign = join(parent, 'nmv-notes');
  for (const folder of [dead, alive, foreign]) mkdirSync(folder);
  writeFileSync(join(dead, 's0'), '');
  openScratch(parent).close();
  expect([dead, alive, foreign].map((folder) => existsSync(folder))).toEqual([false, true, true]);
});

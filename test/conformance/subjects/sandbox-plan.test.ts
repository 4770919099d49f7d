// What foreign code gets to see: the document's folder, unless that is one that holds far more than the document.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { bubblewrapArguments, isShared } from '../../../ts-impl/conformance/subjects/sandbox-plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'nmv-test-'));
mkdirSync(join(folder, 'inner'));
symlinkSync(homedir(), join(folder, 'home'));
const lonely = join(tmpdir(), `nmv-test-${process.pid}.md`);
for (const path of [join(folder, 'notes.md'), join(folder, 'inner', 'notes.md'), lonely]) writeFileSync(path, '');
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(lonely);
});

/** What is bound beside the system, for reading. */
function opened(document: string | null, readable: readonly string[] = []): string[] {
  const args = bubblewrapArguments({ document, readable, scratchBytes: 1 << 20 });
  return args
    .flatMap((arg, i) => (arg === '--ro-bind' && args[i + 1] === args[i + 2] ? [args[i + 1]] : []))
    .filter((path) => !/^\/(usr|bin|sbin|lib\w*|nix|gnu)(\/|$)/.test(path));
}

describe('a sandbox opens', () => {
  test('the folder of the document', () => expect(opened(join(folder, 'notes.md'))).toEqual([folder]));

  test('nothing where there is no such file', () => {
    expect(opened(null)).toEqual([]);
    expect(opened('-')).toEqual([]);
    expect(opened(join(folder, 'none.md'))).toEqual([]);
  });

  test('of a folder that many share the document alone', () => {
    expect(opened(lonely)).toEqual([lonely]);
    expect(isShared('/')).toBe(true);
    expect(isShared(homedir())).toBe(true);
    expect(isShared(join(homedir(), 'notes'))).toBe(false);
  });

  test('no folder that leads to the home folder by another name', () => {
    expect(opened(null, [join(folder, 'home')])).toEqual([]);
    expect(opened(null, ['/', tmpdir(), homedir()])).toEqual([]);
  });

  test('each place once, outer ones for inner ones', () => {
    const inner = join(folder, 'inner');
    expect(opened(join(inner, 'notes.md'), [inner, folder, folder, '/usr/lib'])).toEqual([folder]);
  });
});

// Targets of the audit become documents: folders and patterns without what nobody means, standard input, and each file once.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDocuments } from '../../ts-impl/cli/documents.ts';
import { UsageError } from '../../ts-impl/cli/edge.ts';
import { fakeEdge } from './fake-edge.ts';

const folder = mkdtempSync(join(tmpdir(), 'nm-documents-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  for (const path of ['b', 'node_modules', '.git', 'env', 'empty']) mkdirSync(join(folder, path));
  for (const file of [
    'a.md',
    'b/c.py',
    'b/d.ipynb',
    'b/e.txt',
    'b/f.png',
    'node_modules/g.md',
    '.git/h.md',
    'env/i.py',
  ])
    writeFileSync(join(folder, file), 'x');
  writeFileSync(join(folder, 'env/pyvenv.cfg'), '');
});

const read = (...targets: string[]) =>
  readDocuments(fakeEdge(), targets, null).map((d) => d.file.slice(folder.length + 1));

describe('readDocuments', () => {
  it('walks a folder, leaving out what is no document of its own', () =>
    expect(read(folder)).toEqual(['a.md', 'b/c.py', 'b/d.ipynb']));

  it('takes a pattern that the shell has left as it is', () => {
    expect(read(join(folder, '**/*.{py,txt}'))).toEqual(['b/c.py', 'b/e.txt']);
    expect(read(join(folder, '*.md'))).toEqual(['a.md']);
  });

  it('reads each file once', () => expect(read(join(folder, 'b/c.py'), folder)).toHaveLength(3));

  it('reads standard input and tells what it is', () => {
    const edge = fakeEdge({}, false, '```python\nimport torch\n```\n');
    expect(readDocuments(edge, ['-'], null)).toMatchObject([{ file: '-', as: 'md' }]);
    expect(readDocuments(edge, ['-'], 'py')).toMatchObject([{ as: 'py' }]);
    expect(() => readDocuments(fakeEdge(), ['-'], null)).toThrow(/standard input is empty/);
  });

  it.each([
    ['missing.py', /can't be read/],
    ['empty', /no \.py, \.md, \.markdown or \.ipynb file/],
    ['*.rst', /matches no file/],
    ['b/*.png', /none of them is a/],
  ])('refuses %s', (target, why) => {
    expect(() => read(join(folder, target))).toThrow(UsageError);
    expect(() => read(join(folder, target))).toThrow(why);
  });
});

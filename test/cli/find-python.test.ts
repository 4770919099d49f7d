// Which Python is taken: the order, and that a named one is never passed over.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findPython } from '../../ts-impl/cli/find-python.ts';
import { fakeEdge } from './fake-edge.ts';

const cache = mkdtempSync(join(tmpdir(), 'nm-cache-'));
afterAll(() => rmSync(cache, { recursive: true }));

test('--python comes first, and is the user’s own choice', () => {
  const edge = fakeEdge({ NORMATIVE_PYTHON: '/env/python' });
  expect(findPython(edge, '/named/python')).toEqual({ path: '/named/python', named: true, from: '--python' });
});

test('then NORMATIVE_PYTHON, whose torch is checked', () => {
  expect(findPython(fakeEdge({ NORMATIVE_PYTHON: '/env/python' }), undefined)).toEqual({
    path: '/env/python',
    named: false,
    from: 'NORMATIVE_PYTHON',
  });
});

test('then .venv, the cache folder, and python3 at last', () => {
  const bin = join(cache, 'normative', 'venv', 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'python'), '');
  const found = findPython(fakeEdge({ XDG_CACHE_HOME: cache }), undefined);
  expect(['.venv', 'cache folder']).toContain(found.from);
  const bare = findPython(fakeEdge({ XDG_CACHE_HOME: join(cache, 'none') }), undefined);
  expect(['.venv', 'PATH']).toContain(bare.from);
});

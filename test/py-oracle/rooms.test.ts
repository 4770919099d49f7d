// The rooms of py-oracle: only torch_side imports torch, and only document.py of all runs text that came over the wire.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../py-oracle', import.meta.url));

const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.py'))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

const matching = (pattern: RegExp) => files.filter(({ text }) => pattern.test(text)).map(({ path }) => path);

test('torch is imported in torch_side alone, and there it is', () => {
  const importing = matching(/^\s*(import torch\b(?!_)|from torch(\.|\s))/m);
  expect(importing.length).toBeGreaterThan(5);
  expect(importing.filter((path) => !path.startsWith('torch_side/'))).toEqual([]);
});

test('the wire imports neither the server nor torch_side', () => {
  const wire = files.filter(({ path }) => path.startsWith('wire/'));
  expect(wire.length).toBeGreaterThan(5);
  for (const { text } of wire) expect(text).not.toMatch(/^\s*(import|from) (server|host|torch_side)\b/m);
});

test('nothing is unpickled, and code of a document alone is run', () => {
  expect(matching(/\b(pickle|marshal|torch\.load|yaml)\b/)).toEqual([]);
  expect(matching(/(?<![.\w])(exec|eval)\((?!\))/)).toEqual(['torch_side/snippet/document.py']);
});

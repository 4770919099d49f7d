// The promises of the house that no tool checks: names and lengths of files, first lines, edge words, nothing of a machine or a registry.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { edgeWordsIn } from './edge-words.ts';

const ROOT = join(import.meta.dirname, '..', '..');
interface LockEntry {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const NOT_OURS = new Set(['node_modules', 'dist', '.git', '.venv', '.normative', 'coverage', '__pycache__']);
const FILES = listFiles('');
const SOURCES = FILES.filter((path) => /^(ts-impl|cases)\/.*\.ts$/.test(path));
const TESTS = FILES.filter((path) => /^test\/.*\.ts$/.test(path));
const PYTHON = FILES.filter((path) => /^py-oracle\/.*\.py$/.test(path));
const SETUP = FILES.filter((path) => /^(setup\/)?[^/]*\.mjs$/.test(path));

describe('what was looked at', () => {
  test('is not nothing', () => {
    expect(SOURCES.length).toBeGreaterThan(20);
    expect(TESTS.length).toBeGreaterThan(3);
    expect(PYTHON.length).toBeGreaterThan(3);
    expect(SETUP.length).toBeGreaterThan(3);
  });
});

describe('a file is one idea, named by it', () => {
  test('none is called utils, helpers, common, misc or types', () => {
    const subjects = 'test/corpus/snippets/'; // written as the world writes
    expect(FILES.filter((path) => !path.startsWith(subjects) && isNamedForNothing(path))).toEqual([]);
    for (const path of ['a/utils.ts', 'helpers.py', 'x/common/y.ts', 'a/misc.mjs', 'types.d.ts', 'a/string-utils.ts'])
      expect(isNamedForNothing(path), path).toBe(true);
    expect(isNamedForNothing('cases/case.ts')).toBe(false);
  });

  // About 120 lines for a layer, 250 for the rest, 400 for a test; "about" ends at two fifths more.
  test('none is too long', () => {
    const rest = [...SOURCES, ...PYTHON, ...SETUP];
    expect(rest.flatMap((path) => longer(path, 350))).toEqual([]);
    expect(TESTS.flatMap((path) => longer(path, 560))).toEqual([]);
    expect(longer('package-lock.json', 350)).toHaveLength(1);
  });

  test('each begins with a sentence on what it is', () => {
    const sources = [...SOURCES, ...TESTS, ...PYTHON, ...SETUP];
    expect(sources.filter((path) => !beginsWithSentence(read(path)))).toEqual([]);
    expect(beginsWithSentence("import { a } from './a.ts';\n")).toBe(false);
    expect(beginsWithSentence('// TODO\n')).toBe(false);
    expect(beginsWithSentence('"""What this is.\n\nMore."""\n')).toBe(true);
  });
});

describe('the edge', () => {
  test('console, clock, chance, argv and environment stay in cli, timers in subjects', () => {
    const found = SOURCES.flatMap((path) =>
      edgeWordsIn(path, read(path)).map(({ word, line }) => `${path}:${line} ${word}`),
    );
    expect(found).toEqual([]);
  });

  test.each([
    ['console.log(1)', 'console.log'],
    ['const t = Date.now()', 'Date.now'],
    ["const r = Math['random']()", 'Math.random'],
    ['globalThis.process.exit(1)', 'process.exit'],
    ['const { PATH } = process.env', 'process.env'],
    ['const d = new Date()', 'new Date()'],
    ['setTimeout(() => {}, 1)', 'setTimeout'],
  ])('%s is found in the judge', (text, word) => {
    expect(edgeWordsIn('ts-impl/conformance/planted.ts', `// A planted fault.\n${text};\n`)).toEqual([
      { word, line: 2 },
    ]);
  });

  test('comments, strings and the rooms where a word belongs are let through', () => {
    expect(edgeWordsIn('ts-impl/norms/a.ts', "// console.log\nconst s = 'Date.now';\n")).toEqual([]);
    expect(edgeWordsIn('ts-impl/cli/a.ts', 'console.log(process.argv);\n')).toEqual([]);
    expect(edgeWordsIn('ts-impl/conformance/subjects/a.ts', 'setTimeout(() => {}, 1);\n')).toEqual([]);
  });
});

describe('nothing of a machine', () => {
  // Joined from pieces, so that this file does not hold what it forbids.
  const machinePath = new RegExp(
    `(?<![\\w.])/(?:${['work/(?:main|shared)', 'tmp/', 'root/', 'home/\\w', 'opt/(?:wheels|pypi)'].join('|')})`,
  );
  const registry = new RegExp(
    ['registry\\.npm', 'js|files\\.python', 'hosted|py', 'pi\\.org|registry\\.yarn', 'pkg'].join(''),
  );

  test('no path of a machine and no host of a package registry stands in the tree', () => {
    expect(FILES.filter((path) => machinePath.test(read(path)))).toEqual([]);
    expect(FILES.filter((path) => registry.test(read(path)))).toEqual([]);
    expect(machinePath.test(`see ${['', 'work', 'main', 'x'].join('/')}`)).toBe(true);
    expect(registry.test(['https://registry.npm', 'js.org/a'].join(''))).toBe(true);
    expect(registry.test(['https://py', 'pi.org/simple'].join(''))).toBe(true);
  });

  test('the lock file names versions and integrity, not addresses, and every platform', () => {
    const packages: Record<string, LockEntry> = JSON.parse(read('package-lock.json')).packages;
    const entries = Object.entries(packages).filter(([path]) => path !== '');
    expect(entries.length).toBeGreaterThan(100);
    expect(entries.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([]);
    expect(entries.filter(([, entry]) => entry.integrity === undefined).map(([path]) => path)).toEqual([]);
    // npm leaves out a platform's package that its registry does not have, and `npm ci` then refuses the lock file.
    const names = new Set(entries.map(([path]) => path.replace(/^.*node_modules\//, '')));
    const platforms = entries.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}));
    expect(platforms.length).toBeGreaterThan(10);
    expect(platforms.filter((name) => !names.has(name))).toEqual([]);
  });

  test('every dependency is pinned and has its line of why', () => {
    const manifest = JSON.parse(read('package.json'));
    const record = read('docs/decisions/0001-dependencies.md');
    const named = { ...manifest.dependencies, ...manifest.devDependencies } as Record<string, string>; // package.json's form
    for (const [name, version] of Object.entries(named)) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
      expect(record, name).toContain(`\`${name}\``);
    }
    for (const name of Object.keys(manifest.dependencies)) {
      const wanted = `from '${name}'`;
      expect(
        SOURCES.some((path) => read(path).includes(wanted)),
        `${name} is imported somewhere`,
      ).toBe(true);
    }
    for (const line of read('requirements.txt').split('\n').filter(Boolean)) {
      expect(line).toMatch(/^[\w-]+==[\d.]+( *;.*)?$/);
      expect(record).toContain(`\`${line.split('==')[0]}\``);
    }
  });
});

// --- internal ---

function listFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (NOT_OURS.has(entry.name) || entry.isSymbolicLink()) return [];
    return entry.isDirectory() ? listFiles(path) : [path];
  });
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function isNamedForNothing(path: string): boolean {
  return path.split('/').some((part) => /(^|[-_.])(utils?|helpers?|common|misc|types)([-_.]|$)/.test(part));
}

function longer(path: string, limit: number): string[] {
  const lines = read(path).trimEnd().split('\n').length;
  return lines > limit ? [`${path} has ${lines} lines, of ${limit}`] : [];
}

/** True where the first line, after `#!`, is a comment or docstring of at least three words; an empty `__init__.py` says enough. */
function beginsWithSentence(text: string): boolean {
  if (text.trim() === '') return true;
  const first = text.replace(/^#!.*\n/, '').split('\n')[0];
  const comment = /^(?:\/\/|#|\/\*\*?|""")\s*(.+)/.exec(first);
  return comment !== null && comment[1].split(/\s+/).length >= 3;
}

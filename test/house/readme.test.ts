// What README.md shows is true: its library example prints what it says, its commands, options, scripts and links exist.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const MAIN = join(ROOT, 'dist', 'ts-impl', 'cli', 'main.js');
mkdirSync(join(ROOT, '.normative'), { recursive: true });
const folder = mkdtempSync(join(ROOT, '.normative', 'readme-')); // inside the clone, so that `normative/norms` is found
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the library example prints what its comments say', () => {
  const [code] = blocks('js');
  const promised = [...code.matchAll(/console\.log\(.*?\); \/\/ (.*)$/gm)].map((match) => match[1]);
  expect(promised.length).toBeGreaterThan(4);
  writeFileSync(join(folder, 'example.mjs'), code);
  const run = spawnSync(process.execPath, [join(folder, 'example.mjs')], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  expect(run.stdout.trimEnd().split('\n')).toEqual(promised);
});

test('every command and option exists', () => {
  const commands = README.matchAll(/npx normative ([a-z]+)([^#\n`]*)/g);
  const seen = new Map<string, string>();
  for (const [, command, rest] of commands) seen.set(command, `${seen.get(command) ?? ''} ${rest}`);
  expect([...seen.keys()].sort()).toEqual(['audit', 'bench', 'check', 'claims', 'doctor', 'explain', 'list', 'replay']);
  for (const [command, rest] of seen) {
    const help = spawnSync(process.execPath, [MAIN, command, '--help'], { encoding: 'utf8' });
    expect(help.status, command).toBe(0);
    for (const option of rest.match(/--[a-z-]+/g) ?? []) expect(help.stdout, `${command} ${option}`).toContain(option);
  }
  const help = spawnSync(process.execPath, [MAIN, 'check', '--help'], { encoding: 'utf8' }).stdout;
  for (const option of ['--format', '--output', '--seed', '--filter']) expect(help).toContain(option);
});

test('every npm script and every link exists', () => {
  const scripts = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts;
  for (const [, script] of README.matchAll(/npm (?:run )?(start|test|[a-z]+:[a-z]+)/g))
    expect(scripts).toHaveProperty(script);
  const links = [...README.matchAll(/\]\(([^)#]+)\)/g)]
    .map((match) => match[1])
    .filter((link) => !link.includes('://'));
  expect(links.length).toBeGreaterThan(4);
  expect(links.filter((link) => !existsSync(join(ROOT, link)))).toEqual([]);
});

// --- internal ---

function blocks(language: string): string[] {
  return [...README.matchAll(/^```(\w+)\n([^`]*)^```$/gm)]
    .filter((match) => match[1] === language)
    .map((match) => match[2]);
}

// Printed scripts of TypeScript, run as they are on the built package: what they print is the port's answer, bit by bit.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BEHAVIOURS } from '../../../cases/behaviours/behaviours.ts';
import type { Case, Step } from '../../../cases/case.ts';
import { caseFromId, withLiteralId } from '../../../cases/case-id.ts';
import { suite } from '../../../cases/suites.ts';
import { ScriptError } from '../../../ts-impl/conformance/scripts/script-error.ts';
import { renderTsScript } from '../../../ts-impl/conformance/scripts/ts-script.ts';
import { makePort } from '../../../ts-impl/conformance/subjects/port.ts';
import { differences } from './printed.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** A project that has the package among its own, inside the repository so that nothing has to be installed. */
let project: string;

beforeAll(() => {
  mkdirSync(join(ROOT, '.normative'), { recursive: true });
  project = mkdtempSync(join(ROOT, '.normative', 'script-'));
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(ROOT, join(project, 'node_modules', 'normative'));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

function scriptOf(c: Case): string | null {
  try {
    return renderTsScript(c);
  } catch (problem) {
    if (problem instanceof ScriptError) return null;
    throw problem;
  }
}

const run = (script: string, input = '') =>
  execFileSync(process.execPath, [script], { cwd: project, encoding: 'utf8', input, maxBuffer: 2 ** 28 });

/** Every case that can be told is printed, run and compared; how many of the given ones could. */
async function expectSame(cases: readonly Case[]): Promise<readonly Case[]> {
  const told: { c: Case; path: string }[] = [];
  for (const c of cases) {
    const script = scriptOf(c);
    if (script === null) continue;
    const path = join(project, `${told.length}.mjs`);
    writeFileSync(path, script);
    told.push({ c, path });
  }
  const out = run(join(import.meta.dirname, 'run_all.mjs'), told.map(({ path }) => path).join('\n'));
  const printed = out.split(/^### .*\n/m).slice(1);
  const answers = await makePort().ask(
    told.map(({ c }) => c),
    { truth: false },
  );
  let compared = 0;
  const wrong = told.flatMap(({ c }, i) => {
    if (answers[i].outcome.kind === 'unsupported') return [];
    const found = differences(printed[i], answers[i].outcome);
    compared += found.compared;
    return found.wrong.map((problem) => `${c.id}: ${problem}`);
  });
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(2 * told.length);
  return told.map(({ c }) => c);
}

const kindsOf = (cases: readonly Case[]) => new Set(cases.flatMap((c) => c.steps.map(({ kind }) => kind)));

describe('a printed script of TypeScript', () => {
  it('gives every bit of the port for generated cases of every family', async () => {
    const byFamily = new Map<string, Case[]>();
    for (const c of suite('standard')) {
      const family = c.id.split('/')[1];
      const own = byFamily.get(family) ?? [];
      if (own.length < 4) byFamily.set(family, [...own, c]);
    }
    const cases = [...byFamily.values()].flat();
    const told = await expectSame(cases);
    expect(told.length).toBeGreaterThan(0.8 * cases.length);
  }, 120_000);

  it('gives every bit of the port for every kind of step, under literal ids too', async () => {
    const taken = new Map<Step['kind'], Case[]>();
    const asked = BEHAVIOURS.flatMap(({ questions }) => questions.map((question) => question.case));
    for (const c of [...asked, ...suite('standard')]) {
      for (const { kind } of c.steps) {
        const own = taken.get(kind) ?? [];
        if (own.length < 8 && scriptOf(c) !== null) taken.set(kind, [...own, c]);
      }
    }
    const cases = [...new Set([...taken.values()].flat())].map((c) => caseFromId(withLiteralId(c).id));
    const told = kindsOf(await expectSame(cases));
    for (const kind of [
      'construct',
      'forward',
      'backward',
      'read',
      'set_tensor',
      'set_attribute',
      'load_state',
    ] as const)
      expect(told).toContain(kind);
    for (const kind of ['save_state', 'cast', 'copy', 'reset', 'call', 'double_backward'] as const)
      expect(told).toContain(kind);
  }, 120_000);

  it('runs by itself, as JavaScript', async () => {
    const c = caseFromId('g1/ordinary/0/0/BatchNorm1d.f32.2x10.eval-eval-same-eval');
    const path = join(project, 'alone.mjs');
    writeFileSync(path, renderTsScript(c));
    const [{ outcome }] = await makePort().ask([c], { truth: false });
    expect(differences(run(path), outcome).wrong).toEqual([]);
  }, 60_000);

  it('is refused in words that say what else to do', () => {
    const all = BEHAVIOURS.flatMap(({ questions }) => questions.map((question) => question.case));
    const [probe] = all.filter((c) => c.steps.some(({ kind }) => kind === 'probe'));
    expect(() => renderTsScript(probe)).toThrow(/replay the case without --script/);
  });
});

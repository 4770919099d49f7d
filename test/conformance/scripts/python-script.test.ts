// Printed Python scripts, run as they are with live PyTorch: what they print is the oracle's answer, bit by bit, for every kind of step.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BEHAVIOURS } from '../../../cases/behaviours/behaviours.ts';
import type { Case, Step } from '../../../cases/case.ts';
import { caseFromId, withLiteralId } from '../../../cases/case-id.ts';
import { suite } from '../../../cases/suites.ts';
import { renderPythonScript } from '../../../ts-impl/conformance/scripts/python-script.ts';
import { ScriptError } from '../../../ts-impl/conformance/scripts/script-error.ts';
import { type Oracle, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../subjects/live-python.ts';
import { differences } from './printed.ts';

let oracle: Oracle;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nmv-script-'));
  if (hasPython) oracle = await startOracle({ python: PYTHON });
}, 60_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  if (hasPython) await oracle.close();
});

const TOLD_APART: ReadonlySet<Step['kind']> = new Set(['inspect', 'probe']);
const tellable = (c: Case) => c.steps.every(({ kind }) => !TOLD_APART.has(kind));

/** What each script prints, all run in one process. */
function runAll(cases: readonly Case[]): string[] {
  const paths = cases.map((c, i) => {
    const path = join(folder, `${i}.py`);
    writeFileSync(path, renderPythonScript(c));
    return path;
  });
  const out = execFileSync(PYTHON, [join(import.meta.dirname, 'run_all.py')], {
    input: paths.join('\n'),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  return out.split(/^### .*\n/m).slice(1);
}

async function expectSame(cases: readonly Case[], printed: readonly string[]): Promise<void> {
  expect(printed.length).toBe(cases.length);
  const answers = await oracle.ask(cases, { truth: false });
  let compared = 0;
  const wrong = cases.flatMap((c, i) => {
    const found = differences(printed[i], answers[i].outcome);
    compared += found.compared;
    return found.wrong.map((problem) => `${c.id}: ${problem}`);
  });
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(2 * cases.length);
}

describe('a printed Python script', () => {
  beforeEach(({ skip }) => skip(!hasPython, NO_PYTHON));

  it('gives every bit of the oracle for generated cases of every family', async () => {
    const byFamily = new Map<string, Case[]>();
    for (const c of suite('standard')) {
      const family = c.id.split('/')[1];
      const own = byFamily.get(family) ?? [];
      if (tellable(c) && own.length < 4) byFamily.set(family, [...own, c]);
    }
    const cases = [...byFamily.values()].flat();
    expect(byFamily.size).toBeGreaterThan(30);
    const kinds = new Set(cases.flatMap((c) => c.steps.map(({ kind }) => kind)));
    for (const kind of ['construct', 'forward', 'backward', 'read', 'set_tensor', 'double_backward'] as const)
      expect(kinds).toContain(kind);
    await expectSame(cases, runAll(cases));
  }, 120_000);

  it('gives every bit of the oracle for every kind of step, under literal ids too', async () => {
    const taken = new Map<Step['kind'], Case[]>();
    const asked = BEHAVIOURS.flatMap(({ questions }) => questions.map((question) => question.case));
    for (const c of [...asked, ...suite('standard')].filter(tellable)) {
      for (const { kind } of c.steps) {
        const own = taken.get(kind) ?? [];
        if (own.length < 8) taken.set(kind, [...own, c]);
      }
    }
    for (const kind of ['call', 'load_state', 'save_state', 'cast', 'copy', 'reset', 'set_attribute'] as const)
      expect(taken.get(kind)?.length, kind).toBeGreaterThan(0);
    const cases = [...new Set([...taken.values()].flat())].map((c) => caseFromId(withLiteralId(c).id));
    await expectSame(cases, runAll(cases));
  }, 120_000);

  it('runs by itself, from an empty folder', async () => {
    const c = caseFromId('g1/ordinary/0/0/BatchNorm1d.f32.2x10.eval-eval-same-eval');
    const path = join(folder, 'alone.py');
    writeFileSync(path, renderPythonScript(c));
    await expectSame([c], [execFileSync(PYTHON, ['-I', path], { cwd: folder, encoding: 'utf8', env: {} })]);
  }, 60_000);

  it('is refused where only the oracle has words for a step', () => {
    const [question] = BEHAVIOURS.flatMap(({ questions }) => questions).filter(({ case: c }) => !tellable(c));
    expect(() => renderPythonScript(question.case)).toThrow(ScriptError);
    expect(() => renderPythonScript(question.case)).toThrow(/replay the case without --script/);
  });
});

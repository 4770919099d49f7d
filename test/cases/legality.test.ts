// Every case against live PyTorch: the refusals are refused, all others are taken.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Case } from '../../cases/case.ts';
import { LISTED_FAMILIES } from '../../cases/g1/generate.ts';
import { suite } from '../../cases/suites.ts';
import type { Outcome } from '../../ts-impl/conformance/outcome.ts';
import { type Oracle, startOracle } from '../../ts-impl/conformance/subjects/oracle.ts';

const OWN_PYTHON = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));
const python = process.env.NORMATIVE_PYTHON ?? (existsSync(OWN_PYTHON) ? OWN_PYTHON : null);
const NO_PYTHON = 'no Python: neither NORMATIVE_PYTHON nor .venv (run `node setup.mjs`)';

let oracle: Oracle | null = null;
beforeAll(async () => {
  if (python !== null) oracle = await startOracle({ python });
});
afterAll(() => oracle?.close());

async function ask(cases: readonly Case[]): Promise<readonly Outcome[]> {
  if (oracle === null) throw new Error('the oracle is not there; the test should have been skipped');
  return (await oracle.ask(cases, { truth: false })).map(({ outcome }) => outcome);
}

const isRefusal = (c: Case) => c.id.startsWith('g1/refusals/');

/** Cases whose outcome is not of this kind, each with what PyTorch said. */
function others(cases: readonly Case[], outcomes: readonly Outcome[], kind: Outcome['kind']): string[] {
  return cases.flatMap((c, i) => {
    const outcome = outcomes[i];
    if (outcome.kind === kind) return [];
    const said = outcome.kind === 'refused' ? outcome.steps[outcome.step] : outcome;
    return [`${c.id}: ${JSON.stringify(said).slice(0, 300)}`];
  });
}

describe('live PyTorch', () => {
  test('takes every case outside refusals', async ({ skip }) => {
    if (python === null) skip(NO_PYTHON);
    const cases = [...suite('smoke', { seed: 6 }), ...suite('deep', { seed: 7, cases: 1000 })].filter(
      (c) => !isRefusal(c),
    );
    expect(cases.length).toBeGreaterThan(1000);
    expect(others(cases, await ask(cases), 'returned')).toEqual([]);
  });

  test('refuses every case of refusals', async ({ skip }) => {
    if (python === null) skip(NO_PYTHON);
    const cases = [...suite('smoke')].filter(isRefusal);
    expect(cases).toHaveLength(LISTED_FAMILIES.refusals.length);
    expect(cases.length).toBeGreaterThan(120);
    expect(others(cases, await ask(cases), 'refused')).toEqual([]);
  });
});

// Oracles that die, hang or answer nonsense: every case is answered once, the culprits are undecided, the rest is not.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { Outcome } from '../../../ts-impl/conformance/outcome.ts';
import { type Oracle, type OracleOptions, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { StartFailed } from '../../../ts-impl/conformance/subjects/process.ts';
import { openScratch } from '../../../ts-impl/conformance/subjects/scratch.ts';
import { hasPython, NO_PYTHON, PYTHON } from './live-python.ts';
import { caseOf } from './small-cases.ts';

const LIAR = fileURLToPath(new URL('./liars/liar.py', import.meta.url));
const COMPANY = 5;

let oracle: Oracle | null = null;
afterEach(async () => {
  await oracle?.close();
  oracle = null;
});

async function start(options: Partial<OracleOptions> = {}): Promise<Oracle> {
  oracle = await startOracle({
    python: PYTHON,
    script: LIAR,
    timeoutMs: 1500,
    batch: { cases: 4, window: 2 },
    ...options,
  });
  return oracle;
}

/** Five plain cases, the culprits among them, five more. */
function around(...culprits: string[]) {
  const plain = (prefix: string) => Array.from({ length: COMPANY }, (_, i) => caseOf(`${prefix}${i}`, []));
  return [...plain('a'), ...culprits.map((id) => caseOf(id, [])), ...plain('b')];
}

async function outcomes(liar: Oracle, ...culprits: string[]): Promise<readonly Outcome[]> {
  const answers = await liar.ask(around(...culprits), { truth: false });
  return answers.map(({ outcome }) => outcome);
}

const middle = (all: readonly Outcome[]) => all.slice(COMPANY, -COMPANY);
const company = (all: readonly Outcome[]) => [...all.slice(0, COMPANY), ...all.slice(-COMPANY)];
const fine = { kind: 'returned', steps: [] };

describe.skipIf(!hasPython)(`a lying oracle${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test.each([
    ['dies', 'die', 'crash', 'exited with code 7'],
    ['hangs', 'hang', 'timeout', 'no answer within 1500 ms'],
    ['answers another sequence number', 'sequence', 'protocol', 'which nobody asked'],
    ['answers with a guessed nonce', 'nonce', 'protocol', 'another nonce than the question had'],
    ['answers an earlier question again', 'again', 'protocol', 'which nobody asked'],
    ['answers garbage', 'garbage', 'protocol', 'no MessagePack'],
    ['sends a forbidden key', 'proto', 'protocol', '__proto__'],
    ['leaves out a payload', 'short', 'protocol', 'payload frames, expected'],
    ['leaves out an answer', 'too-few', 'protocol', 'answered 1 cases with 0 answers'],
    ['cannot say which message it means', 'nameless-error', 'protocol', 'could not read it'],
  ])('that %s is started again, and only the case is undecided', async (_, id, kind, words) => {
    const all = await outcomes(await start(), id);
    expect(company(all)).toEqual(Array(2 * COMPANY).fill(fine));
    expect(middle(all)).toEqual([{ kind: 'undecided', reason: { kind, message: expect.stringContaining(words) } }]);
  });

  test('several culprits in one message are each undecided, and all others answered', async () => {
    const all = await outcomes(await start({ timeoutMs: 1000 }), 'die', 'hang', 'die');
    expect(company(all)).toEqual(Array(2 * COMPANY).fill(fine));
    expect(middle(all).map((o) => o.kind === 'undecided' && o.reason.kind)).toEqual(['crash', 'timeout', 'crash']);
  });

  test('that died because of a message gets each of its cases a second time, alone', async () => {
    // One message at a time: with two in flight a reply may die with the process, and the blame falls on the message before.
    const liar = await start({ batch: { cases: 4, window: 1 } });
    const all = await outcomes(liar, 'die-in-company');
    expect(all).toEqual(Array(2 * COMPANY + 1).fill(fine));
    expect(liar.restarts).toBe(1);
  });

  test('that answers twice has broken the protocol, but nothing is counted twice', async () => {
    const all = await outcomes(await start(), 'twice');
    expect(all).toHaveLength(2 * COMPANY + 1);
    expect(company(all)).toEqual(Array(2 * COMPANY).fill(fine));
  });

  test('that refuses a message lives on, and only the case is undecided', async () => {
    const liar = await start();
    const all = await outcomes(liar, 'error');
    expect(liar.restarts).toBe(0);
    expect(company(all)).toEqual(Array(2 * COMPANY).fill(fine));
    expect(middle(all)).toMatchObject([{ kind: 'undecided', reason: { kind: 'protocol' } }]);
  });

  test('that dies of every case is given up after a few lives', async () => {
    const liar = await start({ batch: { cases: 1, window: 2 } });
    const all = (await liar.ask(Array(40).fill(caseOf('die', [])), { truth: false })).map(({ outcome }) => outcome);
    expect(all).toHaveLength(40);
    expect(all.every((o) => o.kind === 'undecided' && o.reason.kind === 'crash')).toBe(true);
    expect(liar.restarts).toBeLessThan(10);
    expect(JSON.stringify(all.at(-1))).toContain('given up');
  });

  test('whose second life does not begin leaves the rest undecided', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nmv-test-'));
    const all = await outcomes(await start({ args: ['--once', join(folder, 'flag')] }), 'die');
    rmSync(folder, { recursive: true });
    expect(all.slice(0, 4)).toEqual(Array(4).fill(fine));
    expect(JSON.stringify(all.at(-1))).toContain('could not be started again');
  });
});

describe.skipIf(!hasPython)(`an oracle that does not come up${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test.each([
    ['says nothing', 'mute', 'no ready line within 800 ms'],
    ['says something else', 'chatty', 'expected the JSON of a ready line'],
    ['exits', 'dead', 'it exited with code 1\nno torch today'],
    ['does not answer hello', 'deaf', 'no answer within 1500 ms'],
    ['speaks another version', 'wrong-version', 'reply.protocol is 2, but this side speaks 1'],
  ])('because it %s is named, and leaves nothing behind', async (_, mode, words) => {
    const scratch = openScratch();
    const problem = await start({ args: ['--mode', mode], readyTimeoutMs: 800, scratch }).catch((p: unknown) => p);
    expect(problem).toBeInstanceOf(StartFailed);
    expect(String(problem)).toContain(words);
    expect(existsSync(join(scratch.path, 's0'))).toBe(false);
    scratch.close();
  });
});

test('a Python that is not there is named', async () => {
  const problem = await startOracle({ python: '/nowhere/python' }).catch((p: unknown) => p);
  expect(problem).toBeInstanceOf(StartFailed);
  expect(String(problem)).toContain('/nowhere/python did not start');
  expect(String(problem)).toContain('ENOENT');
});

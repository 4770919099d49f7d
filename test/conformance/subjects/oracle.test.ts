// The live oracle, supervised: answers in order, a killed or stopped one is started again, and nothing is left behind.

import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Case } from '../../../cases/case.ts';
import { generate } from '../../../cases/g1/generate.ts';
import { connectOracle, type Oracle, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { startPython, StartFailed } from '../../../ts-impl/conformance/subjects/process.ts';
import { openScratch } from '../../../ts-impl/conformance/subjects/scratch.ts';
import { hasPython, NO_PYTHON, PYTHON } from './live-python.ts';
import { isRunning } from './running.ts';
import { batchNormCase } from './small-cases.ts';

const CASES: readonly Case[] = Array.from({ length: 300 }, (_, i) => generate('ordinary', 11, i));

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function start(options: Partial<Parameters<typeof startOracle>[0]> = {}): Promise<Oracle> {
  const oracle = await startOracle({ python: PYTHON, batch: { cases: 16, window: 4 }, ...options });
  open.push(oracle);
  return oracle;
}

describe.skipIf(!hasPython)(`the live oracle${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test('names itself and what its bits depend on', async () => {
    const oracle = await start();
    expect(oracle).toMatchObject({ name: 'torch', kind: 'oracle', restarts: 0 });
    expect(oracle.version).toMatch(/^\d+\.\d+/);
    expect(oracle.capabilities).toMatchObject({ threads: '1', python: expect.stringMatching(/^3\./) });
    if (process.arch === 'x64') expect(oracle.capabilities.capability).toBe('avx2');
  });

  test('killed in mid-run is started again; every case is answered once, as by an undisturbed one', async () => {
    const undisturbed = await (await start()).ask(CASES, { truth: false });
    const oracle = await start();
    const victim = oracle.pid;
    if (victim === null) throw new Error('it has no process');
    await oracle.ask(CASES.slice(0, 16), { truth: false });
    const asking = oracle.ask(CASES, { truth: false });
    setTimeout(() => process.kill(victim, 'SIGKILL'), 30);
    expect(await asking).toEqual(undisturbed);
    expect(oracle.restarts).toBe(1);
    expect(oracle.pid).not.toBe(victim);
  });

  test('stopped in mid-run is a timeout and started again', async () => {
    const oracle = await start({ timeoutMs: 1500 });
    const victim = oracle.pid;
    if (victim === null) throw new Error('it has no process');
    process.kill(victim, 'SIGSTOP');
    const answers = await oracle.ask(CASES.slice(0, 40), { truth: false });
    expect(answers.every(({ outcome }) => outcome.kind === 'returned')).toBe(true);
    expect(oracle.restarts).toBe(1);
    expect(isRunning(victim)).toBe(false);
  });

  test('tells how long bare PyTorch takes', async () => {
    const seconds = await (await start()).floor(CASES.slice(0, 50));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(10);
  });

  test('closed leaves no process and no file, and answers no more', async () => {
    const scratch = openScratch();
    const oracle = await start({ scratch });
    const socket = `${scratch.path}/s0`;
    expect(existsSync(socket)).toBe(true);
    await oracle.close();
    await oracle.close();
    expect(existsSync(socket)).toBe(false);
    expect(isRunning(oracle.pid ?? 0)).toBe(false);
    const [answer] = await oracle.ask([batchNormCase('late')], { truth: false });
    expect(answer.outcome).toMatchObject({ kind: 'undecided', reason: { kind: 'crash' } });
    scratch.close();
  });

  test('can be connected to over tcp, and outlives whoever asked', async () => {
    const args = ['--endpoint', 'tcp://127.0.0.1:0'];
    const elsewhere = await startPython({ python: PYTHON, args, readyTimeoutMs: 60_000 });
    open.push({ close: elsewhere.end });
    for (let visit = 0; visit < 2; visit++) {
      const oracle = await connectOracle(String(elsewhere.ready.endpoint));
      const [answer] = await oracle.ask([batchNormCase('visit')], { truth: true });
      expect(answer.outcome.kind).toBe('returned');
      expect(answer.truth?.kind).toBe('returned');
      await oracle.close();
    }
    expect(isRunning(elsewhere.pid)).toBe(true);
  });

  test('serves no other host', async () => {
    const args = ['--endpoint', 'tcp://0.0.0.0:0'];
    const problem = await startPython({ python: PYTHON, args, readyTimeoutMs: 60_000 }).catch((p: unknown) => p);
    expect(problem).toBeInstanceOf(StartFailed);
    expect(String(problem)).toContain('other hosts are not served');
  });
});

test('an endpoint where nobody answers is named', async () => {
  const problem = await connectOracle('ipc:///nowhere/oracle', { timeoutMs: 200 }).catch((p: unknown) => p);
  expect(problem).toBeInstanceOf(StartFailed);
  expect(String(problem)).toContain('no answer within 200 ms');
});

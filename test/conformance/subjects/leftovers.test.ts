// However Node ends, no process, socket or folder of a run stays behind.

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openScratch } from '../../../ts-impl/conformance/subjects/scratch.ts';
import { hasPython, NO_PYTHON, PYTHON } from './live-python.ts';
import { isRunning } from './running.ts';
import { processesWith } from './sandbox-attempts.ts';
import { type Transpiled, transpile } from './transpiled.ts';

const LIAR = fileURLToPath(new URL('./liars/liar.py', import.meta.url));
const ROOM = 'ts-impl/conformance/subjects';

let code: Transpiled;
beforeAll(() => {
  code = transpile(`${ROOM}/oracle.ts`, `${ROOM}/workers.ts`, `${ROOM}/scratch.ts`);
});
afterAll(() => code.remove());

let parent = '';
/** The document's own; the arguments of bubblewrap name it. */
let folder = '';
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'nmv-test-'));
  folder = mkdtempSync(join(tmpdir(), 'nmv-document-'));
  writeFileSync(join(folder, 'loop.py'), 'while True: pass');
});
afterEach(() => {
  for (const path of [parent, folder]) rmSync(path, { recursive: true, force: true });
});

const from = (file: string) => JSON.stringify(code.pathOf(`${ROOM}/${file}`));

/** A run with an oracle and a scratch folder; it prints the numbers of all its processes. */
function script(
  ending: string,
  more: { readonly oracle: string; readonly work: string; readonly pids: string },
): string {
  return `
    import { startOracle } from ${from('oracle.ts')};
    import { startHost } from ${from('workers.ts')};
    import { openScratch } from ${from('scratch.ts')};
    const scratch = openScratch(${JSON.stringify(parent)});
    const python = ${JSON.stringify(PYTHON)};
    const oracle = await startOracle({ python, scratch, ${more.oracle} });
    ${more.work}
    console.log(JSON.stringify([oracle.pid, ${more.pids}]));
    ${ending}
  `;
}

/** With the real oracle, a host, and a worker that loops for ever. */
const whole = (ending: string) =>
  script(ending, {
    oracle: '',
    work: `
      const host = await startHost({ python, scratch });
      const worker = await host.startWorker({ timeoutMs: 60000, document: ${JSON.stringify(join(folder, 'loop.py'))} });
      const loading = worker.load('loop.py', [{ line: 1, text: 'while True: pass' }]);`,
    pids: 'host.pid, worker.pid',
  });

/** With an oracle that needs no torch, and a question that it never answers. */
const quick = (ending: string) =>
  script(ending, {
    oracle: `script: ${JSON.stringify(LIAR)}`,
    work: `
      const hang = { id: 'hang', layer: 'x', dtype: 'float32', layout: 'contiguous', steps: [] };
      const asking = oracle.ask([hang], { truth: false });`,
    pids: '',
  });

function start(source: string) {
  return execa(process.execPath, ['--input-type=module', '-e', source], { reject: false, lines: true });
}

/** Of its first line. (execa's own iteration would wait for the end of the process.) */
function pidsOf(run: ReturnType<typeof start>): Promise<number[]> {
  return new Promise((resolve, reject) => {
    run.stdout.once('data', (chunk: Buffer) => resolve(JSON.parse(String(chunk)) as number[]));
    void run.then(({ stderr }) => reject(new Error(`it printed nothing: ${stderr.join('\n')}`)));
  });
}

const allGone = (pids: readonly number[]) =>
  expect.poll(() => [...pids.filter(isRunning), ...processesWith(folder)], { timeout: 10_000 }).toEqual([]);

describe.skipIf(!hasPython)(`after Node${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test('was killed with -9 no process stays, and the next run removes the folder', async () => {
    const run = start(whole('await loading;'));
    const pids = await pidsOf(run);
    expect(pids.every(isRunning)).toBe(true);
    run.kill('SIGKILL');
    await allGone(pids);
    expect(readdirSync(parent)).toHaveLength(1);
    await run;
    openScratch(parent).close();
    expect(readdirSync(parent)).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('got %s neither process nor folder stays', async (signal) => {
    const run = start(quick('await asking;'));
    const pids = await pidsOf(run);
    run.kill(signal);
    expect((await run).signal).toBe(signal);
    await allGone(pids);
    expect(readdirSync(parent)).toEqual([]);
  });

  test('closed everything neither process nor folder stays', async () => {
    const ending = 'await Promise.all([oracle.close(), worker.close(), host.close()]); scratch.close();';
    const run = start(whole(ending));
    const pids = await pidsOf(run);
    expect((await run).exitCode).toBe(0);
    await allGone(pids);
    expect(readdirSync(parent)).toEqual([]);
  });

  test.each([
    ['threw', 'throw new Error("over");', 1],
    ['rejected', 'Promise.reject(new Error("over")); await asking;', 1],
    ['exited', 'process.exit(5);', 5],
  ])('%s neither process nor folder stays', async (_, ending, exitCode) => {
    const run = start(quick(ending));
    const pids = await pidsOf(run);
    expect((await run).exitCode).toBe(exitCode);
    await allGone(pids);
    expect(existsSync(parent) && readdirSync(parent)).toEqual([]);
  });
});

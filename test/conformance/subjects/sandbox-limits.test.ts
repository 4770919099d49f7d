// Foreign code where no sandbox can hold it: limits do, and what they don't is said. Where not even they do, it takes `unsafe`.

import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../../ts-impl/cli/program.ts';
import { liveRooms } from '../../../ts-impl/cli/rooms.ts';
import { StartFailed } from '../../../ts-impl/conformance/subjects/process.ts';
import {
  type Confinement,
  confinementOf,
  describeConfinement,
  tryBubblewrap,
} from '../../../ts-impl/conformance/subjects/sandbox.ts';
import { type Host, startHost } from '../../../ts-impl/conformance/subjects/workers.ts';
import { fakeEdge } from '../../cli/fake-edge.ts';
import { hasPython, NO_PYTHON, PYTHON } from './live-python.ts';
import { attempt, processesWith } from './sandbox-attempts.ts';

const NOWHERE = '/nowhere/bwrap';
const folder = mkdtempSync(join(tmpdir(), 'nmv-test-'));
let host: Host;
beforeAll(async () => {
  if (hasPython) host = await startHost({ python: PYTHON, bubblewrap: NOWHERE });
});
afterAll(async () => {
  await host?.close();
  rmSync(folder, { recursive: true });
});

const under: Confinement = { kind: 'bubblewrap', program: 'bwrap', version: '0.8.0', filter: 'none was tried' };
const FINE = { join: null, limit: null, filter: null, readable: [] };

describe('what holds foreign code', () => {
  test('is what was tried out: bubblewrap, else limits, else nothing', () => {
    expect(confinementOf(under, FINE)).toEqual({ ...under, filter: null });
    const barred = { ...FINE, join: 'joining the user namespace: Operation not permitted' };
    expect(confinementOf(under, barred)).toEqual({
      kind: 'limits',
      why: `a process can't join its sandbox: ${barred.join}`,
      filter: null,
    });
    expect(confinementOf(under, { ...barred, limit: 'it is handed out all the same' })).toEqual({
      kind: 'none',
      why: `a process can't join its sandbox: ${barred.join}; limits: it is handed out all the same`,
    });
  });

  test('is not gone by the name of a program, but by running it', async () => {
    expect(await tryBubblewrap(NOWHERE)).toMatchObject({ kind: 'limits', why: expect.stringContaining('ENOENT') });
    const other = join(folder, 'bwrap');
    writeFileSync(other, '#!/bin/sh\necho "bwrap: setting up uid map: Permission denied" >&2\nexit 1\n');
    chmodSync(other, 0o755);
    expect(await tryBubblewrap(other)).toMatchObject({
      kind: 'limits',
      why: `${other} does not run here: bwrap: setting up uid map: Permission denied`,
    });
  });

  test('is put in a sentence that names what is not enforced, or none', () => {
    expect(describeConfinement({ ...under, filter: null })).toBeNull();
    const words = (confinement: Confinement) => describeConfinement(confinement) ?? '';
    expect(words({ kind: 'limits', why: 'w', filter: null })).toMatch(
      /Not enforced: it may read and write what you may, and end/,
    );
    expect(words({ kind: 'limits', why: 'w', filter: 'f' })).toMatch(
      /Not enforced: .*open sockets.*apt install bubblewrap/,
    );
    expect(words({ kind: 'none', why: 'w' })).toMatch(/Not enforced: it may take all memory/);
    expect(words(under)).toMatch(/Not enforced: it may connect to sockets that lie in the folder/);
  });
});

describe.skipIf(!hasPython)(`without bubblewrap${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test('the host says so', () => {
    expect(host.confinement).toMatchObject({ kind: 'limits', why: expect.stringContaining(NOWHERE) });
  });

  test.each([
    [
      'forks without end',
      ['import os', 'while True:', '  try: os.fork()', '  except OSError: pass'],
      /it had \d+ processes, more than the 64/,
    ],
    ['takes private memory without end', ['l = []', 'while True: l.append(bytearray(1 << 20))'], /MemoryError/],
    [
      'takes shared memory without end',
      [
        'import mmap',
        'm = mmap.mmap(-1, 1 << 30)',
        'for i in range(1024): m.write(b"x" * (1 << 20))',
        'while True: pass',
      ],
      /it took \d+ MiB of memory, more than the 300/,
    ],
    ['opens a socket', ['import socket', 'socket.socket()'], /PermissionError: \[Errno 1\] Operation not permitted/],
  ])('code that %s is stopped', async (_, code, words) => {
    expect(JSON.stringify(await attempt(host, code))).toMatch(words);
  });

  test('code that fills a disk is stopped', async ({ skip }) => {
    if (statfsSync(tmpdir()).type === TMPFS) skip('the folder for temporary files lies in memory, which is no disk');
    const code = [
      'block = b"x" * (1 << 20)',
      'for i in range(2000): open(str(i), "wb").write(block)',
      'while True: pass',
    ];
    expect(JSON.stringify(await attempt(host, code))).toMatch(/it wrote \d+ MiB to disk, more than the 256 it may/);
  });

  test('no process of it stays', async () => {
    const mark = `27182${process.pid}`; // of this run alone
    const code = ['import subprocess', `subprocess.Popen(["sleep", "${mark}"], start_new_session=True)`];
    let during = 0;
    await attempt(host, code, {}, async () => {
      during = processesWith(`sleep ${mark}`).length;
    });
    expect(during).toBe(1);
    await expect.poll(() => processesWith(`sleep ${mark}`), { timeout: 5000 }).toEqual([]);
  });

  test('audit says on standard error what is not enforced, once, and doctor says it too', async () => {
    const file = join(folder, 'notes.py');
    writeFileSync(
      file,
      'class Norm(nn.Module):\n  def forward(self, x): return (x - x.mean(-1, True)) / x.std(-1, keepdim=True)\n',
    );
    const rooms = {
      ...liveRooms,
      startHost: (options: Parameters<typeof startHost>[0]) => startHost({ ...options, bubblewrap: NOWHERE }),
    };
    const edge = fakeEdge();
    await main(['audit', file, '--layer', 'LayerNorm', '--python', PYTHON], edge, rooms);
    expect(edge.errText().match(/foreign code runs without a sandbox .*Not enforced: /g)).toHaveLength(1);
    const doctor = fakeEdge();
    expect(await main(['doctor', '--python', PYTHON], doctor, rooms)).toBe(0);
    expect(doctor.outText()).toMatch(
      /^ok {2}bubblewrap not here: foreign code runs without a sandbox .*apt install bubblewrap/m,
    );
  });
});

describe('without limits', () => {
  /** A host that says what one on a system without limits would. */
  const bare = () => {
    const python = join(folder, 'python');
    const tried = { tried: true, join: 'no', limit: 'RLIMIT_DATA does not hold', filter: 'no', readable: [] };
    writeFileSync(
      python,
      `#!/bin/sh\necho '{"protocol": 1, "torch": "2.13.0"}'\nread -r line\necho '${JSON.stringify(tried)}'\ncat > /dev/null\n`,
    );
    chmodSync(python, 0o755);
    return python;
  };

  test('no code is run, unless it was said to be safe enough', async () => {
    const problem = await startHost({ python: bare(), bubblewrap: NOWHERE }).catch((p: unknown) => p);
    expect(problem).toBeInstanceOf(StartFailed);
    expect(String(problem)).toMatch(/can't be held here .*RLIMIT_DATA does not hold.*so none is run; --unsafe runs it/);
    const unsafe = await startHost({ python: bare(), bubblewrap: NOWHERE, unsafe: true });
    expect(unsafe.confinement.kind).toBe('none');
    await unsafe.close();
  });
});

/** Its number among kinds of file systems. */
const TMPFS = 0x01021994;

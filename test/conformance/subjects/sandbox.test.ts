// Code that tries to break out of its sandbox, each way stopped with its own message, and nothing of it left behind.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tryBubblewrap } from '../../../ts-impl/conformance/subjects/sandbox.ts';
import { openScratch, type Scratch } from '../../../ts-impl/conformance/subjects/scratch.ts';
import { type Host, startHost } from '../../../ts-impl/conformance/subjects/workers.ts';
import { hasPython, NO_PYTHON, PYTHON } from './live-python.ts';
import { attempt, processesWith } from './sandbox-attempts.ts';
import { caseOf, construct, forward } from './small-cases.ts';

const NO_BUBBLEWRAP =
  'bubblewrap does not run here: install it (apt install bubblewrap) where user namespaces are allowed';
const SECRET = 'a-word-of-this-test-alone';

let here: string | null = NO_BUBBLEWRAP;
let host: Host;
let scratch: Scratch;
/** In the home folder, where nobody but its owner has business. */
let home = '';
/** The document's own folder. */
let folder = '';
const document = () => join(folder, 'notes.md');
const servers: Server[] = [];

beforeAll(async () => {
  if (!hasPython || (await tryBubblewrap()).kind !== 'bubblewrap') return;
  here = null;
  home = mkdtempSync(join(homedir(), '.nmv-test-'));
  folder = mkdtempSync(join(tmpdir(), 'nmv-test-'));
  writeFileSync(join(home, 'diary'), SECRET);
  writeFileSync(document(), '# Notes\n');
  writeFileSync(join(folder, 'table.csv'), '1,2\n');
  process.env.NORMATIVE_TEST_SECRET = SECRET;
  scratch = openScratch();
  host = await startHost({ python: PYTHON, scratch });
});
afterAll(async () => {
  for (const server of servers) server.close();
  await host?.close();
  scratch?.close();
  delete process.env.NORMATIVE_TEST_SECRET;
  for (const path of [home, folder]) if (path !== '') rmSync(path, { recursive: true, force: true });
});
beforeEach(({ skip }) => {
  if (here !== null) skip(here);
});

const tries = (...code: string[]) => attempt(host, code, { document: document() });

/** A listening socket of this process that nobody may reach; tells how many came. */
async function listen(
  where: { port: number; host: string } | { path: string },
): Promise<{ server: Server; came: () => number }> {
  let count = 0;
  const server = createServer((socket) => {
    count++;
    socket.destroy();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(where, resolve));
  return { server, came: () => count };
}

describe.skipIf(!hasPython)(`under bubblewrap${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test('the host says what holds its workers', () => {
    expect(host.confinement).toMatchObject({ kind: 'bubblewrap', version: expect.stringMatching(/^\d+\.\d+/) });
  });

  test('the document’s own folder can be read, the home folder and the rest of /etc and /tmp are not there', async () => {
    const result = await tries(
      `assert open(${JSON.stringify(join(folder, 'table.csv'))}).read() == "1,2\\n"`,
      `open(${JSON.stringify(join(home, 'diary'))}).read()`,
      'open("/etc/shadow").read()',
      'import os',
      `raise ValueError(sorted(os.listdir("/tmp")))`,
    );
    expect(result).toEqual({
      errors: [
        `FileNotFoundError: [Errno 2] No such file or directory: '${join(home, 'diary')}'`,
        "FileNotFoundError: [Errno 2] No such file or directory: '/etc/shadow'",
        expect.stringContaining(`'${folder.split('/')[2]}'`),
      ],
    });
    expect(JSON.stringify(result)).not.toContain(scratch.path.split('/').at(-1));
  });

  test('nothing but the scratch folder can be written to', async () => {
    const result = await tries(
      'open("here", "w").write("allowed")',
      'open("/dev/shm/shared", "w").write("allowed")',
      `open(${JSON.stringify(join(folder, 'table.csv'))}, "a")`,
      'open("/usr/lib/planted.py", "w")',
      'open("/planted", "w")',
      'open("/dev/planted", "w")',
      'open("/proc/sys/kernel/core_pattern", "a")', // a command line that the kernel runs as root
    );
    const errors = 'errors' in result ? result.errors : [];
    expect(errors).toHaveLength(5);
    for (const error of errors.slice(0, 4)) expect(error).toMatch(/^OSError: \[Errno 30\] Read-only file system/);
    expect(errors[4]).toMatch(/Read-only file system|Permission denied/); // the latter for who is not root
  });

  test('no socket of this machine can be reached, wherever it is', async () => {
    const tcp = await listen({ port: 0, host: '127.0.0.1' });
    const abstract = await listen({ path: `\0nmv-test-${process.pid}` });
    const beside = await listen({ path: join(folder, 'socket') });
    const address = tcp.server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const result = await tries(
      'import socket',
      `socket.create_connection(("127.0.0.1", ${port}), 2)`,
      'socket.create_connection(("192.0.2.1", 80), 2)',
      `socket.socket(socket.AF_UNIX).connect("\\0nmv-test-${process.pid}")`,
      `socket.socket(socket.AF_UNIX).connect(${JSON.stringify(join(folder, 'socket'))})`,
    );
    expect(result).toEqual({
      errors: [
        'ConnectionRefusedError: [Errno 111] Connection refused',
        'OSError: [Errno 101] Network is unreachable',
        expect.stringMatching(/^(PermissionError|ConnectionRefusedError): /),
        'PermissionError: [Errno 1] Operation not permitted',
      ],
    });
    expect([tcp.came(), abstract.came(), beside.came()]).toEqual([0, 0, 0]);
  });

  test('a process that forks without end is stopped', async () => {
    const result = await tries('import os', 'while True:', '  try: os.fork()', '  except OSError: pass');
    expect(result).toMatchObject({
      ended: {
        kind: 'crash',
        message: expect.stringMatching(/it was stopped: it had \d+ processes, more than the 64/),
      },
    });
  });

  test.each([
    ['of its own', ['l = []', 'while True: l.append(bytearray(1 << 20))'], /MemoryError/],
    [
      'shared, which its own limit does not count',
      [
        'import mmap',
        'm = mmap.mmap(-1, 1 << 30)',
        'for i in range(1024): m.write(b"x" * (1 << 20))',
        'while True: pass',
      ],
      /it was stopped: it took \d+ MiB of memory, more than the 300/,
    ],
    [
      'of several processes together',
      [
        'import os, time',
        'for _ in range(4):',
        '  if os.fork() == 0:',
        '    held = bytearray(b"x") * (150 << 20)',
        '    time.sleep(60)',
        'time.sleep(60)',
      ],
      /it was stopped: it took \d+ MiB of memory, more than the 300/,
    ],
  ])('memory %s ends', async (_, code, words) => {
    expect(JSON.stringify(await tries(...code))).toMatch(words);
  });

  test('memory that belongs to no process is not given', async () => {
    expect(await tries('import os', 'os.memfd_create("hidden")')).toEqual({
      errors: ['PermissionError: [Errno 1] Operation not permitted'],
    });
  });

  test('a disk is not filled: the scratch folder has an end, in bytes and in files', async () => {
    const block = 'open(str(i), "wb").write(b"x" * (1 << 20))';
    expect(await tries(`for i in range(200): ${block}`)).toEqual({
      errors: ['OSError: [Errno 28] No space left on device'],
    });
    expect(await tries('i = 0', 'while True:', '  open(str(i), "w").close()', '  i += 1')).toMatchObject({
      ended: { message: expect.stringMatching(/it was stopped: it made \d+ files, more than the 10000/) },
    });
  });

  test('no process of it stays, whatever it does to stay', async () => {
    const mark = `31415${process.pid}`; // of this run alone
    const code = [
      'import os, signal, subprocess',
      `subprocess.Popen(["sleep", "${mark}"], start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN))`,
      `if os.fork() == 0:`,
      '  os.setsid()',
      `  if os.fork() == 0: os.execvp("sleep", ["sleep", "${mark}"])`,
      '  os._exit(0)',
      'import time; time.sleep(0.3)',
    ];
    let during = 0;
    await attempt(host, code, { document: document() }, async () => {
      during = processesWith(`sleep ${mark}`).length;
    });
    expect(during).toBe(2);
    await expect.poll(() => processesWith(`sleep ${mark}`), { timeout: 5000 }).toEqual([]);
    expect(processesWith(folder).length).toBeLessThanOrEqual(3); // one room is kept open for the next worker
    expect(readdirSync(scratch.path)).toEqual([]);
  });

  test('what this process keeps in its environment is in none that it can look into', async () => {
    const result = await tries(
      'import glob, os',
      'seen = [open(p).read() for p in glob.glob("/proc/[0-9]*/environ") if os.access(p, os.R_OK)]',
      `assert seen and not any(${JSON.stringify(SECRET)} in text for text in [*seen, str(os.environ)])`,
    );
    expect(result).toEqual({ errors: [] });
  });
});

/** A norm whose forward sends a reply of its own before the right one. `stamp` is Python, of the question's `stamp`. */
const forger = (stamp: string) => [
  'import msgpack, sys',
  'class Forger(nn.Module):',
  '  def forward(self, x):',
  '    frame = sys._getframe()',
  '    while "peer" not in frame.f_locals:',
  '      if "request" in frame.f_locals: stamp = frame.f_locals["request"].stamp',
  '      frame = frame.f_back',
  '    socket, peer = frame.f_locals["socket"], frame.f_locals["peer"]',
  `    sequence, nonce = ${stamp}`,
  '    header = {"protocol": 1, "kind": "answer", "sequence": sequence, "nonce": nonce, "answers": [], "sizes": []}',
  '    socket.send_multipart([peer, msgpack.packb(header), b""])',
  '    return x',
];
const HONEST = ['class Honest(nn.Module):', '  def forward(self, x): return x'];

describe.skipIf(!hasPython)(`one worker and another${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test.each([
    ['a number that nobody asked', 'stamp.sequence + 7, stamp.nonce', /answered sequence \d+, which nobody asked/],
    ['a nonce that it made up', 'stamp.sequence, "guessed"', /with another nonce than the question had/],
    ['the stamp of another’s question', '2, other_nonce', /with another nonce than the question had/],
  ])('a forged reply with %s makes its own subject undecided and no other', async (_, stamp, words) => {
    const honest = await host.startWorker({ timeoutMs: 20_000 });
    const forging = await host.startWorker({ timeoutMs: 20_000 });
    try {
      await honest.load('page.md', [{ line: 1, text: HONEST.join('\n') }]);
      const other = ['other_nonce = "of-another-worker"'];
      await forging.load('page.md', [{ line: 1, text: [...other, ...forger(stamp)].join('\n') }]);
      const ask = (name: string) => [caseOf('x', [construct(name, {}), forward('eval')])];
      const [[forged], [answered]] = await Promise.all([
        forging.ask(ask('Forger'), { truth: false }),
        honest.ask(ask('Honest'), { truth: false }),
      ]);
      expect(forged.outcome).toMatchObject({ kind: 'undecided', reason: { kind: 'protocol' } });
      expect(JSON.stringify(forged.outcome)).toMatch(words);
      expect(answered.outcome.kind).toBe('returned');
      expect(forging.failure?.kind).toBe('protocol');
      expect(honest.failure).toBeNull();
    } finally {
      await Promise.all([honest.close(), forging.close()]);
    }
  });

  test('neither sees, signals, traces or speaks to the other', async () => {
    const other = await host.startWorker({ timeoutMs: 20_000 });
    try {
      const result = await tries(
        'import ctypes, os, signal',
        `os.kill(${other.pid}, signal.SIGKILL)`,
        `os.listdir(${JSON.stringify(scratch.path)})`,
        'assert [p for p in os.listdir("/proc") if p.isdigit()] == ["1", "2", "3"]',
        'libc = ctypes.CDLL(None, use_errno=True)',
        `if libc.ptrace(16, ${other.pid}, 0, 0) != 0: raise OSError(ctypes.get_errno(), "ptrace")`,
      );
      expect(result).toEqual({
        errors: [
          'ProcessLookupError: [Errno 3] No such process',
          `FileNotFoundError: [Errno 2] No such file or directory: '${scratch.path}'`,
          'PermissionError: [Errno 1] ptrace',
        ],
      });
      expect(await other.load('page.md', [{ line: 1, text: 'x = 1' }])).toMatchObject({ kind: 'loaded' });
    } finally {
      await other.close();
    }
  });
});

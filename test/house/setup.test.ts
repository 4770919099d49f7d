// The setup against small fakes: a Python, a pip and a registry that each lack one thing, and the sentence that each gets.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { build, checkNode, nodeModulesAreCurrent } from '../../setup/node-side.mjs';
import { buildOffered, preparePython } from '../../setup/python-side.mjs';
import { isNetworkFailure, lastWords, Stop } from '../../setup/steps.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'normative-house-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A clone in miniature with an empty cache and a PATH of its own that holds a shell and nothing else. */
let root = '';
let env: Record<string, string> = {};
beforeEach(() => {
  root = mkdtempSync(join(folder, 'clone-'));
  mkdirSync(join(root, 'bin'));
  for (const tool of ['sh', 'mkdir', 'cp', 'touch', 'dirname']) symlinkSync(which(tool), join(root, 'bin', tool));
  writeFileSync(join(root, 'requirements.txt'), 'torch==2.13.0\npyzmq==27.3.0\nmsgpack==1.2.4\nnumpy==2.4.6\n');
  env = { PATH: join(root, 'bin'), XDG_CACHE_HOME: join(root, 'cache'), HOME: root };
});

const CLONED = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
const WHOLE = { torch: '2.13.0+cpu', pyzmq: '27.3.0', msgpack: '1.2.4', numpy: '2.4.6' };

describe('Node', () => {
  test.each(['18.20.4', '20.18.3'])('%s is refused with what to do', (version) => {
    expect(() => checkNode(version)).toThrow(`Node ${version} is too old: Normative needs 20.19 or newer`);
  });
  test.each(['20.19.0', '20.20.2', '22.1.0', '24.0.0'])('%s is taken', (version) => {
    expect(() => checkNode(version)).not.toThrow();
  });
});

describe('node_modules', () => {
  const lock = (version: string) => ({
    packages: {
      '': {},
      'node_modules/a': { version, integrity: version },
      'node_modules/b': { version: '1.0.0', optional: true },
    },
  });

  test('are current where npm recorded what the lock file says, and stale where it did not', () => {
    const write = (path: string, content: unknown) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), JSON.stringify(content));
    };
    expect(() => nodeModulesAreCurrent(root)).toThrow('package-lock.json is missing');
    write('package-lock.json', lock('1.0.0'));
    expect(nodeModulesAreCurrent(root)).toBe(false);
    write('node_modules/.package-lock.json', {
      packages: { 'node_modules/a': { version: '1.0.0', integrity: '1.0.0' } },
    });
    expect(nodeModulesAreCurrent(root)).toBe(false); // recorded, but the folder is gone
    write('node_modules/a/package.json', {});
    expect(nodeModulesAreCurrent(root)).toBe(true);
    write('package-lock.json', lock('1.0.1'));
    expect(nodeModulesAreCurrent(root)).toBe(false);
  });
});

describe('the build', () => {
  test('runs where a source changed, copies what is no TypeScript, removes what has lost its source', async () => {
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    for (const name of CLONED) cpSync(join(ROOT, name), join(root, name));
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    const built = (path: string) => existsSync(join(root, 'dist', path));
    write('ts-impl/one.ts', "import { two } from '../cases/two.ts';\nexport const one: number = two;\n");
    write('cases/two.ts', 'export const two = 2;\n');
    write('cases/examples/notes.md', '# Notes\n');
    await build(root, { link: false });
    expect(readFileSync(join(root, 'dist/ts-impl/one.js'), 'utf8')).toContain('from "../cases/two.js"');
    expect(built('cases/examples/notes.md')).toBe(true);

    rmSync(join(root, 'dist/ts-impl/one.js'));
    await build(root, { link: false });
    expect(built('ts-impl/one.js')).toBe(false); // nothing changed, so nothing was built

    rmSync(join(root, 'dist'), { recursive: true });
    write('ts-impl/one.ts', 'export const one: number = 1;\n');
    await build(root, { link: false });
    rmSync(join(root, 'cases/two.ts'));
    await build(root, { link: false });
    expect([built('ts-impl/one.js'), built('cases/two.js'), built('cases/two.d.ts')]).toEqual([true, false, false]);
  });

  test('stops with the words of the compiler where a source cannot be read', async () => {
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    for (const name of CLONED) cpSync(join(ROOT, name), join(root, name));
    mkdirSync(join(root, 'cases'));
    mkdirSync(join(root, 'ts-impl'));
    writeFileSync(join(root, 'ts-impl/broken.ts'), 'export const = ;\n');
    await expectStop(build(root, { link: false }), 1, /broken\.ts\(1,14\).*The build failed/);
  });
});

describe('Python', () => {
  test('that has the pinned torch is used as it is, in the order of the documentation', async () => {
    fakePython('bin/python3', { packages: WHOLE });
    expect(await prepare()).toEqual({ path: 'python3', version: '3.11.7', torch: '2.13.0+cpu' });
    fakePython('cache/normative/venv/bin/python', { packages: WHOLE });
    expect((await prepare()).path).toBe(join(root, 'cache/normative/venv/bin/python'));
    fakePython('.venv/bin/python', { packages: WHOLE });
    expect((await prepare()).path).toBe(join(root, '.venv/bin/python'));
    const other = fakePython('other', { packages: WHOLE });
    env.NORMATIVE_PYTHON = other;
    expect((await prepare()).path).toBe(other);
    const third = fakePython('third', { packages: { ...WHOLE, torch: '2.1.0' } });
    expect(await prepare({ python: third })).toMatchObject({ path: third, torch: '2.1.0' }); // named outright: any torch
  });

  test('that is named but lacks something is refused, not replaced', async () => {
    env.NORMATIVE_PYTHON = fakePython('other', { packages: { ...WHOLE, torch: '2.1.0' } });
    await expectStop(prepare(), 2, /NORMATIVE_PYTHON names .*other, which lacks torch 2\.13\.0 \(it has 2\.1\.0\)/);
    await expectStop(prepare({ python: join(root, 'none') }), 2, /--python names .*none, which is no Python that runs/);
    const bare = fakePython('bare', { packages: { ...WHOLE, pyzmq: null } });
    await expectStop(prepare({ python: bare }), 2, /lacks pyzmq.*bare -m pip install -r requirements.txt/);
  });

  test('that is missing or too old gets a sentence on where to find one', async () => {
    await expectStop(prepare(), 2, /Python 3\.10 to 3\.14 was not found.*apt install python3 python3-venv/);
    fakePython('bin/python3', { version: [3, 9, 2], packages: WHOLE });
    await expectStop(prepare(), 2, /Python 3\.10 to 3\.14 was not found/);
  });

  test('without the venv module gets the name of the package, and no half-made folder stays', async () => {
    fakePython('bin/python3', {
      venv: 'echo "The virtual environment was not created because ensurepip is not available."; exit 1',
    });
    await expectStop(prepare(), 2, /apt install python3-venv/);
    expect(spawnSync('ls', [join(root, '.venv')]).status).not.toBe(0);
  });
});

describe('PyTorch', () => {
  test.each([
    [['2.14.0', '2.13.0+cpu', '2.13.0'], 'linux', 'cpu'],
    [['2.13.0'], 'linux', 'cuda'],
    [['2.13.0+cu130', '2.13.0+cpu'], 'linux', 'cuda'],
    [['2.13.0'], 'darwin', 'cpu'],
    [['2.12.0', '2.13.01'], 'linux', null],
  ] as const)('of %j on %s pip takes %s', (versions, platform, build) => {
    expect(buildOffered(versions, '2.13.0', platform)).toBe(build);
  });

  test('comes from pip itself where that is the CPU build', async () => {
    fakePython('bin/python3', { index: '2.14.0, 2.13.0+cpu, 2.13.0' });
    expect((await prepare()).path).toBe(join(root, '.venv/bin/python'));
    expect(pipCalls()).toEqual(['install -r requirements.txt --no-input']);
  });

  test('comes from the CPU index of PyTorch where pip would take the CUDA build', async () => {
    fakePython('bin/python3', { index: '2.13.0', cpuIndex: '2.13.0+cpu' });
    await prepare();
    expect(pipCalls()[0]).toBe(
      'install --index-url https://download.pytorch.org/whl/cpu --no-deps torch==2.13.0 --no-input',
    );
  });

  test('is not downloaded as a CUDA build without being told', async () => {
    fakePython('bin/python3', { index: '2.13.0' });
    await expectStop(prepare(), 2, /Stopped before downloading the CUDA build\..*--cuda-ok/);
    expect(pipCalls()).toEqual([]);
    await prepare({ cudaOk: true });
    expect(pipCalls()).toEqual(['install -r requirements.txt --no-input']);
  });

  test('is sought again where an earlier run was interrupted', async () => {
    fakePython('bin/python3', { index: '2.13.0+cpu', install: 'echo Killed; exit 137' });
    await expectStop(prepare(), 2, /Killed\n`pip install` failed/);
    fakePython('.venv/bin/python', { index: '2.13.0+cpu' });
    fakePython('bin/python3', { packages: WHOLE }); // `normative` would look into .venv first, so .venv is filled
    expect((await prepare()).torch).toBe('2.13.0+cpu');
  });

  test('out of reach is told from not offered', async () => {
    fakePython('bin/python3', { index: '' });
    await expectStop(prepare(), 2, /pip offers no torch 2\.13\.0 for this Python and platform/);
    rmSync(join(root, '.venv'), { recursive: true });
    fakePython('bin/python3', { offline: true });
    await expectStop(prepare(), 2, /pip cannot reach its package index/);
  });
});

describe('setup.mjs', () => {
  const setup = (args: string[], extra = {}) =>
    spawnSync(process.execPath, [join(ROOT, 'setup.mjs'), ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...extra },
    });

  test('exits 2 and says why where Python is missing', () => {
    const run = setup([], { NORMATIVE_PYTHON: '/nonexistent/python' });
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('NORMATIVE_PYTHON names /nonexistent/python, which is no Python that runs.');
  });

  test('exits 2 on an option that it does not know, 0 with --help', () => {
    expect(setup(['--pyton'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('setup does not know --pyton'),
    });
    expect(setup(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('--cuda-ok') });
  });
});

describe('the words of a failed program', () => {
  test('leave out what is harmless', () => {
    expect(lastWords("WARNING: Location 'file:///x/' is ignored: it is neither.\n\nERROR: no\n")).toBe('    ERROR: no');
  });
  test.each(['npm error code ENOTFOUND', 'NewConnectionError: failed', 'npm error code ECONNREFUSED'])(
    '%s is the network',
    (said) => {
      expect(isNetworkFailure(said)).toBe(true);
    },
  );
  test('a package that is not there is not the network', () => {
    expect(isNetworkFailure('ERROR: No matching distribution found for torch==2.13.0')).toBe(false);
  });
});

// --- internal ---

interface FakePython {
  readonly version?: readonly number[];
  /** What it has; nothing but pip unless said. */
  readonly packages?: Readonly<Record<string, string | null>>;
  /** Shell for `-m venv`; unless said, makes a folder with the same fake, which has everything after `pip install`. */
  readonly venv?: string;
  /** Shell for `-m pip install -r`. */
  readonly install?: string;
  /** The versions of torch that pip lists, and those on PyTorch's CPU index. */
  readonly index?: string;
  readonly cpuIndex?: string;
  readonly offline?: boolean;
}

/** Writes a shell script that answers as a Python would, and returns its path. */
function fakePython(name: string, fake: FakePython): string {
  const path = join(root, name);
  const probe = (packages: object) => JSON.stringify({ version: fake.version ?? [3, 11, 7], packages });
  const none = { torch: null, pyzmq: null, msgpack: null, numpy: null };
  const listed = (versions: string | undefined) =>
    fake.offline
      ? 'echo "NewConnectionError: refused"; exit 1'
      : versions
        ? `echo "Available versions: ${versions}"`
        : 'echo "ERROR: No matching distribution found for torch"; exit 1';
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    `#!/bin/sh
here=$(dirname "$0")
case "$*" in
  -c*) if [ -e "$here/whole" ]; then echo '${probe(WHOLE)}'; else echo '${probe(fake.packages ?? none)}'; fi ;;
  "-m venv "*) ${fake.venv ?? `mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; touch "$3/pyvenv.cfg"`} ;;
  "-m pip --version" | "-m ensurepip") [ -e "$here/../pyvenv.cfg" ] ;;
  "-m pip index versions torch"*whl/cpu*) ${listed(fake.cpuIndex)} ;;
  "-m pip index versions torch"*) ${listed(fake.index)} ;;
  "-m pip install "*) shift 2; echo "$*" >> '${join(root, 'pip-calls')}'; ${fake.install ?? 'touch "$here/whole"'} ;;
esac
`,
  );
  chmodSync(path, 0o755);
  return path;
}

function prepare(options = {}) {
  return preparePython(root, { env, terminal: false, ...options });
}

function pipCalls(): string[] {
  try {
    return readFileSync(join(root, 'pip-calls'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

async function expectStop(promise: Promise<unknown>, exitCode: number, message: RegExp): Promise<void> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Stop);
  expect(error).toMatchObject({ exitCode, message: expect.stringMatching(new RegExp(message.source, 's')) });
}

function which(tool: string): string {
  return spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
}

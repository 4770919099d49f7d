// The Python half of the setup: finds a Python that has the pinned torch, or makes .venv with one. It starts no oracle.

import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { ask, isNetworkFailure, lastWords, runStep, say, Stop } from './steps.mjs';

const CPU_INDEX = 'https://download.pytorch.org/whl/cpu';
const PACKAGES = ['torch', 'pyzmq', 'msgpack', 'numpy'];
/** What only `audit --fix` needs: installed into environments of ours, not asked of a Python that someone named. */
const FOR_REPAIRS = 'libcst';
const PROBE = `
import sys, json, importlib.metadata as m
def version(name):
    try: return m.version(name)
    except m.PackageNotFoundError: return None
print(json.dumps({"version": list(sys.version_info[:3]), "packages": {n: version(n) for n in ${JSON.stringify([...PACKAGES, FOR_REPAIRS])}}}))
`;

/**
 * Finds or makes the Python that the oracle runs in and returns { path, version, torch }.
 * The first there is of `options.python`, NORMATIVE_PYTHON, .venv, the one in the user's cache folder and python3, the order in
 * which `normative` looks. With the pinned torch and its company it is used as it is; without, an environment is filled, and beside
 * python3 a .venv is made. Throws a Stop that says what is missing and what to do.
 */
export async function preparePython(root, options = {}) {
  const env = options.env ?? process.env;
  const pinned = pinnedTorch(root);
  if (options.python) return named(options.python, '--python', null);
  if (env.NORMATIVE_PYTHON) return named(env.NORMATIVE_PYTHON, 'NORMATIVE_PYTHON', pinned);
  const existing = [join(root, '.venv'), cacheVenv(env)].find((folder) => existsSync(venvPython(folder)));
  const path = existing === undefined ? 'python3' : venvPython(existing);
  const found = probe(path, env);
  const whole = existing === undefined || found?.packages[FOR_REPAIRS] !== null;
  if (found !== null && whole && lacks(found, pinned).length === 0) return describe(path, found);
  const home = existing ?? venvFolder(root, env);
  await makeVenv(home, env);
  await installPackages(root, home, pinned, { ...options, env });
  const made = probe(venvPython(home), env);
  const missing = made === null ? PACKAGES : lacks(made, pinned);
  if (made === null || missing.length > 0)
    throw new Stop(`${home} was made, but lacks ${missing.join(', ')}. Remove the folder and run this again.`);
  return describe(venvPython(home), made);
}

/** What a Python is and has, without importing torch: { version, packages } or null where it does not run. */
export function probe(path, env = process.env) {
  const { code, stdout } = ask(path, ['-c', PROBE], { env, timeout: 20_000 });
  if (code !== 0) return null;
  try {
    return JSON.parse(stdout);
  } catch {
    return null;
  }
}

/** The torch version of requirements.txt. */
export function pinnedTorch(root) {
  const match = /^torch==([^\s;]+)/m.exec(readFileSync(join(root, 'requirements.txt'), 'utf8'));
  if (match === null) throw new Stop('requirements.txt pins no torch; take a fresh clone.');
  return match[1];
}

/** The build of torch that pip would choose on this platform, of the versions it lists: 'cpu', 'cuda' or null for none. */
export function buildOffered(versions, pinned, platform = process.platform) {
  const local = versions
    .filter((v) => v === pinned || v.startsWith(`${pinned}+`))
    .map((v) => v.slice(pinned.length + 1));
  if (local.length === 0) return null;
  if (platform !== 'linux') return 'cpu'; // elsewhere the plain wheel is a CPU build
  return local.sort().at(-1) === 'cpu' ? 'cpu' : 'cuda'; // pip prefers the greatest local version; the plain one is CUDA
}

// --- internal ---

function describe(path, { version, packages }) {
  return { path, version: version.join('.'), torch: packages.torch };
}

/** What is wrong with a Python, in words; `pinned` null takes any torch. */
function lacks({ version, packages }, pinned) {
  const wrong = isSupported(version) ? [] : [`Python 3.10 to 3.14 (it is ${version.join('.')})`];
  for (const name of PACKAGES) if (packages[name] === null) wrong.push(name);
  if (pinned !== null && packages.torch !== null && packages.torch.split('+')[0] !== pinned)
    wrong.push(`torch ${pinned} (it has ${packages.torch})`);
  return wrong;
}

/** The versions that torch and the other pins have builds for. */
function isSupported([major, minor]) {
  return major === 3 && minor >= 10 && minor <= 14;
}

/** A Python that someone named is used or refused, never replaced. */
function named(path, origin, pinned) {
  const found = probe(path);
  if (found === null)
    throw new Stop(`${origin} names ${path}, which is no Python that runs. Name another, or leave it out.`);
  const missing = lacks(found, pinned);
  if (missing.length === 0) return describe(path, found);
  throw new Stop(
    `${origin} names ${path}, which lacks ${missing.join(', ')}.\n` +
      `Install them with \`${path} -m pip install -r requirements.txt\`, or leave ${origin} out and setup makes .venv.`,
  );
}

function cacheVenv(env) {
  const cache = env.XDG_CACHE_HOME || (process.platform === 'win32' && env.LOCALAPPDATA) || join(homedir(), '.cache');
  return join(cache, 'normative', 'venv');
}

/** Where a new environment goes: beside the clone, or in the cache where Normative is itself an installed package. */
function venvFolder(root, env) {
  return /[\\/]node_modules[\\/]/.test(root) ? cacheVenv(env) : join(root, '.venv');
}

function venvPython(folder) {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}

async function makeVenv(folder, env) {
  const isVenv = existsSync(join(folder, 'pyvenv.cfg')) && !lstatSync(folder).isSymbolicLink();
  const runs = (...args) => ask(venvPython(folder), args, { env }).code === 0;
  if (runs('-m', 'pip', '--version') || runs('-m', 'ensurepip')) return; // half filled: pip goes on from there
  const base = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'].find(
    (name) => {
      const found = probe(name, env);
      return found !== null && isSupported(found.version);
    },
  );
  if (base === undefined) {
    throw new Stop(
      'Python 3.10 to 3.14 was not found. Install it (Debian and Ubuntu: `apt install python3 python3-venv`; others:\n' +
        'https://www.python.org/downloads), or name one with NORMATIVE_PYTHON, then run this again.',
    );
  }
  if (existsSync(folder) && !isVenv) {
    throw new Stop(
      `${folder} is in the way: it is no Python environment that works. Move it aside, then run this again.`,
    );
  }
  rmSync(folder, { recursive: true, force: true });
  const { code, output } = await runStep(`Python environment (${base} -m venv)`, base, ['-m', 'venv', folder], { env });
  if (code === 0) return;
  rmSync(folder, { recursive: true, force: true });
  const hint = /ensurepip|No module named '?venv/.test(output)
    ? 'Python has no venv module. On Debian and Ubuntu: `apt install python3-venv`; then run this again.'
    : 'The Python environment could not be made; its last words are above.';
  throw new Stop(`${lastWords(output)}\n${hint}`);
}

async function installPackages(root, folder, pinned, options) {
  const python = venvPython(folder);
  const pip = (title, args) =>
    runStep(title, python, ['-m', 'pip', ...args, '--no-input'], { cwd: root, env: quiet(options.env) });
  const source = await chooseTorch(python, pinned, options);
  if (source !== null) {
    const result = await pip(`torch ${pinned} from ${source}`, [
      'install',
      '--index-url',
      source,
      '--no-deps',
      `torch==${pinned}`,
    ]);
    refuseFailure(result);
  }
  refuseFailure(await pip('Python packages (pip install -r requirements.txt)', ['install', '-r', 'requirements.txt']));
}

/** Where torch is to come from: null for pip's own index. Never a CUDA build without being told. */
async function chooseTorch(
  python,
  pinned,
  { env, torchIndex, cudaOk, terminal = process.stdin.isTTY && process.stderr.isTTY },
) {
  if (torchIndex) return torchIndex;
  const offered = offer(python, pinned, [], env);
  if (offered.build === 'cpu' || cudaOk) return null;
  if (offered.build === null) {
    throw new Stop(
      offered.offline
        ? 'pip cannot reach its package index. Check the network or proxy, then run this again.'
        : `pip offers no torch ${pinned} for this Python and platform. Name another Python (3.10 to 3.14) with NORMATIVE_PYTHON.`,
    );
  }
  say(
    "  pip would download PyTorch's CUDA build: several gigabytes, of which Normative uses nothing, since it compares on the CPU.",
  );
  say(`  PyTorch's own option for the CPU build is \`pip install --index-url ${CPU_INDEX} torch==${pinned}\`.`);
  if (offer(python, pinned, ['--index-url', CPU_INDEX], env).build === 'cpu') {
    say('  Taking the CPU build from there (`--cuda-ok` takes the CUDA build instead).');
    return CPU_INDEX;
  }
  say('  But that index cannot be reached from here.');
  if (terminal && (await confirm('  Download the CUDA build after all? [y/N] '))) return null;
  throw new Stop(
    'Stopped before downloading the CUDA build. To go on: `npm start -- --cuda-ok` (download it after all),\n' +
      '`npm start -- --torch-index URL` (an index that has the CPU build), or NORMATIVE_PYTHON=… (a Python that has it).',
  );
}

/** Asks pip which builds of torch it sees; this downloads a list, not a build. */
function offer(python, pinned, where, env) {
  const args = ['-m', 'pip', 'index', 'versions', 'torch', '--retries', '1', ...where];
  const { code, output } = ask(python, args, { env: quiet(env), timeout: 120_000 });
  const listed = /^Available versions: (.*)$/m.exec(output);
  const versions = code === 0 && listed !== null ? listed[1].split(', ') : [];
  return { build: buildOffered(versions, pinned), offline: isNetworkFailure(output) };
}

function quiet(env) {
  return { ...env, PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_ROOT_USER_ACTION: 'ignore', PIP_NO_COLOR: '1' };
}

function refuseFailure({ code, output }) {
  if (code === 0) return;
  const reason = isNetworkFailure(output)
    ? 'pip cannot reach its package index. Check the network or proxy, then run this again.'
    : '`pip install` failed. Its last words are above; mend what they name, then run this again.';
  throw new Stop(`${lastWords(output)}\n${reason}`);
}

async function confirm(question) {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await prompt.question(question);
  prompt.close();
  return /^y(es)?$/i.test(answer.trim());
}

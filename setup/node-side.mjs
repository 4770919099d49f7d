// The Node half of the setup: the version of Node, node_modules as package-lock.json says, and the build in dist/.

import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isNetworkFailure, lastWords, runStep, Stop } from './steps.mjs';

const SOURCES = ['ts-impl', 'cases'];
/** npm's own waits make a machine without a network wait for more than a minute. */
const PATIENCE = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=8000'];

/** Throws a Stop where Node is older than package.json's `engines`. */
export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Stop(
    `Node ${version} is too old: Normative needs 20.19 or newer. Install it from https://nodejs.org and run this again.`,
  );
}

/** Runs `npm ci` unless node_modules holds what package-lock.json says. */
export async function installNodeModules(root) {
  if (nodeModulesAreCurrent(root)) return;
  // No install scripts: what we use ships its binaries in the package, and npm versions disagree on whether to run them.
  const [command, ...first] = npmCommand();
  const args = [...first, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...PATIENCE];
  const shell = process.platform === 'win32' && command === 'npm';
  const { code, output } = await runStep('node modules (npm ci)', command, args, { cwd: root, shell });
  if (code === 0) return;
  if (code === null) throw new Stop('npm was not found. It comes with Node: https://nodejs.org');
  const reason = isNetworkFailure(output)
    ? 'npm cannot reach its package registry. Check the network or proxy (`npm ping`), then run this again.'
    : '`npm ci` failed. Its last words are above; mend what they name, then run this again.';
  throw new Stop(`${lastWords(output)}\n${reason}`);
}

/** Compares npm's own record of what it installed with package-lock.json; packages of other platforms may be absent. */
export function nodeModulesAreCurrent(root) {
  const wanted = readLock(join(root, 'package-lock.json'));
  const have = readLock(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === null) throw new Stop(`package-lock.json is missing in ${root}; take a fresh clone.`);
  if (have === null) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = have[path];
    if (found === undefined ? !entry.optional : found.version !== entry.version || found.integrity !== entry.integrity)
      return false;
    if (found !== undefined && !existsSync(join(root, path, 'package.json'))) return false;
  }
  return true;
}

/**
 * Compiles ts-impl and cases to dist/ where they have changed since the last build, and links the command for npx.
 * @param {string} root
 * @param {{ link?: boolean }} [options]
 */
export async function build(root, { link = true } = {}) {
  const stamp = join(root, 'dist', '.built-from');
  const now = hashOfSources(root);
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== now) {
    rmSync(stamp, { force: true });
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    // Types are checked by `npm run types`; a build only has to produce what the sources say.
    const args = [compiler, '-p', 'tsconfig.build.json', '--noCheck'];
    const { code, output } = await runStep('build (tsc to dist/)', process.execPath, args, { cwd: root });
    if (code !== 0) throw new Stop(`${lastWords(output)}\nThe build failed; \`npm run types\` shows every error.`, 1);
    for (const path of listFiles(root).filter((file) => !/\.ts$|\.tsx$/.test(file))) {
      mkdirSync(dirname(join(root, 'dist', path)), { recursive: true });
      cpSync(join(root, path), join(root, 'dist', path));
    }
    removeOrphans(root);
    writeFileSync(stamp, now);
  }
  if (link) linkCommand(root);
}

// --- internal ---

function npmCommand() {
  const inside = process.env.npm_execpath; // set where npm started us
  return inside && /npm-cli\.c?js$/.test(inside) ? [process.execPath, inside] : ['npm'];
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? null;
  } catch {
    return null;
  }
}

/** Every file under the source folders, relative to the root, sorted. */
function listFiles(root) {
  const files = [];
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) files.push(path);
    }
  };
  for (const folder of SOURCES) walk(folder);
  return files.sort();
}

function hashOfSources(root) {
  const hash = createHash('sha256');
  for (const path of [...listFiles(root), 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** Removes what an earlier build made of a source that is gone. */
function removeOrphans(root) {
  const expected = new Set(listFiles(root).flatMap((path) => outputsOf(path)));
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, 'dist', folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (!expected.has(path)) rmSync(join(root, 'dist', path));
    }
  };
  for (const folder of SOURCES) walk(folder);
}

function outputsOf(path) {
  if (!path.endsWith('.ts')) return [path];
  const stem = path.slice(0, -'.ts'.length);
  return [`${stem}.js`, `${stem}.d.ts`];
}

/** Puts `normative` into node_modules/.bin, so that `npx normative` runs this clone and downloads nothing. */
function linkCommand(root) {
  const main = join(root, 'dist', 'ts-impl', 'cli', 'main.js');
  const link = join(root, 'node_modules', '.bin', 'normative');
  if (process.platform === 'win32' || !existsSync(main)) return;
  chmodSync(main, 0o755);
  if (existsSync(link)) return;
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true }); // a link that points nowhere
  symlinkSync('../../dist/ts-impl/cli/main.js', link);
}

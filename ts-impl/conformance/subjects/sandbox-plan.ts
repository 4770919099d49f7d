// What foreign code gets to see of the machine, written as the arguments of bubblewrap. It runs nothing.

import { existsSync, lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, resolve, sep } from 'node:path';

export interface SandboxPlan {
  /** The document or module that is run. Its own folder may be read; null, or what is no file, opens nothing. */
  readonly document: string | null;
  /** Further files and folders that it may read: the Python environment, the code that runs it. */
  readonly readable: readonly string[];
  /** Size of the scratch folder, the only place it may write to. */
  readonly scratchBytes: number;
  /** Where it starts, if that can be seen; else in the scratch folder. */
  readonly workingFolder?: string;
}

export const SCRATCH_BYTES = 64 << 20;

/** Where the scratch folder is, as the code inside sees it. */
export const SCRATCH_INSIDE = '/tmp';

/** Arguments up to the command; bubblewrap itself is started with CLEAN_ENVIRONMENT. */
export function bubblewrapArguments(plan: SandboxPlan): string[] {
  const places = readablePlaces(plan);
  const { workingFolder } = plan;
  const seen = workingFolder !== undefined && places.some((place) => contains(place, workingFolder));
  return [
    ...['--unshare-user', '--unshare-ipc', '--unshare-pid', '--unshare-net', '--unshare-uts', '--unshare-cgroup-try'],
    ...['--uid', NOBODY, '--gid', NOBODY, '--cap-drop', 'ALL', '--hostname', 'sandbox'],
    ...['--die-with-parent', '--new-session'],
    ...SYSTEM.flatMap(systemFolder),
    ...SYSTEM_FILES.flatMap((path) => ['--ro-bind-try', path, path]),
    ...['--proc', '/proc'],
    ...devices(),
    ...['--size', String(plan.scratchBytes), '--tmpfs', SCRATCH_INSIDE],
    ...places.flatMap((path) => ['--ro-bind', path, path]),
    // /proc too: for root, what it shows of the kernel can be written to without any capability
    ...['--remount-ro', '/proc', '--remount-ro', '/dev', '--remount-ro', '/'],
    ...['--chdir', seen ? workingFolder : SCRATCH_INSIDE],
  ];
}

/** The environment of what runs inside, where it can read that of every other process too: nothing of the person who runs it. */
export const CLEAN_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/run/wrappers/bin:/run/current-system/sw/bin',
};

/** Folders that hold far more than one document or one environment: never opened whole. */
export function isShared(path: string): boolean {
  const shared = ['/etc', '/home', '/proc', '/run', '/sys', '/tmp', '/var/tmp', '/var/run', homedir(), tmpdir()];
  return shared.some((one) => contains(path, one) || contains(path, realOrSame(one)));
}

// --- internal ---

/** The number of the user `nobody`; inside it owns nothing. */
const NOBODY = '65534';

const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/nix/store', '/gnu/store'];

/** Of /etc what programs need to start. The rest, keys and passwords among it, is not there. */
const SYSTEM_FILES = [
  ...['/etc/ld.so.cache', '/etc/ld.so.conf', '/etc/ld.so.conf.d', '/etc/alternatives'],
  ...['/etc/localtime', '/etc/passwd', '/etc/group', '/etc/nsswitch.conf'],
];

/** /bin is a folder here and a link to usr/bin there. */
function systemFolder(path: string): string[] {
  if (!existsSync(path)) return [];
  return lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
}

/** No terminals, no disks. Shared memory lies in the scratch folder, so that one size holds for both. */
function devices(): string[] {
  const nodes = ['null', 'zero', 'full', 'random', 'urandom'].map((name) => `/dev/${name}`);
  return [
    ...['--tmpfs', '/dev'],
    ...nodes.flatMap((node) => ['--dev-bind-try', node, node]),
    ...['--symlink', SCRATCH_INSIDE, '/dev/shm', '--symlink', '/proc/self/fd', '/dev/fd'],
    ...['--symlink', '/proc/self/fd/0', '/dev/stdin', '--symlink', '/proc/self/fd/1', '/dev/stdout'],
    ...['--symlink', '/proc/self/fd/2', '/dev/stderr'],
  ];
}

/** Without those that lie in another or in a folder of the system; outer ones first, since a mount hides what was mounted inside. */
function readablePlaces(plan: SandboxPlan): string[] {
  const wanted = [...plan.readable, ...(plan.document === null ? [] : documentPlaces(resolve(plan.document)))];
  const places = wanted.map((path) => resolve(path)).filter((path) => existsSync(path) && !isSharedFolder(path));
  const outer = [...new Set(places)].sort((a, b) => a.length - b.length);
  const covered = (path: string, i: number) =>
    SYSTEM.some((one) => contains(one, path)) || outer.slice(0, i).some((other) => contains(other, path));
  return outer.filter((path, i) => !covered(path, i));
}

/** Its folder; where that is a home folder or the like, the document alone. */
function documentPlaces(document: string): string[] {
  if (!existsSync(document)) return [];
  const folder = dirname(document);
  return isSharedFolder(folder) ? [document] : [folder];
}

const isSharedFolder = (path: string) => statSync(path).isDirectory() && (isShared(path) || isShared(realOrSame(path)));

const contains = (outer: string, inner: string) =>
  outer === inner || inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);

function realOrSame(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

// Looks from outside at the memory and the number of processes that foreign code takes. It stops nothing: it tells.

import { readdirSync, readFileSync, statfsSync } from 'node:fs';

export interface WatchOptions {
  /** Processes whose descendants are watched. */
  readonly roots: readonly number[];
  /** One of them that is watched too: the others are ours. */
  readonly alone: number | null;
  /** The first process inside a sandbox, whose scratch folder is looked at; null without one. */
  readonly inside: number | null;
  readonly memoryBytes: number;
  /** Written to disks by all of them; null where nothing of them can be reached. */
  readonly diskBytes: number | null;
}

export interface Excess {
  readonly kind: 'memory' | 'crash';
  readonly message: string;
}

/** What may be written to a disk where there is no sandbox, and so a disk to write to. */
export const DISK_BYTES = 256 << 20;

export interface Watch {
  stop(): void;
}

/** Calls `onExcess` once, at the first look that finds too much. Elsewhere than on Linux there is nothing to look at. */
export function watch(options: WatchOptions, onExcess: (excess: Excess) => void): Watch {
  const before = new Map(watched(options).map((pid) => [pid, statusOf(pid)] as const));
  const base = [...before.values()].reduce<Base>(largest, { ownBytes: 0, libraryBytes: 0 });
  const clock = setInterval(() => {
    const excess = look(options, base);
    if (excess === null) return;
    clearInterval(clock);
    onExcess(excess);
  }, PERIOD_MS);
  clock.unref();
  return { stop: () => clearInterval(clock) };
}

// --- internal ---

const PERIOD_MS = 50;
/** A process that meets its own limit says so itself, and better: it has the line. */
const MARGIN_BYTES = 32 << 20;
const MOST_PROCESSES = 64;
const MOST_FILES = 10_000;

/** What a worker has before it runs anything foreign: pages that it shares with its host. */
interface Base {
  readonly ownBytes: number;
  readonly libraryBytes: number;
}

interface Status {
  /** Anonymous memory that is there. */
  readonly ownBytes: number;
  readonly sharedBytes: number;
  /** Libraries mapped; a process that has started another program has others. */
  readonly libraryBytes: number;
}

function largest(base: Base, status: Status | null): Base {
  if (status === null) return base;
  return {
    ownBytes: Math.max(base.ownBytes, status.ownBytes),
    libraryBytes: Math.max(base.libraryBytes, status.libraryBytes),
  };
}

function look(options: WatchOptions, base: Base): Excess | null {
  const pids = watched(options);
  if (pids.length > MOST_PROCESSES) {
    return {
      kind: 'crash',
      message: `it was stopped: it had ${pids.length} processes, more than the ${MOST_PROCESSES} it may have`,
    };
  }
  let ownBytes = 0;
  let sharedBytes = 0;
  let writtenBytes = 0;
  for (const pid of pids) {
    const status = statusOf(pid);
    if (status === null) continue;
    const inherited = status.libraryBytes >= base.libraryBytes ? base.ownBytes : 0;
    ownBytes += Math.max(0, status.ownBytes - inherited);
    sharedBytes = Math.max(sharedBytes, status.sharedBytes);
    if (options.diskBytes !== null) writtenBytes += writtenBytesOf(pid);
  }
  const taken = ownBytes + sharedBytes;
  if (taken > options.memoryBytes + MARGIN_BYTES) {
    return {
      kind: 'memory',
      message: `it was stopped: it took ${mebibytes(taken)} MiB of memory, more than the ${mebibytes(options.memoryBytes)} it may have`,
    };
  }
  if (options.diskBytes !== null && writtenBytes > options.diskBytes) {
    return {
      kind: 'crash',
      message: `it was stopped: it wrote ${mebibytes(writtenBytes)} MiB to disk, more than the ${mebibytes(options.diskBytes)} it may`,
    };
  }
  const files = options.inside === null ? 0 : filesOf(options.inside);
  if (files > MOST_FILES) {
    return {
      kind: 'crash',
      message: `it was stopped: it made ${files} files, more than the ${MOST_FILES} it may`,
    };
  }
  return null;
}

function watched({ roots, alone }: WatchOptions): number[] {
  return [...(alone === null ? [] : [alone]), ...descendantsOf(roots)];
}

const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);

/** All that they have started, and what that has, without themselves. */
function descendantsOf(roots: readonly number[]): number[] {
  const found = new Set<number>();
  const open = [...roots];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    for (const child of childrenOf(pid)) {
      if (found.has(child)) continue;
      found.add(child);
      open.push(child);
    }
  }
  return [...found];
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return []; // it went just now, or there is no /proc
  }
}

function statusOf(pid: number): Status | null {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const bytes = (name: string) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
    return { ownBytes: bytes('RssAnon'), sharedBytes: bytes('RssShmem'), libraryBytes: bytes('VmLib') };
  } catch {
    return null;
  }
}

function writtenBytesOf(pid: number): number {
  try {
    return Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Empty files take no room of the scratch folder, but memory of the kernel. */
function filesOf(inside: number): number {
  try {
    const { files, ffree } = statfsSync(['/proc', inside, 'root', 'tmp'].join('/'));
    return files - ffree;
  } catch {
    return 0;
  }
}

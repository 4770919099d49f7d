// One short private folder per run for sockets and scratch files, gone on every way out. It also clears what dead runs left.

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTheWayOut } from './way-out.ts';

export interface Scratch {
  readonly path: string;
  /** A new path for a socket, short enough for the kernel. */
  socketPath(): string;
  /** A new private folder in it. */
  folder(): string;
  /** Removes the folder and all in it; calling it twice is harmless. */
  close(): void;
}

/** Makes the folder (0700) and removes those whose owner is dead. */
export function openScratch(parent: string = shortTemporaryFolder()): Scratch {
  removeOrphans(parent);
  const path = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
  let next = 0;
  const remove = () => rmSync(path, { recursive: true, force: true });
  const leave = onTheWayOut(remove);
  return {
    path,
    socketPath: () => join(path, `s${next++}`),
    folder: () => {
      const folder = join(path, `f${next++}`);
      mkdirSync(folder, { mode: 0o700 });
      return folder;
    },
    close: () => {
      remove();
      leave();
    },
  };
}

// --- internal ---

const PREFIX = 'nmv-';

/** The kernel takes socket paths of up to 107 bytes; ours add about 25 to the folder. */
const LONGEST_PARENT_BYTES = 75;

function shortTemporaryFolder(): string {
  const folder = tmpdir();
  return Buffer.byteLength(folder) <= LONGEST_PARENT_BYTES ? folder : '/tmp';
}

function removeOrphans(parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = /^nmv-(\d+)-[A-Za-z0-9]{6}$/.exec(name);
    if (owner !== null && !isAlive(Number(owner[1]))) {
      try {
        rmSync(join(parent, name), { recursive: true, force: true });
      } catch {
        // another user's: theirs to remove
      }
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code === 'EPERM'; // it lives, but belongs to another user
  }
}

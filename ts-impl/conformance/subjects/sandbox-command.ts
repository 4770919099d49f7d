// A command written so that what it starts is held: under bubblewrap where that works, by limits else. It starts nothing.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Confinement, tryBubblewrap } from './sandbox.ts';
import { bubblewrapArguments, isShared, type SandboxPlan } from './sandbox-plan.ts';

/** The program and its arguments. */
export function heldCommand(
  confinement: Confinement,
  plan: SandboxPlan,
  command: readonly string[],
): readonly [program: string, ...args: string[]] {
  if (!existsSync(SHELL)) return [command[0], ...command.slice(1)];
  const limited = [SHELL, '-c', LIMITS, 'sh', ...command];
  if (confinement.kind !== 'bubblewrap') return [limited[0], ...limited.slice(1)];
  return [confinement.program, ...bubblewrapArguments(plan), '--', ...limited];
}

/** Where a module of JavaScript finds what it imports: its package, or its own folder, and the packages that lie above it. */
export function modulePlaces(path: string): string[] {
  const above: string[] = [];
  for (let folder = dirname(path); !isShared(folder); folder = dirname(folder)) above.push(folder);
  const own = above.find((folder) => existsSync(join(folder, 'package.json')));
  return [...(own === undefined ? [] : [own]), ...above.map((folder) => join(folder, 'node_modules'))];
}

/** What bubblewrap can do here, tried once. */
export function confinementHere(): Promise<Confinement> {
  here ??= tryBubblewrap();
  return here;
}

// --- internal ---

let here: Promise<Confinement> | null = null;

const SHELL = '/bin/sh';

/** No core dumps, and files of 64 MiB, in blocks of 512 bytes. Memory and processes are watched from outside. */
const LIMITS = 'ulimit -c 0; ulimit -f 131072; exec "$@"';

// Whether foreign code can run under bubblewrap here, found by running it, and what is said where it can't. It starts no such code.

import { execa } from 'execa';
import { bubblewrapArguments, CLEAN_ENVIRONMENT } from './sandbox-plan.ts';

/** What holds foreign code. `filter`: why no system calls are filtered beside; null where they are. */
export type Confinement =
  | {
      readonly kind: 'bubblewrap';
      readonly program: string;
      readonly version: string;
      readonly filter: string | null;
    }
  /** Limits on memory, processes and time, and why no more. */
  | { readonly kind: 'limits'; readonly why: string; readonly filter: string | null }
  /** Nothing but limits on time, which takes `--unsafe`; and why. */
  | { readonly kind: 'none'; readonly why: string };

export const BUBBLEWRAP = 'bwrap';

/** Runs `true` under it, with all that a snippet is held by. */
export async function tryBubblewrap(program: string = BUBBLEWRAP): Promise<Confinement> {
  const plan = { document: null, readable: [], scratchBytes: 1 << 20 };
  const [trial, version] = await Promise.all([
    run(program, [...bubblewrapArguments(plan), '--', '/bin/sh', '-c', 'true']),
    run(program, ['--version']),
  ]);
  if (!trial.ok) return { kind: 'limits', why: `${program} does not run here: ${trial.said}`, filter: NOT_TRIED };
  return { kind: 'bubblewrap', program, version: version.said.replace(/^bubblewrap /, ''), filter: NOT_TRIED };
}

/** What a host of workers found when it tried; null for what works, else why not. */
export interface Trials {
  readonly join: string | null;
  readonly limit: string | null;
  readonly filter: string | null;
  /** Where its Python has its code. */
  readonly readable: readonly string[];
}

/** What holds workers: bubblewrap where they could join what it made, else limits where they hold. */
export function confinementOf(trial: Confinement, trials: Trials): Confinement {
  const { filter } = trials;
  if (trial.kind === 'bubblewrap' && trials.join === null) return { ...trial, filter };
  const why = trial.kind === 'bubblewrap' ? `a process can't join its sandbox: ${trials.join}` : trial.why;
  return trials.limit === null
    ? { kind: 'limits', why, filter }
    : { kind: 'none', why: `${why}; limits: ${trials.limit}` };
}

/** What is not enforced, as a sentence for people; null where all is. */
export function describeConfinement(confinement: Confinement): string | null {
  switch (confinement.kind) {
    case 'bubblewrap':
      return confinement.filter === null
        ? null
        : `foreign code runs under bubblewrap, but its system calls are not filtered (${confinement.filter}). Not enforced: it may connect to sockets that lie in the folder of its document.`;
    case 'limits': {
      const sockets = confinement.filter === null ? '' : ', open sockets';
      return `foreign code runs without a sandbox (${confinement.why}). Its memory, processes and time are limited. Not enforced: it may read and write what you may${sockets}, and end your other processes. ${ADVICE}`;
    }
    case 'none':
      return `foreign code runs without a sandbox and without a limit but on time (${confinement.why}). Not enforced: it may take all memory, read and write what you may, open sockets, and end your other processes. ${ADVICE}`;
    default:
      return confinement satisfies never;
  }
}

// --- internal ---

const ADVICE = 'Install bubblewrap (on Debian and Ubuntu: apt install bubblewrap) where user namespaces are allowed.';

const NOT_TRIED = 'none was tried';

const TRIAL_TIMEOUT_MS = 30_000; // a machine may be busy; giving up is less safety

async function run(program: string, args: readonly string[]): Promise<{ ok: boolean; said: string }> {
  const result = await execa(program, args, {
    reject: false,
    stdin: 'ignore',
    timeout: TRIAL_TIMEOUT_MS,
    extendEnv: false,
    env: CLEAN_ENVIRONMENT,
  });
  if (result.exitCode === 0) return { ok: true, said: result.stdout.trim() };
  const said = result.stderr?.trim() || result.originalMessage || result.shortMessage || 'it failed without a word';
  return { ok: false, said: said.split('\n').slice(-1)[0] };
}

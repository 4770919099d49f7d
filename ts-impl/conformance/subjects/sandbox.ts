// Whether foreign code can run under bubblewrap here, found by running it, and what is said where it can't. It starts no such code.

import { execa } from 'execa';
import { bubblewrapArguments, CLEAN_ENVIRONMENT } from './sandbox-plan.ts';

/** What holds foreign code. */
export type Confinement =
  | { readonly kind: 'bubblewrap'; readonly program: string; readonly version: string }
  /** Limits on memory, processes and time alone, and why. */
  | { readonly kind: 'limits'; readonly why: string }
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
  if (!trial.ok) return { kind: 'limits', why: `${program} does not run here: ${trial.said}` };
  return { kind: 'bubblewrap', program, version: version.said.replace(/^bubblewrap /, '') };
}

/** What a host of workers found when it tried; null for what works, else why not. */
export interface Trials {
  readonly join: string | null;
  readonly limit: string | null;
  /** Where its Python has its code. */
  readonly readable: readonly string[];
}

/** What holds workers: bubblewrap where they could join what it made, else limits where they hold. */
export function confinementOf(trial: Confinement, trials: Trials): Confinement {
  if (trial.kind === 'bubblewrap' && trials.join === null) return trial;
  const why = trial.kind === 'bubblewrap' ? `a process can't join its sandbox: ${trials.join}` : trial.why;
  return trials.limit === null ? { kind: 'limits', why } : { kind: 'none', why: `${why}; limits: ${trials.limit}` };
}

/** What is not enforced, as a sentence for people; null where all is. */
export function describeConfinement(confinement: Confinement): string | null {
  switch (confinement.kind) {
    case 'bubblewrap':
      return null;
    case 'limits':
      return `foreign code runs without a sandbox (${confinement.why}). Memory, processes and time are limited; not enforced: it may read and write what you may, open sockets, and disturb your other processes. ${ADVICE}`;
    case 'none':
      return `foreign code runs without a sandbox and without limits but on time (${confinement.why}). Not enforced: it may take all memory, read and write what you may, open sockets, and disturb your other processes. ${ADVICE}`;
    default:
      return confinement satisfies never;
  }
}

/** What to do about it. */
export const ADVICE =
  'Install bubblewrap (on Debian and Ubuntu: apt install bubblewrap) where user namespaces are allowed.';

// --- internal ---

const TRIAL_TIMEOUT_MS = 5000;

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

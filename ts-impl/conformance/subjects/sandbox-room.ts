// An empty sandbox, held open by bubblewrap until it is closed, which worker processes join. Its end is the end of all inside.

import { execa } from 'execa';
import { StartFailed } from './process.ts';
import { bubblewrapArguments, CLEAN_ENVIRONMENT, type SandboxPlan } from './sandbox-plan.ts';
import { onTheWayOut } from './way-out.ts';

export interface SandboxRoom {
  /** The process outside, and the first process inside by its number outside. */
  readonly pid: number;
  readonly inside: number;
  /** Resolves when nothing that ran inside is left. */
  readonly gone: Promise<void>;
  close(): Promise<void>;
}

/** Throws StartFailed, with what bubblewrap said. */
export async function openRoom(program: string, plan: SandboxPlan): Promise<SandboxRoom> {
  const args = [...bubblewrapArguments(plan), '--info-fd', '3', '--', '/bin/sh', '-c', HOLD];
  const child = execa(program, args, {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    buffer: false,
    reject: false,
    detached: true, // Ctrl-C of a terminal reaches its group; this program ends it in good order
    cleanup: false,
    extendEnv: false, // what runs inside can read the environment of every process inside
    env: CLEAN_ENVIRONMENT,
  });
  child.stdin.on('error', () => {}); // it went first; `gone` tells
  const forget = onTheWayOut(() => child.kill('SIGKILL')); // what is inside dies with it
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-STDERR_CHARACTERS);
  });
  const gone = child.then(forget);
  let late: NodeJS.Timeout | undefined;
  const silence = new Promise<null>((resolve) => {
    late = setTimeout(() => resolve(null), READY_TIMEOUT_MS);
  });
  const info = child.stdio[3] as NodeJS.ReadableStream; // as asked for with its fourth `pipe`
  const first = await Promise.race([Promise.all([textOf(info), lineOf(child.stdout)]), gone, silence]);
  clearTimeout(late);
  const inside = Array.isArray(first) ? insideOf(first[0]) : null;
  if (inside === null) {
    child.kill('SIGKILL');
    await gone;
    throw new StartFailed(`${program} opened no sandbox: ${said.trim() || 'it said nothing'}`);
  }
  return {
    pid: child.pid ?? 0,
    inside,
    gone,
    close: async () => {
      child.stdin.end();
      const hangs = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
      await gone;
      clearTimeout(hangs);
    },
  };
}

// --- internal ---

/** Says that everything is mounted, then waits for the end of its input; with it the first process inside ends, and all others. */
const HOLD = 'echo ready; read -r end';

const READY_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 1000;
const STDERR_CHARACTERS = 600;

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

function lineOf(stream: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve) => stream.once('data', (chunk: Buffer) => resolve(String(chunk))));
}

/** The process in whose namespaces the others are. */
function insideOf(info: string): number | null {
  const pid = /"child-pid"\s*:\s*(\d+)/.exec(info)?.[1];
  return pid === undefined ? null : Number(pid);
}

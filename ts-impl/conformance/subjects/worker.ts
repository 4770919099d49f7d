// One worker of a host as a subject: a process that runs the code of one document. It is started elsewhere and judges nothing.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../../../cases/case.ts';
import type { Answer, UndecidedReason } from '../outcome.ts';
import { type BreakKind, Broken, type Connection } from './connection.ts';
import type { PythonProcess } from './process.ts';
import type { SandboxRoom } from './sandbox-room.ts';
import type { Subject } from './subject.ts';
import { undecided } from './wire/answer.ts';
import type { Loaded, Reply } from './wire/reply.ts';
import { encodeAsk, encodeLoad, type Frames, type SourceBlock, type Stamp } from './wire/request.ts';

export interface WorkerOptions {
  /** For the subject; what the report calls it. */
  readonly name: string;
  /** The file that its code comes from: it may read the folder of it. null where there is none. */
  readonly document: string | null;
  /** Memory beside what Python and torch take. */
  readonly memoryBytes: number;
  /** For loading, and for each message of cases. */
  readonly timeoutMs: number;
  /** Cases in a message; all of a message are undecided if one of them hangs or kills the worker. */
  readonly batchCases: number;
}

export type LoadResult =
  | { readonly kind: 'loaded'; readonly loaded: Loaded }
  | { readonly kind: 'undecided'; readonly reason: UndecidedReason };

/** A process of its own. Once it hung or died, every later question is undecided for the same reason; start another. */
export interface Worker extends Subject {
  readonly kind: 'python';
  readonly pid: number;
  /** Why it answers no more; null while it does. */
  readonly failure: UndecidedReason | null;
  /** Runs the blocks of a document; never rejects for what they do. */
  load(file: string, blocks: readonly SourceBlock[]): Promise<LoadResult>;
  /** Ends it for that reason. */
  stop(reason: UndecidedReason): Promise<void>;
}

/** How a worker's process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  /** How the host itself ended, if that was it. */
  readonly host: string | null;
}

export interface Started {
  readonly pid: number;
  /** The process of ours that waits for it outside of its sandbox; without one, itself. */
  readonly keeper: number;
}

/** What the host says about one worker. */
export interface Life {
  readonly started: Promise<Started>;
  readonly ended: Promise<Ending>;
  start(started: Started): void;
  end(ending: Ending): void;
}

export interface Parts {
  readonly host: PythonProcess;
  readonly id: number;
  readonly pid: number;
  readonly life: Life;
  readonly connection: Connection;
  readonly socketPath: string;
  readonly folder: string;
  /** The sandbox that it alone is in. */
  readonly room: SandboxRoom | null;
  readonly options: WorkerOptions;
}

export function makeWorker(parts: Parts): Worker {
  const { connection, options } = parts;
  let failure: UndecidedReason | null = null;
  let closing: Promise<void> | null = null;

  /** Ends the process and waits until the host has seen it go. */
  const stop = async (): Promise<void> => {
    parts.host.write(JSON.stringify({ kill: parts.id }));
    await Promise.all([
      within(Promise.race([parts.life.ended, parts.host.gone]), END_TIMEOUT_MS),
      parts.room?.close(), // with it goes whatever the worker has started
    ]);
    rmSync(parts.socketPath, { force: true });
  };

  const request = async (encode: (stamp: Stamp) => Frames): Promise<Reply | UndecidedReason> => {
    if (failure !== null) return failure;
    try {
      return await connection.request(encode);
    } catch (problem) {
      if (!(problem instanceof Broken)) throw problem;
      failure ??= reasonOf(problem, stderrTail(parts.folder));
      if (problem.kind !== 'crash') await stop();
      return failure;
    }
  };

  return {
    name: options.name,
    kind: 'python',
    version: null,
    capabilities: {},
    batch: { cases: options.batchCases, window: 1 },
    pid: parts.pid,
    get failure() {
      if (failure === null && connection.broken !== null)
        failure = reasonOf(connection.broken, stderrTail(parts.folder));
      return failure;
    },
    load: async (file, blocks) => {
      const reply = await request((stamp) => encodeLoad(stamp, file, blocks));
      if (reply.kind === 'loaded') return { kind: 'loaded', loaded: reply.loaded };
      return { kind: 'undecided', reason: refusalOf(reply) };
    },
    ask: async (cases) => {
      const answers: Answer[] = [];
      for (let at = 0; at < cases.length; at += options.batchCases) {
        const batch = cases.slice(at, at + options.batchCases);
        const reply = await request((stamp) => encodeAsk(stamp, false, batch));
        answers.push(...answersOf(reply, batch));
      }
      return answers;
    },
    stop: async (reason) => {
      failure ??= reason;
      connection.break('crash', reason.message);
      await stop();
    },
    close: () => {
      closing ??= (async () => {
        connection.break('crash', 'the worker was closed');
        await stop();
        rmSync(parts.folder, { recursive: true, force: true });
      })();
      return closing;
    },
  };
}

/** The end of what it wrote to standard error. */
export function stderrTail(folder: string): string {
  try {
    return readFileSync(join(folder, 'stderr'), 'utf8').slice(-STDERR_TAIL_CHARACTERS).trim();
  } catch {
    return '';
  }
}

/** The value, or null where it took too long. */
export async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | null> {
  let clock: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    clock = setTimeout(() => resolve(null), timeoutMs);
  });
  const first = await Promise.race([promise, late]);
  clearTimeout(clock);
  return first;
}

// --- internal ---

/** How long the host may take to report the end of a worker that it was told to kill. */
const END_TIMEOUT_MS = 3000;

const STDERR_TAIL_CHARACTERS = 600;

function answersOf(reply: Reply | UndecidedReason, cases: readonly Case[]): readonly Answer[] {
  if (reply.kind === 'answer' && reply.answers.length === cases.length) return reply.answers;
  const reason = refusalOf(reply);
  return cases.map(() => undecided(reason.kind, reason.message));
}

function refusalOf(reply: Reply | UndecidedReason): UndecidedReason {
  switch (reply.kind) {
    case 'error':
      return { kind: 'protocol', message: `the worker refused the message: ${reply.reason}: ${reply.message}` };
    case 'welcome':
    case 'answer':
    case 'floor':
    case 'loaded':
      return { kind: 'protocol', message: `the worker answered with another ${reply.kind} than was asked for` };
    default:
      return reply;
  }
}

function reasonOf(broken: { readonly kind: BreakKind; readonly message: string }, stderr: string): UndecidedReason {
  if (broken.kind === 'timeout') {
    return { kind: 'timeout', message: `${broken.message}; it may loop for ever, or --timeout-ms is too short for it` };
  }
  if (broken.kind === 'crash' && /bad_alloc|MemoryError|allocate memory|[Oo]ut of memory/.test(stderr)) {
    return { kind: 'memory', message: `it ran into its memory limit: ${broken.message}\n${stderr}`.trim() };
  }
  return { kind: broken.kind, message: `${broken.message}\n${stderr}`.trim() };
}

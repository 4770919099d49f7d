// Foreign Python code as a subject: one host that has torch in memory, one forked worker for each document. It judges nothing.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../../../cases/case.ts';
import type { Answer, UndecidedReason } from '../outcome.ts';
import { Broken, type Connection, connect } from './connection.ts';
import { type PythonProcess, StartFailed, startPython } from './process.ts';
import { openScratch, type Scratch } from './scratch.ts';
import type { Subject } from './subject.ts';
import { undecided } from './wire/answer.ts';
import type { Loaded, Reply } from './wire/reply.ts';
import { encodeAsk, encodeLoad, type SourceBlock } from './wire/request.ts';

export interface HostOptions {
  readonly python: string;
  readonly readyTimeoutMs: number;
  /** Folder for sockets and workers' scratch folders; without one it makes and removes its own. */
  readonly scratch: Scratch | null;
}

export interface WorkerOptions {
  /** For the subject; what the report calls it. */
  readonly name: string;
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
}

export interface Host {
  readonly version: string;
  readonly capabilities: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Throws StartFailed if the host is gone or the worker did not come up. */
  startWorker(options?: Partial<WorkerOptions>): Promise<Worker>;
  /** Ends every worker too. */
  close(): Promise<void>;
}

/** Throws StartFailed. */
export async function startHost(given: Partial<HostOptions> & { readonly python: string }): Promise<Host> {
  const options: HostOptions = { readyTimeoutMs: 60_000, scratch: null, ...given };
  const scratch = options.scratch ?? openScratch();
  const closeScratch = () => {
    if (options.scratch === null) scratch.close();
  };
  const process = await startPython({
    python: options.python,
    args: ['--host'],
    readyTimeoutMs: options.readyTimeoutMs,
    env: { MALLOC_ARENA_MAX: '2' },
  }).catch((problem) => {
    closeScratch();
    throw problem;
  });
  const lives = new Map<number, Life>();
  process.onLine((line) => hear(line, lives));
  void process.gone.then((how) => {
    for (const life of lives.values()) life.end({ code: null, signal: null, host: how });
  });
  let nextId = 1;
  let closing: Promise<void> | null = null;
  const { torch, protocol: _, ...facts } = process.ready;
  return {
    version: String(torch),
    capabilities: Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, String(fact)])),
    pid: process.pid,
    startWorker: (wish = {}) => startWorker(process, lives, nextId++, scratch, { ...WORKER_DEFAULTS, ...wish }),
    close: () => {
      closing ??= process.end().then(closeScratch);
      return closing;
    },
  };
}

// --- internal ---

const WORKER_DEFAULTS: WorkerOptions = { name: 'snippet', memoryBytes: 1 << 30, timeoutMs: 10_000, batchCases: 16 };

/** How long a fork and a bind may take. */
const START_TIMEOUT_MS = 10_000;

/** How long the host may take to report the end of a worker that it was told to kill. */
const END_TIMEOUT_MS = 3000;

const STDERR_TAIL_CHARACTERS = 600;

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  /** How the host itself ended, if that was it. */
  readonly host: string | null;
}

/** What the host says about one worker. */
interface Life {
  readonly started: Promise<number>;
  readonly ended: Promise<Ending>;
  start(pid: number): void;
  end(ending: Ending): void;
}

function makeLife(): Life {
  let start: (pid: number) => void = () => {};
  let end: (ending: Ending) => void = () => {};
  const started = new Promise<number>((resolve) => {
    start = resolve;
  });
  const ended = new Promise<Ending>((resolve) => {
    end = resolve;
  });
  return { started, ended, start: (pid) => start(pid), end: (ending) => end(ending) };
}

type HostEvent = {
  readonly started?: number;
  readonly ended?: number;
  readonly pid?: number;
  readonly code?: number | null;
  readonly signal?: string | null;
};

function hear(line: string, lives: Map<number, Life>): void {
  const event = JSON.parse(line) as HostEvent; // our own host wrote it; foreign code cannot reach this channel
  if (event.started !== undefined) lives.get(event.started)?.start(event.pid ?? 0);
  if (event.ended !== undefined) {
    lives.get(event.ended)?.end({ code: event.code ?? null, signal: event.signal ?? null, host: null });
    lives.delete(event.ended);
  }
}

async function startWorker(
  host: PythonProcess,
  lives: Map<number, Life>,
  id: number,
  scratch: Scratch,
  options: WorkerOptions,
): Promise<Worker> {
  const socketPath = scratch.socketPath();
  const folder = scratch.folder();
  const life = makeLife();
  lives.set(id, life);
  const order = { start: id, endpoint: `ipc://${socketPath}`, scratch: folder, memoryBytes: options.memoryBytes };
  host.write(JSON.stringify(order));
  const begun = await within(Promise.race([life.started, life.ended, host.gone]), START_TIMEOUT_MS);
  if (typeof begun !== 'number') {
    const tail = stderrTail(folder);
    rmSync(folder, { recursive: true, force: true });
    const how = begun === null ? `no word within ${START_TIMEOUT_MS} ms` : JSON.stringify(begun);
    throw new StartFailed(`the worker did not start: ${how} ${tail}`.trim());
  }
  const connection = connect(`ipc://${socketPath}`, options.timeoutMs);
  void life.ended.then((ending) => connection.break('crash', describeEnding(ending)));
  return makeWorker({ host, id, pid: begun, life, connection, socketPath, folder, options });
}

interface Parts {
  readonly host: PythonProcess;
  readonly id: number;
  readonly pid: number;
  readonly life: Life;
  readonly connection: Connection;
  readonly socketPath: string;
  readonly folder: string;
  readonly options: WorkerOptions;
}

function makeWorker(parts: Parts): Worker {
  const { connection, options } = parts;
  let failure: UndecidedReason | null = null;
  let closing: Promise<void> | null = null;

  /** Ends the process and waits until the host has seen it go. */
  const stop = async (): Promise<void> => {
    parts.host.write(JSON.stringify({ kill: parts.id }));
    await within(Promise.race([parts.life.ended, parts.host.gone]), END_TIMEOUT_MS);
    rmSync(parts.socketPath, { force: true });
  };

  const request = async (encode: (sequence: number) => readonly Uint8Array[]): Promise<Reply | UndecidedReason> => {
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
      return failure;
    },
    load: async (file, blocks) => {
      const reply = await request((sequence) => encodeLoad(sequence, file, blocks));
      if (reply.kind === 'loaded') return { kind: 'loaded', loaded: reply.loaded };
      return { kind: 'undecided', reason: refusalOf(reply) };
    },
    ask: async (cases) => {
      const answers: Answer[] = [];
      for (let at = 0; at < cases.length; at += options.batchCases) {
        const batch = cases.slice(at, at + options.batchCases);
        const reply = await request((sequence) => encodeAsk(sequence, false, batch));
        answers.push(...answersOf(reply, batch));
      }
      return answers;
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

function reasonOf(broken: Broken, stderr: string): UndecidedReason {
  if (broken.kind === 'timeout') {
    return { kind: 'timeout', message: `${broken.message}; it may loop for ever, or --timeout-ms is too short for it` };
  }
  if (broken.kind === 'crash' && /bad_alloc|MemoryError|allocate memory|[Oo]ut of memory/.test(stderr)) {
    return { kind: 'memory', message: `it ran into its memory limit: ${broken.message}\n${stderr}`.trim() };
  }
  return { kind: broken.kind, message: `${broken.message}\n${stderr}`.trim() };
}

function describeEnding(ending: Ending): string {
  if (ending.host !== null) return `the host of the workers ended: ${ending.host}`;
  if (ending.signal !== null) return `the worker process was ended by ${ending.signal}`;
  return `the worker process exited with code ${ending.code} (os._exit or the like)`;
}

function stderrTail(folder: string): string {
  try {
    return readFileSync(join(folder, 'stderr'), 'utf8').slice(-STDERR_TAIL_CHARACTERS).trim();
  } catch {
    return '';
  }
}

/** null where it took too long. */
async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | null> {
  let clock: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    clock = setTimeout(() => resolve(null), timeoutMs);
  });
  const first = await Promise.race([promise, late]);
  clearTimeout(clock);
  return first;
}

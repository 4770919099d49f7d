// The host of foreign Python code: one process that has torch in memory and forks a worker for each document.

import { rmSync } from 'node:fs';
import { connect } from './connection.ts';
import { type PythonProcess, StartFailed, startPython } from './process.ts';
import { openScratch, type Scratch } from './scratch.ts';
import { type Ending, type Life, makeWorker, stderrTail, type Worker, type WorkerOptions, within } from './worker.ts';

export type { LoadResult, Worker, WorkerOptions } from './worker.ts';

export interface HostOptions {
  readonly python: string;
  readonly readyTimeoutMs: number;
  /** Folder for sockets and workers' scratch folders; without one it makes and removes its own. */
  readonly scratch: Scratch | null;
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
  const lives = new Map<number, Life>();
  let gone = false;
  const begin = async (): Promise<PythonProcess> => {
    const process = await startPython({
      python: options.python,
      args: ['--host'],
      readyTimeoutMs: options.readyTimeoutMs,
      env: { MALLOC_ARENA_MAX: '2' },
    });
    gone = false;
    process.onLine((line) => hear(line, lives));
    void process.gone.then((how) => {
      gone = true;
      for (const life of lives.values()) life.end({ code: null, signal: null, host: how });
      lives.clear();
    });
    return process;
  };
  let process = await begin().catch((problem) => {
    closeScratch();
    throw problem;
  });
  let restart: Promise<PythonProcess> | null = null;
  /** The host, started again if a worker's code has ended it. */
  const living = async (): Promise<PythonProcess> => {
    if (!gone || closing !== null) return process;
    restart ??= begin().finally(() => {
      restart = null;
    });
    process = await restart;
    return process;
  };
  let nextId = 1;
  let closing: Promise<void> | null = null;
  const { torch, protocol: _, ...facts } = process.ready;
  return {
    version: String(torch),
    capabilities: Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, String(fact)])),
    get pid() {
      return process.pid;
    },
    startWorker: async (wish = {}) =>
      startWorker(await living(), lives, nextId++, scratch, { ...WORKER_DEFAULTS, ...wish }),
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

function describeEnding(ending: Ending): string {
  if (ending.host !== null) return `the host of the workers ended: ${ending.host}`;
  if (ending.signal !== null) return `the worker process was ended by ${ending.signal}`;
  return `the worker process exited with code ${ending.code} (os._exit or the like)`;
}

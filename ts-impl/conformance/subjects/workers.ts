// The host of foreign Python code: one process that has torch in memory and forks a worker for each document.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from './connection.ts';
import { packageRoot, type PythonProcess, StartFailed, startPython } from './process.ts';
import { BUBBLEWRAP, type Confinement, confinementOf, type Trials, tryBubblewrap } from './sandbox.ts';
import { openRoom, type SandboxRoom } from './sandbox-room.ts';
import { SCRATCH_BYTES } from './sandbox-plan.ts';
import { DISK_BYTES, watch } from './sandbox-watch.ts';
import { openScratch, type Scratch } from './scratch.ts';
import {
  type Ending,
  type Life,
  makeWorker,
  type Started,
  stderrTail,
  type Worker,
  type WorkerOptions,
  within,
} from './worker.ts';

export type { LoadResult, Worker, WorkerOptions } from './worker.ts';

export interface HostOptions {
  readonly python: string;
  readonly readyTimeoutMs: number;
  /** Folder for sockets and workers' scratch folders; without one it makes and removes its own. */
  readonly scratch: Scratch | null;
  /** The program that makes sandboxes. */
  readonly bubblewrap: string;
  /** Runs foreign code even where nothing but its time can be limited. */
  readonly unsafe: boolean;
}

export interface Host {
  readonly version: string;
  readonly capabilities: Readonly<Record<string, string>>;
  readonly pid: number;
  /** What holds the code that its workers run. */
  readonly confinement: Confinement;
  /** Throws StartFailed if the host is gone or the worker did not come up. */
  startWorker(options?: Partial<WorkerOptions>): Promise<Worker>;
  /** Ends every worker too. */
  close(): Promise<void>;
}

/** Throws StartFailed, also where foreign code can't be held and `unsafe` was not said. */
export async function startHost(given: Partial<HostOptions> & { readonly python: string }): Promise<Host> {
  const options: HostOptions = { ...DEFAULTS, ...given };
  const scratch = options.scratch ?? openScratch();
  const closeScratch = () => {
    if (options.scratch === null) scratch.close();
  };
  const lives: Lives = { of: new Map(), tried: () => {} };
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
      for (const life of lives.of.values()) life.end({ code: null, signal: null, host: how });
      lives.of.clear();
    });
    return process;
  };
  const bubblewrap = tryBubblewrap(options.bubblewrap);
  let process = await begin().catch((problem) => {
    closeScratch();
    throw problem;
  });
  const { confinement, readable } = await find(process, await bubblewrap, lives, options).catch(async (problem) => {
    await process.end();
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
  const rooms = makeRooms((document) => roomFor(confinement, document, readable));
  let nextId = 1;
  let closing: Promise<void> | null = null;
  const { torch, protocol: _, ...facts } = process.ready;
  return {
    version: String(torch),
    capabilities: Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, String(fact)])),
    get pid() {
      return process.pid;
    },
    confinement,
    startWorker: async (wish = {}) => {
      const worker = { ...WORKER_DEFAULTS, ...wish };
      const room = await rooms.take(worker.document);
      try {
        return await startWorker(await living(), lives, { id: nextId++, scratch, room, options: worker });
      } catch (problem) {
        await room?.close();
        throw problem;
      }
    },
    close: () => {
      closing ??= Promise.all([process.end(), rooms.close()]).then(closeScratch);
      return closing;
    },
  };
}

// --- internal ---

const DEFAULTS: Omit<HostOptions, 'python'> = {
  readyTimeoutMs: 60_000,
  scratch: null,
  bubblewrap: BUBBLEWRAP,
  unsafe: false,
};

const WORKER_DEFAULTS: WorkerOptions = {
  name: 'snippet',
  document: null,
  memoryBytes: 1 << 30,
  timeoutMs: 10_000,
  batchCases: 16,
};

/** How long a fork and a bind may take. */
const START_TIMEOUT_MS = 30_000;

interface Found {
  readonly confinement: Confinement;
  /** Where the Python of the workers has its code. */
  readonly readable: readonly string[];
}

/** What holds a worker here: what bubblewrap could do, and what this host could with it, both tried out. */
async function find(process: PythonProcess, trial: Confinement, lives: Lives, options: HostOptions): Promise<Found> {
  const room = await roomFor(trial, null, []);
  const tried = new Promise<Trials>((resolve) => {
    lives.tried = resolve;
  });
  process.write(JSON.stringify({ try: room?.inside ?? null }));
  const heard = await within(Promise.race([tried, process.gone]), START_TIMEOUT_MS);
  await room?.close();
  if (heard === null || typeof heard === 'string') {
    throw new StartFailed(
      `the host of foreign code did not try its limits: ${heard ?? `no word within ${START_TIMEOUT_MS} ms`}`,
    );
  }
  const confinement = confinementOf(trial, heard);
  if (confinement.kind === 'none' && !options.unsafe) {
    throw new StartFailed(
      `foreign code can't be held here (${confinement.why}), so none is run; --unsafe runs it all the same, as if it were yours`,
    );
  }
  return { confinement, readable: [...heard.readable, join(packageRoot(), 'py-oracle')] };
}

interface Rooms {
  take(document: string | null): Promise<SandboxRoom | null>;
  close(): Promise<void>;
}

/** One room more than is asked for, for the same document, so that the next worker finds its own open. */
function makeRooms(open: (document: string | null) => Promise<SandboxRoom | null>): Rooms {
  let spare: { readonly document: string | null; readonly room: Promise<SandboxRoom | null> } | null = null;
  let closed = false;
  const drop = async (): Promise<void> => {
    const last = spare;
    spare = null;
    const room = await last?.room.catch(() => null);
    await room?.close();
  };
  return {
    take: async (document) => {
      const ready = spare?.document === document ? spare.room : null;
      if (ready === null) void drop();
      spare = null; // before anyone else asks
      const room = await (ready ?? open(document));
      if (!closed && spare === null) {
        spare = { document, room: open(document) };
        spare.room.catch(() => {}); // whoever takes it hears of it
      }
      return room;
    },
    close: async () => {
      closed = true;
      await drop();
    },
  };
}

async function roomFor(
  confinement: Confinement,
  document: string | null,
  readable: readonly string[],
): Promise<SandboxRoom | null> {
  if (confinement.kind !== 'bubblewrap') return null;
  return openRoom(confinement.program, { document, readable, scratchBytes: SCRATCH_BYTES });
}

/** What the host says, by whom it is for. */
interface Lives {
  readonly of: Map<number, Life>;
  tried: (trials: Trials) => void;
}

function makeLife(): Life {
  let start: (started: Started) => void = () => {};
  let end: (ending: Ending) => void = () => {};
  const started = new Promise<Started>((resolve) => {
    start = resolve;
  });
  const ended = new Promise<Ending>((resolve) => {
    end = resolve;
  });
  return { started, ended, start: (begun) => start(begun), end: (ending) => end(ending) };
}

type HostEvent = {
  readonly started?: number;
  readonly ended?: number;
  readonly pid?: number;
  readonly keeper?: number;
  readonly tried?: true;
  readonly code?: number | null;
  readonly signal?: string | null;
};

function hear(line: string, lives: Lives): void {
  const event = JSON.parse(line) as HostEvent; // our own host wrote it; foreign code cannot reach this channel
  if (event.tried !== undefined) lives.tried(event as unknown as Trials); // as `_try` of host.py writes it
  if (event.started !== undefined) {
    lives.of.get(event.started)?.start({ pid: event.pid ?? 0, keeper: event.keeper ?? 0 });
  }
  if (event.ended !== undefined) {
    lives.of.get(event.ended)?.end({ code: event.code ?? null, signal: event.signal ?? null, host: null });
    lives.of.delete(event.ended);
  }
}

interface Start {
  readonly id: number;
  readonly scratch: Scratch;
  readonly room: SandboxRoom | null;
  readonly options: WorkerOptions;
}

async function startWorker(host: PythonProcess, lives: Lives, { id, scratch, room, options }: Start): Promise<Worker> {
  const socketPath = scratch.socketPath();
  const folder = scratch.folder();
  const life = makeLife();
  lives.of.set(id, life);
  const endpoint = `ipc://${socketPath}`;
  const { memoryBytes } = options;
  host.write(JSON.stringify({ start: id, endpoint, scratch: folder, memoryBytes, room: room?.inside ?? null }));
  const begun = await within(Promise.race([life.started, life.ended, host.gone]), START_TIMEOUT_MS);
  if (begun === null || typeof begun === 'string' || !('keeper' in begun)) {
    const tail = stderrTail(folder);
    rmSync(folder, { recursive: true, force: true });
    rmSync(socketPath, { force: true });
    const how = begun === null ? `no word within ${START_TIMEOUT_MS} ms` : JSON.stringify(begun);
    throw new StartFailed(`the worker did not start: ${how} ${tail}`.trim());
  }
  const connection = connect(endpoint, options.timeoutMs);
  void life.ended.then((ending) => connection.break('crash', describeEnding(ending)));
  const worker = makeWorker({ host, id, pid: begun.pid, life, connection, socketPath, folder, room, options });
  const watched = watch(
    {
      roots: room === null ? [begun.pid] : [begun.keeper, room.pid],
      alone: room === null ? begun.pid : null,
      inside: room?.inside ?? null,
      memoryBytes,
      diskBytes: room === null ? DISK_BYTES : null,
    },
    (excess) => void worker.stop(excess),
  );
  void life.ended.then(watched.stop);
  return worker;
}

function describeEnding(ending: Ending): string {
  if (ending.host !== null) return `the host of the workers ended: ${ending.host}`;
  if (ending.signal !== null) return `the worker process was ended by ${ending.signal}`;
  return `the worker process exited with code ${ending.code} (os._exit or the like)`;
}

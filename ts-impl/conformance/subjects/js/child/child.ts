// The child process: it starts the thread that runs a module, passes frames on, watches its memory, and ends when its parent is gone.

import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { decodeHeader, encodeHeader } from '../../wire/header.ts';
import { encodeFrame, FrameReader } from './frames.ts';

/** The first frame's header. */
export interface ChildStart {
  /** Address of the thread's program. */
  readonly program: string;
  readonly file: string;
  readonly path: string;
  readonly memoryMb: number;
}

/** What the thread is started with. */
export interface ThreadData {
  /** As the user wrote it, for messages. */
  readonly file: string;
  readonly path: string;
  readonly program: string;
  readonly nonce: string;
}

/** The pipe to the parent; 1 and 2 are the module's to print to. */
export const PIPE = 3;

/** How often the process's memory is looked at. */
const WATCH_MS = 50;

const socket = new Socket({ fd: PIPE, readable: true, writable: true });
const reader = new FrameReader();
let thread: Worker | null = null;
let watch: NodeJS.Timeout | null = null;

socket.on('data', (piece: Uint8Array) => {
  for (const frame of reader.push(piece)) {
    if (thread === null)
      begin(frame.nonce, decodeHeader(frame.header) as ChildStart); // our own process wrote it
    else thread.postMessage(frame);
  }
});
socket.on('end', () => void end());
socket.on('error', () => void end());

// --- internal ---

function begin(nonce: string, { program, file, path, memoryMb }: ChildStart): void {
  const data: ThreadData = { file, path, program, nonce };
  const fail = (kind: string, message: string) => {
    socket.write(
      encodeFrame({
        nonce,
        sequence: 0,
        header: encodeHeader({ kind: 'failed', reason: { kind, message } }),
        payload: new Uint8Array(),
      }),
    );
    void end();
  };
  thread = new Worker(new URL('./thread-start.mjs', import.meta.url), {
    workerData: data,
    execArgv: ['--enable-source-maps'],
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
  });
  thread.on('message', (bytes: unknown) => {
    if (bytes instanceof Uint8Array) socket.write(bytes); // a module may send messages of its own
  });
  thread.on('error', (problem: NodeJS.ErrnoException) => {
    if (problem.code === 'ERR_WORKER_OUT_OF_MEMORY') fail('memory', `it ran into its limit of ${memoryMb} MB`);
    else fail('crash', `an error that nobody caught: ${wordsOf(problem)}`);
  });
  thread.on('exit', (code) => fail('crash', `${file} ended its thread with code ${code}`));
  const before = process.memoryUsage.rss();
  watch = setInterval(() => {
    const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
    if (grown > memoryMb + OVERHEAD_MB) fail('memory', `it took more than its limit of ${memoryMb} MB`);
  }, WATCH_MS);
}

/** What the thread's own heap and the compiler of TypeScript take beside the module. */
const OVERHEAD_MB = 256;

async function end(): Promise<void> {
  if (watch !== null) clearInterval(watch);
  watch = null;
  thread?.removeAllListeners();
  await thread?.terminate();
  socket.end();
  socket.unref();
}

function wordsOf(problem: unknown): string {
  return problem instanceof Error ? `${problem.name}: ${problem.message}` : String(problem);
}

// Starts the child process for a module and speaks with it: one frame a question, one a reply, a deadline for each. The only place that starts one.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Duplex, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { PlainMap } from '../../../../../cases/serialise.ts';
import type { UndecidedReason } from '../../../outcome.ts';
import { packageRoot } from '../../process.ts';
import type { Confinement } from '../../sandbox.ts';
import { heldCommand, modulePlaces } from '../../sandbox-command.ts';
import { CLEAN_ENVIRONMENT, SCRATCH_BYTES } from '../../sandbox-plan.ts';
import { DISK_BYTES, watch } from '../../sandbox-watch.ts';
import { onTheWayOut } from '../../way-out.ts';
import { decodeHeader, encodeHeader, ProtocolError } from '../../wire/header.ts';
import type { ChildStart } from './child.ts';
import { encodeFrame, type Frame, FrameReader, NONCE_CHARACTERS } from './frames.ts';

export interface ChildOptions {
  /** As the user wrote it. */
  readonly file: string;
  readonly path: string;
  /** The thread's program in the folder of `code`, such as `thread.js`. */
  readonly program: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly confinement: Confinement;
  /** Where the programs of child and thread lie; tests that run from source name another folder. */
  readonly code?: URL;
}

export interface ChildReply {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Uint8Array;
}

/** The child is gone, hangs or spoke nonsense; every later question meets the same reason. */
export class ChildGone extends Error {
  override readonly name = 'ChildGone';
  readonly reason: UndecidedReason;

  constructor(reason: UndecidedReason) {
    super(reason.message);
    this.reason = reason;
  }
}

export interface Child {
  /** Rejects with ChildGone alone. The deadline counts from when every earlier question was answered. */
  request(header: PlainMap, payload?: Uint8Array): Promise<ChildReply>;
  /** Ends the process; calling it twice is harmless. */
  close(): Promise<void>;
}

export function startChild(options: ChildOptions): Child {
  const { file, path, timeoutMs, memoryMb } = options;
  const code = options.code ?? new URL('..', import.meta.url);
  const ending = options.code === undefined && import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const started = startProcess(new URL(`child/child${ending}`, code), options);
  const forget = onTheWayOut(() => started.kill('SIGKILL')); // it ends by itself too, when its pipe closes
  const [stderr, pipe] = [started.stdio[2] as Readable, started.stdio[3] as Duplex]; // as startProcess has asked for
  let said = '';
  stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-STDERR_CHARACTERS);
  });
  const nonce = randomBytes(NONCE_CHARACTERS / 2).toString('hex');
  const waiting = new Map<number, Waiting>(); // oldest first
  let next = 0;
  let failure: UndecidedReason | null = null;
  let clock: NodeJS.Timeout | null = null;

  const fail = (kind: UndecidedReason['kind'], message: string): void => {
    if (failure !== null) return;
    failure = { kind, message };
    if (clock !== null) clearTimeout(clock);
    for (const one of waiting.values()) one.reject(new ChildGone(failure));
    waiting.clear();
    started.kill('SIGKILL');
  };
  let ready = false;
  const restartClock = (): void => {
    if (!ready) return;
    if (clock !== null) clearTimeout(clock);
    const late = `no answer within ${timeoutMs} ms; it may loop for ever, or --timeout-ms is too short for it`;
    clock = waiting.size === 0 ? null : setTimeout(() => fail('timeout', late), timeoutMs);
  };
  const hear = (frame: Frame): void => {
    if (frame.nonce !== nonce) throw new ProtocolError('it wrote a frame of its own into the pipe of the answers');
    const header = asReply(decodeHeader(frame.header));
    if (header.kind === 'ready') {
      ready = true;
      restartClock();
      return;
    }
    if (header.kind === 'failed') {
      const reason = asReason(header.reason);
      fail(reason.kind, reason.message);
      return;
    }
    const one = waiting.get(frame.sequence);
    if (one === undefined) throw new ProtocolError(`it answered question ${frame.sequence}, which nobody asked`);
    waiting.delete(frame.sequence);
    restartClock();
    one.resolve({ header, payload: frame.payload });
  };

  const reader = new FrameReader();
  pipe.on('error', () => {}); // a dead child's pipe; its end tells
  pipe.on('data', (piece: Uint8Array) => {
    if (failure !== null) return;
    try {
      for (const frame of reader.push(piece)) hear(frame);
    } catch (problem) {
      if (!(problem instanceof ProtocolError)) throw problem;
      fail('protocol', problem.message);
    }
  });
  const held = options.confinement.kind === 'bubblewrap';
  const watched = watch(
    {
      roots: [started.pid ?? 0],
      alone: held ? null : (started.pid ?? 0),
      inside: null,
      memoryBytes: (memoryMb + NODE_MB) * 2 ** 20,
      diskBytes: held ? null : DISK_BYTES,
    },
    ({ kind, message }) => fail(kind, message),
  );
  const gone = new Promise<void>((resolve) => {
    const end = (how: string) => {
      watched.stop();
      fail('crash', `the process of ${file} ended: ${how}\n${said}`.trim());
      forget();
      resolve();
    };
    started.on('error', (problem) => end(problem.message));
    started.on('exit', (code, signal) =>
      end(signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`),
    );
  });

  clock = setTimeout(() => fail('timeout', `no child process within ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
  const start: ChildStart = { program: new URL(`${options.program}${ending}`, code).href, file, path, memoryMb };
  pipe.write(encodeFrame({ nonce, sequence: 0, header: encodeHeader({ ...start }), payload: EMPTY }));
  return {
    request: (header, payload = EMPTY) =>
      new Promise((resolve, reject) => {
        if (failure !== null) {
          reject(new ChildGone(failure));
          return;
        }
        const sequence = ++next;
        waiting.set(sequence, { resolve, reject });
        if (waiting.size === 1) restartClock();
        pipe.write(encodeFrame({ nonce, sequence, header: encodeHeader(header), payload }));
      }),
    close: async () => {
      fail('crash', 'the module was closed');
      pipe.destroy();
      await gone;
    },
  };
}

// --- internal ---

/** What Node and our own programs may take before a module is read. */
const START_TIMEOUT_MS = 60_000;

const STDERR_CHARACTERS = 600;
/** What Node, our programs and the compiler of TypeScript take beside a module; more than the child allows itself, which can name the limit. */
const NODE_MB = 512;

const EMPTY = new Uint8Array();

interface Waiting {
  resolve(reply: ChildReply): void;
  reject(gone: ChildGone): void;
}

/** Its standard output leads nowhere; fd 3 is the pipe of questions and answers. */
function startProcess(child: URL, { confinement, path }: ChildOptions) {
  const own = import.meta.url.endsWith('.ts') && child.href.endsWith('.ts') ? process.execArgv : []; // how TypeScript is run from source
  const plan = {
    document: path,
    readable: [process.execPath, packageRoot(), ...modulePlaces(packageRoot()), ...modulePlaces(path)],
    scratchBytes: SCRATCH_BYTES,
    workingFolder: process.cwd(),
  };
  const [program, ...args] = heldCommand(confinement, plan, [process.execPath, ...own, fileURLToPath(child)]);
  return spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own: what a module sends to its group does not reach us
    env: CLEAN_ENVIRONMENT, // a module has no business with ours
  });
}

function asReply(header: unknown): Readonly<Record<string, unknown>> {
  if (typeof header === 'object' && header !== null && 'kind' in header) return { ...header };
  throw new ProtocolError('it answered with no reply');
}

const KINDS = ['timeout', 'crash', 'memory', 'syntax', 'import', 'construct', 'protocol'] as const;

function asReason(reason: unknown): UndecidedReason {
  const { kind, message } =
    typeof reason === 'object' && reason !== null ? { kind: '', message: '', ...reason } : { kind: '', message: '' };
  return { kind: KINDS.find((known) => known === kind) ?? 'crash', message: String(message) };
}

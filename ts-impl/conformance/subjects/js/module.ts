// A JavaScript module as a subject: it runs in a thread with a deadline for every case. Once it hung or died it answers no more.

import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Case } from '../../../../cases/case.ts';
import type { Outcome, UndecidedReason } from '../../outcome.ts';
import { undecided } from '../wire/answer.ts';
import { type JsSubject, makeJsSubject } from './js-subject.ts';
import { type Choice, NoSuchNorm } from './open-norms.ts';
import type { ThreadData, ThreadMessage, ThreadQuestion } from './thread.ts';

export interface ModuleOptions extends Choice {
  /** As the user wrote it. */
  readonly file: string;
  readonly path: string;
  /** For opening it, and for each case. */
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** A call that PyTorch refuses and the norm does not counts as refused differently. */
  readonly strict: boolean;
  /** What `normative replay` takes to ask it again. */
  readonly replayWords: string;
  /** The thread's program; tests that run from source name another. */
  readonly thread?: URL;
}

/** Loads the module. Throws NoSuchNorm where it has no such export; what it does beside is its answers. */
export async function openModule(options: ModuleOptions): Promise<JsSubject> {
  const thread = startThread(options);
  const first = await thread.next(options.timeoutMs);
  if (first.kind !== 'open') await thread.stop();
  if (first.kind === 'none') throw new NoSuchNorm(first.message);
  let failure: UndecidedReason | null = first.kind === 'failed' ? first.reason : null;
  const askOne = async (c: Case): Promise<Outcome> => {
    if (failure === null) {
      const reply = await thread.next(options.timeoutMs);
      if (reply.kind === 'answer') return reply.outcome;
      failure = reply.kind === 'failed' ? withCase(reply.reason, c) : LOST_PLACE;
      await thread.stop();
    }
    return undecided(failure.kind, failure.message).outcome;
  };
  const text = readFileSync(options.path, 'utf8');
  return makeJsSubject({
    name: options.export ?? options.file,
    norms: first.kind === 'open' ? new Map(first.norms.map(({ layer, ...norm }) => [layer, norm])) : null,
    layerFrom: options.layer === null ? 'name' : 'option',
    sourceOf: (name) => ({ file: options.file, line: lineOf(text, name) }),
    strict: options.strict,
    replayWords: options.replayWords,
    ask: async (cases) => {
      if (failure === null) thread.send({ cases });
      const outcomes: Outcome[] = [];
      for (const c of cases) outcomes.push(await askOne(c));
      return outcomes;
    },
    close: () => thread.stop(),
  });
}

// --- internal ---

const LOST_PLACE: UndecidedReason = { kind: 'protocol', message: 'the thread lost its place' };

/** The first line that defines `name`, or the first of the file. */
function lineOf(text: string, name: string): number {
  const word = name.replace(/[^\w$]/g, '');
  const at = text.search(new RegExp(`\\b(class|function|const|let|var)\\s+${word.replaceAll('$', '\\$')}\\b`));
  return at < 0 ? 1 : text.slice(0, at).split('\n').length;
}

type Heard = ThreadMessage | { readonly kind: 'failed'; readonly reason: UndecidedReason };

interface Thread {
  send(question: ThreadQuestion): void;
  /** The next thing it says, or how it failed. */
  next(timeoutMs: number): Promise<Heard>;
  stop(): Promise<void>;
}

const OUTPUT_CHARACTERS = 600;

function startThread(options: ModuleOptions): Thread {
  const { file, path, layer } = options;
  const data: ThreadData = { file, path, layer, export: options.export };
  const worker = new Worker(options.thread ?? new URL('./thread.js', import.meta.url), {
    workerData: data,
    stdout: true, // what it prints is not the report
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: options.memoryMb },
  });
  let said = '';
  worker.stdout.resume();
  worker.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-OUTPUT_CHARACTERS);
  });
  const heard: Heard[] = [];
  let listener: ((next: Heard) => void) | null = null;
  const hear = (next: Heard) => {
    if (listener === null) heard.push(next);
    else listener(next);
    listener = null;
  };
  const fail = (kind: UndecidedReason['kind'], message: string) => hear({ kind: 'failed', reason: { kind, message } });
  worker.on('message', (message: unknown) => {
    if (isMessage(message)) hear(message); // the norm may send messages of its own
  });
  worker.on('messageerror', (problem) => fail('protocol', `what it answered can't be passed on: ${problem.message}`));
  worker.on('error', (problem: NodeJS.ErrnoException) => {
    if (problem.code === 'ERR_WORKER_OUT_OF_MEMORY') fail('memory', `it ran into its limit of ${options.memoryMb} MB`);
    else fail('crash', `an error that nobody caught: ${problem.name}: ${problem.message}`);
  });
  worker.on('exit', (code) => fail('crash', `${file} ended its thread with code ${code}\n${said}`.trim()));
  return {
    send: (question) => worker.postMessage(question),
    next: (timeoutMs) =>
      new Promise((resolve) => {
        const ready = heard.shift();
        if (ready !== undefined) {
          resolve(ready);
          return;
        }
        const message = `no answer within ${timeoutMs} ms; it may loop for ever, or --timeout-ms is too short for it`;
        const late = setTimeout(() => fail('timeout', message), timeoutMs);
        listener = (next) => {
          clearTimeout(late);
          resolve(next);
        };
      }),
    stop: async () => {
      await worker.terminate();
    },
  };
}

function isMessage(message: unknown): message is ThreadMessage {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return false;
  return ['open', 'none', 'failed', 'answer'].includes(String(message.kind));
}

function withCase(reason: UndecidedReason, c: Case): UndecidedReason {
  return { ...reason, message: `${reason.message} (at ${c.id})` };
}

// A JavaScript module as a subject: it runs in a thread with a deadline for every case. Once it hung or died it answers no more.

import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Case } from '../../../../cases/case.ts';
import type { Answer, Outcome, UndecidedReason } from '../../outcome.ts';
import type { Subject, SubjectFacts } from '../subject.ts';
import { undecided } from '../wire/answer.ts';
import type { Traits } from './held-norm.ts';
import { missingParts } from './missing-parts.ts';
import { isFunctionName } from './named-layers.ts';
import { type Choice, NoSuchNorm } from './open-norms.ts';
import type { ThreadData, ThreadMessage, ThreadQuestion } from './thread.ts';
import { viewOf } from './view.ts';

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

export interface JsModule extends Subject {
  readonly kind: 'js';
  /** Layers and functions that it stands for; null where it could not be opened, and every answer is undecided. */
  readonly layers: readonly string[] | null;
}

/** Loads the module. Throws NoSuchNorm where it has no such export; what it does beside is its answers. */
export async function openModule(options: ModuleOptions): Promise<JsModule> {
  const thread = startThread(options);
  const first = await thread.next(options.timeoutMs);
  const traits = new Map<string, { readonly name: string; readonly traits: Traits }>();
  if (first.kind === 'open') for (const { layer, ...norm } of first.norms) traits.set(layer, norm);
  else if (first.kind !== 'answers') await thread.stop();
  if (first.kind === 'none') throw new NoSuchNorm(first.message);
  const text = readFileSync(options.path, 'utf8');
  const sourceOf = (name: string) => ({ file: options.file, line: lineOf(text, name) });
  let failure: UndecidedReason | null = first.kind === 'failed' ? first.reason : null;
  const askOne = async (c: Case): Promise<Outcome> => {
    if (failure === null) {
      const reply = await thread.next(options.timeoutMs);
      if (reply.kind === 'answers') return reply.outcomes[0];
      failure =
        reply.kind === 'failed'
          ? withCase(reply.reason, c)
          : { kind: 'protocol', message: 'the thread lost its place' };
      await thread.stop();
    }
    return undecided(failure.kind, failure.message).outcome;
  };
  return {
    name: options.export ?? options.file,
    kind: 'js',
    version: null,
    capabilities: {},
    batch: { cases: 64, window: 1 },
    layers: first.kind === 'open' ? [...traits.keys()] : null,
    ask: async (cases) => {
      if (failure === null) thread.send({ cases });
      const answers: Answer[] = [];
      for (const c of cases) answers.push({ outcome: await askOne(c), truth: null });
      return answers;
    },
    about: (layer) => {
      const norm = traits.get(layer);
      if (norm === undefined) return null;
      return { name: norm.name, source: sourceOf(norm.name), layerFrom: options.layer === null ? 'name' : 'option' };
    },
    notAsked: notAskedOf(traits, sourceOf),
    replayWords: options.replayWords,
    comparable: (c, pair) => {
      const norm = traits.get(c.layer);
      return norm === undefined ? pair : viewOf(c, pair, norm.traits, options.strict);
    },
    close: () => thread.stop(),
  };
}

// --- internal ---

type Known = ReadonlyMap<string, { readonly name: string; readonly traits: Traits }>;

/** The parts that PyTorch's layer has and the norm has not, once for each norm. */
function notAskedOf(
  known: Known,
  sourceOf: (name: string) => SubjectFacts['source'],
): NonNullable<Subject['notAsked']> {
  const told = new Map<string, { name: string; source: SubjectFacts['source']; reason: string }>();
  for (const [layer, { name, traits }] of known) {
    if (isFunctionName(layer)) continue;
    for (const { part, reason } of missingParts(layer, traits)) {
      told.set(`${name} ${part}`, { name: `${name}: ${part}`, source: sourceOf(name), reason });
    }
  }
  return [...told.values()];
}

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
  worker.on('message', hear);
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

function withCase(reason: UndecidedReason, c: Case): UndecidedReason {
  return { ...reason, message: `${reason.message} (at ${c.id})` };
}

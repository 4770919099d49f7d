// The thread in which a JavaScript module runs: loads it, then answers cases one by one. What holds its time and ends it is module.ts.

import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { Case } from '../../../../cases/case.ts';
import type { Outcome, UndecidedReason } from '../../outcome.ts';
import { drive } from './drive.ts';
import { type Choice, ConstructFailed, type Held, holdNorms, NoSuchNorm } from './open-norms.ts';
import type { Traits } from './held-norm.ts';

/** What the thread is started with. */
export interface ThreadData extends Choice {
  /** As the user wrote it, for messages. */
  readonly file: string;
  readonly path: string;
}

/** What it says: once how opening went, then an answer a case. */
export type ThreadMessage =
  | {
      readonly kind: 'open';
      readonly norms: readonly { readonly layer: string; readonly name: string; readonly traits: Traits }[];
    }
  | { readonly kind: 'none'; readonly message: string }
  | { readonly kind: 'failed'; readonly reason: UndecidedReason }
  | { readonly kind: 'answer'; readonly outcome: Outcome };

export type ThreadQuestion = { readonly cases: readonly Case[] };

const port = parentPort;
if (port === null) throw new Error('this file is started as a worker thread');
const say = (message: ThreadMessage) => port.postMessage(message);
const held = await open(workerData as ThreadData); // module.ts hands over nothing else
if (held !== null) {
  port.on('message', ({ cases }: ThreadQuestion) => {
    void answer(cases, held);
  });
}

// --- internal ---

async function answer(cases: readonly Case[], norms: Held): Promise<void> {
  for (const c of cases) {
    const norm = norms.get(c.layer as never); // a name that is none finds nothing
    const outcome: Outcome =
      norm === undefined
        ? { kind: 'unsupported', reason: `the module has no norm that stands for ${c.layer}` }
        : await drive(c, norm);
    say({ kind: 'answer', outcome });
  }
}

async function open(data: ThreadData): Promise<Held | null> {
  let exports: Readonly<Record<string, unknown>>;
  try {
    exports = await import(pathToFileURL(data.path).href);
  } catch (problem) {
    say({ kind: 'failed', reason: importFailure(data.file, problem) });
    return null;
  }
  try {
    const norms = await holdNorms(data.file, exports, data);
    say({ kind: 'open', norms: Array.from(norms, ([layer, { name, traits }]) => ({ layer, name, traits })) });
    return norms;
  } catch (problem) {
    if (problem instanceof NoSuchNorm) say({ kind: 'none', message: problem.message });
    else if (problem instanceof ConstructFailed)
      say({ kind: 'failed', reason: { kind: 'construct', message: problem.message } });
    else throw problem;
    return null;
  }
}

function importFailure(file: string, problem: unknown): UndecidedReason {
  if (problem instanceof SyntaxError) {
    return { kind: 'syntax', message: `${file} does not parse: ${problem.message}` };
  }
  const why = problem instanceof Error ? `${problem.name}: ${problem.message}` : String(problem);
  if (/\.[cm]?ts$/.test(file) && why.includes('Unknown file extension')) {
    return {
      kind: 'import',
      message: `this Node (${process.versions.node}) does not run TypeScript; compile ${file} first and name what comes out, or use Node 22.18 or later`,
    };
  }
  return { kind: 'import', message: `${file} can't be imported: ${why}` };
}

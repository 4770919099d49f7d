// A JavaScript module as a subject: it runs in a child process with a deadline for every case. Once it hung or died it answers no more.

import { readFileSync } from 'node:fs';
import type { Case } from '../../../../cases/case.ts';
import { encodeCase } from '../../../../cases/serialise.ts';
import type { Outcome, UndecidedReason } from '../../outcome.ts';
import { undecided } from '../wire/answer.ts';
import { ProtocolError } from '../wire/header.ts';
import { decodeOutcomes } from './child/decode-outcomes.ts';
import { type Child, ChildGone, startChild } from './child/start-child.ts';
import { confinementHere } from '../sandbox-command.ts';
import { type JsSubject, makeJsSubject } from './js-subject.ts';
import { type Choice, NoSuchNorm } from './open-norms.ts';
import type { OpenReply } from './thread.ts';

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
  /** Where the programs of child and thread lie; tests that run from source name another folder. */
  readonly code?: URL;
}

/** Loads the module. Throws NoSuchNorm where it has no such export; what it does beside is its answers. */
export async function openModule(options: ModuleOptions): Promise<JsSubject> {
  const child = startChild({ ...options, program: 'thread', confinement: await confinementHere() });
  const opened = await open(child, options);
  if (opened.kind !== 'open') await child.close();
  if (opened.kind === 'none') throw new NoSuchNorm(opened.message);
  const text = readFileSync(options.path, 'utf8');
  const askOne = asker(child);
  return makeJsSubject({
    name: options.export ?? options.file,
    norms: opened.kind === 'open' ? new Map(opened.norms.map(({ layer, ...norm }) => [layer, norm])) : null,
    failure: opened.kind === 'failed' ? opened.reason : null,
    layerFrom: options.layer === null ? 'name' : 'option',
    sourceOf: (name) => ({ file: options.file, line: lineOf(text, name) }),
    strict: options.strict,
    replayWords: options.replayWords,
    ask: async (cases) =>
      opened.kind === 'open'
        ? Promise.all(cases.map(askOne))
        : cases.map(() => undecided(opened.reason.kind, opened.reason.message).outcome),
    close: () => child.close(),
  });
}

// --- internal ---

type Opened = OpenReply | { readonly kind: 'failed'; readonly reason: ChildGone['reason'] };

async function open(child: Child, choice: Choice): Promise<Opened> {
  try {
    const { header } = await child.request({ kind: 'open', export: choice.export, layer: choice.layer });
    return header as unknown as OpenReply; // our thread's own words: a frame without the nonce is none
  } catch (problem) {
    if (problem instanceof ChildGone) return { kind: 'failed', reason: problem.reason };
    throw problem;
  }
}

/** Asks case by case; what ended it at one of them is told of all that follow. */
function asker(child: Child): (c: Case) => Promise<Outcome> {
  let failure: UndecidedReason | null = null;
  return async (c) => {
    const { header, payload } = encodeCase(c);
    try {
      const reply = await child.request({ kind: 'case', case: header }, payload);
      return decodeOutcomes(reply.header, reply.payload)[0];
    } catch (problem) {
      const reason = reasonOf(problem);
      failure ??= { ...reason, message: `${reason.message} (at ${c.id})` };
      return undecided(failure.kind, failure.message).outcome;
    }
  };
}

function reasonOf(problem: unknown): UndecidedReason {
  if (problem instanceof ChildGone) return problem.reason;
  if (problem instanceof ProtocolError) return { kind: 'protocol', message: problem.message };
  throw problem;
}

/** The first line that defines `name`, or the first of the file. */
function lineOf(text: string, name: string): number {
  const word = name.replace(/[^\w$]/g, '');
  const at = text.search(new RegExp(`\\b(class|function|const|let|var)\\s+${word.replaceAll('$', '\\$')}\\b`));
  return at < 0 ? 1 : text.slice(0, at).split('\n').length;
}

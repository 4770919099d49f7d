// The thread's side of the pipe: frames in, one at a time, each answered by a handler. What the module does beside is not heard.

import { parentPort, workerData } from 'node:worker_threads';
import type { PlainMap } from '../../../../../cases/serialise.ts';
import type { UndecidedReason } from '../../../outcome.ts';
import { decodeHeader, encodeHeader } from '../../wire/header.ts';
import type { ThreadData } from './child.ts';
import { encodeFrame, type Frame } from './frames.ts';

export interface ThreadReply {
  readonly header: PlainMap;
  readonly payload?: Uint8Array;
}

/** Answers every frame, in order. `handle` gets the header as our own process wrote it. */
export function serve(data: ThreadData, handle: (header: PlainMap, payload: Uint8Array) => Promise<ThreadReply>): void {
  const port = parentPort;
  if (port === null) throw new Error('this file is started as a worker thread');
  const say = port.postMessage.bind(port); // what the module does to its port later is its own affair
  let before: Promise<void> = Promise.resolve();
  const answer = async ({ sequence, header, payload }: Frame): Promise<void> => {
    const reply = await handle(decodeHeader(header) as PlainMap, payload); // our own process wrote it
    const bytes = encodeFrame({
      nonce: data.nonce,
      sequence,
      header: encodeHeader(reply.header),
      payload: reply.payload ?? EMPTY,
    });
    say(bytes);
  };
  say(encodeFrame({ nonce: data.nonce, sequence: 0, header: encodeHeader({ kind: 'ready' }), payload: EMPTY }));
  port.on('message', (frame: Frame) => {
    before = before.then(() => answer(frame));
  });
}

/** What this thread was started with. */
export const threadData = (): ThreadData => workerData as ThreadData; // child.ts hands over nothing else

/** Why a module could not be imported. */
export function importFailure(file: string, problem: unknown): UndecidedReason {
  if (problem instanceof SyntaxError) {
    return { kind: 'syntax', message: `${file} does not parse: ${problem.message}` };
  }
  const why = problem instanceof Error ? `${problem.name}: ${problem.message}` : String(problem);
  return { kind: 'import', message: `${file} can't be imported: ${why}` };
}

// --- internal ---

const EMPTY = new Uint8Array();

// The mender: a Python process that reads source trees and proposes edits. It runs nothing of what it reads and knows no torch.

import { startPython } from './process.ts';

/** A finding to be mended, in the code that it is about. Lines are those of the blocks. */
export interface Wish {
  readonly blocks: readonly { readonly line: number; readonly text: string }[];
  readonly name: string;
  readonly line: number;
  readonly convention: string;
  readonly expected: string | number;
  readonly actual: string | number;
  readonly at: number | null;
  /** PyTorch's names of tensors to the subject's. */
  readonly roles: Readonly<Record<string, string>>;
  readonly layer: string;
  readonly rank: number;
}

/** An edit that may mend it. */
export interface Candidate {
  /** What it does, in a few words. */
  readonly about: string;
  /** One of all small changes, rather than one that was made for such a finding. */
  readonly guess: boolean;
  /** The new texts of the blocks that it changes, by their place among the blocks. */
  readonly blocks: readonly { readonly index: number; readonly text: string }[];
}

export interface Mender {
  /** LibCST's version; null where the Python has none, and then nothing is proposed. */
  readonly libcst: string | null;
  /** Likeliest first; empty where no edit is known, and where it took too long. */
  propose(wish: Wish): Promise<readonly Candidate[]>;
  close(): Promise<void>;
}

/** Throws StartFailed. */
export async function startMender(options: { readonly python: string }): Promise<Mender> {
  const waiting = new Map<number, (found: readonly Candidate[]) => void>();
  const begin = async () => {
    const started = await startPython({ python: options.python, args: ['--mend'], readyTimeoutMs: START_TIMEOUT_MS });
    started.onLine((line) => hear(line, waiting));
    return started;
  };
  let process = await begin();
  let nextId = 1;
  return {
    libcst: typeof process.ready.libcst === 'string' ? process.ready.libcst : null,
    propose: async (wish) => {
      const id = nextId++;
      const asked = process;
      const answer = new Promise<readonly Candidate[]>((resolve) => waiting.set(id, resolve));
      asked.write(JSON.stringify({ id, ...wish }));
      // A process that hangs over a text proposes nothing for it, and the next text has one of its own.
      const late = setTimeout(() => void asked.kill(), ANSWER_TIMEOUT_MS);
      const found = await Promise.race([answer, asked.gone.then(() => null)]);
      clearTimeout(late);
      if (found !== null) return found;
      waiting.delete(id);
      if (process === asked) process = await begin();
      return [];
    },
    close: () => process.end(),
  };
}

// --- internal ---

const START_TIMEOUT_MS = 30_000;
/** Source of any size that is written by hand takes a second. */
const ANSWER_TIMEOUT_MS = 60_000;

interface Reply {
  readonly id: number;
  readonly candidates?: readonly Candidate[];
}

function hear(line: string, waiting: Map<number, (found: readonly Candidate[]) => void>): void {
  const reply = JSON.parse(line) as Reply; // our own process wrote it; it runs no foreign code
  waiting.get(reply.id)?.(reply.candidates ?? []);
  waiting.delete(reply.id);
}

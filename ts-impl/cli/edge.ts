// The edge: the streams, environment and clock that commands see. Tests hand in their own; nothing else in the program touches these.

import { readFileSync, writeSync } from 'node:fs';

export interface Edge {
  /** Results. */
  out(text: string): void;
  /** Progress, warnings and errors. */
  err(text: string): void;
  /** All of standard input. */
  readInput(): Uint8Array;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds of a clock that never runs back. */
  now(): number;
}

export function processEdge(): Edge {
  return {
    out: (text) => writeWhole(1, text),
    err: (text) => writeWhole(2, text),
    readInput: () => readFileSync(0),
    outIsTerminal: process.stdout.isTTY === true,
    errIsTerminal: process.stderr.isTTY === true,
    env: process.env,
    now: () => performance.now(),
  };
}

/** Wrong usage, or something outside that has to be put right first: exit code 2. The message says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Whether results may be coloured. */
export function wantsColor(edge: Edge, flag: boolean): boolean {
  return flag && edge.outIsTerminal && (edge.env.NO_COLOR ?? '') === '' && edge.env.TERM !== 'dumb';
}

// --- internal ---

/** Writes now, so that nothing is lost at the end of the process; a reader that has gone (`| head`) ends the writing quietly. */
function writeWhole(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (problem) {
      const code = (problem as NodeJS.ErrnoException).code;
      if (code === 'EAGAIN') continue; // a full pipe
      if (code === 'EPIPE') return;
      throw problem;
    }
  }
}

// What a module prints while it runs, kept and cut short: nothing of it goes to a real stream. For the thread of a module alone.

import { format } from 'node:util';

export interface Output {
  /** What was printed since the last time. */
  take(): string;
}

/** From now on console and standard output are kept. */
export function captureOutput(): Output {
  let said = '';
  const keep = (text: string) => {
    if (said.length < LONGEST) said = (said + text).slice(0, LONGEST);
  };
  for (const name of ['log', 'info', 'debug', 'table', 'dir'] as const) {
    Object.assign(globalThis.console, { [name]: (...all: readonly unknown[]) => keep(`${format(...all)}\n`) });
  }
  for (const name of ['warn', 'error', 'trace'] as const) Object.assign(globalThis.console, { [name]: () => {} });
  process.stdout.write = (chunk: unknown) => {
    keep(String(chunk));
    return true;
  };
  return {
    take: () => {
      const taken = said;
      said = '';
      return taken;
    },
  };
}

// --- internal ---

const LONGEST = 2000;

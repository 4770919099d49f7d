// A specimen that is asked in one message whatever was asked of it at the same moment. Who asks one after the other is answered so.

import type { Case } from '../../../../cases/case.ts';
import type { Outcome } from '../../outcome.ts';
import type { Specimen } from './specimen.ts';

/** The same class; questions of one turn of the event loop travel together. */
export function batched(specimen: Specimen): Specimen {
  let waiting: Waiting[] = [];
  const flush = async () => {
    const now = waiting;
    waiting = [];
    try {
      const outcomes = await specimen.ask(now.flatMap((w) => w.cases));
      let at = 0;
      for (const { cases, resolve } of now) {
        resolve(outcomes.slice(at, at + cases.length));
        at += cases.length;
      }
    } catch (problem) {
      for (const { reject } of now) reject(problem);
    }
  };
  return {
    ...specimen,
    ask: (cases) =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) queueMicrotask(() => void flush());
        waiting.push({ cases, resolve, reject });
      }),
  };
}

// --- internal ---

interface Waiting {
  readonly cases: readonly Case[];
  readonly resolve: (outcomes: readonly Outcome[]) => void;
  readonly reject: (problem: unknown) => void;
}

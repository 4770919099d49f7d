// The runner: cases go to two subjects in batches, several in flight, and come back as verdicts in their order. It keeps no case once it is yielded.

import type { Case } from '../../cases/case.ts';
import type { Answer } from './outcome.ts';
import { judge } from './judge/judge.ts';
import type { Tolerance } from './judge/tolerance.ts';
import type { Subject } from './subjects/subject.ts';
import { turn } from './subjects/turn.ts';
import type { Verdict } from './verdict.ts';

export interface RunOptions {
  readonly tolerance: Tolerance;
  /** Ask the oracle for the float64 trajectory too. */
  readonly truth: boolean;
  /** Stops the run between cases; what was judged by then has been yielded. */
  readonly signal?: AbortSignal;
}

/** One case with both answers and what the judge says. */
export interface Judged {
  readonly case: Case;
  readonly expected: Answer;
  readonly actual: Answer;
  readonly verdict: Verdict;
  /** A question about the oracle alone, whose answer is what was claimed of it. */
  readonly pinned?: boolean;
}

/**
 * Asks `oracle` and `subject` every case and judges the answers, in order, each case once. Cases are drawn only as fast as they are judged.
 * Rejects where a subject answers another number of cases than it was asked.
 */
export async function* run(
  cases: Iterable<Case>,
  oracle: Subject,
  subject: Subject,
  options: RunOptions,
): AsyncGenerator<Judged, void, undefined> {
  const source = cases[Symbol.iterator]();
  const size = Math.max(1, Math.min(oracle.batch.cases, subject.batch.cases));
  const ahead = Math.max(1, oracle.batch.window, subject.batch.window);
  const askOracle = lane(oracle, options.truth);
  const askSubject = lane(subject, false);
  const flights: Flight[] = [];
  let more = true;
  const depart = () => {
    const drawn = draw(source, size);
    more = drawn.length === size;
    const batch = drawn.map((c) => subject.asked?.(c) ?? c);
    if (batch.length === 0) return;
    // The oracle's question leaves first: it is answered elsewhere while the port computes here.
    const flight = { batch, expected: askOracle(batch), actual: askSubject(batch) };
    for (const answer of [flight.expected, flight.actual]) answer.catch(() => undefined); // awaited below, or given up
    flights.push(flight);
  };
  try {
    for (;;) {
      while (more && flights.length < ahead && !stopped(options)) depart();
      const flight = flights.shift();
      if (flight === undefined) return;
      const expected = await flight.expected;
      const actual = await flight.actual;
      // The next batch leaves before this one is judged, so that nobody waits for the judge.
      if (more && !stopped(options)) depart();
      for (let i = 0; i < flight.batch.length; i++) {
        if (stopped(options)) return;
        const c = flight.batch[i];
        const pair = { expected: expected[i], actual: actual[i] };
        const seen = subject.comparable?.(c, pair) ?? pair;
        yield { case: c, ...seen, verdict: judge(c, seen.expected, seen.actual, options.tolerance) };
      }
    }
  } finally {
    source.return?.();
  }
}

// --- internal ---

interface Flight {
  readonly batch: readonly Case[];
  readonly expected: Promise<readonly Answer[]>;
  readonly actual: Promise<readonly Answer[]>;
}

function draw(source: Iterator<Case>, size: number): Case[] {
  const batch: Case[] = [];
  while (batch.length < size) {
    const next = source.next();
    if (next.done === true) break;
    batch.push(next.value);
  }
  return batch;
}

function stopped(options: RunOptions): boolean {
  return options.signal?.aborted === true;
}

/** Asks a subject with no more batches in flight than it takes, and counts its answers. */
function lane(subject: Subject, truth: boolean): (batch: readonly Case[]) => Promise<readonly Answer[]> {
  const window = Math.max(1, subject.batch.window);
  const inFlight: Promise<unknown>[] = [];
  return async (batch) => {
    const wait = inFlight.length >= window ? inFlight[inFlight.length - window] : null;
    const answering = (async () => {
      if (wait !== null) await wait.catch(() => undefined);
      // The port computes here and at once; what was asked of the oracle leaves before it does.
      if (subject.kind !== 'oracle') await turn();
      const answers = await subject.ask(batch, { truth });
      if (answers.length !== batch.length) {
        throw new Error(
          `${subject.name} answered ${answers.length} of ${batch.length} cases; a subject answers each case once, in order`,
        );
      }
      return answers;
    })();
    inFlight.push(answering);
    const settled = () => inFlight.splice(inFlight.indexOf(answering), 1);
    answering.then(settled, settled);
    return answering;
  };
}

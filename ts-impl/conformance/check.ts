// The front door: every case to both subjects, judged, gathered, and a difference handed to the diagnosis. It starts, prints and writes nothing.

import type { Case } from '../../cases/case.ts';
import { type Diagnosis, type Heading, oracleFacts, ReportMaker } from './report/make-report.ts';
import type { Report } from './report/report.ts';
import { type Judged, run, type RunOptions } from './run.ts';
import type { Subject } from './subjects/subject.ts';

/** Names the conventions behind the differing cases of one layer. */
export type Diagnose = (layer: string, differing: readonly Judged[]) => Promise<Diagnosis>;

export interface CheckOptions extends RunOptions, Omit<Heading, 'oracle'> {
  /** Stop after so many cases that differ or are refused differently; null for all. */
  readonly maxFailures: number | null;
  /** What the subject does not support counts as undecided. */
  readonly strict: boolean;
  /** Called with each case once it is judged. */
  readonly onJudged?: (judged: Judged) => void;
  /** What becomes of each judged case before it counts: it may be held back for others. Absent: it counts as it is. */
  readonly settle?: (judged: Judged) => readonly Judged[];
  /** Null: differences are told as they are. */
  readonly diagnose: Diagnose | null;
}

/** There was nothing to check: no case at all. */
export class NothingToCheck extends Error {
  override readonly name = 'NothingToCheck';
}

/**
 * Holds `subject` against `oracle` over `cases`. The report's `durationMs` is 0: the clock is the caller's.
 * Throws NothingToCheck where there was no case, and the signal's reason where it was stopped.
 */
export async function check(
  cases: Iterable<Case>,
  oracle: Subject,
  subject: Subject,
  options: CheckOptions,
): Promise<Report> {
  const maker = new ReportMaker(subject, oracle);
  let done = 0;
  let failures = 0;
  for await (const seen of run(cases, oracle, subject, options)) {
    for (const settled of options.settle?.(seen) ?? [seen]) {
      const judged = options.strict ? strictly(settled) : settled;
      maker.add(judged);
      done++;
      options.onJudged?.(judged);
      if (judged.verdict.kind === 'differs' || judged.verdict.kind === 'refused') failures++;
    }
    if (options.maxFailures !== null && failures >= options.maxFailures) break;
  }
  if (done === 0 && options.signal?.aborted !== true) {
    throw new NothingToCheck(
      'no case to check: the suite, --layer, --filter or --cases left none; `normative list cases` shows what there is',
    );
  }
  options.signal?.throwIfAborted();
  const diagnoses = new Map<string, Diagnosis>();
  if (options.diagnose !== null) {
    for (const { layer, cases: differing } of maker.differing()) {
      diagnoses.set(layer, await options.diagnose(layer, differing));
    }
  }
  return maker.report({ ...options, oracle: oracleFacts(oracle) }, diagnoses);
}

// --- internal ---

function strictly(judged: Judged): Judged {
  if (judged.verdict.kind !== 'unsupported' || judged.pinned === true) return judged;
  return { ...judged, verdict: { ...judged.verdict, kind: 'undecided' } };
}

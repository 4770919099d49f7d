// The public face of the judge: `import { check } from 'normative'`. It starts nothing but what a request asks for, and prints nothing.

import { suite, type SuiteName } from '../../cases/suites.ts';
import { check as checkCases } from './check.ts';
import { explainWith } from './diagnosis/explain.ts';
import { parseTolerance } from './judge/tolerance.ts';
import type { Report } from './report/report.ts';
import { readClaims } from './subjects/embedded/claims-file.ts';
import { makeEmbedded } from './subjects/embedded/embedded.ts';
import type { NormSubject } from './subjects/js/contract.ts';
import { holdInProcess } from './subjects/js/in-process.ts';
import { packageVersion } from './subjects/package-version.ts';
import { makePort } from './subjects/port.ts';
import type { Subject } from './subjects/subject.ts';

export type { Cell, Conclusion, Report, SubjectReport, Totals } from './report/report.ts';
export type { Finding, Unexplained, Witness } from './finding.ts';
export type {
  FloatArray,
  FunctionAnswer,
  GradientsLike,
  NormClass,
  NormFunction,
  NormModule,
  NormParameters,
  NormSubject,
  TensorLike,
} from './subjects/js/contract.ts';
export type {
  AdapterAnswer,
  AdapterState,
  AdapterTensor,
  NormAdapter,
} from './subjects/js/foreign/adapter.ts';
export { ConstructFailed, NoSuchNorm } from './subjects/js/open-norms.ts';
export { type Oracle, type OracleOptions, startOracle } from './subjects/oracle.ts';
export type { Subject } from './subjects/subject.ts';

/** What to hold against what, over which cases. Everything but `subject` has the default of `normative check`. */
export interface CheckRequest {
  /** Norms by the names of what they stand for, `{ LayerNorm: MyLayerNorm }`, run in this process; or any subject. */
  readonly subject: Readonly<Record<string, NormSubject>> | Subject;
  /** `embedded` (the default) needs no Python; `startOracle({ python })` starts PyTorch, to be closed by the caller. */
  readonly oracle?: 'embedded' | Subject;
  readonly suite?: Exclude<SuiteName, 'behaviours'>;
  /** How many cases of the layers in question; all of the suite where absent, 20,000 of `deep`. */
  readonly cases?: number;
  /** Whole number from 0: other cases of the same kinds. */
  readonly seed?: number;
  /** What the norms are, where their names do not say. */
  readonly layer?: string;
  /** `bound` (the default), `torch` or `ulp:N`. */
  readonly tolerance?: string;
  /** Unsupported cases count as undecided, and calls that only PyTorch refuses as differences. */
  readonly strict?: boolean;
  /** Stop after so many cases that differ; all where absent. */
  readonly maxFailures?: number;
  /** Whether differences are traced to conventions; true where absent. */
  readonly explain?: boolean;
  readonly signal?: AbortSignal;
}

/** The request can't be met as it is; the message says what to change. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/**
 * Holds norms against PyTorch, or against the port in its place. `verdict` of the report is `agrees`, `differs` or `undecided`, never
 * `agrees` where nothing was compared; `durationMs` is 0, since the clock is the caller's. The subject is not closed.
 * Throws RequestError, NoSuchNorm, ConstructFailed, NothingToCheck, RangeError for a tolerance that is none, and the signal's reason.
 */
export async function check(request: CheckRequest): Promise<Report> {
  const { seed = 0, strict = false, layer = null, cases, maxFailures = null, signal } = request;
  const name = request.suite ?? 'standard';
  if (!SUITES.includes(name)) throw new RequestError(`suite is "${name}", expected ${SUITES.join(', ')}`);
  for (const [what, count] of Object.entries({ seed, cases, maxFailures })) {
    if (count === undefined || count === null || (Number.isSafeInteger(count) && count >= 0)) continue;
    throw new RequestError(`${what} is ${count}, expected a whole number from 0`);
  }
  const tolerance = parseTolerance(request.tolerance ?? 'bound');
  const subject = isSubject(request.subject)
    ? request.subject
    : await holdInProcess(request.subject, { layer, strict });
  const oracle = oracleOf(request.oracle ?? 'embedded', subject);
  const layers = 'layers' in subject ? (subject.layers as readonly string[] | null) : null; // norms in JavaScript have it
  const asked = suite(name, {
    seed,
    ...(cases === undefined ? {} : { cases }),
    ...(layers === null ? (layer === null ? {} : { layers: [layer] }) : { layers }),
  });
  return checkCases(asked, oracle, subject, {
    normative: packageVersion(),
    seed,
    suite: name,
    tolerance,
    truth: true,
    strict,
    maxFailures,
    ...(signal === undefined ? {} : { signal }),
    diagnose: request.explain === false ? null : explainWith(oracle, subject),
  });
}

// --- internal ---

const SUITES: readonly string[] = ['smoke', 'standard', 'deep'];

function isSubject(given: CheckRequest['subject']): given is Subject {
  return typeof (given as Partial<Subject>).ask === 'function' && typeof (given as Partial<Subject>).kind === 'string'; // no norm has both
}

function oracleOf(given: 'embedded' | Subject, subject: Subject): Subject {
  if (given !== 'embedded') return given;
  if (subject.kind === 'port') {
    throw new RequestError(
      'the embedded oracle is the port itself, and nothing can be compared with itself; give another subject or oracle',
    );
  }
  return makeEmbedded(makePort(), readClaims());
}

// Subjects that are no point of the space, held against what may truly be said of them. It knows no corpus of expected findings.

import type { Skipped, SubjectReport } from '../../ts-impl/conformance/report/report.ts';

/** Conventions of level error that may be named, each with the values that are true. */
export type Sayable = Readonly<Record<string, readonly (string | number)[]>>;

/**
 * `unexplained`: the residual is reported. `named`: only what is true is said, and at least one thing. `skipped`: not taken for a norm.
 * `undecided`: it did not run. `misnamed`: something untrue is said, or the subject is said to agree.
 */
export type OutsideEnding = 'unexplained' | 'named' | 'skipped' | 'undecided' | 'misnamed';

export interface HeldOutside {
  readonly ending: OutsideEnding;
  /** What was said that is not true. */
  readonly untrue: readonly string[];
}

export function holdOutside(
  sayable: Sayable,
  found: SubjectReport | null,
  skipped: readonly Skipped[],
  name: string,
): HeldOutside {
  if (found === null) {
    const said = skipped.some((s) => s.name === name || s.name === '');
    return said ? { ending: 'skipped', untrue: [] } : { ending: 'misnamed', untrue: ['not mentioned at all'] };
  }
  const errors = found.findings.filter((f) => f.kind === 'convention' && f.level === 'error');
  const untrue = errors
    .filter((f) => !(sayable[f.convention] ?? []).some((value) => value === f.actual))
    .map((f) => `${f.convention}: ${f.actual}`);
  if (untrue.length > 0) return { ending: 'misnamed', untrue };
  if (found.verdict === 'undecided') return { ending: 'undecided', untrue };
  if (found.verdict === 'agrees') return { ending: 'misnamed', untrue: [`said to agree with ${found.layer}`] };
  if (found.unexplained.length > 0) return { ending: 'unexplained', untrue };
  return { ending: 'named', untrue };
}

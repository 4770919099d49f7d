// What a text is found to claim wrongly, beside code that does as PyTorch does, or beside code with departures; no subject is run.

import { findClaims } from '../../../../ts-impl/conformance/diagnosis/claims/find-claims.ts';
import { withWrongClaims } from '../../../../ts-impl/conformance/diagnosis/claims/hold-claims.ts';
import { type Passage, passagesOf } from '../../../../ts-impl/conformance/diagnosis/claims/passage.ts';
import type { Finding } from '../../../../ts-impl/conformance/finding.ts';
import { NO_TOTALS, type SubjectReport } from '../../../../ts-impl/conformance/report/report.ts';

export interface Code {
  readonly layer: string;
  readonly line: number;
  /** Its departures, by axis. */
  readonly departs?: Readonly<Record<string, string | number>>;
}

export const LONELY: Code = { layer: 'Conv2d', line: 999 };

export function wrongClaims(text: string, code: readonly Code[] = [LONELY]): Finding[] {
  return wrongClaimsIn(passagesOf(text), code);
}

export function wrongClaimsIn(passages: readonly Passage[], code: readonly Code[]): Finding[] {
  const norms = code.flatMap(({ layer, line }) => {
    const kind = /Batch|Layer|Instance|Group|RMS/.exec(layer)?.[0];
    return kind === undefined ? [] : [{ kind: `${kind}Norm` as 'BatchNorm', line }]; // one of the five names
  });
  const subjects = withWrongClaims('notes.md', code.map(subjectOf), findClaims(passages, norms));
  return subjects.flatMap((s) => s.findings).filter((f) => f.kind === 'claim');
}

/** Axis and claimed value of each, as one line. */
export const told = (findings: readonly Finding[]): string[] => findings.map((f) => `${f.convention} ${f.actual}`);

// --- internal ---

function subjectOf({ layer, line, departs = {} }: Code): SubjectReport {
  const findings = Object.entries(departs).map(
    ([convention, actual]): Finding => ({
      kind: 'convention',
      convention,
      level: 'error',
      expected: 'right',
      actual,
      message: '',
      location: null,
      repair: null,
      witnesses: [],
      evidence: { heldOut: 0, explained: 0, rival: null },
    }),
  );
  return {
    name: layer,
    kind: 'python',
    version: null,
    source: { file: 'notes.md', line },
    layer,
    layerFrom: 'name',
    closest: null,
    equivalent: null,
    mapping: {},
    verdict: findings.length > 0 ? 'differs' : 'agrees',
    reason: null,
    totals: NO_TOTALS,
    worst: [],
    findings,
    unexplained: [],
  };
}

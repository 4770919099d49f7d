// The part of a report for a subject that could not be asked, with the reason and nothing else.

import type { UndecidedReason } from '../outcome.ts';
import { NO_TOTALS, type SubjectReport } from './report.ts';

export function undecidedSubject(
  subject: Pick<SubjectReport, 'name' | 'kind' | 'source'>,
  reason: UndecidedReason,
): SubjectReport {
  return {
    ...subject,
    version: null,
    layer: null,
    layerFrom: 'name',
    closest: null,
    equivalent: null,
    mapping: {},
    verdict: 'undecided',
    reason,
    totals: NO_TOTALS,
    worst: [],
    findings: [],
    unexplained: [],
  };
}

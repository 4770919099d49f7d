// A Report as JSON, and as the rows of JSONL. It returns text and writes none.

import { toReportNumber } from '../finding.ts';
import type { Judged } from '../run.ts';
import { type Report, REPORT_SCHEMA } from './report.ts';

/** One JSON object with a line break at its end. */
export function renderJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** The first row: who asks whom, known before the first case. */
export function renderHeader(report: Pick<Report, 'normative' | 'command' | 'seed' | 'suite' | 'oracle'>): string {
  const { normative, command, seed, suite, oracle } = report;
  return row('header', { schema: REPORT_SCHEMA, normative, command, seed, suite, oracle });
}

/** The row of one judged case. */
export function renderCase({ case: c, verdict }: Judged): string {
  let elements = 0;
  let identicalElements = 0;
  let maxUlp: number | null = null;
  for (const tensor of verdict.tensors) {
    elements += tensor.elements;
    identicalElements += tensor.identical;
    if (tensor.maxUlp !== null && (tensor.maxUlp > (maxUlp ?? -1) || Number.isNaN(tensor.maxUlp)))
      maxUlp = tensor.maxUlp;
  }
  return row('case', {
    case: verdict.case,
    subject: c.layer,
    verdict: verdict.kind,
    elements,
    identicalElements,
    maxUlp: maxUlp === null ? null : toReportNumber(maxUlp),
  });
}

/** All rows after the cases: subjects with their findings, cells, what was skipped, and the footer that says the file is whole. */
export function renderRemainder(report: Report): string {
  const rows: string[] = [];
  for (const { findings, unexplained, ...subject } of report.subjects) {
    rows.push(row('subject', { subject }));
    for (const finding of findings) rows.push(row('finding', { subject: subject.name, finding }));
    for (const difference of unexplained)
      rows.push(row('unexplained', { subject: subject.name, unexplained: difference }));
  }
  for (const cell of report.cells) rows.push(row('cell', { cell }));
  for (const skipped of report.skipped) rows.push(row('skipped', { skipped }));
  const { verdict, exitCode, totals, accuracy, durationMs } = report;
  rows.push(row('footer', { verdict, exitCode, totals, accuracy, durationMs }));
  return rows.join('');
}

// --- internal ---

function row(kind: string, fields: object): string {
  return `${JSON.stringify({ kind, ...fields })}\n`;
}

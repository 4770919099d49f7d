// The Report of an audit for people: each norm with its verdict, what it is nearest to, and its findings from gravest to least. It returns text.

import picocolors from 'picocolors';
import { type Colors, findingLines, unexplainedLines, wrapped } from './finding-lines.ts';
import { heading } from './render-text.ts';
import type { Equivalent, Report, SubjectReport } from './report.ts';

/** Unexplained differences of one subject that are shown; the JSON report holds all. */
const UNEXPLAINED_SHOWN = 3;

/** The report in words; `remarks` are facts that are no findings, by subject. Ends with a line break. */
export function renderAudit(
  report: Report,
  remarks: ReadonlyMap<SubjectReport['source'], readonly string[]>,
  color: boolean,
): string {
  const colors = picocolors.createColors(color);
  const parts = [heading(report)];
  for (const subject of report.subjects) parts.push(subjectPart(subject, remarks.get(subject.source) ?? [], colors));
  if (report.skipped.length > 0) {
    const lines = report.skipped.flatMap(({ name, reason, source }) =>
      wrapped(`${name}${source === null ? '' : ` (line ${source.line})`}: ${reason}`, '  '),
    );
    parts.push(['skipped', ...lines].join('\n'));
  }
  parts.push(conclusion(report, colors));
  return `${parts.join('\n\n')}\n`;
}

// --- internal ---

function subjectPart(subject: SubjectReport, remarks: readonly string[], colors: Colors): string {
  const lines = [`${colors.bold(subject.name)} ${colors.dim(placeOf(subject))} ${verdictWords(subject, colors)}`];
  if (subject.reason !== null) lines.push(...wrapped(subject.reason.message.trim(), '  '));
  const about = [...nearest(subject), ...roles(subject), ...remarks];
  for (const line of about) lines.push(...wrapped(line, '  '));
  for (const finding of subject.findings) lines.push('', ...findingLines(finding, colors, subject.findings));
  // Beside findings, differences that they don't account for are named; without any they are all there is.
  for (const difference of subject.unexplained.slice(0, UNEXPLAINED_SHOWN))
    lines.push('', ...unexplainedLines(difference, colors));
  const rest = subject.unexplained.length - UNEXPLAINED_SHOWN;
  if (rest > 0) lines.push(`      … and ${rest} more; --format json lists all`);
  return lines.join('\n');
}

const placeOf = ({ source }: SubjectReport) => (source === null ? '' : `${source.file}:${source.line}`);

function verdictWords({ verdict, layer, reason, findings }: SubjectReport, colors: Colors): string {
  const errors = findings.filter((f) => f.level === 'error').length;
  switch (verdict) {
    case 'agrees':
      return colors.green(`agrees with ${layer}`);
    case 'differs':
      return colors.red(
        `differs from ${layer ?? 'every PyTorch norm'}${errors === 0 ? '' : ` in ${errors} ${errors === 1 ? 'way' : 'ways'}`}`,
      );
    case 'undecided':
      return colors.yellow(`undecided: ${reason?.kind ?? 'no answer'}`);
    default:
      return verdict satisfies never;
  }
}

function nearest({ closest, equivalent, layer }: SubjectReport): string[] {
  if (equivalent !== null && (equivalent.layer !== layer || Object.keys(equivalent.options).length > 0)) {
    return [`is ${call(equivalent)}`];
  }
  if (closest === null || (closest.layer === layer && Object.keys(closest.options).length === 0)) return [];
  const rest =
    closest.findings === 0
      ? ''
      : `, from which it departs in ${closest.findings} ${closest.findings === 1 ? 'way' : 'ways'}`;
  return [`closest to ${call(closest)}${rest}`];
}

function roles({ mapping }: SubjectReport): string[] {
  const words = Object.entries(mapping).filter(([torch, name]) => torch !== name);
  return words.length === 0 ? [] : [words.map(([torch, name]) => `${name} is ${torch}`).join(', ')];
}

function call({ layer, options }: Equivalent): string {
  const words = Object.entries(options).map(
    ([name, value]) => `${name}=${value === true ? 'True' : value === false ? 'False' : JSON.stringify(value)}`,
  );
  return `${layer}(${words.join(', ')})`;
}

function conclusion(report: Report, colors: Colors): string {
  const count = (verdict: Report['verdict']) => report.subjects.filter((s) => s.verdict === verdict).length;
  const departures = report.subjects.flatMap((s) => s.findings).filter((f) => f.level === 'error').length;
  const parts = [
    ...(count('agrees') > 0 ? [`${count('agrees')} ${count('agrees') === 1 ? 'agrees' : 'agree'}`] : []),
    ...(count('differs') > 0
      ? [
          `${count('differs')} ${count('differs') === 1 ? 'differs' : 'differ'}${departures === 0 ? '' : ` in ${departures} ${departures === 1 ? 'way' : 'ways'}`}`,
        ]
      : []),
    ...(count('undecided') > 0 ? [`${count('undecided')} undecided`] : []),
  ];
  const word = {
    agrees: colors.green('agrees'),
    differs: colors.red('differs'),
    undecided: colors.yellow('undecided'),
  };
  const seconds = (report.durationMs / 1000).toFixed(1);
  const norms = `${report.subjects.length} ${report.subjects.length === 1 ? 'norm' : 'norms'}`;
  return `${word[report.verdict]}: of ${norms} ${parts.join(', ')}; ${report.totals.cases} cases against PyTorch, ${seconds} s`;
}

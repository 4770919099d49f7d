// A Report for people: one screen of layers, the worst distances, then findings with their witness and the line that replays them. It returns text.

import Table from 'cli-table3';
import picocolors from 'picocolors';
import { bitsRows, DIRECTIONS } from './bits.ts';
import { replayLine, replayWords } from './describe-verdict.ts';
import { type Colors, findingLines, handy, unexplainedLines } from './finding-lines.ts';
import { accuracyLines, percent } from './render-accuracy.ts';
import type { Report, SubjectReport, Totals, Worst } from './report.ts';
import { shareOf } from './tally.ts';

/** Worst elements, and unexplained differences of one subject, that are shown; the JSON report holds all. */
const WORST_SHOWN = 5;
const UNEXPLAINED_SHOWN = 5;
const UNEXPLAINED_BESIDE_FINDINGS = 2;

/** The report in words; `color` only for terminals. Ends with a line break. */
export function renderText(report: Report, color: boolean): string {
  const colors = picocolors.createColors(color);
  const parts = [
    heading(report),
    table(report, colors),
    bits(report),
    worstLines(report, colors),
    accuracyLines(report, colors),
  ];
  for (const alike of byReason(report.subjects)) {
    const name = alike.map((subject) => subject.name).join(', ');
    parts.push(subjectLines({ ...alike[0], name }, report.oracle.name, colors));
  }
  if (report.skipped.length > 0) {
    parts.push(['skipped', ...report.skipped.map(({ name, reason }) => `  ${name}: ${reason}`)].join('\n'));
  }
  parts.push(conclusion(report, colors));
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

// --- internal ---

/** The first line of every report: what was asked of what. */
export function heading(report: Report): string {
  const { oracle, suite, seed } = report;
  const facts = [
    `${oracle.name} ${oracle.version ?? '(version unknown)'}`,
    ...(oracle.threads === null ? [] : [oracle.threads === 1 ? '1 thread' : `${oracle.threads} threads`]),
    ...(oracle.capability === null ? [] : [oracle.capability]),
  ];
  const what = suite === null ? '' : `, suite ${suite}, seed ${seed}`;
  return `normative ${report.normative} ${report.command}: ${facts.join(', ')}${what}`;
}

const COLUMNS = ['cases', 'identical', 'within', 'differs', 'refused', 'unsupported', 'undecided'] as const;

function table(report: Report, colors: Colors): string {
  const lines = new Table({
    head: ['layer', ...COLUMNS],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...COLUMNS.map(() => 'right' as const)],
    chars: BORDERLESS,
  });
  for (const subject of report.subjects) lines.push([labelOf(subject), ...counts(subject.totals, colors)]);
  lines.push(['all', ...counts(report.totals, colors)]);
  return trimmed(lines.toString());
}

/** Which elements have PyTorch's bits: per layer and dtype, a column for each direction, the layouts that fall short by name. */
function bits(report: Report): string {
  const rows = bitsRows(report.cells.map((cell) => ({ ...cell, identical: cell.identicalElements })));
  if (rows.length === 0) return '';
  const shown = DIRECTIONS.map((_, i) => i).filter((i) => rows.some(({ words }) => words[i] !== '—'));
  const lines = new Table({
    head: ['bits', 'dtypes', ...shown.map((i) => DIRECTIONS[i].replace('_', ' '))],
    style: { head: [], border: [], compact: true },
    chars: BORDERLESS,
  });
  for (const { layer, dtypes, words } of rows) lines.push([layer, dtypes.join(' '), ...shown.map((i) => words[i])]);
  return trimmed(lines.toString());
}

function trimmed(lines: string): string {
  return lines
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** An export is called by its own name, which may be another than the layer's. */
function labelOf({ name, layer, kind }: SubjectReport): string {
  return kind === 'js' && layer !== null && layer !== name ? `${name} as ${layer}` : name;
}

const BORDERLESS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
};

function counts(totals: Totals, colors: Colors): string[] {
  return COLUMNS.map((column) => {
    const count = totals[column];
    const bad = column === 'differs' || column === 'refused' || column === 'undecided';
    if (count === 0 || !bad) return String(count);
    return column === 'undecided' ? colors.yellow(String(count)) : colors.red(String(count));
  });
}

/** The elements with the largest share of their budget, over all subjects. */
function worstLines(report: Report, colors: Colors): string {
  const ranked = report.subjects
    .flatMap((subject) => {
      const shared = { name: subject.name, words: replayWords(report.oracle.name, subject) };
      return subject.worst.map((worst) => {
        const absolute = Number(worst.absolute);
        const allowed = subject.totals.differs === 0 && !Number.isFinite(absolute);
        return { ...shared, worst, share: allowed ? 0 : shareOf(absolute, Number(worst.budget)) };
      });
    })
    .sort((a, b) => rankOf(b.worst, b.share) - rankOf(a.worst, a.share))
    .slice(0, WORST_SHOWN);
  if (ranked.length === 0) return '';
  const lines = ranked.map(({ name, words, worst, share }) => {
    const nearer =
      worst.nearer === null
        ? ''
        : worst.nearer === 'tie'
          ? ', as near to the truth'
          : `, ${worst.nearer} nearer to the truth`;
    const place = `${worst.tensor}[${worst.index.join(', ')}]`;
    const used = usedWords(worst, share);
    const values = `expected ${worst.expected}, got ${worst.actual}, ${worst.ulp} ULP`;
    return `  ${name} ${place}: ${values}, ${used}${nearer}\n    ${colors.dim(handy(replayLine(worst.case, words)))}`;
  });
  return ['worst distances', ...lines].join('\n');
}

function usedWords(worst: Worst, share: number): string {
  if (Number(worst.budget) === Number.POSITIVE_INFINITY) return 'ill-conditioned: no digit survives here';
  if (!Number.isFinite(Number(worst.absolute))) return 'no number on one side';
  return `${percent(share)} of its budget`;
}

/** What is worst: the share of the budget, but no last digit that had no budget before a value that is another one. */
function rankOf(worst: Worst, share: number): number {
  const relative = Math.abs(Number(worst.absolute)) / Math.max(Math.abs(Number(worst.expected)), Number.MIN_VALUE);
  return Number.isFinite(relative) ? Math.min(share, relative * 1e7) : share;
}

/** One after another, but those together of which nothing was answered for one and the same reason, such as a module that can't be loaded. */
function byReason(subjects: readonly SubjectReport[]): SubjectReport[][] {
  const groups: SubjectReport[][] = [];
  for (const subject of subjects) {
    const latest = groups.at(-1);
    const same = latest !== undefined && JSON.stringify(latest[0].reason) === JSON.stringify(subject.reason);
    if (same && isSilent(subject) && isSilent(latest[0])) latest.push(subject);
    else groups.push([subject]);
  }
  return groups;
}

/** Whether no case was answered: the reason says it once for all. */
function isSilent({ reason, totals }: SubjectReport): boolean {
  return reason !== null && totals.undecided === totals.cases;
}

function subjectLines(subject: SubjectReport, oracle: string, colors: Colors): string {
  const lines: string[] = [];
  const words = replayWords(oracle, subject);
  for (const finding of subject.findings) lines.push(...findingLines(finding, colors, subject.findings));
  const silent = isSilent(subject);
  const shown = silent ? 0 : subject.findings.length === 0 ? UNEXPLAINED_SHOWN : UNEXPLAINED_BESIDE_FINDINGS;
  const rest = subject.unexplained.length - shown;
  if (subject.findings.length > 0 && subject.unexplained.length > 0) lines.push('  not explained by that:');
  for (const difference of subject.unexplained.slice(0, shown))
    lines.push(...unexplainedLines(difference, colors, words));
  if (rest > 0 && !silent) lines.push(`  … and ${rest} more; --format json lists all`);
  if (subject.reason !== null) lines.unshift(`  ${colors.yellow(subject.reason.kind)}: ${subject.reason.message}`);
  if (subject.equivalent !== null) lines.unshift(`  is ${layerCall(subject.equivalent)}`);
  if (lines.length === 0) return '';
  const place = subject.source === null ? '' : ` (${subject.source.file}:${subject.source.line})`;
  return [`${colors.bold(subject.name)}${place}`, ...lines].join('\n');
}

function layerCall({ layer, options }: NonNullable<SubjectReport['equivalent']>): string {
  const words = Object.entries(options).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${layer}(${words.join(', ')})`;
}

function conclusion(report: Report, colors: Colors): string {
  const { cases, identical, within, unsupported } = report.totals;
  const word = {
    agrees: colors.green('agrees'),
    differs: colors.red('differs'),
    undecided: colors.yellow('undecided'),
  };
  const seconds = (report.durationMs / 1000).toFixed(1);
  const aside = unsupported === 0 ? '' : `, ${unsupported} unsupported (replay one and it says why)`;
  return `${word[report.verdict]}: ${identical} identical and ${within} within of ${cases} cases${aside}, ${seconds} s`;
}

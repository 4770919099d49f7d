// Findings and unexplained differences as lines for people, with their smallest case and the command that replays it. It returns text.

import type picocolors from 'picocolors';
import type { Finding, Refusal, ReportNumber, Unexplained, Witness } from '../finding.ts';
import { axisValue, replayLine } from './describe-verdict.ts';
import { workedWitness } from './worked/worked-lines.ts';
import { repairLines } from './repair-lines.ts';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** One finding: what it is, where, what it costs, its smallest case worked out, and how to mend it. `among`: all of its subject's. */
export function findingLines(finding: Finding, colors: Colors, among: readonly Finding[] = [finding]): string[] {
  const mark = finding.level === 'error' ? colors.red('✗') : colors.yellow('·');
  const where = finding.location === null ? '' : `line ${finding.location.line}`;
  const place = where === '' ? '' : finding.kind === 'claim' ? ` (${where} of the text)` : ` (${where})`;
  const title = `${colors.bold(finding.convention)}: ${axisValue(finding.actual)}, PyTorch ${axisValue(finding.expected)}${place}`;
  const lines = [`  ${mark} ${title}`, ...wrapped(finding.message, '      ')];
  for (const witness of finding.witnesses) lines.push(...witnessLines(witness, among, colors));
  if (finding.repair !== null) lines.push(...repairLines(finding.repair, colors));
  return lines;
}

/** `words`: what `replay` needs beside the id. */
export function unexplainedLines(difference: Unexplained, colors: Colors, words = ''): string[] {
  const { step, message } = difference;
  const lines = [`  ${colors.red('✗')} step ${step}, ${message}`];
  return difference.case === '' ? lines : [...lines, `      ${colors.dim(handy(replayLine(difference.case, words)))}`];
}

/** A command line, unless the id in it is longer than anybody would copy. */
export function handy(command: string): string {
  if (command.length <= LONGEST_COMMAND) return command;
  return `${command.slice(0, 40)}… (${Math.ceil(command.length / 1024)} kB; --format json holds it whole)`;
}

/** `text` in lines of at most 80 columns, each begun with `indent`; later ones with `hanging`. */
export function wrapped(text: string, indent: string, hanging = indent): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > COLUMNS && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = hanging;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}

// --- internal ---

const LONGEST_COMMAND = 640;
const COLUMNS = 80;
/** Numbers of a tensor that are shown. */
const SHOWN = 8;

/** A table of one case: what went in, what either side gave and how it comes to that, and the line that asks it again. */
function witnessLines(witness: Witness, among: readonly Finding[], colors: Colors): string[] {
  const worked = workedWitness(witness, among);
  const row = (label: string, text: string) => wrapped(text, `      ${label.padEnd(LABEL)}`, ' '.repeat(6 + LABEL));
  const lines = row('input', `${values(witness.input)}${worked === null ? '' : ` (${worked.asked})`}`);
  lines.push(...packed(worked?.common ?? []));
  const sides = [
    { label: 'PyTorch', gave: witness.expected, how: worked?.expected ?? [] },
    { label: 'here', gave: witness.actual, how: worked?.actual ?? [] },
  ];
  for (const { label, gave, how } of sides) {
    lines.push(...row(label, 'type' in gave ? values(gave) : `${witness.tensor} ${values(gave)}`), ...packed(how));
  }
  if (witness.stdout !== null) lines.push(...row('printed', JSON.stringify(witness.stdout.trimEnd())));
  return [...lines, `      ${colors.dim(handy(witness.replay))}`];
}

/** Formulas under a row of the table, as many to a line as fit; one that is longer than a line is broken. */
function packed(formulas: readonly string[]): string[] {
  const indent = ' '.repeat(6 + LABEL);
  const lines: string[] = [];
  for (const formula of formulas) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 2 + formula.length < COLUMNS) lines.push(`${lines.pop()}, ${formula}`);
    else lines.push(indent + formula);
  }
  return lines.flatMap((line) => wrapped(line.trimStart(), indent, `${indent}  `));
}

const LABEL = 9;

function values(what: readonly ReportNumber[] | Refusal): string {
  if ('type' in what) return `${what.type}: ${what.message.split('\n')[0]}`;
  const shown = what.slice(0, SHOWN).map(brief);
  return `[${shown.join(', ')}${what.length > SHOWN ? `, … ${what.length} in all` : ''}]`;
}

function brief(x: ReportNumber): string {
  return typeof x === 'number' ? String(Number(x.toPrecision(7))) : x;
}

// Findings and unexplained differences as lines for people, with their smallest case and the command that replays it. It returns text.

import type picocolors from 'picocolors';
import type { Finding, ReportNumber, Refusal, Unexplained, Witness } from '../finding.ts';
import { axisValue, replayLine } from './describe-verdict.ts';
import { repairLines } from './repair-lines.ts';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** One finding: what it is, where, why, and on which numbers. */
export function findingLines(finding: Finding, colors: Colors): string[] {
  const mark = finding.level === 'error' ? colors.red('✗') : colors.yellow('·');
  const where = finding.location === null ? '' : `line ${finding.location.line}`;
  const place = where === '' ? '' : finding.kind === 'claim' ? ` (${where} of the text)` : ` (${where})`;
  const title = `${colors.bold(finding.convention)}: ${axisValue(finding.actual)}, PyTorch ${axisValue(finding.expected)}${place}`;
  const lines = [`  ${mark} ${title}`, ...wrapped(finding.message, '      ')];
  for (const witness of finding.witnesses) lines.push(...witnessLines(witness, colors));
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

/** `text` in lines of at most 110 columns, each begun with `indent`. */
export function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > COLUMNS && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}

// --- internal ---

const LONGEST_COMMAND = 640;
const COLUMNS = 110;
/** Numbers of a tensor that are shown. */
const SHOWN = 8;

function witnessLines(witness: Witness, colors: Colors): string[] {
  const lines = [
    `      ${witness.tensor} of ${values(witness.input)}`,
    `        PyTorch ${values(witness.expected)}`,
    `        here    ${values(witness.actual)}`,
  ];
  if (witness.stdout !== null) lines.push(`        printed ${JSON.stringify(witness.stdout.trimEnd())}`);
  return [...lines, `      ${colors.dim(handy(witness.replay))}`];
}

function values(what: readonly ReportNumber[] | Refusal): string {
  if ('type' in what) return `${what.type}: ${what.message.split('\n')[0]}`;
  const shown = what.slice(0, SHOWN).map(brief);
  return `[${shown.join(', ')}${what.length > SHOWN ? `, … ${what.length} in all` : ''}]`;
}

function brief(x: ReportNumber): string {
  return typeof x === 'number' ? String(Number(x.toPrecision(7))) : x;
}

// One convention for people on a terminal: what it is, PyTorch's value, the other ones, how to convert, how it is found, in numbers. It returns text.

import picocolors from 'picocolors';
import type { Axis } from '../diagnosis/axes/axis.ts';
import {
  exampleRows,
  isEveryKind,
  levelWords,
  pytorchValues,
  sentence,
  valueWords,
} from '../diagnosis/axes/convention-words.ts';
import { lessonOf } from '../diagnosis/axes/lessons.ts';
import { wrapped } from './finding-lines.ts';

export function renderConvention(axis: Axis, color: boolean): string {
  const colors = picocolors.createColors(color);
  const { what, example } = lessonOf(axis.id);
  const pytorch = pytorchValues(axis);
  const isPytorchs = (value: string) => pytorch.some((p) => p.value === value);
  const head = (words: string) => ['', colors.bold(words)];
  const lines = [
    `${colors.bold(axis.id)} (level: ${levelWords(axis)})`,
    ...wrapped(`${sentence(axis.about)} ${what}`, '  '),
    ...head('PyTorch'),
    ...pytorch.map(
      ({ value, kinds }) => `  ${colors.green(value)}${isEveryKind(kinds) ? '' : ` (${kinds.join(', ')})`}`,
    ),
    ...head('Values, and who has them'),
  ];
  for (const { value, means, who } of valueWords(axis)) {
    const words = [means, who].filter((w) => w !== null && w !== '').join('; seen in ');
    lines.push(...hung(isPytorchs(value) ? colors.green(value) : value, value.length, words === '' ? 'seen' : words));
  }
  lines.push(
    ...head('To agree with PyTorch'),
    ...wrapped(axis.advice.agree, '  '),
    ...head('A trained model'),
    ...wrapped(axis.advice.convert, '  '),
    ...head('How it is found'),
    ...wrapped(sentence(axis.separatedBy), '  '),
    ...head('In numbers'),
    ...wrapped(`${example.given}:`, '  '),
  );
  const rows = exampleRows(axis, example);
  const width = Math.max(...rows.map(({ value }) => value.length));
  for (const { value, isPytorchs: own, gives } of rows) {
    const name = value.padEnd(width);
    const [first, ...rest] = wrapped(`${gives}${own ? '  (PyTorch)' : ''}`, ' '.repeat(width + 6));
    lines.push(`    ${own ? colors.green(name) : name}  ${first.trimStart()}`, ...rest);
  }
  return `${lines.join('\n')}\n`;
}

// --- internal ---

const COLUMN = 22;

/** A name, and its words in a column of their own beside it. */
function hung(name: string, length: number, words: string): string[] {
  const [first, ...rest] = wrapped(words, ' '.repeat(COLUMN));
  const gap = COLUMN - 2 - length;
  return gap > 0 ? [`  ${name}${' '.repeat(gap)}${first.trimStart()}`, ...rest] : [`  ${name}`, first, ...rest];
}

// The page docs/conventions.md, made from the axis entries so that it can't say anything else than they do. It returns Markdown.

import { AXES } from './axes.ts';
import type { Axis } from './axis.ts';
import { exampleRows, isEveryKind, levelWords, pytorchValues, sentence, valueWords } from './convention-words.ts';
import { lessonOf } from './lessons.ts';

/** All conventions: what each is about, its values and who has them, what separates them, how to convert, an example in numbers. */
export function renderConventionsPage(): string {
  return `${HEAD}\n${AXES.map(section).join('\n')}`;
}

// --- internal ---

const HEAD = `# Conventions

A normalisation layer is a choice on each of the axes below; PyTorch is one point in that space. \`normative audit\` measures where an
implementation stands and names each axis on which it is elsewhere, in these words; \`normative explain CONVENTION\` teaches one of them on
the terminal. This page is made from the axis entries in \`ts-impl/conformance/diagnosis/axes\`
(\`npm test -- test/conformance/diagnosis/axes -u\` writes it anew).
`;

function section(axis: Axis): string {
  const { what, example } = lessonOf(axis.id);
  const rows = exampleRows(axis, example).map(
    ({ value, isPytorchs, gives }) => `  - ${code(value)}${isPytorchs ? ', PyTorch' : ''}: ${gives}`,
  );
  return [
    `## ${axis.id}`,
    '',
    `${sentence(axis.about)} Level: ${levelWords(axis)}.`,
    '',
    what,
    '',
    `PyTorch: ${pytorchWords(axis)}.`,
    '',
    '| value | means | who has it |',
    '|---|---|---|',
    ...valueWords(axis).map(
      ({ value, means, who }) => `| ${value === 'any number' ? value : code(value)} | ${means} | ${who ?? ''} |`,
    ),
    '',
    `- Told apart by ${axis.separatedBy}.`,
    `- To agree with PyTorch: ${axis.advice.agree}`,
    `- A trained model: ${axis.advice.convert}`,
    `- In numbers, ${example.given}:`,
    ...rows,
    '',
  ].join('\n');
}

const code = (word: string) => `\`${word}\``;

function pytorchWords(axis: Axis): string {
  return pytorchValues(axis)
    .map(({ value, kinds }) => (isEveryKind(kinds) ? code(value) : `${code(value)} (${kinds.join(', ')})`))
    .join('; ');
}

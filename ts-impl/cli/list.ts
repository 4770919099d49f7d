// `normative list`: what there is of cases, conventions and subjects.

import { type Command, Option } from 'commander';
import Table from 'cli-table3';
import { listFamilies } from '../../cases/families.ts';
import { SHARES } from '../../cases/suites.ts';
import { AXES } from '../conformance/diagnosis/axes/axes.ts';
import { addCaseOptions, type CaseOptions, chooseCases } from './case-options.ts';
import { UsageError } from './edge.ts';
import type { Session } from './session.ts';
import { pinnedTorch, version } from './version.ts';

const LISTS = ['cases', 'conventions', 'subjects'] as const;
type ListName = (typeof LISTS)[number];

export function addList(program: Command, session: Session): void {
  const command = program
    .command('list')
    .description('what there is of cases, conventions or subjects')
    .argument(`<${LISTS.join('|')}>`, 'what to list', parseList)
    .addOption(new Option('--ids', 'with cases: the id of each case of the suite, one a line').default(false));
  addCaseOptions(command, 'smoke')
    .addHelpText('after', '\nExample:\n  normative list cases --ids --suite smoke --layer RMSNorm')
    .action((what: ListName, flags: CaseOptions & { readonly ids: boolean }) => {
      session.edge.out(
        what === 'cases' ? listCases(flags) : what === 'conventions' ? listConventions() : listSubjects(session),
      );
    });
}

// --- internal ---

function parseList(words: string): ListName {
  const found = LISTS.find((name) => name === words);
  if (found === undefined) throw new UsageError(`"${words}" can't be listed, expected ${LISTS.join(', ')}`);
  return found;
}

function listCases(flags: CaseOptions & { readonly ids: boolean }): string {
  if (flags.ids || flags.filter !== undefined || flags.layer !== undefined) {
    const ids = Array.from(chooseCases(flags), (c) => `${c.id}\n`);
    if (ids.length === 0) throw new UsageError('no case is left; widen --layer, --filter or --cases');
    return ids.join('');
  }
  return table(
    ['family', 'smoke', 'standard', ''],
    listFamilies().map(({ id, line }) => [id, String(SHARES[id].smoke), String(SHARES[id].standard), line]),
  );
}

function listConventions(): string {
  const rows = AXES.map(({ id, level, values, about }) => [
    id,
    typeof level === 'string' ? level : 'by case',
    values.join(' '),
    about,
  ]);
  return table(['convention', 'level', 'values', ''], rows);
}

function listSubjects({ rooms }: Session): string {
  const port = rooms.makePort();
  return table(
    ['subject', 'version', ''],
    [
      [port.name, port.version ?? version(), 'the TypeScript port, what `check` judges'],
      ['torch', pinnedTorch() ?? 'any', 'PyTorch in a process of its own, what it is judged by'],
    ],
  );
}

/** Columns side by side without lines, for people and for `grep`. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = new Table({
    head: [...head],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: Object.fromEntries(BORDERS.map((border) => [border, ''])),
  });
  for (const row of rows) lines.push([...row]);
  const text = lines.toString().split('\n');
  return `${text
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n')}\n`;
}

const BORDERS = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left',
  'left-mid',
  'mid',
  'mid-mid',
  'right',
  'right-mid',
  'middle',
];

// `normative list`: what there is of cases, behaviours, conventions and subjects.

import { type Command, Option } from 'commander';
import Table from 'cli-table3';
import { LAYERS } from '../../cases/case.ts';
import { listFamilies } from '../../cases/families.ts';
import { SHARES } from '../../cases/suites.ts';
import { AXES } from '../conformance/diagnosis/axes/axes.ts';
import { measuredStates } from '../conformance/behaviours/measured-table.ts';
import { addCaseOptions, type CaseOptions, chooseBehaviours, chooseCases } from './case-options.ts';
import { UsageError } from './edge.ts';
import type { Session } from './session.ts';
import { pinnedTorch, version } from './version.ts';

const LISTS = ['cases', 'behaviours', 'conventions', 'subjects'] as const;
type ListName = (typeof LISTS)[number];

export function addList(program: Command, session: Session): void {
  const command = program
    .command('list')
    .description('what there is of cases, behaviours, conventions or subjects')
    .argument(`<${LISTS.join('|')}>`, 'what to list', parseList)
    .addOption(new Option('--ids', 'with cases: the id of each case of the suite, one a line').default(false))
    .addOption(new Option('--format <format>', 'text, or json for programs').choices(['text', 'json']).default('text'));
  addCaseOptions(command, 'smoke')
    .addHelpText('after', '\nExample:\n  normative list cases --ids --suite smoke --layer RMSNorm')
    .action((what: ListName, flags: ListFlags) => {
      session.edge.out(listing(session, what, flags));
    });
}

// --- internal ---

function parseList(words: string): ListName {
  const found = LISTS.find((name) => name === words);
  if (found === undefined) throw new UsageError(`"${words}" can't be listed, expected ${LISTS.join(', ')}`);
  return found;
}

interface ListFlags extends CaseOptions {
  readonly ids: boolean;
  readonly format: 'text' | 'json';
}

/** A column each; its values are words. */
type Rows = readonly Readonly<Record<string, string>>[];

function listing(session: Session, what: ListName, flags: ListFlags): string {
  const ids = what === 'cases' && (flags.ids || flags.filter !== undefined || flags.layer !== undefined);
  const rows = ids ? caseIds(flags) : rowsOf(session, what, flags);
  if (flags.format === 'json') return `${JSON.stringify(rows, null, 2)}\n`;
  return ids ? rows.map(({ case: id }) => `${id}\n`).join('') : table(rows);
}

function rowsOf(session: Session, what: ListName, flags: ListFlags): Rows {
  switch (what) {
    case 'cases':
      return listFamilies().map(({ id, line }) => ({
        family: id,
        smoke: String(SHARES[id].smoke),
        standard: String(SHARES[id].standard),
        about: line,
      }));
    case 'behaviours':
      return listBehaviours(flags);
    case 'conventions':
      return listConventions();
    case 'subjects':
      return listSubjects(session);
    default:
      return what satisfies never;
  }
}

function caseIds(flags: CaseOptions): Rows {
  const ids = Array.from(chooseCases(flags), (c) => ({ case: c.id }));
  if (ids.length === 0) throw new UsageError('no case is left; widen --layer, --filter or --cases');
  return ids;
}

/** From the measured table: nobody is asked. */
function listBehaviours(flags: ListFlags): Rows {
  const measured = measuredStates();
  const rows = chooseBehaviours(flags).map(({ id, layers, line }): Readonly<Record<string, string>> => {
    const { state, caughtBy } = measured.get(id) ?? { state: 'not measured yet', caughtBy: null };
    const catcher = caughtBy ?? 'nobody';
    if (flags.format === 'json') {
      return { behaviour: id, layers: layers.join(' '), about: line, caughtBy: catcher, state };
    }
    // One sentence rather than columns, of which the widest would push the others off the screen.
    return { behaviour: id, about: `${briefly(layers)}: ${line} · ${state} · caught by ${catcher}` };
  });
  if (rows.length === 0) throw new UsageError('no behaviour is left; widen --layer or --filter');
  return rows;
}

/** `BatchNorm1d BatchNorm2d BatchNorm3d` as `BatchNorm1d/2d/3d`, and every layer as `all layers`. */
function briefly(layers: readonly string[]): string {
  if (LAYERS.every((layer) => layers.includes(layer))) return 'all layers';
  return layers.join(' ').replace(/(?<stem>\w+)1d \k<stem>2d \k<stem>3d/g, '$<stem>1d/2d/3d');
}

function listConventions(): Rows {
  return AXES.map(({ id, level, values, about }) => ({
    convention: id,
    level: typeof level === 'string' ? level : 'by case',
    values: values.join(' '),
    about,
  }));
}

function listSubjects({ rooms }: Session): Rows {
  const port = rooms.makePort();
  return [
    {
      subject: port.name,
      version: port.version ?? version(),
      about: 'the TypeScript port, what `check` judges',
    },
    {
      subject: 'torch',
      version: pinnedTorch() ?? 'any',
      about: 'PyTorch in a process of its own, what it is judged by',
    },
    {
      subject: 'embedded',
      version: rooms.makeEmbedded().version ?? 'unknown',
      about: 'the port in its place, `--oracle embedded`, for what it is proven on',
    },
    {
      subject: 'js:FILE#EXPORT',
      version: '',
      about: 'a norm of yours, `check --subject`; docs/subjects.md says what it looks like',
    },
  ];
}

/** Columns side by side without lines, for people and for `grep`. */
function table(rows: Rows): string {
  const head = Object.keys(rows[0] ?? {}).map((name) => (name === 'about' ? '' : name));
  const lines = new Table({
    head,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: Object.fromEntries(BORDERS.map((border) => [border, ''])),
  });
  for (const row of rows) lines.push(Object.values(row));
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

// The oracle that `--oracle`, `--python` and `--timeout-ms` ask for, started or connected to, and of the right version.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { StartFailed } from '../conformance/subjects/process.ts';
import type { Oracle } from '../conformance/subjects/oracle.ts';
import type { Subject } from '../conformance/subjects/subject.ts';
import { parseCount } from './case-options.ts';
import { UsageError } from './edge.ts';
import { findPython } from './find-python.ts';
import type { Session } from './session.ts';
import { pinnedTorch } from './version.ts';

export interface OracleChoice {
  readonly oracle: string;
  readonly python?: string | undefined;
  readonly timeoutMs: number;
}

/**
 * Starts or connects to the oracle. A torch other than the pinned one is refused unless the user named the Python or the endpoint.
 * Throws UsageError and StartFailed.
 */
export async function openOracle(session: Session, choice: OracleChoice): Promise<Oracle> {
  const { timeoutMs } = choice;
  if (choice.oracle === 'embedded') {
    throw new UsageError('--oracle is embedded, but this needs PyTorch; leave --oracle out, or give an endpoint');
  }
  if (choice.oracle !== 'torch') return session.rooms.connectOracle(choice.oracle, { timeoutMs });
  const python = findPython(session.edge, choice.python);
  let oracle: Oracle;
  try {
    oracle = await session.rooms.startOracle({ python: python.path, timeoutMs });
  } catch (problem) {
    if (!(problem instanceof StartFailed)) throw problem;
    throw new StartFailed(
      `${problem.message}\nThe Python is from ${python.from}; \`normative setup\` makes one that works, \`--python PATH\` names another.`,
    );
  }
  const pinned = pinnedTorch();
  const found = oracle.version?.split('+')[0] ?? 'of unknown version';
  if (python.named || pinned === null || found === pinned) return oracle;
  await oracle.close();
  throw new UsageError(
    `${python.path} has torch ${found}, but answers are pinned to ${pinned}; \`normative setup\` installs it, \`--python ${python.path}\` takes this one all the same`,
  );
}

/**
 * The same, or with `embedded` the port in PyTorch's place. `subject` is what it is to judge; the port can't be, since nothing may be
 * compared with itself.
 */
export async function openAnyOracle(
  session: Session,
  choice: OracleChoice,
  subject: Subject['kind'],
): Promise<Oracle | Subject> {
  if (choice.oracle !== 'embedded') return openOracle(session, choice);
  if (subject === 'port') {
    throw new UsageError(
      '--oracle embedded is the port itself, and nothing can be compared with itself; name another subject, as in --subject js:norms.js#LayerNorm, or leave --oracle out to ask PyTorch',
    );
  }
  return session.rooms.makeEmbedded();
}

/** `--oracle`, `--python` and `--timeout-ms`. */
export function addOracleOptions(
  command: Command,
  timeoutMs: number = DEFAULT_TIMEOUT_MS,
  timeoutWords = 'how long the oracle may be silent',
  oracleWords = 'torch, or the endpoint of one that runs',
): Command {
  return command
    .addOption(new Option('--oracle <which>', oracleWords).argParser(parseOracle).default('torch'))
    .option('--python <path>', 'the Python to run PyTorch in, whatever version it has')
    .addOption(new Option('--timeout-ms <n>', timeoutWords).argParser(parsePositive).default(timeoutMs));
}

/** How long a side may take by default. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** A whole number from 1. */
export function parsePositive(words: string): number {
  const count = parseCount(words);
  if (count === 0 || count > LONGEST_MS) {
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${LONGEST_MS}.`);
  }
  return count;
}

export const ORACLE_WORDS = 'torch; embedded, the port in its place, which needs no Python; or an endpoint';
export const ANSWER_TIMEOUT_WORDS = 'how long the oracle may be silent, and a module may take for a case';

// --- internal ---

/** What a timer can hold. */
const LONGEST_MS = 2 ** 31 - 1;

function parseOracle(words: string): string {
  if (words === 'torch' || words === 'embedded' || /^(ipc:\/\/.+|tcp:\/\/.+:\d+)$/.test(words)) return words;
  throw new InvalidArgumentError(
    'Expected torch, embedded, or an endpoint such as tcp://127.0.0.1:5555 or ipc:///run/oracle.',
  );
}

// Which cases a command takes: suite, size, seed, layer and filter, read from argv and applied lazily.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { minimatch } from 'minimatch';
import type { Behaviour } from '../../cases/behaviours/behaviour.ts';
import { BEHAVIOURS } from '../../cases/behaviours/behaviours.ts';
import { type Case, FUNCTIONS, LAYERS } from '../../cases/case.ts';
import { SUITE_NAMES, type Suite, type SuiteName, suite } from '../../cases/suites.ts';

export interface CaseOptions {
  readonly suite: SuiteName;
  readonly cases?: number | undefined;
  readonly seed: number;
  readonly layer?: string | undefined;
  readonly filter?: string | undefined;
}

export function addCaseOptions(command: Command, defaultSuite: SuiteName): Command {
  return command
    .addOption(new Option('--suite <name>', 'which cases').choices([...SUITE_NAMES]).default(defaultSuite))
    .addOption(new Option('--cases <n>', 'how many of them').argParser(parseCount))
    .addOption(new Option('--seed <n>', 'other cases of the same kinds').argParser(parseCount).default(0))
    .addOption(new Option('--layer <name>', 'one layer or function').choices([...LAYERS, ...FUNCTIONS]))
    .option('--filter <glob>', 'ids that match; without a slash the last part of the id is matched, as in "*.train*"');
}

export interface ChosenCases extends Iterable<Case> {
  /** Cases of the suite, before --layer and --filter. */
  readonly size: number;
  /** How many of these have been looked at so far. */
  drawn(): number;
}

/** With `layers` the suite is theirs alone, and `--cases` counts them. */
export function chooseCases(options: CaseOptions, layers: readonly string[] | null = null): ChosenCases {
  const all: Suite = suite(options.suite, {
    seed: options.seed,
    ...(options.cases === undefined ? {} : { cases: options.cases }),
    ...(layers === null ? {} : { layers }),
  });
  const { layer, filter } = options;
  let drawn = 0;
  return {
    size: all.size,
    drawn: () => drawn,
    *[Symbol.iterator]() {
      for (const c of all) {
        drawn++;
        if (layer !== undefined && c.layer !== layer) continue;
        if (filter !== undefined && !minimatch(c.id, filter, { matchBase: true })) continue;
        yield c;
      }
    },
  };
}

/** The behaviours that the options leave, each whole: `--filter` takes their ids too, `--cases` counts questions. */
export function chooseBehaviours({
  layer,
  filter,
  cases = Number.POSITIVE_INFINITY,
}: Partial<CaseOptions>): Behaviour[] {
  let asked = 0;
  return BEHAVIOURS.filter(({ id, layers, questions }) => {
    const ids = [id, ...questions.map((question) => question.case.id)];
    if (layer !== undefined && !layers.includes(layer)) return false;
    if (filter !== undefined && !ids.some((one) => minimatch(one, filter, { matchBase: true }))) return false;
    asked += questions.length;
    return asked <= cases;
  });
}

/** A list of cases that tells how many of it have been looked at. */
export function counted(all: readonly Case[]): ChosenCases {
  let drawn = 0;
  return {
    size: all.length,
    drawn: () => drawn,
    *[Symbol.iterator]() {
      for (const c of all) {
        drawn++;
        yield c;
      }
    },
  };
}

/** A whole number from 0. */
export function parseCount(words: string): number {
  const count = Number(words);
  if (!/^\d+$/.test(words) || !Number.isSafeInteger(count))
    throw new InvalidArgumentError('Expected a whole number from 0.');
  return count;
}

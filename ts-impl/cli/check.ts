// `normative check`: the port, or a norm of yours, against PyTorch over a suite, reported and gated.

import { type Command, Option } from 'commander';
import { BehaviourBook, renderStates } from '../conformance/behaviours/check-behaviours.ts';
import { check } from '../conformance/check.ts';
import { formatTolerance, parseTolerance } from '../conformance/judge/tolerance.ts';
import { oracleFacts } from '../conformance/report/make-report.ts';
import { renderCase, renderHeader } from '../conformance/report/render-rows.ts';
import type { Report } from '../conformance/report/report.ts';
import { layersNamed } from '../conformance/subjects/js/named-layers.ts';
import type { Subject } from '../conformance/subjects/subject.ts';
import {
  addCaseOptions,
  type CaseOptions,
  chooseBehaviours,
  chooseCases,
  counted,
  parseCount,
} from './case-options.ts';
import { interruptible } from './interrupt.ts';
import {
  addOracleOptions,
  ANSWER_TIMEOUT_WORDS,
  DEFAULT_TIMEOUT_MS,
  openAnyOracle,
  ORACLE_WORDS,
  type OracleChoice,
} from './oracle-option.ts';
import { addNoiseOption, noiseSample, withNoise } from './noise-option.ts';
import type { Session } from './session.ts';
import { startProgress } from './progress.ts';
import { addOutputOptions, openSink, type OutputOptions } from './report-output.ts';
import { UsageError } from './edge.ts';
import { isModule, ModuleFailed, openJsModule } from './subject-option.ts';
import { version } from './version.ts';

interface CheckFlags extends CaseOptions, OutputOptions, OracleChoice {
  readonly tolerance: string;
  readonly maxFailures?: number | undefined;
  readonly strict: boolean;
  readonly noise?: number | undefined;
  readonly subject?: string | undefined;
}

export function addCheck(program: Command, session: Session): void {
  const command = program
    .command('check')
    .description('hold the port, or a norm of yours, against PyTorch over a suite of cases');
  addCaseOptions(command, 'standard')
    .addOption(new Option('--tolerance <rule>', 'bound, torch or ulp:N').default('bound'))
    .addOption(new Option('--max-failures <n>', 'stop after so many differing cases').argParser(parseCount))
    .option('--subject <js:file#export>', 'a norm written in JavaScript in place of the port: a class or a function')
    .option(
      '--strict',
      'unsupported cases count as undecided, and calls that only PyTorch refuses as differences',
      false,
    );
  addNoiseOption(command);
  addOracleOptions(command, DEFAULT_TIMEOUT_MS, ANSWER_TIMEOUT_WORDS, ORACLE_WORDS);
  addOutputOptions(command)
    .addHelpText('after', HELP)
    .action(async (flags: CheckFlags) => {
      session.exitCode = (await runCheck(session, flags)).exitCode;
    });
}

// --- internal ---

const HELP = `
Example:
  normative check --suite smoke --layer GroupNorm --tolerance ulp:4
  normative check --subject js:norms.js#LayerNorm --oracle embedded

A module's code runs in a thread with a deadline for every case. docs/subjects.md says what a norm in JavaScript looks like.
Exit codes: 0 agrees, 1 differs, 2 wrong usage (no such file, export or case), 3 undecided (it does not load, hangs or dies).`;

async function runCheck(session: Session, flags: CheckFlags): Promise<Report> {
  const { edge, rooms } = session;
  const tolerance = toleranceOf(flags.tolerance);
  if (flags.maxFailures === 0)
    throw new UsageError('--max-failures is 0, expected at least 1; leave it out to see all');
  const sink = openSink(edge, flags);
  const started = edge.now();
  try {
    return await interruptible(async (signal) => {
      const { oracle, subject, layers } = await openSides(session, flags);
      signal.addEventListener('abort', () => void Promise.all([oracle.close(), subject.close()]));
      const book = flags.suite === 'behaviours' ? new BehaviourBook(chooseBehaviours(flags)) : null;
      const cases = book === null ? chooseCases(flags, layers) : counted(book.cases());
      const sample = noiseSample(flags, cases.size);
      const progress = startProgress(edge, cases.size);
      try {
        const heading = { normative: version(), seed: flags.seed, suite: flags.suite };
        sink.row(() => renderHeader({ ...heading, command: 'check', oracle: oracleFacts(oracle) }));
        const checked = await check(cases, oracle, subject, {
          ...heading,
          tolerance,
          truth: true,
          maxFailures: flags.maxFailures ?? null,
          strict: flags.strict,
          signal,
          onJudged: (judged) => {
            progress.update(cases.drawn());
            sample.add(judged);
            sink.row(() => renderCase(judged));
          },
          ...(book === null
            ? { diagnose: rooms.diagnose(oracle, subject) }
            : { settle: (judged) => book.add(judged), diagnose: async (layer) => book.diagnose(layer) }),
        });
        const report = await withNoise(session, flags, checked, sample, oracle);
        signal.throwIfAborted();
        progress.stop();
        const timed = { ...report, durationMs: Math.round(edge.now() - started) };
        sink.report(timed);
        if (book !== null) (flags.format === 'text' ? edge.out : edge.err)(renderStates(book.states()));
        if (flags.tolerance !== 'bound') edge.err(`tolerance: ${formatTolerance(tolerance)}\n`);
        return timed;
      } finally {
        progress.stop();
        await Promise.all([oracle.close(), subject.close()]);
      }
    });
  } finally {
    sink.close();
  }
}

interface Sides {
  readonly oracle: Subject;
  readonly subject: Subject;
  /** What the subject stands for; null for everything. */
  readonly layers: readonly string[] | null;
}

/** The subject first: what is wrong with it shows before PyTorch is started. */
async function openSides(session: Session, flags: CheckFlags): Promise<Sides> {
  const words = flags.subject;
  if (words === undefined) {
    const oracle = await openAnyOracle(session, flags, 'port');
    return { oracle, subject: session.rooms.makePort(), layers: null };
  }
  if (!isModule(words)) {
    throw new UsageError(
      `--subject is "${words}", expected js:FILE#EXPORT; classes of Python documents are for \`normative audit FILE\``,
    );
  }
  if (flags.suite === 'behaviours') {
    throw new UsageError(
      '--suite behaviours is about PyTorch and the port; with --subject take smoke, standard or deep',
    );
  }
  const subject = await openJsModule(session, words, flags);
  try {
    const layers = subject.layers ?? meantLayers(words, flags.layer);
    if (layers === null && subject.failure !== null) {
      throw new ModuleFailed(`${subject.failure.message}; nothing of it could be asked`);
    }
    return { subject, oracle: await openAnyOracle(session, flags, subject.kind), layers };
  } catch (problem) {
    await subject.close();
    throw problem;
  }
}

/** What a module that could not be opened was meant to be, as far as its name says; null for everything. */
function meantLayers(subject: string, layer: string | undefined): readonly string[] | null {
  if (layer !== undefined) return [layer];
  const named = layersNamed(subject.slice(subject.lastIndexOf('#') + 1), 'class');
  return named.length > 0 ? named : null;
}

function toleranceOf(words: string) {
  try {
    return parseTolerance(words);
  } catch (problem) {
    throw problem instanceof RangeError ? new UsageError(`--${problem.message}`) : problem;
  }
}

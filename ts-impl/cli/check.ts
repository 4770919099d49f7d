// `normative check`: the port against PyTorch over a suite, reported and gated.

import { type Command, Option } from 'commander';
import { BehaviourBook, renderStates } from '../conformance/behaviours/check-behaviours.ts';
import { check } from '../conformance/check.ts';
import { formatTolerance, parseTolerance } from '../conformance/judge/tolerance.ts';
import { oracleFacts } from '../conformance/report/make-report.ts';
import { renderCase, renderHeader } from '../conformance/report/render-rows.ts';
import type { Report } from '../conformance/report/report.ts';
import {
  addCaseOptions,
  type CaseOptions,
  chooseBehaviours,
  chooseCases,
  counted,
  parseCount,
} from './case-options.ts';
import { interruptible } from './interrupt.ts';
import { addOracleOptions, openOracle, type OracleChoice } from './oracle-option.ts';
import type { Session } from './session.ts';
import { startProgress } from './progress.ts';
import { addOutputOptions, openSink, type OutputOptions } from './report-output.ts';
import { UsageError } from './edge.ts';
import { version } from './version.ts';

interface CheckFlags extends CaseOptions, OutputOptions, OracleChoice {
  readonly tolerance: string;
  readonly maxFailures?: number | undefined;
  readonly strict: boolean;
}

export function addCheck(program: Command, session: Session): void {
  const command = program.command('check').description('hold the port against PyTorch over a suite of cases');
  addCaseOptions(command, 'standard')
    .addOption(new Option('--tolerance <rule>', 'bound, torch or ulp:N').default('bound'))
    .addOption(new Option('--max-failures <n>', 'stop after so many differing cases').argParser(parseCount))
    .option('--strict', 'cases the port does not support count as undecided', false);
  addOracleOptions(command);
  addOutputOptions(command)
    .addHelpText('after', '\nExample:\n  normative check --suite smoke --layer GroupNorm --tolerance ulp:4')
    .action(async (flags: CheckFlags) => {
      session.exitCode = (await runCheck(session, flags)).exitCode;
    });
}

// --- internal ---

async function runCheck(session: Session, flags: CheckFlags): Promise<Report> {
  const { edge, rooms } = session;
  const tolerance = toleranceOf(flags.tolerance);
  if (flags.maxFailures === 0)
    throw new UsageError('--max-failures is 0, expected at least 1; leave it out to see all');
  const sink = openSink(edge, flags);
  const started = edge.now();
  try {
    return await interruptible(async (signal) => {
      const oracle = await openOracle(session, flags);
      const port = rooms.makePort();
      signal.addEventListener('abort', () => void oracle.close());
      const book = flags.suite === 'behaviours' ? new BehaviourBook(chooseBehaviours(flags)) : null;
      const cases = book === null ? chooseCases(flags) : counted(book.cases());
      const progress = startProgress(edge, cases.size);
      try {
        const heading = { normative: version(), seed: flags.seed, suite: flags.suite };
        sink.row(() => renderHeader({ ...heading, command: 'check', oracle: oracleFacts(oracle) }));
        const report = await check(cases, oracle, port, {
          ...heading,
          tolerance,
          truth: true,
          maxFailures: flags.maxFailures ?? null,
          strict: flags.strict,
          signal,
          onJudged: (judged) => {
            progress.update(cases.drawn());
            sink.row(() => renderCase(judged));
          },
          ...(book === null
            ? { diagnose: rooms.diagnose(oracle, port) }
            : { settle: (judged) => book.add(judged), diagnose: async (layer) => book.diagnose(layer) }),
        });
        signal.throwIfAborted();
        progress.stop();
        const timed = { ...report, durationMs: Math.round(edge.now() - started) };
        sink.report(timed);
        if (book !== null) (flags.format === 'text' ? edge.out : edge.err)(renderStates(book.states()));
        if (flags.tolerance !== 'bound') edge.err(`tolerance: ${formatTolerance(tolerance)}\n`);
        return timed;
      } finally {
        progress.stop();
        await Promise.all([oracle.close(), port.close()]);
      }
    });
  } finally {
    sink.close();
  }
}

function toleranceOf(words: string) {
  try {
    return parseTolerance(words);
  } catch (problem) {
    throw problem instanceof RangeError ? new UsageError(`--${problem.message}`) : problem;
  }
}

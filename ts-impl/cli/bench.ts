// `normative bench`: Normative's speed beside PyTorch's, cases and bytes per second, measured in one run.

import { type Command, Option } from 'commander';
import type { Case } from '../../cases/case.ts';
import { DEFAULT_TOLERANCE } from '../conformance/judge/tolerance.ts';
import { run } from '../conformance/run.ts';
import type { Oracle } from '../conformance/subjects/oracle.ts';
import type { Subject } from '../conformance/subjects/subject.ts';
import { addCaseOptions, type CaseOptions, chooseCases, parseCount } from './case-options.ts';
import { UsageError } from './edge.ts';
import { interruptible } from './interrupt.ts';
import { addOracleOptions, openOracle, type OracleChoice } from './oracle-option.ts';
import type { Session } from './session.ts';
import { median, measureThroughput, renderThroughput, type Throughput } from './throughput.ts';

interface BenchFlags extends CaseOptions, OracleChoice {
  readonly rounds: number;
  readonly throughput: boolean;
}

/** Normative may take so many times the floor's time. */
const GOAL = 1.5;

/** Rounds of both sides before any is counted: until then engines still compile. */
const WARM_UP_ROUNDS = 2;

/** Cases of one message to the oracle's bare loop. */
const FLOOR_BATCH = 64;

export function addBench(program: Command, session: Session): void {
  const command = program
    .command('bench')
    .description(
      'cases per second beside a bare PyTorch loop, and bytes per second of each layer beside PyTorch, in one run',
    )
    .addOption(new Option('--rounds <n>', 'measure so often and take the medians').argParser(parseCount).default(5))
    .option('--no-throughput', 'leave out the bytes per second of each layer');
  addCaseOptions(command, 'standard');
  addOracleOptions(command)
    .addHelpText('after', '\nExample:\n  normative bench --suite standard --rounds 5')
    .action(async (flags: BenchFlags) => {
      session.edge.out(await runBench(session, flags));
    });
}

// --- internal ---

async function runBench(session: Session, flags: BenchFlags): Promise<string> {
  if (flags.rounds === 0) throw new UsageError('--rounds is 0, expected at least 1');
  return interruptible(async (signal) => {
    const oracle = await openOracle(session, flags);
    const port = session.rooms.makePort();
    signal.addEventListener('abort', () => void oracle.close());
    try {
      const floors: number[] = [];
      const ours: number[] = [];
      let cases = 0;
      for (let round = -WARM_UP_ROUNDS; round < flags.rounds; round++) {
        signal.throwIfAborted();
        const floor = await floorSeconds(oracle, chooseCases(flags));
        const started = session.edge.now();
        cases = await wholeJob(oracle, port, chooseCases(flags), signal);
        if (round < 0) continue;
        floors.push(floor);
        ours.push((session.edge.now() - started) / 1000);
      }
      if (cases === 0) throw new UsageError('no case to measure; widen --layer, --filter or --cases');
      const rates = render(cases, flags.rounds, median(floors), median(ours));
      if (!flags.throughput) return rates;
      const rows: Throughput[] = [];
      const measured = measureThroughput(oracle, () => session.edge.now(), flags.rounds, signal);
      for await (const row of measured) {
        rows.push(row);
        session.edge.err(`${row.layer} ${row.shape.join('×')} ${row.dtype}\n`);
      }
      return `${rates}\n${renderThroughput(rows)}`;
    } finally {
      await Promise.all([oracle.close(), port.close()]);
    }
  });
}

/** Seconds that bare PyTorch takes, cases already decoded in its process. */
async function floorSeconds(oracle: Oracle, cases: Iterable<Case>): Promise<number> {
  let seconds = 0;
  let batch: Case[] = [];
  for (const c of cases) {
    batch.push(c);
    if (batch.length < FLOOR_BATCH) continue;
    seconds += await oracle.floor(batch);
    batch = [];
  }
  return batch.length === 0 ? seconds : seconds + (await oracle.floor(batch));
}

/** Cases made, sent, answered by both sides and judged, truth off. */
async function wholeJob(oracle: Oracle, port: Subject, cases: Iterable<Case>, signal: AbortSignal): Promise<number> {
  let count = 0;
  for await (const _ of run(cases, oracle, port, { tolerance: DEFAULT_TOLERANCE, truth: false, signal })) count++;
  return count;
}

function render(cases: number, rounds: number, floor: number, ours: number): string {
  const line = (name: string, seconds: number) =>
    `${name.padEnd(34)} ${Math.round(cases / seconds)} cases/s (${seconds.toFixed(2)} s)\n`;
  const ratio = ours / floor;
  return [
    `${cases} cases, ${rounds === 1 ? 'one round' : `medians of ${rounds} rounds`} after ${WARM_UP_ROUNDS} to warm up\n`,
    line('bare PyTorch loop, cases decoded', floor),
    line('normative, both sides and judged', ours),
    `${'ratio of times'.padEnd(34)} ${ratio.toFixed(2)} (goal: at most ${GOAL})\n`,
  ].join('');
}

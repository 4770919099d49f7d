// `normative replay`: one case made again and asked of both sides, shown step by step with the verdict.

import { existsSync, readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import picocolors from 'picocolors';
import { caseFromId, decodeCaseFile } from '../../cases/case-id.ts';
import type { Case } from '../../cases/case.ts';
import { judge } from '../conformance/judge/judge.ts';
import { parseTolerance } from '../conformance/judge/tolerance.ts';
import { conclusionOf, exitCodeOf } from '../conformance/report/make-report.ts';
import { renderReplay } from '../conformance/report/render-replay.ts';
import { Tally } from '../conformance/report/tally.ts';
import { UsageError, wantsColor } from './edge.ts';
import { interruptible } from './interrupt.ts';
import { addOracleOptions, openOracle, type OracleChoice } from './oracle-option.ts';
import type { Session } from './session.ts';

interface ReplayFlags extends OracleChoice {
  readonly tolerance: string;
  readonly color: boolean;
}

export function addReplay(program: Command, session: Session): void {
  const command = program
    .command('replay')
    .description('make one case again and show what both sides answer')
    .argument('<id>', 'the id of a case as reports print it (g1/… or x1/…), or a file that holds one')
    .addOption(new Option('--tolerance <rule>', 'bound, torch or ulp:N').default('bound'))
    .option('--no-color', 'no colour');
  addOracleOptions(command)
    .addHelpText('after', '\nExample:\n  normative replay g1/ordinary/0/0/BatchNorm1d.f32.2x10.eval-eval-same-eval')
    .action(async (id: string, flags: ReplayFlags) => {
      session.exitCode = await runReplay(session, id, flags);
    });
}

// --- internal ---

async function runReplay(session: Session, id: string, flags: ReplayFlags): Promise<number> {
  const { edge, rooms } = session;
  const tolerance = parseTolerance(flags.tolerance);
  const c = caseOf(id);
  return interruptible(async (signal) => {
    const oracle = await openOracle(session, flags);
    const port = rooms.makePort();
    signal.addEventListener('abort', () => void oracle.close());
    try {
      const [[expected], [actual]] = await Promise.all([
        oracle.ask([c], { truth: true }),
        port.ask([c], { truth: false }),
      ]);
      const verdict = judge(c, expected, actual, tolerance);
      const colors = picocolors.createColors(wantsColor(edge, flags.color));
      edge.out(
        renderReplay({ case: c, expected, actual, verdict }, { oracle: oracle.name, subject: port.name }, colors),
      );
      const tally = new Tally();
      tally.add(verdict);
      return exitCodeOf(conclusionOf(tally.totals()));
    } finally {
      await Promise.all([oracle.close(), port.close()]);
    }
  });
}

function caseOf(id: string): Case {
  if (id.startsWith('g1/') || id.startsWith('x1/')) return caseFromId(id);
  if (!existsSync(id))
    throw new UsageError(`"${id}" is neither a case id (g1/… or x1/…) nor a file; \`normative list cases\` prints ids`);
  return decodeCaseFile(readFileSync(id));
}

// The program: argv to a command, and whatever happens to an exit code. It knows no command's work.

import { Command, CommanderError } from 'commander';
import { IdError } from '../../cases/case-id.ts';
import { NothingToCheck } from '../conformance/check.ts';
import { NothingToAudit } from '../conformance/diagnosis/documents/audit.ts';
import { DocumentError } from '../conformance/diagnosis/documents/document.ts';
import { NoSuchExport } from '../conformance/diagnosis/modules/audit-module.ts';
import { NoSuchNorm } from '../conformance/subjects/js/open-norms.ts';
import { StartFailed } from '../conformance/subjects/process.ts';
import { addAudit } from './audit.ts';
import { addBench } from './bench.ts';
import { addCheck } from './check.ts';
import { addClaims } from './claims.ts';
import { addDoctor } from './doctor.ts';
import { addExplain } from './explain.ts';
import { type Edge, UsageError } from './edge.ts';
import { addList } from './list.ts';
import { addReplay } from './replay.ts';
import { Interrupted } from './interrupt.ts';
import { liveRooms, type Rooms } from './rooms.ts';
import type { Session } from './session.ts';
import { addSetup } from './setup.ts';
import { ModuleFailed } from './subject-option.ts';
import { version } from './version.ts';

/** Runs one command and returns the exit code: 0 agrees, 1 differs, 2 wrong usage or nothing to do, 3 undecided. */
export async function main(argv: readonly string[], edge: Edge, rooms: Rooms = liveRooms): Promise<number> {
  const session: Session = { edge, rooms, exitCode: 0 };
  const program = new Command('normative')
    .description('Does this normalisation layer behave like PyTorch’s, and if not, how exactly does it differ?')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => edge.out(text), writeErr: (text) => edge.err(text) })
    .showHelpAfterError('(normative --help tells what there is)');
  for (const add of [addCheck, addAudit, addReplay, addList, addExplain, addDoctor, addSetup, addBench, addClaims])
    add(program, session);
  program.allowExcessArguments().action(() => {
    const word = program.args[0];
    if (word !== undefined) throw new UsageError(`"${word}" is no command; normative --help lists them`);
    edge.err(program.helpInformation());
    session.exitCode = 2;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return session.exitCode;
  } catch (problem) {
    return exitCodeOf(problem, edge);
  }
}

// --- internal ---

function exitCodeOf(problem: unknown, edge: Edge): number {
  if (problem instanceof CommanderError) return problem.exitCode === 0 ? 0 : 2; // it has said why
  if (
    problem instanceof UsageError ||
    problem instanceof NothingToCheck ||
    problem instanceof NothingToAudit ||
    problem instanceof DocumentError ||
    problem instanceof IdError ||
    problem instanceof StartFailed ||
    problem instanceof NoSuchNorm ||
    problem instanceof NoSuchExport
  ) {
    edge.err(`normative: ${problem.message}\n`);
    return 2;
  }
  if (problem instanceof ModuleFailed) {
    edge.err(`normative: ${problem.message}\n`);
    return 3;
  }
  if (problem instanceof Interrupted) {
    edge.err(`normative: ${problem.message}\n`);
    return problem.exitCode;
  }
  if (isOfTheSystem(problem)) {
    edge.err(`normative: ${problem.message}; put that right, or name another file or folder, and run it again\n`);
    return 2;
  }
  // Ours to mend, and never agreement.
  edge.err(
    `normative: an error of its own: ${problem instanceof Error ? (problem.stack ?? problem.message) : problem}\n`,
  );
  return 3;
}

/** A call to the system that failed: a full disk, a folder that is none, a missing right. The user's to mend. */
function isOfTheSystem(problem: unknown): problem is NodeJS.ErrnoException {
  return problem instanceof Error && 'code' in problem && 'syscall' in problem;
}

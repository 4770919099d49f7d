// `normative replay`: one case made again and asked of both sides, shown step by step with the verdict.

import { existsSync, readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import picocolors from 'picocolors';
import { caseFromId, decodeCaseFile } from '../../cases/case-id.ts';
import { type Case, FUNCTIONS, LAYERS } from '../../cases/case.ts';
import { type ForeignNorm, openForeignNorm } from '../conformance/diagnosis/documents/foreign-norm.ts';
import { openForeignExport } from '../conformance/diagnosis/modules/foreign-export.ts';
import { judge } from '../conformance/judge/judge.ts';
import { openForeignModule } from '../conformance/subjects/js/foreign/foreign-module.ts';
import { parseTolerance } from '../conformance/judge/tolerance.ts';
import { conclusionOf, exitCodeOf } from '../conformance/report/make-report.ts';
import { renderReplay } from '../conformance/report/render-replay.ts';
import { renderPythonScript } from '../conformance/scripts/python-script.ts';
import { ScriptError } from '../conformance/scripts/script-error.ts';
import { renderSubjectScript } from '../conformance/scripts/subject-script.ts';
import { renderTsScript } from '../conformance/scripts/ts-script.ts';
import { Tally } from '../conformance/report/tally.ts';
import type { Answer } from '../conformance/outcome.ts';
import { contiguousCase } from '../conformance/subjects/js/contiguous-case.ts';
import type { Subject } from '../conformance/subjects/subject.ts';
import { tellConfinement, UNSAFE_FLAG, UNSAFE_WORDS } from './confinement.ts';
import { readDocument } from './documents.ts';
import { moduleTarget } from './module-target.ts';
import { UsageError, wantsColor } from './edge.ts';
import { findPython } from './find-python.ts';
import { interruptible } from './interrupt.ts';
import {
  addOracleOptions,
  ANSWER_TIMEOUT_WORDS,
  DEFAULT_TIMEOUT_MS,
  openAnyOracle,
  ORACLE_WORDS,
  type OracleChoice,
} from './oracle-option.ts';
import type { Session } from './session.ts';
import { isModule, openJsModule } from './subject-option.ts';

interface ReplayFlags extends OracleChoice {
  readonly tolerance: string;
  readonly color: boolean;
  readonly unsafe: boolean;
  readonly subject?: string | undefined;
  readonly layer?: string | undefined;
  readonly script?: 'python' | 'ts' | undefined;
}

export function addReplay(program: Command, session: Session): void {
  const command = program
    .command('replay')
    .description('make one case again and show what both sides answer')
    .argument('<id>', 'the id of a case as reports print it (g1/…, b1/… or x1/…), or a file that holds one')
    .addOption(new Option('--tolerance <rule>', 'bound, torch or ulp:N').default('bound'))
    .option(
      '--subject <file#class>',
      'in place of the port a class of a document, or with js:FILE#EXPORT a norm of a module',
    )
    .addOption(
      new Option('--layer <name>', 'what that norm is, where its name does not say').choices([...LAYERS, ...FUNCTIONS]),
    )
    .option(UNSAFE_FLAG, UNSAFE_WORDS, false)
    .addOption(
      new Option('--script <language>', 'print a program that asks it again by itself').choices(['python', 'ts']),
    )
    .option('--no-color', 'no colour');
  addOracleOptions(command, DEFAULT_TIMEOUT_MS, ANSWER_TIMEOUT_WORDS, ORACLE_WORDS)
    .addHelpText('after', HELP)
    .action(async (id: string, flags: ReplayFlags) => {
      session.exitCode = await runReplay(session, id, flags);
    });
}

// --- internal ---

const HELP = `
Example:
  normative replay g1/ordinary/0/0/BatchNorm1d.f32.2x10.eval-eval-same-eval
  normative replay g1/ordinary/0/0/BatchNorm1d.f32.2x10.eval-eval-same-eval --script python > case.py
  normative replay g1/ordinary/0/3/LayerNorm.f32.4x1x1x16x28.eval --subject js:norms.js#LayerNorm --oracle embedded`;

async function runReplay(session: Session, id: string, flags: ReplayFlags): Promise<number> {
  const { edge, rooms } = session;
  if (flags.script !== undefined) return tryScript(session, caseOf(id), flags.script, flags);
  const tolerance = parseTolerance(flags.tolerance);
  const kind = flags.subject === undefined ? 'port' : isModule(flags.subject) ? 'js' : 'python';
  const c = kind === 'js' ? contiguousCase(caseOf(id)) : caseOf(id);
  return interruptible(async (signal) => {
    const oracle = await openAnyOracle(session, flags, kind);
    signal.addEventListener('abort', () => void oracle.close());
    try {
      const [asked] = await oracle.ask([c], { truth: true });
      const { expected, actual, name } =
        flags.subject === undefined
          ? await askSubject(rooms.makePort(), c, asked)
          : isModule(flags.subject)
            ? await askSubject(await openJsModule(session, flags.subject, flags), c, asked)
            : await askForeign(session, flags, flags.subject, c, asked);
      const verdict = judge(c, expected, actual, tolerance);
      const colors = picocolors.createColors(wantsColor(edge, flags.color));
      edge.out(renderReplay({ case: c, expected, actual, verdict }, { oracle: oracle.name, subject: name }, colors));
      const tally = new Tally();
      tally.add(verdict);
      return exitCodeOf(conclusionOf(tally.totals()));
    } finally {
      await oracle.close();
    }
  });
}

async function tryScript(session: Session, c: Case, language: 'python' | 'ts', flags: ReplayFlags): Promise<number> {
  try {
    return await printScript(session, c, language, flags);
  } catch (problem) {
    throw problem instanceof ScriptError ? new UsageError(problem.message) : problem;
  }
}

/** The case as a program; with a class of a document the program asks both, PyTorch and the class. */
async function printScript(session: Session, c: Case, language: 'python' | 'ts', flags: ReplayFlags): Promise<number> {
  const { subject } = flags;
  if (subject === undefined) {
    session.edge.out(language === 'python' ? renderPythonScript(c) : renderTsScript(c));
    return 0;
  }
  if (language === 'ts' || isModule(subject)) {
    throw new UsageError(
      `--script ${language} tells a case to the port; for ${subject} take ${isModule(subject) ? 'the call out of the report of check, or leave --subject out' : '--script python'}`,
    );
  }
  return withForeignNorm(session, flags, subject, async (norm) => {
    const told = norm.tell?.(c) ?? null;
    if (told === null) {
      throw new UsageError(
        `${subject} has no words for an option of this case; leave --subject out to see PyTorch's side`,
      );
    }
    session.edge.out(renderSubjectScript(c, told));
    return 0;
  });
}

interface Answered {
  readonly expected: Answer;
  readonly actual: Answer;
  readonly name: string;
}

async function askSubject(subject: Subject, c: Case, torch: Answer): Promise<Answered> {
  try {
    const [answer] = await subject.ask([c], { truth: false });
    const pair = { expected: torch, actual: answer };
    return { ...(subject.comparable?.(c, pair) ?? pair), name: subject.about?.(c.layer)?.name ?? subject.name };
  } finally {
    await subject.close();
  }
}

/** A class of a document, put a case in PyTorch's words. */
async function askForeign(
  session: Session,
  flags: ReplayFlags,
  subject: string,
  c: Case,
  torch: Answer,
): Promise<Answered> {
  return withForeignNorm(session, flags, subject, async (norm, name) => {
    const { expected, actual } = await norm.answer(c, torch.outcome);
    return { expected: { outcome: expected, truth: torch.truth }, actual: { outcome: actual, truth: null }, name };
  });
}

/** Opens a class of a document, which is measured first, for as long as `use` takes. */
async function withForeignNorm<T>(
  session: Session,
  flags: ReplayFlags,
  subject: string,
  use: (norm: ForeignNorm, name: string) => Promise<T>,
): Promise<T> {
  const [file, name] = [subject.slice(0, subject.lastIndexOf('#')), subject.slice(subject.lastIndexOf('#') + 1)];
  if (!subject.includes('#') || file === '' || name === '') {
    throw new UsageError(
      `--subject is "${subject}", expected a document and a class of it, as in notes.md#BatchNorm2d`,
    );
  }
  const module = moduleTarget(subject);
  if (module?.module !== undefined) {
    const norm = await openForeignExport(
      name,
      { file, path: module.module.path, timeoutMs: flags.timeoutMs, memoryMb: FOREIGN_MEMORY_BYTES / 2 ** 20 },
      openForeignModule,
    );
    return use(norm, name).finally(() => norm.close());
  }
  const document = readDocument(session.edge, file);
  const python = findPython(session.edge, flags.python).path;
  const host = await session.rooms.startHost({ python, unsafe: flags.unsafe });
  tellConfinement(session.edge, host.confinement);
  try {
    const { timeoutMs } = flags;
    return await use(
      await openForeignNorm(document, name, { host, timeoutMs, memoryBytes: FOREIGN_MEMORY_BYTES }),
      name,
    );
  } finally {
    await host.close();
  }
}

const FOREIGN_MEMORY_BYTES = 2 ** 30;

function caseOf(id: string): Case {
  if (/^[gbx]1\//.test(id)) return caseFromId(id);
  if (!existsSync(id))
    throw new UsageError(
      `"${id}" is neither a case id (g1/…, b1/… or x1/…) nor a file; \`normative list cases\` prints ids`,
    );
  return decodeCaseFile(readFileSync(id));
}

// `normative audit`: foreign implementations, found in documents and diagnosed against PyTorch.

import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { LAYERS, type LayerName } from '../../cases/case.ts';
import { audit } from '../conformance/diagnosis/documents/audit.ts';
import { DOCUMENT_KINDS, type DocumentKind } from '../conformance/diagnosis/documents/document.ts';
import { renderAudit } from '../conformance/report/render-audit.ts';
import type { Report, SubjectReport } from '../conformance/report/report.ts';
import { CONFINEMENT_HELP, tellConfinement, UNSAFE_FLAG, UNSAFE_WORDS } from './confinement.ts';
import { readDocuments } from './documents.ts';
import { findPython } from './find-python.ts';
import { FIX_HELP, type FixFlags, fixHint, openFixing } from './fix.ts';
import { interruptible } from './interrupt.ts';
import { addNormWords, type NormWordFlags, readNormWords } from './norm-words.ts';
import { openOracle, parsePositive } from './oracle-option.ts';
import type { Session } from './session.ts';
import { addOutputOptions, openSink, type OutputOptions } from './report-output.ts';
import { version } from './version.ts';

interface AuditFlags extends OutputOptions, FixFlags, NormWordFlags {
  readonly layer?: LayerName | undefined;
  readonly as?: DocumentKind | undefined;
  readonly python?: string | undefined;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly jobs: number;
  readonly strict: boolean;
  readonly unsafe: boolean;
}

export function addAudit(program: Command, session: Session): void {
  const command = program
    .command('audit')
    .description('find the norms in a document and say how each departs from PyTorch')
    .argument(
      '<target...>',
      'a .py file, a .md or .txt document with code blocks, a notebook, a folder of those, a quoted pattern, or - for standard input',
    )
    .addOption(new Option('--layer <name>', 'hold every norm against this layer').choices([...LAYERS]))
    .addOption(
      new Option('--as <kind>', 'what a file is whose name does not say it, or standard input').choices([
        ...DOCUMENT_KINDS,
      ]),
    )
    .option('--python <path>', 'the Python to run PyTorch and the code in')
    .addOption(
      new Option('--timeout-ms <n>', 'how long a question to the code may take')
        .argParser(parsePositive)
        .default(10_000),
    )
    .addOption(
      new Option('--memory-mb <n>', 'memory the code may take beside PyTorch').argParser(parsePositive).default(1024),
    )
    .addOption(
      new Option('--jobs <n>', 'norms audited at a time')
        .argParser(parsePositive)
        .default(Math.min(4, availableParallelism())),
    )
    .option('--strict', 'notes count as differences too', false)
    .option('--fix', 'look for an edit that mends each finding; show those that an audit has proved', false)
    .option('--write', 'write the edits of --fix to the files', false)
    .option(UNSAFE_FLAG, UNSAFE_WORDS, false);
  addNormWords(command);
  addOutputOptions(command)
    .addHelpText(
      'after',
      `${CONFINEMENT_HELP}\n${FIX_HELP}\n\nExample:\n  normative audit notes.md --layer BatchNorm2d\n  normative audit docs 'notes/**/*.ipynb'\n  cat layer.py | normative audit -`,
    )
    .action(async (targets: string[], flags: AuditFlags) => {
      session.exitCode = (await runAudit(session, targets, flags)).exitCode;
    });
}

// --- internal ---

async function runAudit(session: Session, targets: readonly string[], flags: AuditFlags): Promise<Report> {
  const { edge } = session;
  const documents = readDocuments(edge, targets, flags.as ?? null);
  const remarks = new Map<SubjectReport['source'], readonly string[]>();
  const sink = openSink(edge, flags, (report, color) => renderAudit(report, remarks, color) + fixHint(report, flags));
  const started = edge.now();
  try {
    return await interruptible(async (signal) => {
      const python = findPython(edge, flags.python);
      const [oracle, host] = await startBoth(session, flags, python.path);
      tellConfinement(edge, host.confinement);
      const options = {
        normative: version(),
        oracle,
        host,
        layer: flags.layer ?? null,
        words: readNormWords(flags),
        timeoutMs: flags.timeoutMs,
        memoryBytes: flags.memoryMb * 2 ** 20,
        jobs: flags.jobs,
      };
      const closeBoth = () => Promise.all([oracle.close(), host.close()]);
      const fixing = await openFixing(session, flags, python.path, documents).catch(async (problem) => {
        await closeBoth();
        throw problem;
      });
      const close = () => Promise.all([closeBoth(), fixing?.close()]);
      signal.addEventListener('abort', () => void close());
      try {
        const report = await audit(documents, {
          ...options,
          ...(fixing === null ? {} : { repair: fixing.repair }),
          onRemarks: (source, lines) => remarks.set(source, lines),
          onProgress: (name) => edge.errIsTerminal && edge.err(`auditing ${name}\n`),
        });
        signal.throwIfAborted();
        const judged = flags.strict ? strictly(report) : report;
        const timed = { ...judged, durationMs: Math.round(edge.now() - started) };
        sink.report(timed);
        await fixing?.write(report, (changed) => audit([changed], options));
        return timed;
      } finally {
        await close();
      }
    });
  } finally {
    sink.close();
  }
}

/** Oracle and host start side by side; if one fails to, the other is closed. */
async function startBoth(session: Session, flags: AuditFlags, python: string) {
  const oracle = openOracle(session, {
    oracle: 'torch',
    python: flags.python,
    timeoutMs: Math.max(30_000, flags.timeoutMs),
  });
  const host = session.rooms.startHost({ python, unsafe: flags.unsafe });
  try {
    return await Promise.all([oracle, host]);
  } catch (problem) {
    for (const started of await Promise.allSettled([oracle, host])) {
      if (started.status === 'fulfilled') await started.value.close();
    }
    throw problem;
  }
}

/** With --strict a note is a difference. */
function strictly(report: Report): Report {
  const subjects = report.subjects.map((s) =>
    s.verdict === 'agrees' && s.findings.length > 0 ? { ...s, verdict: 'differs' as const } : s,
  );
  const differs = report.verdict === 'agrees' && subjects.some((s) => s.verdict === 'differs');
  return { ...report, subjects, ...(differs ? { verdict: 'differs' as const, exitCode: 1 } : {}) };
}

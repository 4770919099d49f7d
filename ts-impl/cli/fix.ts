// `audit --fix` and `--write`: repairs looked for while the audit runs, and written to the files where that was asked for.

import { chmodSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AuditDocument, Repair } from '../conformance/diagnosis/documents/audit.ts';
import { type CombinedEdit, makeRepairs } from '../conformance/diagnosis/repair/repairs.ts';
import { spliceBlocks } from '../conformance/diagnosis/repair/splice.ts';
import { layOver } from '../conformance/diagnosis/repair/unified.ts';
import type { Report } from '../conformance/report/report.ts';
import { type Edge, UsageError } from './edge.ts';
import type { Session } from './session.ts';
import { pinnedPackage } from './version.ts';

export const FIX_HELP =
  "\n--fix tries each edit on a copy in memory and shows it only where a new audit finds the departure gone and no other come. --write then writes\nthe edits that go together to the file, which is left alone but for them. Replacing a norm by PyTorch's own layer is not tried.";

export interface FixFlags {
  readonly fix: boolean;
  readonly write: boolean;
}

type Verify = (changed: AuditDocument) => Promise<Report>;

export interface Fixing {
  readonly repair: Repair;
  /** Writes what was found for `report`, file by file, where `verify` finds the changed document no worse. */
  write(report: Report, verify: Verify): Promise<void>;
  close(): Promise<void>;
}

/** Null without --fix, and where the Python has no LibCST, which is said then. Throws UsageError. */
export async function openFixing(
  session: Session,
  flags: FixFlags,
  python: string,
  documents: readonly AuditDocument[],
): Promise<Fixing | null> {
  if (!flags.fix && !flags.write) return null;
  const nameless = documents.find(({ file }) => !isFile(file));
  if (flags.write && nameless !== undefined)
    throw new UsageError(
      `--write has no file to write ${nameless.file} to; save it first, or use --fix and apply the diff`,
    );
  const mender = await session.rooms.startMender({ python });
  if (mender.libcst === null) {
    await mender.close();
    const packageName = pinnedPackage('libcst');
    session.edge.err(
      `--fix reads Python with LibCST, which ${python} has not: \`${python} -m pip install ${packageName}\`, or \`normative setup\`; this audit goes on without repairs\n`,
    );
    return null;
  }
  const texts = new Map(
    documents.map(({ file, bytes }) => [file, new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)]),
  );
  const textOf = (file: string) => texts.get(file) ?? '';
  const { repair, combined } = makeRepairs({ propose: mender.propose, textOf, auditsPerFinding: AUDITS_PER_FINDING });
  return {
    repair,
    write: async (report, verify) => {
      if (!flags.write) return;
      for (const document of documents) {
        const edits = combined.filter(({ file }) => file === document.file);
        if (edits.length > 0) await writeOne(session.edge, document, textOf(document.file), edits, report, verify);
      }
    },
    close: () => mender.close(),
  };
}

/** A line that says that --fix exists, where it could do something; empty otherwise. */
export function fixHint(report: Report, flags: FixFlags): string {
  if (flags.fix || flags.write) return '';
  const mendable = report.subjects.some((s) => s.kind === 'python' && s.findings.some((f) => f.kind === 'convention'));
  return mendable
    ? 'audit --fix looks for an edit that mends each finding, and shows those that an audit has proved\n'
    : '';
}

// --- internal ---

/** Enough for every edit that is made on purpose, and some of those that are not. */
const AUDITS_PER_FINDING = 40;

function isFile(file: string): boolean {
  return file !== '-' && statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

async function writeOne(
  edge: Edge,
  document: AuditDocument,
  text: string,
  edits: readonly CombinedEdit[],
  report: Report,
  verify: Verify,
): Promise<void> {
  const { file, bytes } = document;
  let now = text;
  let count = 0;
  for (const { before, after, mends } of edits) {
    const laid = layOver(now, text, spliceBlocks(text, before, after));
    if (laid === null) edge.err(`${file}: a repair (${mends.join(', ')}) meets another one; run it again after this\n`);
    else {
      now = laid;
      count += mends.length;
    }
  }
  const changed = { ...document, bytes: new TextEncoder().encode(now) };
  const before = new Set(report.subjects.filter((s) => s.source?.file === file).flatMap(conventionsOf));
  const fresh = (await verify(changed)).subjects.flatMap(conventionsOf).filter((c) => !before.has(c));
  if (fresh.length > 0) {
    edge.err(`${file} is not written: with all repairs together it departs anew in ${fresh.join(', ')}\n`);
    return;
  }
  if (!readFileSync(file).equals(bytes))
    throw new UsageError(`${file} was changed while it was audited, and is not written; run it again`);
  writeAtomically(file, changed.bytes);
  edge.err(`${file}: ${count} ${count === 1 ? 'finding' : 'findings'} mended and written\n`);
}

const conventionsOf = (subject: Report['subjects'][number]): string[] =>
  subject.findings.filter((f) => f.level === 'error').map((f) => `${subject.name} ${f.convention}`);

/** Whoever reads the file sees the old one or the new one, whole. A link stays a link. */
function writeAtomically(file: string, bytes: Uint8Array): void {
  const target = realpathSync(file);
  const beside = `${target}.normative-${process.pid}`;
  try {
    writeFileSync(beside, bytes, { flag: 'wx' });
    chmodSync(beside, statSync(target).mode);
    renameSync(beside, target);
  } catch (problem) {
    rmSync(beside, { force: true });
    const why = problem instanceof Error ? problem.message : String(problem);
    throw new UsageError(`${file} can't be written (${why}); use --fix alone and apply the diffs where you may write`);
  }
}

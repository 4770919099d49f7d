// The audit of documents: their code loaded, every class that may be a norm diagnosed in a worker of its own, all of it as one Report.

import type { LayerName } from '../../../../cases/case.ts';
import type { UndecidedReason } from '../../outcome.ts';
import { exitCodeOf, oracleFacts, worstOf } from '../../report/make-report.ts';
import { NO_TOTALS, REPORT_SCHEMA, type Report, type Skipped, type SubjectReport } from '../../report/report.ts';
import { addTotals } from '../../report/tally.ts';
import type { Subject } from '../../subjects/subject.ts';
import type { Loaded, LoadedClass } from '../../subjects/wire/reply.ts';
import type { Worker } from '../../subjects/worker.ts';
import type { Host } from '../../subjects/workers.ts';
import { diagnose } from '../diagnose.ts';
import { type Block, findBlocks } from './document.ts';
import { locate } from './locate.ts';
import { workerSpecimen } from './worker-specimen.ts';

export interface AuditDocument {
  /** As the user named it. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

export interface AuditOptions {
  readonly normative: string;
  readonly oracle: Subject;
  readonly host: Host;
  /** The layer to hold every norm against; null to go by names and behaviour. */
  readonly layer: LayerName | null;
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  /** Workers at a time. */
  readonly jobs: number;
  readonly onProgress?: (name: string) => void;
  /** Called with facts about a subject that are no findings, for people. */
  readonly onRemarks?: (source: SubjectReport['source'], remarks: readonly string[]) => void;
}

/** The documents hold nothing to audit. */
export class NothingToAudit extends Error {
  override readonly name = 'NothingToAudit';
}

/** Audits documents. The report's `durationMs` is 0: the clock is the caller's. Throws DocumentError and NothingToAudit. */
export async function audit(documents: readonly AuditDocument[], options: AuditOptions): Promise<Report> {
  const subjects: SubjectReport[] = [];
  const skipped: Skipped[] = [];
  for (const { file, bytes } of documents) {
    const blocks = findBlocks(file, bytes);
    if (blocks.length === 0)
      throw new NothingToAudit(
        `${file}: no Python code was found in it; audit looks at fenced code blocks and .py files`,
      );
    const entries = await auditBlocks(file, blocks, options);
    for (const entry of entries) {
      if ('verdict' in entry) subjects.push(entry);
      else skipped.push(entry);
    }
  }
  if (subjects.length === 0) {
    const names = skipped.map((s) => `${s.name} (${s.reason})`).join(', ');
    throw new NothingToAudit(
      `no norm was found: ${names === '' ? 'the code defines no class' : names}; audit takes torch.nn.Module classes whose forward takes one tensor`,
    );
  }
  const verdict = worstOf(subjects.map((s) => s.verdict));
  return {
    schema: REPORT_SCHEMA,
    normative: options.normative,
    command: 'audit',
    seed: 0,
    suite: null,
    oracle: oracleFacts(options.oracle),
    verdict,
    exitCode: exitCodeOf(verdict),
    subjects,
    cells: [],
    skipped,
    totals: subjects.reduce((sum, s) => addTotals(sum, s.totals), NO_TOTALS),
    accuracy: null,
    durationMs: 0,
  };
}

// --- internal ---

type Entry = SubjectReport | Skipped;

/** All blocks together, so that one may use what another defines; each alone where together they hang or die. */
async function auditBlocks(file: string, blocks: readonly Block[], options: AuditOptions): Promise<Entry[]> {
  const whole = await load(file, blocks, options);
  if (whole.kind === 'loaded') return auditClasses(file, blocks, whole.loaded, options);
  if (blocks.length === 1) return [brokenBlock(file, blocks[0], whole.reason)];
  const entries: Entry[] = [];
  for (const block of blocks) entries.push(...(await auditBlocks(file, [block], options)));
  return entries;
}

async function load(file: string, blocks: readonly Block[], options: AuditOptions) {
  const worker = await startWorker(file, options);
  try {
    return await worker.load(file, blocks);
  } finally {
    await worker.close();
  }
}

/** A worker; where code of another one has just ended the host, from the next host. */
async function startWorker(name: string, options: AuditOptions): Promise<Worker> {
  const { host, timeoutMs, memoryBytes } = options;
  const start = () => host.startWorker({ name, timeoutMs, memoryBytes, batchCases: 64 });
  return start().catch(start);
}

async function auditClasses(
  file: string,
  blocks: readonly Block[],
  loaded: Loaded,
  options: AuditOptions,
): Promise<Entry[]> {
  const entries: { readonly line: number; readonly entry: Entry }[] = [];
  const open = [...loaded.classes].sort((a, b) => a.line - b.line);
  const lane = async () => {
    for (let cls = open.shift(); cls !== undefined; cls = open.shift()) {
      options.onProgress?.(cls.name);
      entries.push({ line: cls.line, entry: await auditClass(file, blocks, cls, options) });
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.jobs) }, lane));
  // Code that ends the process which all workers come from takes its neighbours with it: each of them again, alone.
  for (const [i, { line, entry }] of entries.entries()) {
    const cls = loaded.classes.find((c) => c.line === line);
    if (cls === undefined || !('verdict' in entry) || !lostItsHost(entry)) continue;
    entries[i] = { line, entry: await auditClass(file, blocks, cls, options) };
  }
  for (const entry of failedClasses(file, blocks, loaded)) entries.push({ line: entry.source?.line ?? 0, entry });
  return entries.sort((a, b) => a.line - b.line).map(({ entry }) => entry);
}

async function auditClass(
  file: string,
  blocks: readonly Block[],
  cls: LoadedClass,
  options: AuditOptions,
): Promise<Entry> {
  const source = { file, line: cls.line };
  const unfit = reasonToSkip(cls);
  if (unfit !== null) return { name: cls.name, source, reason: unfit };
  const worker = await startWorker(cls.name, options);
  try {
    const loaded = await worker.load(file, blocks);
    if (loaded.kind === 'undecided') return undecidedSubject(cls.name, source, loaded.reason);
    const twice = loaded.loaded.classes.filter((c) => c.name === cls.name).length > 1;
    const reference = twice ? `${cls.name}@${cls.line}` : cls.name;
    const place = { file, line: cls.line, endLine: cls.endLine, forwardLine: cls.forwardLine };
    const result = await diagnose(workerSpecimen(cls, worker), {
      layer: options.layer,
      oracle: options.oracle,
      locate: (clues) => locate(clues, place, blocks),
      replay: (id) => `normative replay ${id} --subject '${file}#${reference}'`,
    });
    if (result.kind === 'skipped')
      return { name: cls.name, source, reason: missing(cls, loaded.loaded) ?? result.reason };
    options.onRemarks?.(source, result.remarks);
    const { reason } = result.diagnosis;
    const absent = missing(cls, loaded.loaded);
    const because =
      reason?.kind === 'construct' && absent !== null ? ({ kind: 'import', message: absent } as const) : reason;
    return { name: cls.name, kind: 'python', version: null, source, ...result.diagnosis, reason: because };
  } finally {
    await worker.close();
  }
}

const lostItsHost = ({ reason }: SubjectReport) =>
  reason?.kind === 'crash' && reason.message.includes('the host of the workers ended');

/** Why a class can't be a norm, from its signature alone; null where it may be one. */
function reasonToSkip(cls: LoadedClass): string | null {
  if (!cls.isModule) return 'it is no torch.nn.Module';
  if (cls.forward === null) return 'it has no forward of its own';
  const positional = cls.forward.filter((p) => p.kind !== 'var_keyword' && p.kind !== 'var_positional');
  const required = positional.filter((p) => !p.hasDefault);
  if (required.length > 1)
    return `its forward takes ${required.length} arguments (${required.map((p) => p.name).join(', ')}), a norm's takes one tensor`;
  return positional.length === 0 && cls.forward.length === 0 ? 'its forward takes no tensor' : null;
}

/** The names that the class uses and nobody defines, with the import that was to define them where one failed; null where there are none. */
function missing(cls: LoadedClass, loaded: Loaded): string | null {
  if (cls.missing.length === 0) return null;
  const failed = loaded.failures.find((f) => f.kind === 'import');
  const why =
    failed === undefined
      ? 'which nothing in the document defines or imports'
      : `but line ${failed.line} failed: ${failed.message}; install it into the Python that audit runs, or take the use out`;
  return `it uses ${cls.missing.join(', ')}, ${why}`;
}

/** Classes that never came to be: their block does not parse, or their statement raised. */
function failedClasses(file: string, blocks: readonly Block[], loaded: Loaded): SubjectReport[] {
  return loaded.failures.flatMap((failure) => {
    const names = classNames(
      blocks,
      failure.line,
      failure.kind === 'syntax' ? Number.POSITIVE_INFINITY : failure.endLine,
    );
    const kind =
      failure.kind === 'syntax' || failure.kind === 'import' || failure.kind === 'memory'
        ? failure.kind
        : failure.kind === 'exit'
          ? 'crash'
          : 'import';
    const reason: UndecidedReason = { kind, message: `line ${failure.line}: ${failure.type}: ${failure.message}` };
    if (failure.kind === 'syntax' && names.length === 0)
      return [undecidedSubject(`code at line ${failure.line}`, { file, line: failure.line }, reason)];
    return names.map(({ name, line }) => undecidedSubject(name, { file, line }, reason));
  });
}

/** Classes named between two lines of the block that holds the first of them. A block that does not parse is looked through whole. */
function classNames(blocks: readonly Block[], line: number, endLine: number): { name: string; line: number }[] {
  const block = blocks.find((b) => line >= b.line && line < b.line + b.text.split('\n').length);
  if (block === undefined) return [];
  const from = endLine === Number.POSITIVE_INFINITY ? block.line : line;
  return block.text.split('\n').flatMap((text, i) => {
    const at = block.line + i;
    const name = /^\s*class\s+(\w+)/.exec(text)?.[1];
    return name === undefined || at < from || at > endLine ? [] : [{ name, line: at }];
  });
}

function brokenBlock(file: string, block: Block, reason: UndecidedReason): SubjectReport {
  const first = classNames([block], block.line, Number.POSITIVE_INFINITY)[0];
  const line = first?.line ?? block.line;
  return undecidedSubject(first?.name ?? `code at line ${line}`, { file, line }, reason);
}

function undecidedSubject(name: string, source: SubjectReport['source'], reason: UndecidedReason): SubjectReport {
  return {
    name,
    kind: 'python',
    version: null,
    source,
    layer: null,
    layerFrom: 'name',
    closest: null,
    equivalent: null,
    mapping: {},
    verdict: 'undecided',
    reason,
    totals: NO_TOTALS,
    worst: [],
    findings: [],
    unexplained: [],
  };
}

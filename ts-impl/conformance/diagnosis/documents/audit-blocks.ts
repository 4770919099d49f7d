// The audit of one document's code: loaded in a worker, and every class that may be a norm diagnosed in a worker of its own.

import type { Skipped, SubjectReport } from '../../report/report.ts';
import type { Loaded, LoadedClass } from '../../subjects/wire/reply.ts';
import type { Worker } from '../../subjects/worker.ts';
import { diagnose } from '../diagnose.ts';
import type { AuditOptions } from './audit.ts';
import { type Block, lineInFile, placeWords } from './block.ts';
import { brokenBlock, failedClasses, undecidedSubject } from './broken.ts';
import { locate, mentions } from './locate.ts';
import { workerSpecimen } from './worker-specimen.ts';

export type Entry = SubjectReport | Skipped;

/** All blocks together, so that one may use what another defines; each alone where together they hang or die. */
export async function auditBlocks(file: string, blocks: readonly Block[], options: AuditOptions): Promise<Entry[]> {
  const whole = await load(file, blocks, options);
  if (whole.kind === 'loaded') return auditClasses(file, blocks, whole.loaded, options);
  if (blocks.length === 1) return [brokenBlock(file, blocks[0], whole.reason)];
  const entries: Entry[] = [];
  for (const block of blocks) entries.push(...(await auditBlocks(file, [block], options)));
  return entries;
}

// --- internal ---

async function load(file: string, blocks: readonly Block[], options: AuditOptions) {
  const worker = await startWorker(file, file, options);
  try {
    return await worker.load(file, blocks);
  } finally {
    await worker.close();
  }
}

/** A worker; where code of another one has just ended the host, from the next host. */
async function startWorker(name: string, document: string, options: AuditOptions): Promise<Worker> {
  const { host, timeoutMs, memoryBytes } = options;
  const start = () => host.startWorker({ name, document, timeoutMs, memoryBytes, batchCases: 64 });
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
  const unfit = reasonToSkip(cls);
  if (unfit !== null) return { name: cls.name, source: { file, line: lineInFile(blocks, cls.line) }, reason: unfit };
  const entry = await diagnoseClass(file, blocks, cls, options, null);
  if (options.repair === undefined || !('verdict' in entry) || entry.findings.length === 0) return entry;
  // What was found by its behaviour is held against the same layer again.
  const layer = entry.layerFrom === 'behaviour' ? (entry.layer as AuditOptions['layer']) : options.layer; // a layer's name by then
  return options.repair(entry, blocks, async (changed, gone) => {
    const again = await diagnoseClass(file, changed, cls, { ...options, layer }, gone);
    return 'verdict' in again ? again : null;
  });
}

/** `brief`: as a repair is tried with, in blocks that may have moved the class; null for the audit itself. */
async function diagnoseClass(
  file: string,
  blocks: readonly Block[],
  given: LoadedClass,
  options: AuditOptions,
  brief: readonly string[] | null,
): Promise<Entry> {
  const worker = await startWorker(given.name, file, options);
  try {
    const loaded = await worker.load(file, blocks);
    if (loaded.kind === 'undecided') return undecidedSubject(given.name, file, blocks, given.line, loaded.reason);
    const cls = brief === null ? given : sameClass(given, loaded.loaded);
    if (cls === null) return { name: given.name, source: null, reason: 'the changed code defines it no more' };
    const source = { file, line: lineInFile(blocks, cls.line) };
    const twice = loaded.loaded.classes.filter((c) => c.name === cls.name).length > 1;
    const reference = twice ? `${cls.name}@${cls.line}` : cls.name;
    const place = { file, line: cls.line, endLine: cls.endLine, forwardLine: cls.forwardLine };
    const result = await diagnose(workerSpecimen(cls, worker), {
      layer: options.layer,
      oracle: options.oracle,
      locate: (clues) => locate(clues, place, blocks),
      mentions: (words) => mentions(words, place, blocks),
      replay: (id) => `normative replay ${id} --subject '${file}#${reference}'`,
      brief,
    });
    if (worker.failure !== null) return undecidedSubject(cls.name, file, blocks, cls.line, worker.failure);
    if (result.kind === 'skipped')
      return { name: cls.name, source, reason: missing(cls, loaded.loaded, blocks) ?? result.reason };
    if (brief === null) options.onRemarks?.(source, result.remarks);
    const { reason } = result.diagnosis;
    const absent = missing(cls, loaded.loaded, blocks);
    const because =
      reason?.kind === 'construct' && absent !== null ? ({ kind: 'import', message: absent } as const) : reason;
    return { name: cls.name, kind: 'python', version: null, source, ...result.diagnosis, reason: because };
  } finally {
    await worker.close();
  }
}

/** The class of a name in code that was changed: on its line, or the last. */
function sameClass({ name, line }: LoadedClass, { classes }: Loaded): LoadedClass | null {
  const named = classes.filter((c) => c.name === name);
  return named.find((c) => c.line === line) ?? named.at(-1) ?? null;
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
function missing(cls: LoadedClass, loaded: Loaded, blocks: readonly Block[]): string | null {
  if (cls.missing.length === 0) return null;
  const failed = loaded.failures.find((f) => f.kind === 'import');
  const why =
    failed === undefined
      ? 'which nothing in the document defines or imports'
      : `but ${placeWords(blocks, failed.line)} failed: ${failed.message}; install it into the Python that audit runs, or take the use out`;
  return `it uses ${cls.missing.join(', ')}, ${why}`;
}

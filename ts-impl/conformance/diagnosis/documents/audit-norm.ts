// The audit of one class or function of a document, in a worker of its own: diagnosed, and with a repair tried where the audit wants one.

import type { Loaded, LoadedClass, LoadedFunction } from '../../subjects/wire/reply.ts';
import type { Worker } from '../../subjects/worker.ts';
import { kindFromName } from '../axes/norm-kind.ts';
import { type Diagnosed, diagnose } from '../diagnose.ts';
import type { Specimen } from '../measure/specimen.ts';
import type { AuditOptions, Entry } from './audit-options.ts';
import { type Block, lineInFile } from './block.ts';
import { undecidedCode } from './broken.ts';
import { missingNames, reasonToSkip } from './eligible.ts';
import { callRemarks, fitFunction, functionSpecimen } from './function-specimen.ts';
import { locate, mentions } from './locate.ts';
import { startWorker } from './start-worker.ts';
import { givenOf, NO_WORDS } from './user-words.ts';
import { workerSpecimen } from './worker-specimen.ts';

export type Definition = LoadedClass | LoadedFunction;

export const isClass = (definition: Definition): definition is LoadedClass => 'bases' in definition;

export const definitionsOf = (loaded: Loaded): Definition[] => [...loaded.classes, ...loaded.functions];

export async function auditNorm(
  file: string,
  blocks: readonly Block[],
  definition: Definition,
  options: AuditOptions,
): Promise<Entry> {
  const unfit = isClass(definition) ? reasonToSkip(definition) : null;
  if (unfit !== null)
    return { name: definition.name, source: { file, line: lineInFile(blocks, definition.line) }, reason: unfit };
  const entry = await diagnoseNorm(file, blocks, definition, options, null);
  if (options.repair === undefined || !('verdict' in entry) || entry.findings.length === 0) return entry;
  // What was found by its behaviour is held against the same layer again.
  const layer = entry.layerFrom === 'behaviour' ? (entry.layer as AuditOptions['layer']) : options.layer; // a layer's name by then
  return options.repair(entry, blocks, async (changed, gone) => {
    const again = await diagnoseNorm(file, changed, definition, { ...options, layer }, gone);
    return 'verdict' in again ? again : null;
  });
}

/** The definition as something that can be asked, or why it is no norm. */
export async function openSpecimen(
  definition: Definition,
  worker: Worker,
  { words = NO_WORDS }: Pick<AuditOptions, 'words'>,
): Promise<{ readonly specimen: Specimen; readonly remarks: readonly string[] } | { readonly reason: string }> {
  const given = givenOf(definition.name, definition.parameters, words);
  if (isClass(definition)) return { specimen: workerSpecimen(definition, worker, given), remarks: [] };
  const { map } = words;
  const fitted = await fitFunction(definition, worker, map);
  if (fitted.kind === 'undecided') return { reason: fitted.reason.message };
  if (fitted.kind === 'none') return { reason: fitted.reason };
  const { plan } = fitted;
  return { specimen: functionSpecimen(definition, plan, worker, map, given), remarks: callRemarks(plan) };
}

// --- internal ---

/** `brief`: as a repair is tried with, in blocks that may have moved the definition; null for the audit itself. */
async function diagnoseNorm(
  file: string,
  blocks: readonly Block[],
  given: Definition,
  options: AuditOptions,
  brief: readonly string[] | null,
): Promise<Entry> {
  const { name } = given;
  const worker = await startWorker(name, file, options);
  try {
    const loaded = await worker.load(file, blocks);
    if (loaded.kind === 'undecided') return undecidedCode(name, file, blocks, given.line, loaded.reason);
    const definition = brief === null ? given : sameDefinition(given, loaded.loaded);
    if (definition === null) return { name, source: null, reason: 'the changed code defines it no more' };
    const { line } = definition;
    const source = { file, line: lineInFile(blocks, line) };
    const opened = await openSpecimen(definition, worker, options);
    if (worker.failure !== null) return undecidedCode(name, file, blocks, line, worker.failure);
    if ('reason' in opened) return { name, source, reason: opened.reason };
    const twice = definitionsOf(loaded.loaded).filter((d) => d.name === name).length > 1;
    const reference = twice ? `${name}@${line}` : name;
    const forwardLine = isClass(definition) ? definition.forwardLine : line;
    const place = { file, line, endLine: definition.endLine, forwardLine };
    const result = await diagnose(opened.specimen, {
      layer: options.layer,
      oracle: options.oracle,
      locate: (clues) => locate(clues, place, blocks),
      mentions: (words) => mentions(words, place, blocks),
      replay: (id) => `normative replay ${id} --subject '${file}#${reference}'`,
      brief,
    });
    if (worker.failure !== null) return undecidedCode(name, file, blocks, line, worker.failure);
    const absent = missingNames(definition, loaded.loaded, blocks);
    const unfound = isClass(definition) ? null : reasonAgainst(definition, result, options);
    if (result.kind === 'skipped' || unfound !== null)
      return { name, source, reason: absent ?? unfound ?? (result.kind === 'skipped' ? result.reason : '') };
    if (brief === null) options.onRemarks?.(source, [...result.remarks, ...opened.remarks]);
    const { reason } = result.diagnosis;
    const because =
      reason?.kind === 'construct' && absent !== null ? ({ kind: 'import', message: absent } as const) : reason;
    const { diagnosis } = result;
    const findings = isClass(definition)
      ? diagnosis.findings
      : diagnosis.findings.filter((f) => !STATE_AXES.has(f.convention));
    return { name, kind: 'python', version: null, source, ...diagnosis, findings, reason: because };
  } finally {
    await worker.close();
  }
}

/** The definition of a name in code that was changed: on its line, or the last. */
function sameDefinition({ name, line }: Definition, loaded: Loaded): Definition | null {
  const named = definitionsOf(loaded).filter((d) => d.name === name);
  return named.find((d) => d.line === line) ?? named.at(-1) ?? null;
}

/** Notes on the state of a module: what a function's caller keeps is not the function's. */
const STATE_AXES = new Set(['state.batches-tracked', 'state.keys']);

/** A function whose name speaks of no layer is a norm only if it was measured as one; the reason it is not, or null. */
function reasonAgainst({ name }: LoadedFunction, result: Diagnosed, { layer }: AuditOptions): string | null {
  if (result.kind === 'skipped' || kindFromName(name) !== null || layer !== null) return null;
  const { verdict, findings, equivalent, unexplained, reason } = result.diagnosis;
  if (verdict === 'agrees' || equivalent !== null || findings.length > 0) return null;
  return `no norm: ${reason?.message ?? unexplained[0]?.message ?? 'what it does could not be measured'}`;
}

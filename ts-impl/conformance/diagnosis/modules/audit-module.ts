// The audit of one module: its exports listed in one child, every one that may be a norm diagnosed in a child of its own.

import { kindFromName } from '../axes/norm-kind.ts';
import { diagnose } from '../diagnose.ts';
import type { UndecidedReason } from '../../outcome.ts';
import type { Skipped, SubjectReport } from '../../report/report.ts';
import { undecidedSubject } from '../../report/undecided-subject.ts';
import { ChildGone } from '../../subjects/js/child/start-child.ts';
import type { ExportFacts } from '../../subjects/js/foreign/export-facts.ts';
import type { ForeignModule } from '../../subjects/js/foreign/foreign-module.ts';
import type { AuditOptions, OpenModule } from '../documents/audit-options.ts';
import type { Block } from '../documents/block.ts';
import { locate, mentions } from '../documents/locate.ts';
import { forwardOf } from '../../subjects/js/foreign/make-plans.ts';
import { SubjectGone } from '../measure/measure.ts';
import { describeCall } from './describe-call.ts';
import { openExport } from './module-specimen.ts';
import { inPlainWords, placeOf } from './module-source.ts';

/** A module to audit. */
export interface ModuleTarget {
  /** As the user named it. */
  readonly file: string;
  readonly path: string;
  readonly text: string;
  /** The export meant; null for all of them. */
  readonly export: string | null;
}

/** There is no such export; the message says which there are. */
export class NoSuchExport extends Error {
  override readonly name = 'NoSuchExport';
}

/** Diagnoses a module's exports. Throws NoSuchExport. */
export async function auditModule(
  target: ModuleTarget,
  options: AuditOptions,
  open: OpenModule,
): Promise<(SubjectReport | Skipped)[]> {
  const { file, path } = target;
  const start = () =>
    open({ file, path, timeoutMs: options.timeoutMs, memoryMb: Math.ceil(options.memoryBytes / 2 ** 20) });
  const facts = await exportsOf(start);
  if ('message' in facts)
    return [undecidedSubject({ name: target.export ?? file, kind: 'js', source: { file, line: 1 } }, facts)];
  const chosen = chosenFrom(facts, target);
  const entries: { readonly line: number; readonly entry: SubjectReport | Skipped }[] = [];
  const waiting = [...chosen];
  const lane = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      options.onProgress?.(one.name);
      const entry = await auditExport(one, facts, target, options, start);
      entries.push({ line: entry.source?.line ?? 0, entry });
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.jobs) }, lane));
  return entries.sort((a, b) => a.line - b.line).map(({ entry }) => entry);
}

// --- internal ---

type Start = () => Promise<ForeignModule>;

async function exportsOf(start: Start): Promise<readonly ExportFacts[] | UndecidedReason> {
  try {
    const module = await start();
    await module.close();
    return module.exports;
  } catch (problem) {
    if (problem instanceof ChildGone) return problem.reason;
    throw problem;
  }
}

function chosenFrom(facts: readonly ExportFacts[], target: ModuleTarget): readonly ExportFacts[] {
  if (target.export === null) return facts;
  const found = facts.find((one) => one.name === target.export);
  if (found !== undefined) return [found];
  const names = facts.map((one) => one.name).join(', ') || 'nothing';
  throw new NoSuchExport(`${target.file} has no export ${target.export}; it exports ${names}`);
}

async function auditExport(
  facts: ExportFacts,
  all: readonly ExportFacts[],
  target: ModuleTarget,
  options: AuditOptions,
  start: Start,
): Promise<SubjectReport | Skipped> {
  const { file, text } = target;
  const place = placeOf(file, text, facts.name, facts.own);
  const source = { file, line: place.line };
  const skip = (reason: string): Skipped => ({ name: facts.name, source, reason });
  const forward = forwardOf(facts, all);
  if (forward !== null) return skip(`it goes back through ${forward.name}, with which it is audited`);
  if (facts.kind === 'other') return skip(`it is ${facts.text}, neither a class nor a function`);
  // `default` says nothing: the class's or function's own name does.
  const name = facts.name === 'default' && facts.own !== '' ? facts.own : facts.name;
  const named = kindFromName(options.layer ?? name) !== null;
  let module: ForeignModule | null = null;
  try {
    module = await start();
    const opened = await openExport(module, facts, name);
    if (opened.kind === 'closed') {
      if (!named) return skip(opened.message);
      const message = `no way of calling it that was tried works: ${opened.message}; docs/subjects.md shows an adapter for it`;
      return undecidedSubject({ name: facts.name, kind: 'js', source }, { kind: 'construct', message });
    }
    const blocks: readonly Block[] = [{ line: 1, text: inPlainWords(text) }];
    const lines = { file, ...place };
    const result = await diagnose(opened.specimen, {
      layer: options.layer,
      oracle: options.oracle,
      locate: (clues) => locate(clues, lines, blocks),
      mentions: (words) => mentions(words, lines, blocks),
      replay: (id) => `normative replay ${id} --subject '${file}#${facts.name}'`,
    });
    if (result.kind === 'skipped') return skip(result.reason);
    options.onRemarks?.(source, describeCall(facts, opened.planned, opened.gradients));
    // Which dtypes and layouts a norm in JavaScript takes is no matter of its own.
    const findings = result.diagnosis.findings.filter((finding) => finding.convention !== 'input.dtype');
    return { name: facts.name, kind: 'js', version: null, source, ...result.diagnosis, findings };
  } catch (problem) {
    if (!(problem instanceof ChildGone) && !(problem instanceof SubjectGone)) throw problem;
    return undecidedSubject({ name: facts.name, kind: 'js', source }, problem.reason);
  } finally {
    await module?.close();
  }
}

// The audit of documents: every norm in them diagnosed, all of it as one Report. A document without a norm is named, and no fault where another has one.

import { exitCodeOf, oracleFacts, worstOf } from '../../report/make-report.ts';
import { NO_TOTALS, REPORT_SCHEMA, type Report, type Skipped, type SubjectReport } from '../../report/report.ts';
import { addTotals } from '../../report/tally.ts';
import { withClaimsOf } from '../claims/claims-of.ts';
import { openForeignModule } from '../../subjects/js/foreign/foreign-module.ts';
import { auditModule } from '../modules/audit-module.ts';
import { auditBlocks } from './audit-blocks.ts';
import type { AuditDocument, AuditOptions } from './audit-options.ts';
import type { Block } from './block.ts';
import { DocumentError, findBlocks } from './document.ts';
import { NO_WORDS } from './user-words.ts';

export type { AuditDocument, AuditOptions, Repair } from './audit-options.ts';

/** The documents hold nothing to audit. */
export class NothingToAudit extends Error {
  override readonly name = 'NothingToAudit';
}

/** Audits documents. The report's `durationMs` is 0: the clock is the caller's. Throws DocumentError and NothingToAudit. */
export async function audit(documents: readonly AuditDocument[], options: AuditOptions): Promise<Report> {
  const subjects: SubjectReport[] = [];
  const skipped: Skipped[] = [];
  for (const [i, document] of documents.entries()) {
    const { file } = document;
    if (documents.length > 1) options.onProgress?.(`${file} (${i + 1} of ${documents.length})`);
    if (document.module !== undefined) {
      const text = new TextDecoder().decode(document.bytes);
      const entries = await auditModule(
        { file, text, ...document.module },
        options,
        options.openModule ?? openForeignModule,
      );
      subjects.push(...entries.filter((entry) => 'verdict' in entry));
      skipped.push(...entries.filter((entry): entry is Skipped => !('verdict' in entry)));
      continue;
    }
    const blocks = blocksOf(document);
    if (typeof blocks === 'string') {
      skipped.push({ name: file, source: null, reason: blocks });
      continue;
    }
    const words = { ...(options.words ?? NO_WORDS), someOnly: documents.length > 1 };
    const entries = await auditBlocks(file, blocks, { ...options, words });
    const norms = entries.filter((entry) => 'verdict' in entry);
    subjects.push(...withClaimsOf({ ...document, as: document.as ?? null, blocks }, norms));
    skipped.push(...entries.filter((entry): entry is Skipped => !('verdict' in entry)));
  }
  if (subjects.length === 0) throw new NothingToAudit(nothingWords(documents, skipped));
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

/** The code of a document, or why there is none. */
function blocksOf({ file, bytes, as, found }: AuditDocument): readonly Block[] | string {
  try {
    const blocks = findBlocks(file, bytes, as ?? null);
    return blocks.length === 0 ? 'no Python code was found in it' : blocks;
  } catch (problem) {
    if (found !== true || !(problem instanceof DocumentError)) throw problem;
    return problem.message;
  }
}

const NAMED = 8;

function nothingWords(documents: readonly AuditDocument[], skipped: readonly Skipped[]): string {
  const where = documents.length === 1 ? documents[0].file : `${documents.length} documents`;
  const names = skipped.slice(0, NAMED).map((s) => `${s.name} (${s.reason})`);
  const rest = skipped.length > NAMED ? ` and ${skipped.length - NAMED} more` : '';
  const seen = names.length === 0 ? 'the code defines no class and no function' : `${names.join('; ')}${rest}`;
  return `no norm was found in ${where}: ${seen}. audit takes classes and functions that give back an array of the shape of the one they are given, in .py files, fenced code blocks and notebooks`;
}

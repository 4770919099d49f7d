// Documents audited through the front door, several at a time, on one host and one oracle. It judges no answer.

import { audit, NothingToAudit } from '../../ts-impl/conformance/diagnosis/documents/audit.ts';
import type { Report, Skipped, SubjectReport } from '../../ts-impl/conformance/report/report.ts';
import { type Oracle, startOracle } from '../../ts-impl/conformance/subjects/oracle.ts';
import { StartFailed } from '../../ts-impl/conformance/subjects/process.ts';
import { type Host, startHost } from '../../ts-impl/conformance/subjects/workers.ts';
import { PYTHON } from '../conformance/subjects/live-python.ts';

export interface Auditor {
  /** Never rejects for what the document holds. */
  audit(document: Document): Promise<Audited>;
  close(): Promise<void>;
}

export interface Document {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Audited {
  readonly subjects: readonly SubjectReport[];
  readonly skipped: readonly Skipped[];
  /** From the document handed over to its report. */
  readonly milliseconds: number;
}

export async function startAuditor(): Promise<Auditor> {
  const [oracle, host] = await Promise.all([startOracle({ python: PYTHON }), startHost({ python: PYTHON })]);
  return {
    audit: (document) => auditDocument(document, oracle, host),
    close: async () => {
      await Promise.all([oracle.close(), host.close()]);
    },
  };
}

/** Hands every item to `act`, `lanes` of them at a time; results in the order of the items. */
export async function inLanes<T, R>(items: readonly T[], lanes: number, act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await act(items[at]);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

// --- internal ---

async function auditDocument({ name, bytes }: Document, oracle: Oracle, host: Host): Promise<Audited> {
  const started = performance.now();
  const report = await audit([{ file: name, bytes }], {
    normative: '0',
    oracle,
    host,
    layer: null,
    timeoutMs: 20_000,
    memoryBytes: 512 << 20,
    jobs: 1,
  }).catch(nothing);
  return { ...report, milliseconds: performance.now() - started };
}

/** A document that came to nothing counts as not audited: it has no norm, or no worker came up on a machine that is too busy. */
function nothing(problem: unknown): Pick<Report, 'subjects' | 'skipped'> {
  if (!(problem instanceof NothingToAudit || problem instanceof StartFailed)) throw problem;
  return { subjects: [], skipped: [{ name: '', source: null, reason: problem.message }] };
}

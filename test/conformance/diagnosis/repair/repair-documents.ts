// Documents audited with repairs, on live PyTorch: what was found in each norm, and what was mended. It prints nothing.

import { readFileSync } from 'node:fs';
import { audit } from '../../../../ts-impl/conformance/diagnosis/documents/audit.ts';
import { type CombinedEdit, makeRepairs } from '../../../../ts-impl/conformance/diagnosis/repair/repairs.ts';
import type { Finding } from '../../../../ts-impl/conformance/finding.ts';
import type { Report } from '../../../../ts-impl/conformance/report/report.ts';
import { startMender } from '../../../../ts-impl/conformance/subjects/mender.ts';
import { startOracle } from '../../../../ts-impl/conformance/subjects/oracle.ts';
import { startHost } from '../../../../ts-impl/conformance/subjects/workers.ts';

export interface Repaired {
  readonly name: string;
  /** Departures; claims of the prose are another matter. */
  readonly findings: readonly Finding[];
  /** Audits that were spent on trying edits. */
  readonly audits: number;
}

/** `onOne` is called with each norm as it is done. */
export async function repairDocuments(
  python: string,
  files: readonly string[],
  onOne: (one: Repaired) => void = () => {},
): Promise<readonly Repaired[]> {
  const tools = await openTools(python);
  try {
    const all: Repaired[] = [];
    for (const file of files)
      await tools.audit(file, readFileSync(file), (one) => {
        all.push(one);
        onOne(one);
      });
    return all;
  } finally {
    await tools.close();
  }
}

/** Oracle, host and mender together. */
export async function openTools(python: string) {
  const [oracle, host, mender] = await Promise.all([
    startOracle({ python }),
    startHost({ python }),
    startMender({ python }),
  ]);
  if (mender.libcst === null) throw new Error(`${python} has no libcst; pip install -r requirements.txt`);
  const settings = { normative: '0', oracle, host, layer: null, timeoutMs: 60_000, memoryBytes: 256 << 20, jobs: 2 };
  return {
    plain: (file: string, bytes: Uint8Array) => audit([{ file, bytes }], settings),
    audit: async (
      file: string,
      bytes: Uint8Array,
      onOne: (one: Repaired) => void = () => {},
    ): Promise<{ readonly report: Report; readonly combined: readonly CombinedEdit[] }> => {
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
      const { repair, combined } = makeRepairs({ propose: mender.propose, textOf: () => text, auditsPerFinding: 40 });
      const report = await audit([{ file, bytes }], {
        ...settings,
        repair: async (subject, blocks, again) => {
          let audits = 0;
          const counted: typeof again = (changed, gone) => {
            audits++;
            return again(changed, gone);
          };
          const mended = await repair(subject, blocks, counted);
          onOne({ name: subject.name, findings: mended.findings.filter((f) => f.kind === 'convention'), audits });
          return mended;
        },
      });
      return { report, combined };
    },
    close: () => Promise.all([oracle.close(), host.close(), mender.close()]),
  };
}

// Repairs end to end on live PyTorch: a small part of the faulty norms, each edit applied to the file anew and audited again.

import { applyPatch } from 'diff';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spliceBlocks } from '../../../../ts-impl/conformance/diagnosis/repair/splice.ts';
import { hasPython, PYTHON } from '../../subjects/live-python.ts';
import { openTools } from './repair-documents.ts';

const SUBJECTS = fileURLToPath(new URL('./subjects/', import.meta.url));

let tools: Awaited<ReturnType<typeof openTools>> | null = null;

beforeAll(async () => {
  if (hasPython) tools = await openTools(PYTHON);
}, 60_000);
afterAll(() => tools?.close());

/** The source of one class of the subjects, with the imports above it. */
function classOf(file: string, name: string): string {
  const text = readFileSync(`${SUBJECTS}${file}`, 'utf8');
  const found = new RegExp(`^class ${name}\\b[^]*?(?=\\n\\n\\n|$(?![^]))`, 'm').exec(text);
  return `import torch\nfrom torch import nn\n\n\n${found?.[0]}\n`;
}

const errorsOf = (report: { readonly findings: readonly { readonly level: string; readonly convention: string }[] }) =>
  report.findings.filter((f) => f.level === 'error').map((f) => f.convention);

describe.skipIf(!hasPython)('repairs', () => {
  it.each([
    ['layer.py', 'AnnotatedLayerNorm'],
    ['batch.py', 'OldWeightBatchNorm2d'],
  ])(
    'mends every error of %s %s, each edit alone and all together',
    async (file, name) => {
      const text = classOf(file, name);
      const { report, combined } = (await tools?.audit('n.py', new TextEncoder().encode(text))) ?? {
        report: null,
        combined: [],
      };
      const [subject] = report?.subjects ?? [];
      const errors = subject.findings.filter((f) => f.level === 'error');
      expect(errors.length).toBeGreaterThan(1);
      for (const finding of errors) {
        const patched = applyPatch(text, finding.repair ?? '');
        expect(patched, finding.convention).toBeTypeOf('string');
        const after = await tools?.plain('n.py', new TextEncoder().encode(String(patched)));
        const left = errorsOf(after?.subjects[0] ?? { findings: [] });
        expect(left).toEqual(errorsOf(subject).filter((c) => c !== finding.convention));
      }
      const whole = spliceBlocks(text, combined[0].before, combined[0].after);
      const after = await tools?.plain('n.py', new TextEncoder().encode(whole));
      expect(errorsOf(after?.subjects[0] ?? { findings: [] })).toEqual([]);
      expect(after?.subjects[0].verdict).toBe('agrees');
    },
    300_000,
  );
});

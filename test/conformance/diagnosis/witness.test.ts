// Witnesses over the example documents: every finding has one, they are small, cheap to find, and each shows its own convention on both sides asked again.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { caseFromId } from '../../../cases/case-id.ts';
import { audit } from '../../../ts-impl/conformance/diagnosis/documents/audit.ts';
import type { Finding } from '../../../ts-impl/conformance/finding.ts';
import { workedWitness } from '../../../ts-impl/conformance/report/worked/worked-lines.ts';
import { type Oracle, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { type Host, startHost } from '../../../ts-impl/conformance/subjects/workers.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../subjects/live-python.ts';

const EXAMPLE = fileURLToPath(new URL('../../../cases/examples/lecture-notes.md', import.meta.url));
const CORPUS = fileURLToPath(new URL('./corpus/blog-batchnorm.py', import.meta.url));
const SHARED = fileURLToPath(new URL('../../../../shared/examples/snippets.py', import.meta.url));

let oracle: Oracle;
let host: Host;
beforeAll(async () => {
  if (hasPython) [oracle, host] = await Promise.all([startOracle({ python: PYTHON }), startHost({ python: PYTHON })]);
}, 120_000);
afterAll(async () => {
  if (hasPython) await Promise.all([oracle.close(), host.close()]);
});

/** The findings of level error of a document, each with all of its subject's. */
async function errorsOf(file: string): Promise<{ finding: Finding; among: readonly Finding[] }[]> {
  const { subjects } = await audit([{ file, bytes: readFileSync(file) }], {
    normative: '0',
    oracle,
    host,
    layer: null,
    timeoutMs: 30_000,
    memoryBytes: 512 << 20,
    jobs: 2,
  });
  return subjects.flatMap(({ findings }) =>
    findings.filter((f) => f.level === 'error').map((finding) => ({ finding, among: findings })),
  );
}

function expectSmall(errors: readonly { finding: Finding; among: readonly Finding[] }[]): void {
  expect(errors.length).toBeGreaterThan(3);
  const sizes = errors.map(({ finding }) => {
    expect(finding.witnesses.length, finding.convention).toBeGreaterThan(0);
    const [{ input, expected, actual }] = finding.witnesses;
    expect(JSON.stringify(actual), finding.convention).not.toBe(JSON.stringify(expected));
    if (/^(eps|variance)\./.test(finding.convention)) expect(input.length, finding.convention).toBeLessThanOrEqual(4);
    return input.length;
  });
  sizes.sort((a, b) => a - b);
  expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThanOrEqual(8);
}

describe('witnesses', () => {
  beforeEach(({ skip }) => skip(!hasPython, NO_PYTHON));

  it.each([EXAMPLE, CORPUS])(
    'of %s are small, told by their formula, and say what they cost',
    async (file) => {
      const errors = await errorsOf(file);
      expectSmall(errors);
      for (const { finding, among } of errors) {
        if (!/^(variance|eps|momentum)\./.test(finding.convention)) continue;
        const worked = workedWitness(finding.witnesses[0], among);
        expect(worked?.expected, finding.convention).not.toBeNull();
        expect(finding.message, finding.convention).toMatch(/differ by up to [\d.]+ (%|times)/);
      }
    },
    240_000,
  );

  it('show what PyTorch answers when it is asked again', async () => {
    const witnesses = (await errorsOf(EXAMPLE)).flatMap(({ finding }) => finding.witnesses);
    const answers = await oracle.ask(
      witnesses.map((w) => caseFromId(w.case)),
      { truth: false },
    );
    expect(witnesses.length).toBeGreaterThan(3);
    witnesses.forEach((witness, i) => {
      const { outcome } = answers[i];
      const step = outcome.kind === 'returned' ? outcome.steps[witness.step] : null;
      const found = step?.kind === 'returned' ? step.tensors.find(({ name }) => name === witness.tensor) : undefined;
      expect(Array.from((found?.tensor.storage ?? []) as ArrayLike<number>)).toEqual(witness.expected); // float64
    });
  }, 240_000);

  it('of the shared examples are small', async ({ skip }) => {
    skip(!existsSync(SHARED), 'no ../shared/examples beside the repository');
    expectSmall(await errorsOf(SHARED));
  }, 240_000);
});

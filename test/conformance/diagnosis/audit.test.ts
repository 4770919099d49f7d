// The audit, end to end on live PyTorch: documents in, findings out, and no snippet that hangs, dies or does not parse takes another with it.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { audit, NothingToAudit } from '../../../ts-impl/conformance/diagnosis/documents/audit.ts';
import type { Report, SubjectReport } from '../../../ts-impl/conformance/report/report.ts';
import { type Oracle, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { type Host, startHost } from '../../../ts-impl/conformance/subjects/workers.ts';
import { faultsOfReport } from '../report/report-schema.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../subjects/live-python.ts';

const EXAMPLES = fileURLToPath(new URL('../../../cases/examples/', import.meta.url));
const CORPUS = fileURLToPath(new URL('./corpus/', import.meta.url));
const SHARED = fileURLToPath(new URL('../../../../shared/examples/', import.meta.url));

type Departures = Readonly<Record<string, string | number>>;

interface Expected {
  readonly exit?: number;
  readonly exitCode?: number;
  readonly subjects: Readonly<
    Record<
      string,
      {
        readonly layer?: string;
        readonly verdict: string;
        readonly reason?: string;
        readonly findings?: Departures;
        /** Other readings that the vocabulary leaves open. */
        readonly alternatives?: readonly Departures[];
        readonly ambiguous?: boolean;
        readonly closest?: { readonly layer: string; readonly options: object };
        readonly equivalent?: { readonly layer: string; readonly options: object };
      }
    >
  >;
  readonly skipped?: readonly string[];
}

let oracle: Oracle;
let host: Host;

beforeAll(async () => {
  if (hasPython) [oracle, host] = await Promise.all([startOracle({ python: PYTHON }), startHost({ python: PYTHON })]);
}, 60_000);
afterAll(async () => {
  if (hasPython) await Promise.all([oracle.close(), host.close()]);
});

const auditText = (file: string, bytes: Uint8Array, timeoutMs = 10_000): Promise<Report> =>
  audit([{ file, bytes }], {
    normative: '0',
    oracle,
    host,
    layer: null,
    timeoutMs,
    memoryBytes: 256 << 20,
    jobs: 2,
  });

const python = (text: string, timeoutMs?: number) => auditText('snippet.py', new TextEncoder().encode(text), timeoutMs);

/** The errors that a subject was found to make, in the form of the expectations. */
function told(subject: SubjectReport) {
  const errors = subject.findings.filter((f) => f.level === 'error');
  return { verdict: subject.verdict, findings: Object.fromEntries(errors.map((f) => [f.convention, f.actual])) };
}

/** The same axes with the same words, and numbers within 5 %. */
function sameDepartures(wanted: Departures, found: Departures): boolean {
  const ids = Object.keys(wanted);
  return ids.length === Object.keys(found).length && ids.every((id) => near(wanted, found)[id] === found[id]);
}

/** What was wanted, with the found number in the place of one that it is near to. */
function near(wanted: Departures, found: Departures): Departures {
  return Object.fromEntries(
    Object.entries(wanted).map(([id, w]) => {
      const f = found[id];
      const close = typeof w === 'number' && typeof f === 'number' && Math.abs(f - w) <= 0.05 * Math.abs(w);
      return [id, close ? f : w];
    }),
  );
}

function expectReport(report: Report, expected: Expected): void {
  expect(report.exitCode).toBe(expected.exit ?? expected.exitCode);
  expect(report.subjects.map((s) => s.name).sort()).toEqual(Object.keys(expected.subjects).sort());
  for (const subject of report.subjects) {
    const {
      findings,
      alternatives = [],
      ambiguous,
      verdict,
      layer,
      reason,
      closest,
      equivalent,
    } = expected.subjects[subject.name];
    if (ambiguous === true) continue;
    expect({ name: subject.name, verdict: subject.verdict }).toEqual({ name: subject.name, verdict });
    if (findings !== undefined) {
      const found = told(subject).findings;
      const reading = [findings, ...alternatives].find((f) => sameDepartures(f, found)) ?? findings;
      expect({ name: subject.name, findings: found }).toEqual({ name: subject.name, findings: near(reading, found) });
    }
    if (layer !== undefined) expect(subject.layer).toBe(layer);
    if (reason !== undefined) expect(subject.reason?.kind).toBe(reason);
    if (closest !== undefined) expect(subject.closest).toMatchObject(closest);
    if (equivalent !== undefined) expect(subject.equivalent).toEqual(equivalent);
  }
  for (const name of expected.skipped ?? []) expect(report.skipped.map((s) => s.name)).toContain(name);
}

describe('audit', () => {
  beforeEach(({ skip }) => skip(!hasPython, NO_PYTHON));

  const documents = readdirSync(EXAMPLES)
    .filter((name) => name.endsWith('.expected.json'))
    .map((name) => name.slice(0, -'.expected.json'.length));

  it('has an example document to audit', () => expect(documents.length).toBeGreaterThan(0));

  it.each(documents)('finds what stands beside the example %s, with witness, line and evidence', async (name) => {
    const expected = JSON.parse(readFileSync(`${EXAMPLES}${name}.expected.json`, 'utf8')) as Expected; // our own file
    const report = await auditText(name, readFileSync(`${EXAMPLES}${name}`));
    expectReport(report, expected);
    expect(faultsOfReport(JSON.parse(JSON.stringify(report)))).toEqual([]);
    const errors = report.subjects.flatMap((s) => s.findings).filter((f) => f.level === 'error');
    for (const finding of errors) {
      expect(finding.witnesses.length, finding.convention).toBeGreaterThan(0);
      expect(finding.location?.file).toBe(name);
      expect(finding.evidence.explained).toBe(finding.evidence.heldOut);
      expect(finding.witnesses[0].input.length, finding.convention).toBeLessThanOrEqual(8);
    }
    expect(report.subjects.flatMap((s) => s.unexplained)).toEqual([]);
  });

  const corpus = Object.entries(JSON.parse(readFileSync(`${CORPUS}expected.json`, 'utf8')) as Record<string, Expected>); // our own file
  it.each(corpus)('finds what is known of the corpus file %s, and no more', async (name, expected) => {
    expect(Object.keys(expected.subjects).length).toBeGreaterThan(0);
    expectReport(await auditText(name, readFileSync(`${CORPUS}${name}`)), expected);
  });

  const NORM = `
class Fine(torch.nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(dim))
        self.bias = torch.nn.Parameter(torch.zeros(dim))
    def forward(self, x):
        return torch.nn.functional.layer_norm(x, (x.shape[-1],), self.weight, self.bias)
`;

  it.each([
    ['loops for ever', 'timeout', '    def forward(self, x):\n        while True:\n            pass\n'],
    ['leaves the process', 'crash', '    def forward(self, x):\n        import os\n        os._exit(3)\n'],
    [
      'fills memory',
      'memory',
      '    def forward(self, x):\n        return [bytearray(1 << 26) for _ in range(64)] and x\n',
    ],
    [
      'needs a name that nobody defines',
      'import',
      '    def forward(self, x):\n        return rearrange(x, "n c -> c n")\n',
    ],
  ])('a snippet that %s is undecided (%s), and the next is audited', async (_what, kind, body) => {
    const report = await python(`class LostLayerNorm(torch.nn.Module):\n${body}\n${NORM}`, 3000);
    expect(report.exitCode).toBe(3);
    expect(report.subjects.find((s) => s.name === 'LostLayerNorm')).toMatchObject({
      verdict: 'undecided',
      reason: { kind },
    });
    expect(report.subjects.find((s) => s.name === 'Fine')).toMatchObject({ verdict: 'agrees' });
  });

  it('a block that does not parse is undecided, and the others are audited', async () => {
    const text = `\`\`\`python\nclass BrokenNorm(nn.Module):\n    def forward(self, x)\n        return x\n\`\`\`\n\n\`\`\`python\nimport torch\n${NORM}\`\`\`\n`;
    const report = await auditText('notes.md', new TextEncoder().encode(text));
    expect(report.subjects.map((s) => [s.name, s.verdict, s.reason?.kind ?? null])).toEqual([
      ['BrokenNorm', 'undecided', 'syntax'],
      ['Fine', 'agrees', null],
    ]);
    expect(report.subjects[0].source?.line).toBe(2);
  });

  it('a name that is defined twice is two norms, each judged by itself', async () => {
    const twice = ['True', 'False'].map(
      (unbiased) => `
class TwiceLayerNorm(torch.nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(dim))
        self.bias = torch.nn.Parameter(torch.zeros(dim))
    def forward(self, x):
        v = x.var(-1, unbiased=${unbiased}, keepdim=True)
        return (x - x.mean(-1, keepdim=True)) / torch.sqrt(v + 1e-5) * self.weight + self.bias
`,
    );
    const report = await python(twice.join('\n'));
    expect(report.subjects.map(told)).toEqual([
      { verdict: 'differs', findings: { 'variance.normalization': 'unbiased' } },
      { verdict: 'agrees', findings: {} },
    ]);
    expect(report.subjects[0].findings[0].witnesses[0].replay).toContain('#TwiceLayerNorm@2');
  });

  it('what is a norm by name alone differs, on cases that are shown', async () => {
    const report = await python(
      'class NanLayerNorm(torch.nn.Module):\n    def forward(self, x):\n        return x * float("nan")\n',
    );
    expect(faultsOfReport(JSON.parse(JSON.stringify(report)))).toEqual([]);
    expect(report.subjects.map(told)).toEqual([{ verdict: 'differs', findings: {} }]);
    expect(report.subjects[0].unexplained.length).toBeGreaterThan(1);
    expect(report.totals.differs).toBeGreaterThan(0);
  });

  it('a snippet that ends the process of all workers takes no other along', async () => {
    // It sleeps so that its own answer can't come before the death of its host is seen.
    const killer =
      'class KillingLayerNorm(torch.nn.Module):\n    def forward(self, x):\n        import os, signal, time\n        os.kill(os.getppid(), signal.SIGKILL)\n        time.sleep(3)\n        return x\n';
    const report = await python(`${killer}\n${NORM}`);
    expect(report.subjects.map((s) => [s.name, s.verdict])).toEqual([
      ['KillingLayerNorm', 'undecided'],
      ['Fine', 'agrees'],
    ]);
  });

  it('says so where there is no norm', async () => {
    const text = 'import torch\nclass Plain(torch.nn.Module):\n    def forward(self, x):\n        return x + 1\n';
    await expect(python(text)).rejects.toThrow(NothingToAudit);
    await expect(python(text)).rejects.toThrow(/Plain/);
  });

  it.for(['snippets.py', 'unfinished.py'])('judges the shared example %s right', async (name, { skip }) => {
    skip(!existsSync(SHARED), 'no ../shared/examples beside the repository');
    const all = JSON.parse(readFileSync(`${SHARED}expected.json`, 'utf8')) as Record<string, Expected>; // a fixed file
    expectReport(await auditText(name, readFileSync(`${SHARED}${name}`), 5000), all[name]);
  });
});

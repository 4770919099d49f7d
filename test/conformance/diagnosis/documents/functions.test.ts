// Functions and NumPy code are called as a norm would be, by torch's arrays or NumPy's, and what is no norm is left alone, on live PyTorch.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { audit } from '../../../../ts-impl/conformance/diagnosis/documents/audit.ts';
import { parseLiteralCall } from '../../../../ts-impl/conformance/diagnosis/documents/literal-arguments.ts';
import type { UserWords } from '../../../../ts-impl/conformance/diagnosis/documents/user-words.ts';
import type { Report } from '../../../../ts-impl/conformance/report/report.ts';
import { type Oracle, startOracle } from '../../../../ts-impl/conformance/subjects/oracle.ts';
import { type Host, startHost } from '../../../../ts-impl/conformance/subjects/workers.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../../subjects/live-python.ts';

const FUNCTIONS = readFileSync(fileURLToPath(new URL('./functions.py', import.meta.url)));

let oracle: Oracle;
let host: Host;

beforeAll(async () => {
  if (hasPython) [oracle, host] = await Promise.all([startOracle({ python: PYTHON }), startHost({ python: PYTHON })]);
}, 60_000);
afterAll(async () => {
  if (hasPython) await Promise.all([oracle.close(), host.close()]);
});

const auditBytes = (bytes: Uint8Array, words?: UserWords): Promise<Report> =>
  audit([{ file: 'norms.py', bytes }], {
    normative: '0',
    oracle,
    host,
    layer: null,
    ...(words === undefined ? {} : { words }),
    timeoutMs: 10_000,
    memoryBytes: 256 << 20,
    jobs: 2,
  });

const told = (report: Report) =>
  Object.fromEntries(
    report.subjects.map((s) => [
      s.name,
      Object.fromEntries(s.findings.filter((f) => f.level === 'error').map((f) => [f.convention, f.actual])),
    ]),
  );

describe('functions', () => {
  beforeEach(({ skip }) => skip(!hasPython, NO_PYTHON));

  it('are audited where they are norms, and skipped with a reason where they are not', async () => {
    const report = await auditBytes(FUNCTIONS);
    expect(told(report)).toEqual({
      batch_norm: { 'momentum.rule': 'old-weight', 'variance.running': 'biased' },
      batchnorm_forward: {},
      layernorm: { 'variance.normalization': 'unbiased', 'eps.placement': 'outside-sqrt' },
      group_norm: {},
      LayerNormalization: {},
    });
    expect(report.subjects.find((s) => s.name === 'batch_norm')?.mapping).toMatchObject({
      weight: 'gamma',
      running_var: 'moving_var',
    });
    expect(report.skipped.map((s) => s.name)).toEqual([
      'batchnorm_backward',
      'softmax',
      'normalize',
      'unit',
      'standardize',
      'train',
    ]);
    for (const { reason } of report.skipped) expect(reason.length).toBeGreaterThan(10);
  });

  it('are called as --map says where their names say nothing', async () => {
    const text = `
import torch
def layer_norm(p, q, r):
    z = (q - q.mean(-1, keepdim=True)) / torch.sqrt(q.var(-1, keepdim=True, unbiased=False) + 1e-3)
    return p * z + r
`;
    const words: UserWords = { init: [], map: { q: 'input', p: 'weight', r: 'bias' } };
    const report = await auditBytes(new TextEncoder().encode(text), words);
    expect(told(report)).toEqual({ layer_norm: { 'eps.value': 0.001 } });
  });
});

describe('classes', () => {
  beforeEach(({ skip }) => skip(!hasPython, NO_PYTHON));

  const text = `
import torch
class Norm(torch.nn.Module):
    def __init__(self, spec, width=None, eps=1e-5):
        super().__init__()
        if spec != "layer":
            raise ValueError("no such norm")
        self.weight = torch.nn.Parameter(torch.ones(width))
        self.bias = torch.nn.Parameter(torch.zeros(width))
        self.eps = eps
    def forward(self, x):
        return torch.nn.functional.layer_norm(x, x.shape[-1:], self.weight, self.bias, self.eps)
`;

  it('are constructed as --init says', async () => {
    const call = parseLiteralCall('Norm("layer", width=6)');
    if ('problem' in call) throw new Error(call.problem);
    const report = await auditBytes(new TextEncoder().encode(text), { init: [call], map: {} });
    expect(report.subjects.map((s) => [s.name, s.verdict, s.layer])).toEqual([['Norm', 'agrees', 'LayerNorm']]);
  });

  it('that no --init fits are named with what they take', async () => {
    const call = parseLiteralCall('depth=3');
    if ('problem' in call) throw new Error(call.problem);
    await expect(auditBytes(new TextEncoder().encode(text), { init: [call], map: {} })).rejects.toThrow(
      /Norm\(spec, width, eps\)/,
    );
  });
});

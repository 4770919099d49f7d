// The report for people: findings with witness and replay line, what was skipped, the reason of an undecided subject, and nothing left out unsaid.

import { expect, test } from 'vitest';
import type { Finding, Unexplained } from '../../../ts-impl/conformance/finding.ts';
import { percent } from '../../../ts-impl/conformance/report/render-accuracy.ts';
import { renderText } from '../../../ts-impl/conformance/report/render-text.ts';
import { NO_TOTALS, type Report, type SubjectReport } from '../../../ts-impl/conformance/report/report.ts';

const finding: Finding = {
  kind: 'convention',
  convention: 'momentum.rule',
  level: 'error',
  expected: 'new-weight',
  actual: 'old-weight',
  message: 'momentum weighs the old value.',
  location: { file: 'notes.md', line: 27, endLine: 27 },
  repair: null,
  witnesses: [
    {
      case: 'x1/w',
      step: 2,
      tensor: 'running_mean',
      input: [0, 2],
      expected: [0.25],
      actual: { type: 'ValueError', message: 'no' },
      stdout: null,
      replay: 'normative replay x1/w',
    },
  ],
  evidence: { heldOut: 4, explained: 4, rival: null },
};
const unexplained = (i: number): Unexplained => ({
  case: `x1/${i}`,
  step: 1,
  tensor: 'output',
  message: `output: difference ${i}`,
});

const subject: SubjectReport = {
  name: 'MyNorm',
  kind: 'python',
  version: null,
  source: { file: 'notes.md', line: 16 },
  layer: 'BatchNorm2d',
  layerFrom: 'name',
  closest: null,
  equivalent: { layer: 'GroupNorm', options: { num_groups: 1 } },
  mapping: {},
  verdict: 'differs',
  reason: { kind: 'timeout', message: 'no answer within 5 s' },
  totals: { ...NO_TOTALS, cases: 9, differs: 9 },
  worst: [],
  findings: [finding],
  unexplained: [0, 1, 2, 3, 4, 5, 6].map(unexplained),
};
const report: Report = {
  schema: 'normative.report/1',
  normative: '0.1.0',
  command: 'audit',
  seed: 0,
  suite: null,
  oracle: { name: 'torch', version: null, threads: null, capability: null },
  verdict: 'differs',
  exitCode: 1,
  subjects: [subject],
  cells: [],
  skipped: [{ name: 'Attention', source: null, reason: 'no norm' }],
  totals: subject.totals,
  accuracy: null,
  durationMs: 1234,
};

test('says all of it in order', () => {
  const text = renderText(report, false);
  const order = [
    'normative 0.1.0 audit: torch (version unknown)',
    'MyNorm',
    'MyNorm (notes.md:16)',
    'timeout: no answer within 5 s',
    'is GroupNorm(num_groups=1)',
    '✗ momentum.rule: old-weight, PyTorch new-weight (line 27)',
    'momentum weighs the old value.',
    'input    [0, 2]',
    'PyTorch  running_mean [0.25]',
    'here     ValueError: no',
    'normative replay x1/w',
    'not explained by that:',
    'output: difference 0',
    'output: difference 1',
    '… and 5 more',
    'Attention: no norm',
    'differs: 0 identical and 0 within of 9 cases, 1.2 s',
  ];
  let at = 0;
  for (const words of [...order].filter(
    (w) => w !== 'is GroupNorm(num_groups=1)' && w !== 'timeout: no answer within 5 s',
  )) {
    const found = text.indexOf(words, at);
    expect(found, words).toBeGreaterThanOrEqual(at);
    at = found;
  }
  expect(text).toContain('is GroupNorm(num_groups=1)');
  expect(text).toContain('timeout: no answer within 5 s');
  expect(text).not.toContain('difference 2');
  expect(text).not.toContain('suite');
});

test('a module that can not be loaded is told once for all layers', () => {
  const reason = { kind: 'import', message: 'norms.js can not be imported' } as const;
  const lost = { ...subject, findings: [], unexplained: [], equivalent: null, source: null, reason };
  const totals = { ...NO_TOTALS, cases: 9, undecided: 9 };
  const layers = ['LayerNorm', 'GroupNorm', 'RMSNorm'].map((name): SubjectReport => ({ ...lost, name, totals }));
  const text = renderText({ ...report, subjects: layers }, false);
  expect(text.split(reason.message)).toHaveLength(2);
  expect(text).toContain('LayerNorm, GroupNorm, RMSNorm\n  import: norms.js');
});

test('a number beside none is given no share of its budget', () => {
  const shared = {
    case: 'x1/w',
    step: 0,
    tensor: 'output',
    index: [0],
    expected: 'NaN',
    actual: 1,
    ulp: 'NaN',
  } as const;
  const worst = { ...shared, absolute: 'NaN', relative: 'NaN', nearer: 'oracle' } as const;
  const text = (budget: number | 'Infinity') =>
    renderText({ ...report, subjects: [{ ...subject, worst: [{ ...worst, budget }] }] }, false);
  expect(text('Infinity')).toContain('NaN ULP, ill-conditioned: no digit survives here');
  expect(text(1)).toContain('NaN ULP, no number on one side');
});

test('says how many cases were not asked', () => {
  const totals = { ...NO_TOTALS, cases: 9, identical: 5, unsupported: 4 };
  expect(renderText({ ...report, verdict: 'agrees', totals }, false)).toMatch(
    /agrees: 5 identical and 0 within of 9 cases, 4 unsupported \(replay one and it says why\), 1\.2 s\n$/,
  );
});

test('shares are short', () => {
  expect([0.0082, 0.14, 0.999, 1.4, 1.4e7].map(percent)).toEqual(['0.82 %', '14 %', '100 %', '140 %', '1.4e+9 %']);
});

test('colours when told to', () => {
  expect(renderText(report, true)).toContain('\u001b[31m');
  expect(renderText(report, false)).not.toContain('\u001b[');
});

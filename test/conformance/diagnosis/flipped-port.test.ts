// A convention flipped in the source of the port turns `check` red, and the convention is named. The port as it is stays green.

import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LayerName } from '../../../cases/case.ts';
import { suite } from '../../../cases/suites.ts';
import { check } from '../../../ts-impl/conformance/check.ts';
import { explainWith } from '../../../ts-impl/conformance/diagnosis/explain.ts';
import { DEFAULT_TOLERANCE } from '../../../ts-impl/conformance/judge/tolerance.ts';
import type { Report } from '../../../ts-impl/conformance/report/report.ts';
import { type Oracle, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import type { Subject } from '../../../ts-impl/conformance/subjects/subject.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../subjects/live-python.ts';
import { transpileEdited } from '../subjects/transpiled.ts';

const PORT = 'ts-impl/conformance/subjects/port.ts';

let oracle: Oracle;
beforeAll(async () => {
  if (hasPython) oracle = await startOracle({ python: PYTHON });
}, 60_000);
afterAll(async () => {
  if (hasPython) await oracle.close();
});

/** `check` of the layer's share of the standard suite on a port whose source `edits` changed; each edit must find its text. */
async function checkFlipped(
  layer: LayerName,
  file: string,
  edits: readonly (readonly [string, string])[],
): Promise<Report> {
  let found = 0;
  const transpiled = transpileEdited((source, text) => {
    if (source !== file) return text;
    found++;
    return edits.reduce((t, [from, to]) => {
      expect(t, `${file} holds no ${from}`).toContain(from);
      return t.replaceAll(from, to);
    }, text);
  }, PORT);
  try {
    expect(found).toBe(1);
    const module = (await import(/* @vite-ignore */ pathToFileURL(transpiled.pathOf(PORT)).href)) as {
      makePort: () => Subject;
    }; // the file above
    const port = module.makePort();
    return await check([...suite('standard')].filter((c) => c.layer === layer).slice(0, 120), oracle, port, {
      normative: '0',
      seed: 0,
      suite: 'standard',
      tolerance: DEFAULT_TOLERANCE,
      truth: true,
      maxFailures: null,
      strict: false,
      diagnose: explainWith(oracle, port),
    });
  } finally {
    transpiled.remove();
  }
}

const errorsOf = (report: Report) =>
  Object.fromEntries(
    report.subjects.flatMap((s) => s.findings.filter((f) => f.level === 'error').map((f) => [f.convention, f.actual])),
  );

describe('check of a flipped port', () => {
  beforeEach(({ skip }) => skip(!hasPython, NO_PYTHON));

  it.each([
    [
      'biased to unbiased',
      'BatchNorm2d',
      'ts-impl/norms/batch-statistics.ts',
      [['s.squares[c] / s.count,', 's.squares[c] / (s.count - 1),']],
      { 'variance.normalization': 'unbiased' },
    ],
    [
      'momentum swapped',
      'BatchNorm2d',
      'ts-impl/norms/batch-norm.ts',
      [['return this.momentum ??', 'return this.momentum !== null ? 1 - this.momentum :']],
      { 'momentum.rule': 'old-weight' },
    ],
    [
      'eps moved outside the root',
      'BatchNorm2d',
      'ts-impl/norms/batch-statistics.ts',
      [['1 / Math.sqrt(variance + eps)', '1 / (Math.sqrt(variance) + eps)']],
      { 'eps.placement': 'outside-sqrt' },
    ],
    [
      'unbiased to biased in the buffer',
      'BatchNorm2d',
      'ts-impl/norms/batch-statistics.ts',
      [['(s.count - 1)', 's.count']],
      { 'variance.running': 'biased' },
    ],
    [
      'another eps by default',
      'LayerNorm',
      'ts-impl/norms/layer-norm.ts',
      [['const { eps = 1e-5, elementwiseAffine', 'const { eps = 1e-6, elementwiseAffine']],
      { 'eps.value': 1e-6 },
    ],
    [
      'an axis: all groups as one',
      'GroupNorm',
      'ts-impl/norms/group-norm-function.ts',
      [
        ['G: numGroups,', 'G: 1,'],
        ['D: C / numGroups,', 'D: C,'],
      ],
      { 'axes.reduction': 'C,H,W' },
    ],
    [
      'eval with the batch in a tracking InstanceNorm',
      'InstanceNorm2d',
      'ts-impl/norms/instance-norm.ts',
      [['this.training || !this.trackRunningStats', 'true']],
      { 'statistics.eval': 'batch', 'running.update-in-eval': 'yes' },
    ],
  ] as const)('names it: %s', async (_what, layer, file, edits, named) => {
    const report = await checkFlipped(layer, file, edits);
    expect(report.exitCode).toBe(1);
    expect(errorsOf(report)).toEqual(named);
    expect(report.subjects[0].findings[0].witnesses.length).toBeGreaterThan(0);
  });

  it('names nothing in the port as it is', async () => {
    const report = await checkFlipped('BatchNorm2d', 'ts-impl/norms/batch-norm.ts', []);
    expect({ exitCode: report.exitCode, errors: errorsOf(report) }).toEqual({ exitCode: 0, errors: {} });
  });
});

// The embedded oracle: it answers only what the table proves, what it answers has live PyTorch's bits, and its truth is PyTorch's float64.

import { describe, expect, test } from 'vitest';
import { type Case, int, ints, type Step } from '../../../../cases/case.ts';
import { suite } from '../../../../cases/suites.ts';
import { elementsOf } from '../../../../ts-impl/conformance/judge/elements.ts';
import { parseTolerance } from '../../../../ts-impl/conformance/judge/tolerance.ts';
import type { Answer, Outcome } from '../../../../ts-impl/conformance/outcome.ts';
import { run } from '../../../../ts-impl/conformance/run.ts';
import { type Claims, isProven, wordOf } from '../../../../ts-impl/conformance/subjects/embedded/claim.ts';
import { readClaims, renderClaims } from '../../../../ts-impl/conformance/subjects/embedded/claims-file.ts';
import { makeEmbedded } from '../../../../ts-impl/conformance/subjects/embedded/embedded.ts';
import { measureClaims } from '../../../../ts-impl/conformance/subjects/embedded/measure-claims.ts';
import { startOracle } from '../../../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../../../ts-impl/conformance/subjects/port.ts';
import { tensor } from '../../../../ts-impl/tensor/tensor.ts';
import { transpose } from '../../../../ts-impl/tensor/views.ts';
import { portAsOracle, portOffByOne } from '../../made-up.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../live-python.ts';

const claims = readClaims();
const embedded = makeEmbedded(makePort(), claims);
const askOne = async (c: Case, truth = false): Promise<Answer> => (await embedded.ask([c], { truth }))[0];

const caseOf = (layer: string, steps: readonly Step[], dtype: Case['dtype'] = 'float32'): Case => ({
  id: `x1/${layer}`,
  layer,
  dtype,
  layout: 'contiguous',
  steps,
});
const batchNorm: Step = { kind: 'construct', layer: 'BatchNorm1d', arguments: { num_features: int(3) } };
const input = tensor([1, 5, 2, 8, 3, 0], [2, 3], 'float32');
const forward = (mode: 'train' | 'eval', x = input): Step => ({ kind: 'forward', mode, input: x, gradient: false });

describe('what it answers', () => {
  test('is what is proven', async () => {
    const { outcome } = await askOne(caseOf('BatchNorm1d', [batchNorm, forward('eval')]));
    expect(outcome.kind).toBe('returned');
  });

  test('is unsupported where the port is only near: BatchNorm in eval on strided input', async () => {
    const strided = transpose(tensor([1, 8, 5, 3, 2, 0], [3, 2], 'float32'), 0, 1);
    const { outcome } = await askOne(caseOf('BatchNorm1d', [batchNorm, forward('eval', strided)]));
    expect(outcome).toMatchObject({
      kind: 'unsupported',
      reason: expect.stringMatching(
        /^the port is not proven bit-identical to PyTorch 2\.13\.0\S* on BatchNorm1d float32 forward eval strided$/,
      ),
    });
    const trained = await askOne(caseOf('BatchNorm1d', [batchNorm, forward('train', strided)]));
    expect(trained.outcome.kind).toBe('returned');
  });

  test('is nothing without a table', async () => {
    const none = makeEmbedded(makePort(), { ...claims, rows: [], texts: [], refusals: [] });
    const cases = [...suite('smoke', { cases: 60 }), ...suite('smoke', { layers: ['GroupNorm'] })];
    const answers = await none.ask(cases, { truth: true });
    for (const [i, { outcome, truth }] of answers.entries()) {
      expect(outcome.kind, cases[i].id).toBe('unsupported');
      expect(truth).toBeNull();
    }
  });

  test('is no inspection, no probe, and no kind measured on a handful of cases', async () => {
    const inspect: Step = { kind: 'inspect', names: ['eps'] };
    const { outcome } = await askOne(caseOf('BatchNorm1d', [batchNorm, inspect]));
    expect(outcome.kind).toBe('unsupported');
    const row = claims.rows.find(isProven);
    if (row === undefined) throw new Error('nothing is proven');
    expect(isProven({ ...row, cases: 3 })).toBe(false);
    expect(isProven({ ...row, identical: row.elements - 1 })).toBe(false);
    expect(isProven({ ...row, elements: 0, identical: 0 })).toBe(false);
  });
});

describe('the table', () => {
  test('is of the pinned PyTorch, and reads as it is written', () => {
    expect(claims.torch).toMatch(/^2\.13\.0/);
    expect(JSON.parse(renderClaims(claims))).toEqual(claims);
    expect(new Set(claims.rows.map(wordOf)).size).toBe(claims.rows.length);
    for (const { identical, within, differs, elements } of claims.rows)
      expect(identical + within + differs).toBe(elements);
  });

  test('sees a port that is off', async () => {
    const cases = () => [{ name: 'smoke', cases: suite('smoke', { layers: ['LayerNorm'] }) }];
    const right = await measureClaims(cases(), portAsOracle(), makePort());
    const wrong = await measureClaims(cases(), portAsOracle(), portOffByOne('LayerNorm'));
    const of = ({ rows }: Claims, direction: string) => rows.filter((row) => row.direction === direction);
    expect(of(right, 'forward').length).toBeGreaterThan(3);
    expect(right.rows.every((row) => row.identical === row.elements)).toBe(true);
    expect(
      of(wrong, 'forward')
        .filter((row) => row.elements > 0)
        .some((row) => row.identical === row.elements),
    ).toBe(false);
    expect(of(wrong, 'backward')).toEqual(of(right, 'backward'));
    expect(right.refusals.find(({ layer }) => layer === 'LayerNorm')?.asked).toBeGreaterThan(3);
  });
});

describe('beside live PyTorch', () => {
  test('every answer has its bits, refusals their words, and the truth is its float64', async ({ skip }) => {
    if (!hasPython) skip(NO_PYTHON);
    const oracle = await startOracle({ python: PYTHON });
    try {
      // `+cpu` and `+cu130` are builds of one release.
      expect(oracle.version?.split('+')[0]).toBe(claims.torch.split('+')[0]);
      const counts = { identical: 0, unsupported: 0, truths: 0 };
      const exact = { tolerance: parseTolerance('ulp:0'), truth: true };
      const cases = [...suite('smoke'), ...suite('deep', { seed: 77, cases: 400 })];
      for await (const { case: c, verdict, expected } of run(cases, oracle, embedded, exact)) {
        expect(['identical', 'unsupported'], `${c.id}: ${JSON.stringify(verdict.problems)}`).toContain(verdict.kind);
        if (verdict.kind === 'unsupported') counts.unsupported++;
        else counts.identical++;
        if (c.dtype === 'float64' || verdict.kind === 'unsupported') continue;
        const own = (await askOne(c, true)).truth;
        if (own === null || expected.truth === null || !('steps' in own) || !('steps' in expected.truth)) continue;
        expect(farthest(own, expected.truth), c.id).toBeLessThan(TRUTHS_APART);
        counts.truths++;
      }
      expect(counts.identical).toBeGreaterThan(500);
      expect(counts.truths).toBeGreaterThan(300);
      expect(counts.unsupported).toBeLessThan(0.25 * cases.length);
    } finally {
      await oracle.close();
    }
  }, 120_000);

  test('eps left out means what it means in float32', async () => {
    const construct: Step = { kind: 'construct', layer: 'RMSNorm', arguments: { normalized_shape: ints([2]) } };
    const small: Step = {
      kind: 'forward',
      mode: 'train',
      input: tensor([1e-4, 2e-4], [2], 'float32'),
      gradient: false,
    };
    const { truth } = await askOne(caseOf('RMSNorm', [construct, small]), true);
    const [x, y] = [Math.fround(1e-4), Math.fround(2e-4)];
    const rms = Math.sqrt((x * x + y * y) / 2 + 2 ** -23);
    if (truth === null || !('steps' in truth) || truth.steps[1].kind !== 'returned') throw new Error('no truth');
    expect(elementsOf(truth.steps[1].tensors[0].tensor)[1]).toBeCloseTo(y / rms, 12);
  });
});

// --- internal ---

/** float64 on both sides, in other orders of summation; hard inputs lose digits. */
const TRUTHS_APART = 1e-6;

/** The largest distance of two truths, as a share of the largest number of the tensor. */
function farthest(
  a: Outcome & { kind: 'returned' | 'refused' },
  b: Outcome & { kind: 'returned' | 'refused' },
): number {
  let most = 0;
  for (const [i, one] of a.steps.entries()) {
    const other = b.steps[i];
    if (one.kind !== 'returned' || other.kind !== 'returned') continue;
    for (const { name, tensor: t } of one.tensors) {
      const match = other.tensors.find((entry) => entry.name === name);
      if (match === undefined) return Number.POSITIVE_INFINITY;
      const [x, y] = [elementsOf(t), elementsOf(match.tensor)];
      let size = 1e-300;
      for (const v of y) if (Number.isFinite(v)) size = Math.max(size, Math.abs(v));
      for (let k = 0; k < x.length; k++) {
        if (Number.isFinite(x[k]) && Number.isFinite(y[k])) most = Math.max(most, Math.abs(x[k] - y[k]) / size);
      }
    }
  }
  return most;
}

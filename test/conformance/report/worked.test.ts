// The hand-checkable table: formulas of both sides come out at what was observed, for every convention that has one, and no other is printed.

import { expect, test } from 'vitest';
import { type Arguments, type Case, float, int, ints, type Step } from '../../../cases/case.ts';
import { withLiteralId } from '../../../cases/case-id.ts';
import type { Finding, ReportNumber, Witness } from '../../../ts-impl/conformance/finding.ts';
import { workedWitness } from '../../../ts-impl/conformance/report/worked/worked-lines.ts';
import { tensor } from '../../../ts-impl/tensor/tensor.ts';

const found = (convention: string, actual: string | number): Finding => ({
  kind: 'convention',
  convention,
  level: 'error',
  expected: '',
  actual,
  message: '',
  location: null,
  repair: null,
  witnesses: [],
  evidence: { heldOut: 0, explained: 0, rival: null },
});

interface Asked {
  readonly layer: string;
  readonly arguments: Arguments;
  readonly shape: readonly number[];
  readonly input: readonly number[];
  readonly mode?: 'train' | 'eval';
  readonly set?: Readonly<Record<string, readonly number[]>>;
  readonly upstream?: readonly number[];
  readonly read?: boolean;
}

function caseOf(asked: Asked): Case {
  const { layer, shape, input, mode = 'train', set = {}, upstream } = asked;
  const steps: Step[] = [{ kind: 'construct', layer, arguments: asked.arguments }];
  for (const [name, values] of Object.entries(set))
    steps.push({ kind: 'set_tensor', name, tensor: tensor(values, [values.length], 'float64') });
  steps.push({ kind: 'forward', mode, input: tensor(input, shape, 'float64'), gradient: upstream !== undefined });
  if (upstream !== undefined)
    steps.push({ kind: 'backward', gradient: tensor(upstream, shape, 'float64'), accumulate: false, again: false });
  if (asked.read === true) steps.push({ kind: 'read', what: 'buffers' });
  return withLiteralId({ id: '', layer, dtype: 'float64', layout: 'contiguous', steps });
}

const witness = (c: Case, name: string, expected: ReportNumber[], actual: ReportNumber[]): Witness => ({
  case: c.id,
  step: c.steps.length - 1,
  tensor: name,
  input: [],
  expected,
  actual,
  stdout: null,
  replay: '',
});

const BATCH: Asked = { layer: 'BatchNorm1d', arguments: { num_features: int(1) }, shape: [2, 1], input: [0, 2] };
const LAYER: Asked = { layer: 'LayerNorm', arguments: { normalized_shape: ints([2]) }, shape: [1, 2], input: [0, 2] };
const with1 = (eps: number) => ({ ...LAYER.arguments, eps: float(eps) });
const Z = 1 / Math.sqrt(1.00001);

test.each<[string, Asked, string, Finding[], number[], number[], string[]]>([
  [
    'variance.normalization',
    LAYER,
    'output',
    [found('variance.normalization', 'unbiased')],
    [-Z, Z],
    [-1 / Math.sqrt(2.00001), 1 / Math.sqrt(2.00001)],
    ['var = ((0-1)² + (2-1)²)/1 = 2', '(0 - 1)/√(2 + 0.00001) = -0.707105'],
  ],
  [
    'eps.placement',
    { ...LAYER, arguments: with1(1) },
    'output',
    [found('eps.placement', 'outside-sqrt')],
    [-Math.SQRT1_2, Math.SQRT1_2],
    [-0.5, 0.5],
    ['(0 - 1)/(√1 + 1) = -0.5'],
  ],
  [
    'mean.subtracted',
    LAYER,
    'output',
    [found('mean.subtracted', 'no')],
    [-Z, Z],
    [0, 2 / Math.sqrt(2.00001)],
    ['var = (0² + 2²)/2 = 2', '0/√(2 + 0.00001) = 0'],
  ],
  [
    'momentum.rule',
    { ...BATCH, arguments: { num_features: int(1), momentum: float(0.25) }, read: true },
    'running_mean',
    [found('momentum.rule', 'old-weight')],
    [0.25],
    [0.75],
    ['0.25·0 + 0.75·1 = 0.75'],
  ],
  [
    'variance.running',
    { ...BATCH, read: true },
    'running_var',
    [found('variance.running', 'biased')],
    [1.1],
    [1],
    ['var = ((0-1)² + (2-1)²)/2 = 1', '0.9·1 + 0.1·1 = 1'],
  ],
  [
    'statistics.eval',
    { ...BATCH, mode: 'eval' },
    'output',
    [found('statistics.eval', 'batch')],
    [0, 2 * Z],
    [-Z, Z],
    ['mean = (0 + 2)/2 = 1', 'var = ((0-1)² + (2-1)²)/2 = 1', '(0 - 1)/√(1 + 0.00001) = -0.999995'],
  ],
  [
    'affine.form',
    { ...LAYER, set: { weight: [2, 2], bias: [1, 1] } },
    'output',
    [found('affine.form', 'bias-before-weight')],
    [1 - 2 * Z, 1 + 2 * Z],
    [2 * (1 - Z), 2 * (1 + Z)],
    ['2·((0 - 1)/√(1 + 0.00001) + 1) = 0.00000999993'],
  ],
  [
    'gradient.statistics',
    { ...LAYER, upstream: [1, 0] },
    'input.grad',
    [found('gradient.statistics', 'detached')],
    [(0.5 - (Z * Z) / 2) * Z, -(0.5 - (Z * Z) / 2) * Z],
    [Z, 0],
    ['1/√(1 + 0.00001) = 0.999995'],
  ],
  [
    'axes.reduction',
    { ...BATCH, arguments: { num_features: int(2) }, shape: [1, 2, 2], input: [0, 0, 2, 8] },
    'output',
    [found('axes.reduction', 'all')],
    [0, 0, -3 / Math.sqrt(9.00001), 3 / Math.sqrt(9.00001)],
    [-2.5, -2.5, -0.5, 5.5].map((d) => d / Math.sqrt(10.75001)),
    ['mean = (0 + 0 + 2 + 8)/4 = 2.5'],
  ],
])('works %s out on both sides', (_name, asked, name, findings, expected, actual, here) => {
  const worked = workedWitness(witness(caseOf(asked), name, expected, actual), findings);
  expect(worked?.expected).not.toBeNull();
  const told = [...(worked?.common ?? []), ...(worked?.actual ?? [])];
  for (const formula of here) expect(told).toContain(formula);
});

test('prints no formula that does not come out at what was observed', () => {
  const findings = [found('variance.normalization', 'unbiased')];
  const worked = workedWitness(witness(caseOf(LAYER), 'output', [-Z, Z], [-0.7, 0.7]), findings);
  expect(worked?.expected).toEqual(expect.arrayContaining([expect.stringContaining('= -0.999995')]));
  expect(worked?.actual).toBeNull();
});

test('works out nothing of a convention that is no matter of numbers, nor of an id that names no case', () => {
  const c = caseOf(LAYER);
  expect(workedWitness(witness(c, 'output', [-Z, Z], [0, 1]), [found('affine.shape', 'C')])?.actual).toBeNull();
  expect(workedWitness({ ...witness(c, 'output', [0], [1]), case: 'x1/w' }, [])).toBeNull();
});

// Lazy layers, before and after their first call: by hand in the port, and step by step as live PyTorch has them.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Case, int } from '../../../cases/case.ts';
import { judge } from '../../../ts-impl/conformance/judge/judge.ts';
import { type Oracle, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../../ts-impl/conformance/subjects/port.ts';
import { BatchNorm1d, LazyBatchNorm1d, LazyInstanceNorm2d, TorchError } from '../../../ts-impl/norms/index.ts';
import { madeUp } from '../../norms/made-up.ts';
import { LAZY_LAYERS, LAZY_OPTIONS, lazyCases } from './lazy-cases.ts';
import { hasPython, NO_PYTHON, PYTHON } from './live-python.ts';

describe('in the port', () => {
  test('a lazy layer takes its size from its first input and becomes what it stands for', () => {
    const layer = new LazyBatchNorm1d({ momentum: null });
    expect(String(layer)).toContain('LazyBatchNorm1d(0, eps=1e-05, momentum=None');
    expect([...layer.uninitialized]).toEqual(['weight', 'bias', 'running_mean', 'running_var']);
    expect(layer.stateDict().entries.map(({ name }) => name)).toEqual(['num_batches_tracked']);
    const input = madeUp([4, 3], 'float32');
    const output = layer.forward(input);
    expect(String(layer)).toContain('BatchNorm1d(3, ');
    expect(layer.className).toBe('BatchNorm1d');
    expect(layer.uninitialized.size).toBe(0);
    expect(output).toEqual(new BatchNorm1d(3).forward(input));
    expect(layer).toBeInstanceOf(BatchNorm1d);
    layer.forward(madeUp([4, 3], 'float32'));
    expect(() => layer.forward(madeUp([4, 5], 'float32'))).toThrow(TorchError);
  });

  test('LazyInstanceNorm is affine and tracks, unlike InstanceNorm', () => {
    const layer = new LazyInstanceNorm2d();
    layer.forward(madeUp([2, 3, 2, 2], 'float32'));
    expect(String(layer)).toBe(
      'InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)',
    );
  });

  test('nothing can be copied or reset before there is a size; a copy made later has its own', () => {
    const layer = new LazyBatchNorm1d();
    expect(() => layer.clone()).toThrow('Attempted to use an uninitialized parameter');
    expect(() => layer.resetRunningStats()).toThrow('zero_');
    layer.resetParameters();
    const bare = new LazyBatchNorm1d({ trackRunningStats: false });
    const copy = bare.clone();
    bare.forward(madeUp([4, 3], 'float32'));
    expect([bare.uninitialized.size, copy.uninitialized.size]).toEqual([0, 2]);
    expect(copy.forward(madeUp([4, 5], 'float32')).shape).toEqual([4, 5]);
  });
});

// --- against live PyTorch ---

let oracle: Oracle | null = null;
beforeAll(async () => {
  if (hasPython) oracle = await startOracle({ python: PYTHON });
});
afterAll(() => oracle?.close());

describe.skipIf(!hasPython)(`live PyTorch${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test.each(LAZY_LAYERS)('answers for $layer as the port does', async (lazy) => {
    const wrong = { kind: 'construct', layer: lazy.layer, arguments: { num_features: int(3) } } as const;
    const refused: Case = { id: 'x', layer: lazy.layer, dtype: 'float32', layout: 'contiguous', steps: [wrong] };
    const cases = [...LAZY_OPTIONS.flatMap((options) => lazyCases(lazy, options)), refused];
    expect(cases.length).toBeGreaterThan(150);
    const live = (await oracle?.ask(cases, { truth: false })) ?? [];
    const own = await makePort().ask(cases, { truth: false });
    const verdicts = cases.map((c, i) => judge(c, live[i], own[i], { kind: 'bound' }));
    const bad = verdicts.filter(({ kind }) => kind !== 'identical' && kind !== 'within');
    expect(bad.map((v) => `${v.case}: ${v.kind} ${v.problems[0]?.message}`)).toEqual([]);
  });
});

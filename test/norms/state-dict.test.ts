// State dicts: round trips, older versions, casts, and PyTorch's words for what does not fit.

import { describe, expect, test } from 'vitest';
import {
  BatchNorm1d,
  InstanceNorm1d,
  LayerNorm,
  renderLoadReport,
  type StateEntry,
} from '../../ts-impl/norms/index.ts';
import { tensor } from '../../ts-impl/tensor/tensor.ts';
import { madeUp, valuesOf } from './made-up.ts';

const entry = (
  name: string,
  values: readonly number[],
  dtype: 'float32' | 'float64' | 'int64' = 'float32',
): StateEntry => ({
  name,
  tensor: tensor(values, name === 'num_batches_tracked' ? [] : [values.length], dtype),
});
const WHOLE = [
  entry('weight', [1, 2]),
  entry('bias', [3, 4]),
  entry('running_mean', [5, 6]),
  entry('running_var', [7, 8]),
  entry('num_batches_tracked', [9], 'int64'),
];

test('save, train, load brings everything back', () => {
  const layer = new BatchNorm1d(2);
  layer.forward(madeUp([4, 2], 'float32'));
  const saved = layer.stateDict();
  expect(saved.version).toBe(2);
  expect(saved.entries.map(({ name }) => name)).toEqual(WHOLE.map(({ name }) => name));
  layer.forward(madeUp([4, 2], 'float32', 7));
  expect(layer.stateDict()).not.toEqual(saved);
  expect(renderLoadReport(layer.loadStateDict(saved))).toBe('<All keys matched successfully>');
  expect(layer.stateDict()).toEqual(saved);
});

test('before version 2 the count stays as it is, from version 2 on it must be there', () => {
  const layer = new BatchNorm1d(2);
  layer.forward(madeUp([4, 2], 'float32'));
  for (const version of [null, 1]) layer.loadStateDict({ entries: WHOLE.slice(0, 4), version });
  expect(valuesOf(layer.stateDict().entries[4].tensor)).toEqual([1]);
  expect(() => layer.loadStateDict({ entries: WHOLE.slice(0, 4), version: 2 })).toThrow(
    'Error(s) in loading state_dict for BatchNorm1d:\n\tMissing key(s) in state_dict: "num_batches_tracked". ',
  );
});

test('values are cast to the layer’s dtype, counts cut off', () => {
  const layer = new BatchNorm1d(2);
  const state = [entry('weight', [0.1, 2], 'float64'), ...WHOLE.slice(1, 4), entry('num_batches_tracked', [3.75])];
  layer.loadStateDict({ entries: state, version: 2 });
  expect(layer.stateDict().entries.map(({ tensor: t }) => valuesOf(t))).toEqual([
    [Math.fround(0.1), 2],
    [3, 4],
    [5, 6],
    [7, 8],
    [3],
  ]);
  expect(layer.weight?.dtype).toBe('float32');
});

describe('what does not fit', () => {
  test('sizes are refused even where loading is not strict', () => {
    const load = (strict: boolean) => () =>
      new LayerNorm(3).loadStateDict(
        { entries: [entry('weight', [1, 2]), entry('bias', [1, 2, 3])], version: 1 },
        strict,
      );
    const words =
      'Error(s) in loading state_dict for LayerNorm:\n\tsize mismatch for weight: copying a param with shape torch.Size([2]) from checkpoint, the shape in current model is torch.Size([3]).';
    expect(load(true)).toThrow(words);
    expect(load(false)).toThrow(words);
  });

  test('missing and unexpected keys are refused, or reported where loading is not strict', () => {
    const state = { entries: [entry('weight', [1, 2]), entry('extra', [1])], version: 2 };
    const layer = new BatchNorm1d(2, { trackRunningStats: false });
    expect(() => layer.loadStateDict(state)).toThrow(
      'Error(s) in loading state_dict for BatchNorm1d:\n\tMissing key(s) in state_dict: "bias". \n\tUnexpected key(s) in state_dict: "extra". ',
    );
    expect(renderLoadReport(layer.loadStateDict(state, false))).toBe(
      "_IncompatibleKeys(missing_keys=['bias'], unexpected_keys=['extra'])",
    );
  });

  test('statistics from before 0.4 are refused by name', () => {
    const state = { entries: WHOLE.slice(2, 4), version: null };
    expect(() => new InstanceNorm1d(2).loadStateDict(state, false)).toThrow(
      'Unexpected running stats buffer(s) "running_mean" and "running_var" for InstanceNorm1d with track_running_stats=False.',
    );
  });
});

test('casting keeps the count an integer and rounds the rest', () => {
  const layer = new BatchNorm1d(2, { dtype: 'float64' });
  layer.forward(madeUp([4, 2]));
  const before = layer.stateDict().entries;
  layer.to('float32');
  expect(layer.stateDict().entries.map(({ tensor: t }) => t.dtype)).toEqual([
    'float32',
    'float32',
    'float32',
    'float32',
    'int64',
  ]);
  expect(valuesOf(layer.stateDict().entries[2].tensor)).toEqual(valuesOf(before[2].tensor).map(Math.fround));
});

test('resets', () => {
  const layer = new BatchNorm1d(2);
  const fresh = layer.stateDict();
  layer.loadStateDict({ entries: WHOLE, version: 2 });
  layer.resetRunningStats();
  expect(layer.stateDict().entries.map(({ tensor: t }) => valuesOf(t))).toEqual([[1, 2], [3, 4], [0, 0], [1, 1], [0]]);
  layer.resetParameters();
  expect(layer.stateDict()).toEqual(fresh);
});

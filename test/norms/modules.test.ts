// What all modules share: parameters put in place, reset, copied and frozen, and refusals by type. Live PyTorch is asked in other files.

import { expect, test } from 'vitest';
import {
  BatchNorm2d,
  GroupNorm,
  InstanceNorm1d,
  LayerNorm,
  LazyBatchNorm1d,
  LazyBatchNorm2d,
  LazyBatchNorm3d,
  type Module,
  RMSNorm,
  TorchError,
} from '../../ts-impl/norms/index.ts';
import { tensor } from '../../ts-impl/tensor/tensor.ts';
import { madeUp, valuesOf } from './made-up.ts';

const values = (module: Module) => module.tensors().map(({ name, tensor: t }) => [name, valuesOf(t)]);

test.each([
  ['LayerNorm', () => new LayerNorm(2)],
  ['LayerNorm without bias', () => new LayerNorm(2, { bias: false })],
  ['LayerNorm without parameters', () => new LayerNorm(2, { elementwiseAffine: false })],
  ['GroupNorm', () => new GroupNorm(1, 2)],
  ['GroupNorm without bias', () => new GroupNorm(1, 2, { bias: false })],
  ['GroupNorm without parameters', () => new GroupNorm(1, 2, { affine: false })],
  ['RMSNorm', () => new RMSNorm(2)],
  ['RMSNorm without parameters', () => new RMSNorm(2, { elementwiseAffine: false })],
  ['BatchNorm2d', () => new BatchNorm2d(2)],
  ['BatchNorm2d without parameters', () => new BatchNorm2d(2, { affine: false })],
  ['InstanceNorm1d', () => new InstanceNorm1d(2, { affine: true })],
] as const)('%s: reset to what the constructor made', (_, make) => {
  const module = make();
  const fresh = values(module);
  for (const { name } of module.tensors()) {
    if (name !== 'num_batches_tracked') module.assign(name, tensor([5, -7], [2], 'float32'));
  }
  module.resetParameters();
  expect(values(module)).toEqual(fresh);
});

test('a parameter of the same dtype and shape stays the same one and keeps its gradient; another one has none', () => {
  const layer = new LayerNorm(2);
  const grads = () => [layer.weightGrad !== null, layer.biasGrad !== null];
  const train = () => {
    layer.zeroGrad();
    layer.forward(tensor([1, 3], [1, 2], 'float32'));
    layer.backward(tensor([1, 2], [1, 2], 'float32'));
  };
  train();
  const { weight } = layer;
  expect(layer.assign('weight', tensor([4, 5], [2], 'float32'))).toBe(true);
  expect(layer.weight).toBe(weight);
  expect(weight && valuesOf(weight)).toEqual([4, 5]);
  expect(grads()).toEqual([true, true]);
  layer.assign('weight', tensor([4, 5, 6], [3], 'float32'));
  expect(layer.weight).not.toBe(weight);
  expect(grads()).toEqual([false, true]);
  layer.assign('weight', tensor([4, 5], [2], 'float32'));
  train();
  layer.assign('bias', tensor([4, 5], [2], 'float64'));
  expect(grads()).toEqual([true, false]);
  layer.assign('bias', null);
  expect(layer.bias).toBeNull();
  layer.assign('weight', tensor([4, 5], [2], 'int64'));
  expect(layer.requiresGrad).toEqual({ weight: false, bias: true });
  expect(layer.assign('gamma', tensor([1], [1], 'float32'))).toBe(false);
  expect(Object.keys(layer)).not.toContain('gamma');
});

test('frozen parameters get no gradient, and a copy’s are its own', () => {
  const layer = new GroupNorm(1, 2);
  layer.requiresGrad.bias = false;
  const copy = layer.clone();
  expect(copy.requiresGrad).toEqual({ weight: true, bias: false });
  copy.requiresGrad.bias = true;
  expect(layer.requiresGrad.bias).toBe(false);
  const x = madeUp([1, 2, 3], 'float32');
  layer.forward(x);
  layer.backward(x);
  expect(layer.weightGrad).not.toBeNull();
  expect(layer.biasGrad).toBeNull();
  expect([copy.weightGrad, copy.biasGrad]).toEqual([null, null]);
});

test('a backward without a forward is a RuntimeError of its own words', () => {
  const problem = (() => {
    try {
      return new LayerNorm(2).backward(tensor([1, 2], [2], 'float32'));
    } catch (error) {
      return error;
    }
  })();
  expect(problem).toBeInstanceOf(TorchError);
  expect(problem).toMatchObject({ type: 'RuntimeError', message: expect.stringContaining('call forward first') });
});

test('lazy layers are called by their own names until they have a size', () => {
  const shapes = [
    [2, 3],
    [2, 3, 1, 2],
    [2, 3, 1, 2, 1],
  ];
  for (const [i, layer] of [new LazyBatchNorm1d(), new LazyBatchNorm2d(), new LazyBatchNorm3d()].entries()) {
    expect(layer.className).toBe(`LazyBatchNorm${i + 1}d`);
    layer.forward(madeUp(shapes[i], 'float32'));
    expect(layer.className).toBe(`BatchNorm${i + 1}d`);
  }
});

const refusal = (act: () => unknown) => {
  try {
    act();
    return null;
  } catch (error) {
    return error;
  }
};

test('a count of batches that no share can be made of', () => {
  const layer = new BatchNorm2d(2, { momentum: null });
  const x = madeUp([2, 2, 1, 2], 'float32');
  layer.assign('num_batches_tracked', tensor([1, 2], [2], 'int64'));
  expect(refusal(() => layer.forward(x))).toMatchObject({
    type: 'ValueError',
    message: 'only one element tensors can be converted to Python scalars',
  });
  layer.assign('num_batches_tracked', tensor([-1], [1], 'int64'));
  expect(refusal(() => layer.forward(x))).toMatchObject({
    type: 'ZeroDivisionError',
    message: 'float division by zero',
  });
  layer.assign('num_batches_tracked', tensor([1], [1], 'int64'));
  layer.forward(x);
  const mean = valuesOf(x).filter((_, i) => Math.floor(i / 2) % 2 === 0);
  expect(valuesOf(layer.runningMean ?? x)[0]).toBeCloseTo(mean.reduce((sum, v) => sum + v, 0) / 8, 6); // half of it
});

test.each([
  ['running_mean', 'zero_'],
  ['running_var', 'fill_'],
  ['num_batches_tracked', 'zero_'],
  ['weight', 'fill_'],
])('a reset without %s asks None for %s', (name, method) => {
  const layer = new BatchNorm2d(2);
  layer.assign(name, null);
  expect(refusal(() => layer.resetParameters())).toMatchObject({
    type: 'AttributeError',
    message: `'NoneType' object has no attribute '${method}'`,
  });
});

test('a state dict before version 2 had no count of batches', () => {
  const layer = new BatchNorm2d(2);
  layer.forward(madeUp([2, 2, 1, 2], 'float32'));
  const all = new BatchNorm2d(2).stateDict().entries;
  const entries = all.filter(({ name }) => name !== 'num_batches_tracked');
  const count = () => layer.numBatchesTracked?.storage[0];
  for (const version of [1, null]) {
    layer.loadStateDict({ entries, version });
    expect(count()).toBe(1n); // the present one stays
  }
  expect(refusal(() => layer.loadStateDict({ entries, version: 2 }))).toMatchObject({
    message: expect.stringContaining('num_batches_tracked'),
  });
  layer.loadStateDict({ entries: all, version: 1 });
  expect(count()).toBe(0n);
});

// Constructors handed what TypeScript would not let through: each refuses it in a sentence that says what it takes.

import { describe, expect, test } from 'vitest';
import * as norms from '../../ts-impl/norms/index.ts';
import { fromStorage, tensor } from '../../ts-impl/tensor/tensor.ts';

/** A constructor as plain JavaScript calls it. */
const make = (name: string, ...given: readonly unknown[]) =>
  Reflect.construct((norms as unknown as Record<string, new () => unknown>)[name], given); // a class of the index

describe('sizes', () => {
  test.each([
    ['BatchNorm1d', [], 'the layer takes numFeatures, a whole number such as 64, not undefined'],
    ['BatchNorm2d', [2.5], 'the layer takes numFeatures, a whole number such as 64, not 2.5'],
    ['GroupNorm', [2], 'GroupNorm takes numChannels, a whole number such as 64, not undefined'],
    ['LayerNorm', [], 'LayerNorm takes normalizedShape, a whole number or a list of them such as [64], not undefined'],
    ['RMSNorm', [['6']], 'RMSNorm takes normalizedShape, a whole number or a list of them such as [64], not [6]'],
  ])('%s(%j)', (name, given, message) => {
    expect(() => make(name, ...given)).toThrow(new TypeError(message));
  });

  test('that are negative are refused in the words of PyTorch', () => {
    expect(() => make('BatchNorm1d', -1)).toThrow('Trying to create tensor with negative dimension -1: [-1]');
  });
});

describe('options', () => {
  test.each([
    [
      'BatchNorm2d',
      [3, { trackRunningstats: false }],
      'BatchNorm has no option trackRunningstats; it has eps, momentum, affine, trackRunningStats, bias, dtype',
    ],
    ['LayerNorm', [3, { affine: false }], 'LayerNorm has no option affine; it has eps, elementwiseAffine, bias, dtype'],
    ['RMSNorm', [3, { bias: true }], 'RMSNorm has no option bias; it has eps, elementwiseAffine, dtype'],
    ['GroupNorm', [1, 3, 1e-3], 'GroupNorm takes its options as an object such as { eps: 1e-3 }, not 0.001'],
    ['InstanceNorm1d', [3, null], 'InstanceNorm takes its options as an object such as { eps: 1e-3 }, not null'],
  ])('%s(%j)', (name, given, message) => {
    expect(() => make(name, ...given)).toThrow(new TypeError(message));
  });

  test('that it has, and options left undefined, are taken', () => {
    expect(String(new norms.GroupNorm(1, 3, { eps: undefined, affine: false }))).toContain('affine=False');
    expect(String(new norms.LazyBatchNorm1d({ momentum: null }))).toContain('momentum=None');
  });
});

describe('shapes of tensors', () => {
  test.each([
    [[-2, -3], 'shape [-2,-3] has -2 on axis 0; a size is a whole number from 0'],
    [[2, 1.5, 2], 'shape [2,1.5,2] has 1.5 on axis 1; a size is a whole number from 0'],
    [[Number.NaN], 'shape [NaN] has NaN on axis 0; a size is a whole number from 0'],
  ])('%j', (shape, message) => {
    expect(() => tensor([1, 2, 3, 4, 5, 6], shape, 'float32')).toThrow(new RangeError(message));
    expect(() => fromStorage('float64', shape, new Float64Array(6))).toThrow(new RangeError(message));
  });

  test('that are missing', () => {
    const without = tensor as (values: readonly number[], shape?: readonly number[], dtype?: 'float32') => unknown;
    expect(() => without([1, 2])).toThrow(new TypeError('shape is undefined, expected a list of sizes such as [2, 3]'));
  });
});

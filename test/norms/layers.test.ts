// Layers by hand-worked numbers: defaults, repr, what is tracked and when, which values are exact, and what is refused in which words.

import { describe, expect, test } from 'vitest';
import {
  batchNorm,
  BatchNorm1d,
  BatchNorm2d,
  GroupNorm,
  groupNorm,
  InstanceNorm1d,
  LayerNorm,
  layerNorm,
  RMSNorm,
  rmsNorm,
  TorchError,
} from '../../ts-impl/norms/index.ts';
import { batchNormInPlace } from '../../ts-impl/norms/batch-norm-function.ts';
import { type Tensor, tensor } from '../../ts-impl/tensor/tensor.ts';
import { transpose } from '../../ts-impl/tensor/views.ts';
import { madeUp, valuesOf } from './made-up.ts';

const f32 = (values: readonly number[], shape: readonly number[]): Tensor => tensor(values, shape, 'float32');
const X = f32([1, 2, 3, 6, 5, 10], [3, 2]);
const near = (values: readonly number[]) => values.map((v) => expect.closeTo(v, 4));
const buffersOf = (layer: BatchNorm1d | InstanceNorm1d) => layer.buffers().map(({ tensor: t }) => valuesOf(t));

test('repr is PyTorch 2.13’s', () => {
  expect(`${new BatchNorm2d(3)}`).toBe(
    'BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)',
  );
  expect(`${new BatchNorm1d(3, { momentum: null, bias: false, eps: 1 })}`).toBe(
    'BatchNorm1d(3, eps=1.0, momentum=None, affine=True, bias=False, track_running_stats=True)',
  );
  expect(`${new InstanceNorm1d(4)}`).toBe(
    'InstanceNorm1d(4, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=False)',
  );
  expect(`${new LayerNorm([3, 4])}`).toBe('LayerNorm((3, 4), eps=1e-05, elementwise_affine=True, bias=True)');
  expect(`${new LayerNorm(5, { eps: 1e-16 })}`).toBe('LayerNorm((5,), eps=1e-16, elementwise_affine=True, bias=True)');
  expect(`${new GroupNorm(2, 4, { affine: false })}`).toBe('GroupNorm(2, 4, eps=1e-05, affine=False, bias=False)');
  expect(`${new RMSNorm([3])}`).toBe('RMSNorm((3,), eps=None, elementwise_affine=True)');
  expect(new BatchNorm1d(3).toString({ momentum: '1' })).toContain('momentum=1, ');
});

describe('BatchNorm', () => {
  test('normalises with the biased and tracks the unbiased variance', () => {
    const layer = new BatchNorm1d(2);
    const y = valuesOf(layer.forward(X));
    expect(y).toEqual(near([-1.22474, -1.22474, 0, 0, 1.22474, 1.22474]));
    expect(y[2]).toBe(Math.fround(-5.9604645e-8)); // alpha·x + beta does not give 0 here, in PyTorch neither
    expect(buffersOf(layer)).toEqual([[0.3, 0.6].map(Math.fround), near([1.3, 2.5]), [1]]);
    layer.forward(X);
    expect(buffersOf(layer)).toEqual([near([0.57, 1.14]), near([1.57, 3.85]), [2]]);
  });

  test('momentum null is the average over the batches seen', () => {
    const layer = new BatchNorm1d(2, { momentum: null });
    for (const times of [1, 2, 3]) {
      layer.forward(
        f32(
          valuesOf(X).map((v) => v * times),
          [3, 2],
        ),
      );
    }
    expect(buffersOf(layer)).toEqual([near([6, 12]), near([18.66667, 74.66667]), [3]]);
  });

  test('eval uses the buffers and leaves them', () => {
    const layer = new BatchNorm1d(2).eval();
    expect(valuesOf(layer.forward(X))[0]).toBe(Math.fround(0.99999499));
    expect(buffersOf(layer)).toEqual([[0, 0], [1, 1], [0]]);
  });

  test('without tracking the batch is used in eval too', () => {
    const layer = new BatchNorm1d(2, { trackRunningStats: false });
    const trained = valuesOf(layer.forward(X));
    expect(valuesOf(layer.eval().forward(X))).toEqual(trained);
    expect(layer.buffers()).toEqual([]);
    expect(layer.stateDict().entries.map(({ name }) => name)).toEqual(['weight', 'bias']);
  });

  test('the batch is counted before a size is refused, but not before a rank is', () => {
    const layer = new BatchNorm1d(3);
    expect(() => layer.forward(madeUp([3], 'float32'))).toThrow('expected 2D or 3D input (got 1D input)');
    expect(buffersOf(layer)[2]).toEqual([0]);
    expect(() => layer.forward(madeUp([4, 5], 'float32'))).toThrow('running_mean should contain 5 elements not 3');
    expect(() => layer.forward(madeUp([1, 3], 'float32'))).toThrow(
      'Expected more than 1 value per channel when training, got input size torch.Size([1, 3])',
    );
    expect(buffersOf(layer)[2]).toEqual([2]);
  });

  test('large constants do not cancel, as in PyTorch', () => {
    const y = valuesOf(new BatchNorm2d(1).forward(f32(new Array(8).fill(1e7), [2, 1, 2, 2])));
    expect(Math.abs(y[0])).toBe(105.14453125);
  });

  test('an empty input counts, checks nothing and has zero gradients', () => {
    const layer = new BatchNorm1d(3);
    expect(layer.forward(madeUp([0, 5], 'float32')).shape).toEqual([0, 5]);
    layer.backward(madeUp([0, 5], 'float32'));
    expect(layer.weightGrad && valuesOf(layer.weightGrad)).toEqual([0, 0, 0]);
    expect(buffersOf(layer)).toEqual([[0, 0, 0], [1, 1, 1], [1]]);
  });

  test('backward in eval goes by the running variance as it is then, in training by the batch of its own forward', () => {
    const list = [1, 2, 3, 6, 5, 10];
    const x = tensor(list, [3, 2], 'float64');
    const later = tensor(
      list.map((value) => 10 * value),
      [3, 2],
      'float64',
    );
    const mean = tensor([0, 0], [2], 'float64');
    const variance = tensor([1, 1], [2], 'float64');
    const step = (input: Tensor, training: boolean) =>
      batchNormInPlace(input, mean, variance, null, null, training, 0.1, 1e-5);
    const evaluated = step(x, false);
    const trained = step(x, true);
    step(later, true);
    // The variance goes from 1 to 1.3 and to 41.17, and from 1 to 2.5 and to 162.25; PyTorch's values for the second are B-162's.
    const ones = tensor([1, 1, 1, 1, 1, 1], [3, 2], 'float64');
    const moved = [41.17, 162.25].map((v) => 1 / Math.sqrt(v + 1e-5));
    expect(valuesOf(evaluated.backward(ones).input)).toEqual(
      [...moved, ...moved, ...moved].map((v) => expect.closeTo(v, 14)),
    );
    const upstream = tensor([1, 0, 0, 2, 0, 0], [3, 2], 'float64');
    const first = [0.10206302944197618, -0.20412376250023562, 0.10206073305825952];
    const second = [-0.20412404954880572, 0.4082480990976115, -0.20412404954880572];
    expect(valuesOf(trained.backward(upstream).input)).toEqual(
      first.flatMap((v, i) => [expect.closeTo(v, 14), expect.closeTo(second[i], 14)]),
    );
  });

  test('an empty input may have one axis alone, and then no weight', () => {
    const nothing = madeUp([0], 'float32');
    expect(batchNorm(nothing, nothing, nothing).output.shape).toEqual([0]);
    expect(() => batchNorm(nothing, nothing, nothing, nothing)).toThrow('select(): index 0 out of range');
  });
});

describe('InstanceNorm', () => {
  const XI = f32([1, 2, 3, 2, 4, 9, 0, 0, 3, 10, 10, 40], [2, 2, 3]);

  test('tracks the mean over the samples and never counts', () => {
    const layer = new InstanceNorm1d(2, { trackRunningStats: true });
    layer.forward(XI);
    expect(buffersOf(layer)).toEqual([near([0.15, 1.25]), near([1.1, 16.55]), [0]]);
    layer.forward(XI);
    expect(buffersOf(layer)).toEqual([near([0.285, 2.375]), near([1.19, 30.545]), [0]]);
  });

  test('rank 2 is one sample without its axis', () => {
    const x = madeUp([3, 7], 'float32');
    const layer = new InstanceNorm1d(3);
    expect(valuesOf(layer.forward(x))).toEqual(
      valuesOf(layer.forward({ ...x, shape: [1, 3, 7], strides: [21, 7, 1] })),
    );
  });

  test('refusals name the spatial elements and the axis', () => {
    expect(() => new InstanceNorm1d(2).eval().forward(madeUp([2, 2, 1], 'float32'))).toThrow(
      'Expected more than 1 spatial element when training, got input size torch.Size([2, 2, 1])',
    );
    expect(() => new InstanceNorm1d(2, { affine: true }).forward(madeUp([3, 5], 'float32'))).toThrow(
      "expected input's size at dim=0 to match num_features (2), but got: 3.",
    );
  });
});

describe('LayerNorm, GroupNorm and RMSNorm', () => {
  test('a constant row gives exactly the bias', () => {
    expect(valuesOf(layerNorm(f32([1e6, 1e6, 1e6], [1, 3]), [3], null, f32([1, 2, 3], [3])).output)).toEqual([1, 2, 3]);
    expect(valuesOf(groupNorm(f32(new Array(8).fill(1e7), [1, 2, 4]), 1).output)).toEqual(new Array(8).fill(0));
  });

  test('one group is LayerNorm over a sample, and RMSNorm of one value is its sign', () => {
    const x = madeUp([2, 4, 3]);
    valuesOf(groupNorm(x, 1).output).forEach((v, i) => {
      expect(v).toBeCloseTo(valuesOf(layerNorm(x, [4, 3]).output)[i], 12);
    });
    expect(valuesOf(rmsNorm(f32([5, -2, 0], [3, 1]), [1]).output)).toEqual(near([1, -1, 0]));
  });

  test('float64 eps of RMSNorm is float64’s', () => {
    const tiny = tensor([1e-8], [1], 'float64');
    expect(valuesOf(rmsNorm(tiny, [1]).output)[0]).toBeCloseTo(1e-8 / Math.sqrt(1e-16 + 2 ** -52), 12);
    const single = valuesOf(rmsNorm(f32([1e-4], [1]), [1]).output)[0];
    expect(single).toBeCloseTo(1e-4 / Math.sqrt(1e-8 + 2 ** -23), 6);
  });

  test('what is refused, in PyTorch’s words and types', () => {
    const cases: [() => unknown, string, string][] = [
      [
        () => layerNorm(madeUp([2, 4], 'float32'), [5]),
        'RuntimeError',
        'Given normalized_shape=[5], expected input with shape [*, 5], but got input of size[2, 4]',
      ],
      [
        () => rmsNorm(madeUp([2, 4], 'float32'), [5]),
        'RuntimeError',
        'Given normalized_shape=[5], expected input with shape [*5], but got input of size[2, 4]',
      ],
      [() => new GroupNorm(3, 10), 'ValueError', 'num_channels (10) must be divisible by num_groups (3)'],
      [() => new GroupNorm(0, 6), 'ZeroDivisionError', 'integer modulo by zero'],
      [
        () => new GroupNorm(4, 4).eval().forward(madeUp([1, 4, 1], 'float32')),
        'ValueError',
        'Expected more than 1 value per channel when training, got input size [1, 4, 1]',
      ],
      [
        () => new LayerNorm(4).forward(madeUp([2, 4], 'float64')),
        'RuntimeError',
        'mixed dtype (CPU): all inputs must share same datatype.',
      ],
      [
        () => layerNorm(tensor([1, 2], [1, 2], 'int64'), [2]),
        'NotImplementedError',
        `"LayerNormKernelImpl" not implemented for 'Long'`,
      ],
      [() => new LayerNorm(-5), 'RuntimeError', 'Trying to create tensor with negative dimension -5: [-5]'],
    ];
    for (const [refused, type, message] of cases) {
      try {
        refused();
        expect.unreachable(message);
      } catch (problem) {
        expect(problem).toBeInstanceOf(TorchError);
        expect(problem).toMatchObject({ type, message });
      }
    }
  });

  test('GroupNorm without pixels has a weight gradient of NaN, PyTorch’s own', () => {
    const layer = new GroupNorm(2, 4);
    layer.forward(madeUp([2, 4, 0], 'float32'));
    layer.backward(madeUp([2, 4, 0], 'float32'));
    expect(layer.weightGrad && valuesOf(layer.weightGrad)).toEqual(new Array(4).fill(Number.NaN));
    expect(layer.biasGrad && valuesOf(layer.biasGrad)).toEqual([0, 0, 0, 0]);
  });

  test('transposed rows are read through their strides', () => {
    const x = madeUp([4, 3], 'float32');
    const across = layerNorm(transpose(x, 0, 1), [4]);
    expect(across.output.shape).toEqual([3, 4]);
    expect(valuesOf(across.output)).toEqual(valuesOf(layerNorm(f32(valuesOf(transpose(x, 0, 1)), [3, 4]), [4]).output));
  });
});

test('batch_norm evaluates by default, and updates the running statistics before it looks at a bias of another dtype', () => {
  const [mean, variance] = [f32([1, 2], [2]), f32([4, 9], [2])];
  expect(valuesOf(batchNorm(X, mean, variance).output)).toEqual(near([0, 0, 1, 4 / 3, 2, 8 / 3]));
  const x = tensor([1, 2, 3, 6, 5, 10], [3, 2], 'float64');
  const [mean64, variance64] = [tensor([1, 2], [2], 'float64'), tensor([4, 9], [2], 'float64')];
  const weight = tensor([1, 1], [2], 'float64');
  const call = (training: boolean) => () => batchNormInPlace(x, mean64, variance64, weight, mean, training, 0.5, 1e-5);
  expect(call(false)).toThrow('expected scalar type Double but found Float');
  expect(valuesOf(mean64)).toEqual([1, 2]);
  expect(call(true)).toThrow('expected scalar type Double but found Float');
  expect(valuesOf(mean64)).toEqual([2, 4]);
});

test.each([
  [false, false, [3, 1, 1, 1]],
  [false, true, [3, 1, 1, 1]],
  [true, false, [3, 1, 3, 3]],
  [true, true, [3, 1, 1, 1]],
])('strides of the gradient of one pixel, channels last: input %s, upstream %s', (input, upstream, strides) => {
  const laid = (last: boolean, seed: number): Tensor => {
    const t = madeUp([2, 3, 1, 1], 'float32', seed);
    return last ? { ...t, strides: [3, 1, 3, 3] } : t;
  };
  const layer = new BatchNorm2d(3);
  layer.forward(laid(input, 1));
  expect(layer.backward(laid(upstream, 2)).strides).toEqual(strides); // as PyTorch 2.13 has them
});

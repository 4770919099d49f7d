// Gradients of every layer: against central differences in float64, summed over backwards, and through the statistics of now.

import { describe, expect, test } from 'vitest';
import { BatchNorm1d, type Module, TorchError } from '../../ts-impl/norms/index.ts';
import { fromStorage, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import { EXAMPLES, madeUp, valuesOf } from './made-up.ts';

/** Σ output·upstream of a layer left as it was. */
function loss(layer: Module, input: Tensor, upstream: readonly number[]): number {
  return valuesOf(layer.clone().forward(input)).reduce((sum, y, i) => sum + y * upstream[i], 0);
}

/** The derivative of `at` in each element of `t`, by central differences. */
function slopes(t: Tensor, at: (moved: Tensor) => number): number[] {
  const step = 1e-5;
  const values = valuesOf(t);
  return values.map((_, i) => {
    const moved = (by: number) => {
      const copy = Float64Array.from(values);
      copy[i] += by;
      return at(fromStorage('float64', t.shape, copy));
    };
    return (moved(step) - moved(-step)) / (2 * step);
  });
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThan(1e-7 * Math.max(1, Math.abs(expected[i])));
  });
}

describe.each(EXAMPLES)('$name', ({ shape, make }) => {
  test.each(['train', 'eval'] as const)('%s', (mode) => {
    const layer = make('float64').train(mode === 'train');
    const input = madeUp(shape, 'float64', 5);
    const upstream = madeUp(shape, 'float64', 6);
    const g = valuesOf(upstream);
    const before = layer.clone();
    layer.forward(input);
    const dx = layer.backward(upstream);
    expectClose(
      valuesOf(dx),
      slopes(input, (x) => loss(before, x, g)),
    );
    for (const name of ['weight', 'bias'] as const) {
      const parameter = before[name];
      const gradient = name === 'weight' ? layer.weightGrad : layer.biasGrad;
      expect(gradient === null).toBe(parameter === null);
      if (parameter === null || gradient === null) continue;
      const moved = (value: Tensor) => {
        const other = before.clone();
        other.assign(name, value);
        return loss(other, input, g);
      };
      expectClose(valuesOf(gradient), slopes(parameter, moved));
      expect(gradient.shape).toEqual(parameter.shape);
    }
  });

  test('a second backward adds to the parameters and repeats the input', () => {
    const layer = make('float32');
    const upstream = madeUp(shape, 'float32', 6);
    layer.forward(madeUp(shape, 'float32', 5));
    const first = valuesOf(layer.backward(upstream));
    const weight = layer.weightGrad && valuesOf(layer.weightGrad);
    expect(valuesOf(layer.backward(upstream))).toEqual(first);
    expect(layer.weightGrad && valuesOf(layer.weightGrad)).toEqual(weight?.map((v) => Math.fround(2 * v)));
    layer.zeroGrad();
    expect([layer.weightGrad, layer.biasGrad]).toEqual([null, null]);
  });

  test('an upstream gradient of another shape is refused', () => {
    const layer = make('float32');
    expect(() => layer.backward(madeUp(shape, 'float32'))).toThrow('call forward first');
    layer.forward(madeUp(shape, 'float32'));
    expect(() => layer.backward(madeUp([7], 'float32'))).toThrow(
      `Mismatch in shape: grad_output[0] has a shape of torch.Size([7]) and output[0] has a shape of torch.Size([${shape.join(', ')}]).`,
    );
  });
});

test('an eval backward reads the running statistics of now, a train backward its own batch', () => {
  const upstream = madeUp([4, 3], 'float64', 6);
  const evaluated = new BatchNorm1d(3, { dtype: 'float64' }).eval();
  const call = evaluated.call(madeUp([4, 3]));
  const before = valuesOf(call.backward(upstream).input);
  evaluated.train().call(madeUp([4, 3], 'float64', 9));
  const after = valuesOf(call.backward(upstream).input);
  expect(after).not.toEqual(before);
  const [r] = valuesOf(evaluated.runningVar as Tensor).map((v) => 1 / Math.sqrt(v + 1e-5)); // tracked by default
  expect(after[0]).toBeCloseTo(valuesOf(upstream)[0] * r, 12);

  const trained = new BatchNorm1d(3, { dtype: 'float64' });
  const first = trained.call(madeUp([4, 3]));
  const own = valuesOf(first.backward(upstream).input);
  trained.call(madeUp([4, 3], 'float64', 9));
  expect(valuesOf(first.backward(upstream).input)).toEqual(own);
});

test('a forward that was refused leaves nothing to go back through', () => {
  const layer = new BatchNorm1d(3);
  layer.forward(madeUp([4, 3], 'float32'));
  expect(() => layer.forward(madeUp([4, 5], 'float32'))).toThrow(TorchError);
  expect(() => layer.backward(madeUp([4, 3], 'float32'))).toThrow('call forward first');
});

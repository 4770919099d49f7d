// Nothing given is written and nothing answered shares memory: for every layer, layout and dtype, by comparing bytes.

import { describe, expect, test } from 'vitest';
import { batchNorm, groupNorm, instanceNorm, layerNorm, rmsNorm } from '../../ts-impl/norms/index.ts';
import { contiguous, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import { EXAMPLES, LAYOUTS, laidOut, madeUp, valuesOf } from './made-up.ts';

const bytesOf = (t: Tensor) =>
  Buffer.from(t.storage.buffer, t.storage.byteOffset, t.storage.byteLength).toString('hex');

describe.each(EXAMPLES)('$name', ({ shape, make }) => {
  for (const layout of LAYOUTS) {
    test.each(['float16', 'bfloat16', 'float32', 'float64'] as const)(`${layout} %s`, (dtype) => {
      const layer = make(dtype);
      const input = laidOut(shape, layout, dtype, 3);
      const upstream = laidOut(shape, layout, dtype, 4);
      const given = [input, upstream, layer.weight, layer.bias].filter((t) => t !== null);
      const before = given.map(bytesOf);
      const output = layer.forward(input);
      const held = bytesOf(output);
      const dx = layer.backward(upstream);
      layer.backward(upstream);
      layer.forward(input);
      expect(given.map(bytesOf)).toEqual(before);
      expect(bytesOf(output)).toBe(held);
      const memories = [...given, output, dx, layer.weightGrad, layer.biasGrad].filter((t) => t !== null);
      expect(new Set(memories.map((t) => t.storage.buffer)).size).toBe(memories.length);
      expect([output.shape, dx.shape]).toEqual([shape, shape]);
      expect([output.dtype, dx.dtype]).toEqual([dtype, dtype]);
    });
  }

  test('strided inputs mean the same as their contiguous copies', () => {
    for (const layout of LAYOUTS) {
      const input = laidOut(shape, layout, 'float64', 3);
      const upstream = laidOut(shape, layout, 'float64', 4);
      const [own, straight] = [make('float64'), make('float64')];
      const [y, z] = [own.forward(input), straight.forward(contiguous(input))].map(valuesOf);
      const [dx, dz] = [own.backward(upstream), straight.backward(contiguous(upstream))].map(valuesOf);
      y.forEach((value, i) => {
        expect(value).toBeCloseTo(z[i], 9);
      });
      dx.forEach((value, i) => {
        expect(value).toBeCloseTo(dz[i], 9);
      });
    }
  });

  test('a state dict and a clone are copies', () => {
    const layer = make('float32');
    const copy = layer.clone();
    const live = layer.tensors().map(({ tensor }) => tensor.storage.buffer);
    const taken = [...layer.stateDict().entries, ...copy.tensors()].map(({ tensor }) => tensor.storage.buffer);
    expect(taken.filter((buffer) => live.includes(buffer))).toEqual([]);
    copy.forward(madeUp(shape, 'float32'));
    expect(layer.stateDict()).toEqual(make('float32').stateDict());
  });
});

test('functions answer new running statistics and leave those they are given', () => {
  const x = madeUp([4, 3, 5], 'float32');
  const [mean, variance] = [madeUp([3], 'float32', 2), madeUp([3], 'float32', 3)];
  const before = [x, mean, variance].map(bytesOf);
  for (const norm of [batchNorm, instanceNorm]) {
    const call = norm(x, mean, variance, null, null, true);
    expect([x, mean, variance].map(bytesOf)).toEqual(before);
    expect(call.runningMean && bytesOf(call.runningMean)).not.toBe(before[1]);
    expect(call.runningVar && bytesOf(call.runningVar)).not.toBe(before[2]);
  }
  for (const call of [layerNorm(x, [5]), groupNorm(x, 3), rmsNorm(x, [3, 5])]) call.backward(x);
  expect(bytesOf(x)).toBe(before[0]);
});

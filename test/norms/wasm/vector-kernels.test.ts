// The WebAssembly kernels give the bits of the TypeScript ones, and leave to them what they can't decide.

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { wordAt } from '../../../cases/counter.ts';
import {
  BatchNorm1d,
  BatchNorm2d,
  GroupNorm,
  InstanceNorm2d,
  LayerNorm,
  type Module,
} from '../../../ts-impl/norms/index.ts';
import { fma32 } from '../../../ts-impl/norms/fused-multiply-add.ts';
import { useVectorKernels, vectorKernels, WORTHWHILE } from '../../../ts-impl/norms/wasm/vector-kernels.ts';
import { embedKernels } from '../../../setup/wasm-kernels.mjs';
import { type Shape, sizeOf } from '../../../ts-impl/tensor/shape.ts';
import { fromStorage, type Tensor } from '../../../ts-impl/tensor/tensor.ts';

afterEach(() => useVectorKernels(true));

const unit = (i: number, key: number) => wordAt(key, 7, i) / 2 ** 31 - 1;
const VALUES: Readonly<Record<string, (i: number) => number>> = {
  ordinary: (i) => unit(i, 1),
  'large mean': (i) => 1e4 + unit(i, 2),
  'whole numbers, whose halves lie half-way': (i) => Math.round(unit(i, 3) * 8),
  'squares that are subnormal': (i) => unit(i, 4) * 1e-20,
  subnormal: (i) => unit(i, 5) * 1e-40,
  huge: (i) => unit(i, 6) * 1e30,
  constant: () => 0.1,
  zero: (i) => (i % 2 === 0 ? 0 : -0),
  'a NaN here and there': (i) => (i % 997 === 5 ? Number.NaN : unit(i, 8)),
  'an infinity here and there': (i) => (i % 997 === 5 ? Number.POSITIVE_INFINITY : unit(i, 9)),
  'all scales': (i) => unit(i, 10) * 2 ** (60 * unit(i, 11)),
};

const LAYERS: readonly { readonly name: string; readonly shape: Shape; readonly make: () => Module }[] = [
  { name: 'BatchNorm1d of rows', shape: [97, 51], make: () => new BatchNorm1d(51) },
  { name: 'BatchNorm1d of one column', shape: [5000, 1], make: () => new BatchNorm1d(1) },
  { name: 'BatchNorm2d', shape: [3, 7, 15, 17], make: () => new BatchNorm2d(7) },
  { name: 'InstanceNorm2d', shape: [3, 6, 16, 17], make: () => new InstanceNorm2d(6, { affine: true }) },
  { name: 'LayerNorm, a short last vector', shape: [61, 131], make: () => new LayerNorm(131) },
  {
    name: 'LayerNorm without parameters',
    shape: [9, 1024],
    make: () => new LayerNorm(1024, { elementwiseAffine: false }),
  },
  { name: 'LayerNorm without bias', shape: [9, 1027], make: () => new LayerNorm(1027, { bias: false }) },
  { name: 'LayerNorm of many chunks', shape: [2, 5003], make: () => new LayerNorm(5003) },
  { name: 'LayerNorm of rows shorter than a vector', shape: [1400, 3], make: () => new LayerNorm(3) },
  { name: 'GroupNorm', shape: [2, 6, 31, 31], make: () => new GroupNorm(3, 6) },
  { name: 'GroupNorm without parameters', shape: [2, 6, 31, 31], make: () => new GroupNorm(2, 6, { affine: false }) },
];

describe.each(LAYERS)('$name', ({ shape, make }) => {
  test.each(Object.keys(VALUES))('%s', (kind) => {
    expect(sizeOf(shape)).toBeGreaterThanOrEqual(WORTHWHILE);
    const input = fromStorage(
      'float32',
      shape,
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => VALUES[kind](i)),
    );
    const runs = [true, false].map((on) => {
      useVectorKernels(on);
      const layer = make();
      for (const [k, p] of [layer.weight, layer.bias].entries()) {
        p?.storage.set(Array.from({ length: p.storage.length }, (_, i) => unit(i, 20 + k)) as never); // float32 takes numbers
      }
      const trained = layer.forward(input);
      const state = layer.stateDict().entries.map(({ tensor }) => tensor);
      layer.training = false;
      return [trained, layer.forward(input), ...state].map(bits);
    });
    expect(runs[0]).toEqual(runs[1]);
  });
});

test('what a double rounding would get wrong is left to TypeScript', () => {
  const kernels = vectorKernels(8);
  expect(kernels).not.toBeNull();
  // Just under half-way above an odd float32: rounded to double first it would go up.
  const a = 2 ** -12 * (1 + 2 ** -23);
  const b = 2 ** -12 * (1 - 2 ** -23);
  const c = 1 + 2 ** -23;
  expect(Math.fround(a * b + c)).not.toBe(fma32(a, b, c));
  for (const place of [0, 3, 6]) {
    const x = new Float32Array(7).fill(0.5);
    x[place] = a;
    const y = new Float32Array(7);
    const ranges: number[][] = [];
    kernels?.shiftPlanes(x, y, 7, Float32Array.of(b), Float32Array.of(c), (from, end) => ranges.push([from, end]));
    expect(ranges).toEqual([[0, 7]]);
  }
});

test('the embedded bytes are those of the source', async () => {
  const path = new URL('../../../ts-impl/norms/wasm/kernels.wasm.ts', import.meta.url);
  const made = (text: string) => /'([A-Za-z0-9+/=]+)'/.exec(text)?.[1];
  const embedded = made(readFileSync(path, 'utf8'));
  expect(embedded).toBeDefined();
  expect(embedded).toBe(made(await embedKernels()));
});

function bits(t: Tensor): string {
  const storage = t.storage;
  if (storage instanceof Float32Array)
    for (let i = 0; i < storage.length; i++) if (Number.isNaN(storage[i])) storage[i] = Number.NaN;
  return Buffer.from(storage.buffer, storage.byteOffset, storage.byteLength).toString('base64');
}

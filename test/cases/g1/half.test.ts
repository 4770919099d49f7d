// A float32 case put in half precision: which tensors are rounded, which stay, and how the layer is made.

import { describe, expect, test } from 'vitest';
import { int, type Step, tensorValue, text } from '../../../cases/case.ts';
import { generate } from '../../../cases/g1/generate.ts';
import { inHalf } from '../../../cases/g1/half.ts';
import { HALF_FAMILIES } from '../../../cases/families/half.ts';
import { encodeHalf } from '../../../ts-impl/tensor/half.ts';
import { tensor } from '../../../ts-impl/tensor/tensor.ts';

const one = (value = 0.1) => tensor([value, 2], [2], 'float32');
const STEPS: readonly Step[] = [
  { kind: 'construct', layer: 'BatchNorm1d', arguments: { num_features: int(2) } },
  { kind: 'set_tensor', name: 'weight', tensor: one() },
  { kind: 'set_tensor', name: 'num_batches_tracked', tensor: tensor([3], [], 'int64') },
  { kind: 'set_tensor', name: 'bias', tensor: null },
  { kind: 'forward', mode: 'train', input: one(), gradient: true },
  { kind: 'backward', gradient: one(), accumulate: false, again: false },
  {
    kind: 'double_backward',
    gradient: one(),
    vectors: [
      { name: 'input.grad', tensor: one() },
      { name: 'weight.grad', tensor: one() },
    ],
  },
  {
    kind: 'call',
    function: 'batch_norm',
    arguments: { input: tensorValue(one()), weight: tensorValue(one()), eps: int(1) },
    gradient: true,
  },
  { kind: 'read', what: 'buffers' },
];

/** Each tensor's dtype, step by step. */
function dtypes(steps: readonly Step[]): string[] {
  return steps.map((step) => {
    switch (step.kind) {
      case 'construct':
        return `construct ${step.arguments.dtype?.kind === 'string' ? step.arguments.dtype.value : 'as the case'}`;
      case 'cast':
        return `cast ${step.dtype}`;
      case 'set_tensor':
        return `${step.name} ${step.tensor?.dtype}`;
      case 'forward':
        return `input ${step.input.dtype}`;
      case 'backward':
        return `gradient ${step.gradient.dtype}`;
      case 'double_backward':
        return [step.gradient, ...step.vectors.map((v) => v.tensor)].map((t) => t.dtype).join();
      case 'call':
        return Object.values(step.arguments)
          .map((v) => (v.kind === 'tensor' ? v.tensor.dtype : v.kind))
          .join();
      default:
        return step.kind;
    }
  });
}

test('with parameters of half precision all floats are rounded, counts are not', () => {
  expect(dtypes(inHalf(STEPS, 'float16', 'half', false))).toEqual([
    'construct as the case',
    'weight float16',
    'num_batches_tracked int64',
    'bias undefined',
    'input float16',
    'gradient float16',
    'float16,float16,float16',
    'float16,float16,int',
    'read',
  ]);
  expect(dtypes(inHalf(STEPS, 'bfloat16', 'half', true)).slice(0, 3)).toEqual([
    'construct float32',
    'cast bfloat16',
    'weight bfloat16',
  ]);
});

test('with parameters of float32 only inputs and upstream gradients are rounded', () => {
  for (const cast of [false, true]) {
    expect(dtypes(inHalf(STEPS, 'bfloat16', 'float32', cast))).toEqual([
      'construct float32',
      'weight float32',
      'num_batches_tracked int64',
      'bias undefined',
      'input bfloat16',
      'gradient bfloat16',
      'bfloat16,bfloat16,float32',
      'bfloat16,float32,int',
      'read',
    ]);
  }
});

test('values are rounded to nearest', () => {
  const [, , , , forward] = inHalf(STEPS, 'float16', 'half', false);
  if (forward.kind !== 'forward') throw new Error('the fifth step is the forward');
  expect(Array.from(forward.input.storage, Number)).toEqual([encodeHalf(0.1, 'float16'), encodeHalf(2, 'float16')]);
});

describe('the families', () => {
  test.each(Object.keys(HALF_FAMILIES) as (keyof typeof HALF_FAMILIES)[])('%s asks in half precision', (family) => {
    const seen = new Set<string>();
    for (let index = 0; index < 66; index++) {
      const c = generate(family, 3, index);
      const made = c.steps.find((step) => step.kind === 'construct');
      const mixed = made?.kind === 'construct' && made.arguments.dtype !== undefined && c.steps[1].kind !== 'cast';
      seen.add(c.dtype);
      if (made !== undefined) seen.add(mixed ? 'mixed' : 'pure');
      for (const step of c.steps) if (step.kind === 'forward') expect(step.input.dtype, c.id).toBe(c.dtype);
    }
    const half: string | undefined = HALF_FAMILIES[family].rule().half;
    const kinds = half === 'either' ? ['mixed', 'pure'] : [half === 'half' ? 'pure' : 'mixed'];
    expect([...seen].sort()).toEqual(['bfloat16', 'float16', ...kinds]);
  });
});

test('a dtype that was asked for by name stays in the arguments', () => {
  const [construct] = inHalf(STEPS, 'float16', 'float32', false);
  expect(construct).toMatchObject({ arguments: { num_features: int(2), dtype: text('float32') } });
});

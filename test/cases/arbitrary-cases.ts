// Any case at all, for property tests: every kind of step and value, any bits in its tensors, legal or not.

import fc from 'fast-check';
import { expect } from 'vitest';
import { type Case, float, int, type Step, type Value } from '../../cases/case.ts';
import { packHeader } from '../../cases/packed-header.ts';
import { encodeCase } from '../../cases/serialise.ts';
import { DTYPES, type Dtype, makeStorage } from '../../ts-impl/tensor/dtype.ts';
import { contiguousStrides, sizeOf } from '../../ts-impl/tensor/shape.ts';
import type { Tensor } from '../../ts-impl/tensor/tensor.ts';

const tensors: fc.Arbitrary<Tensor> = fc
  .record({
    dtype: fc.constantFrom(...DTYPES),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    offset: fc.integer({ min: 0, max: 3 }),
    seed: fc.uint8Array({ minLength: 8, maxLength: 64 }),
  })
  .map(({ dtype, shape, offset, seed }) => {
    const storage = makeStorage(dtype, offset + sizeOf(shape));
    const bytes = new Uint8Array(storage.buffer);
    for (let i = 0; i < bytes.length; i++) bytes[i] = seed[i % seed.length]; // any bits: NaN payloads and −0 too
    return { dtype, shape, strides: contiguousStrides(shape), offset, storage };
  });

const values: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant<Value>({ kind: 'null' }),
    fc.boolean().map((value): Value => ({ kind: 'bool', value })),
    fc.maxSafeInteger().map(int),
    fc.double().map(float),
    fc.string().map((value): Value => ({ kind: 'string', value })),
    tensors.map((tensor): Value => ({ kind: 'tensor', tensor })),
    fc.array(tie('value'), { maxLength: 3 }).map((items): Value => ({ kind: 'list', items })),
  ),
})).value;

const args = fc.dictionary(fc.stringMatching(/^[a-z_]{1,9}$/), values, { maxKeys: 4 });
const names = fc.constantFrom('weight', 'running_mean', 'num_batches_tracked');

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('construct' as const), layer: fc.string(), arguments: args }),
  fc.record({
    kind: fc.constant('forward' as const),
    mode: fc.constantFrom('train' as const, 'eval' as const, null),
    input: tensors,
    gradient: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('backward' as const),
    gradient: tensors,
    accumulate: fc.boolean(),
    again: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('read' as const), what: fc.constantFrom('buffers' as const, 'all' as const) }),
  fc.record({ kind: fc.constant('set_attribute' as const), name: names, value: values }),
  fc.record({ kind: fc.constant('set_tensor' as const), name: names, tensor: fc.option(tensors) }),
  fc.record({
    kind: fc.constant('load_state' as const),
    entries: fc.array(fc.record({ name: names, tensor: tensors }), { maxLength: 3 }),
    version: fc.option(fc.nat(5)),
    strict: fc.boolean(),
  }),
  fc.constant<Step>({ kind: 'save_state' }),
  fc.record({ kind: fc.constant('cast' as const), dtype: fc.constantFrom<Dtype>(...DTYPES) }),
  fc.constant<Step>({ kind: 'copy' }),
  fc.record({
    kind: fc.constant('reset' as const),
    what: fc.constantFrom('running_stats' as const, 'parameters' as const),
  }),
  fc.record({ kind: fc.constant('call' as const), function: fc.string(), arguments: args, gradient: fc.boolean() }),
);

export const cases: fc.Arbitrary<Case> = fc.record({
  id: fc.constant('x1/none'),
  layer: fc.string(),
  dtype: fc.constantFrom(...DTYPES),
  layout: fc.string(),
  steps: fc.array(steps, { maxLength: 5 }),
});

/** The same bytes, where comparing floats would lose NaN payloads. */
export function expectSame(a: Case, b: Case): void {
  const one = encodeCase({ ...a, id: '' });
  const other = encodeCase({ ...b, id: '' });
  expect(Buffer.from(packHeader(one.header)).equals(packHeader(other.header))).toBe(true);
  expect(Buffer.from(one.payload).equals(other.payload)).toBe(true);
}

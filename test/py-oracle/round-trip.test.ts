// Whatever memory and layout goes out comes back bit for bit: every dtype, any strides, NaN payloads and −0 included.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Case, ints, type Step } from '../../cases/case.ts';
import { decodeCase, encodeCase } from '../../cases/serialise.ts';
import { type Oracle, startOracle } from '../../ts-impl/conformance/subjects/oracle.ts';
import { rawBytes, storageFromBytes } from '../../ts-impl/tensor/bytes.ts';
import { DTYPES, type Dtype, itemSize } from '../../ts-impl/tensor/dtype.ts';
import { contiguousStrides, sizeOf } from '../../ts-impl/tensor/shape.ts';
import { eachOffset, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../conformance/subjects/live-python.ts';
import { caseOf, construct } from '../conformance/subjects/small-cases.ts';

let oracle: Oracle;
beforeAll(async () => {
  if (hasPython) oracle = await startOracle({ python: PYTHON });
});
afterAll(() => oracle?.close());

/** Random bits seen through random strides, offset and gaps; some axes expanded, some of size 0 or 1. */
const anyTensor: fc.Arbitrary<Tensor> = fc
  .record({
    dtype: fc.constantFrom<Dtype>(...DTYPES),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    offset: fc.integer({ min: 0, max: 3 }),
    order: fc.constantFrom('contiguous', 'reversed', 'stepped', 'expanded'),
    spare: fc.integer({ min: 0, max: 3 }),
  })
  .chain(({ dtype, shape, offset, order, spare }) => {
    const strides = stridesOf(shape, order);
    const last = shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis], offset);
    const elements = (sizeOf(shape) === 0 ? 0 : last + 1) + spare;
    const bytes = elements * itemSize(dtype);
    return fc
      .uint8Array({ minLength: bytes, maxLength: bytes })
      .map((memory) => ({ dtype, shape, strides, offset, storage: storageFromBytes(dtype, memory, 0, elements) }));
  });

function stridesOf(shape: readonly number[], order: string): number[] {
  if (order === 'reversed') return contiguousStrides([...shape].reverse()).reverse();
  if (order === 'expanded') return contiguousStrides(shape).map((stride, axis) => (axis === 0 ? 0 : stride));
  return contiguousStrides(shape).map((stride) => (order === 'stepped' ? 2 * stride : stride));
}

/** The bytes in index order, moved without being read as numbers. */
function bytesInOrder(t: Tensor): Uint8Array {
  const size = itemSize(t.dtype);
  const from = rawBytes(t.storage);
  const bytes = new Uint8Array(sizeOf(t.shape) * size);
  let next = 0;
  eachOffset(t, (at) => {
    bytes.set(from.subarray(at * size, (at + 1) * size), next);
    next += size;
  });
  return bytes;
}

function askBack(t: Tensor, i: number): Case {
  const steps: Step[] = [
    construct('LayerNorm', { normalized_shape: ints([1]) }),
    { kind: 'set_tensor', name: 'weight', tensor: t },
    { kind: 'read', what: 'all' },
  ];
  return caseOf(`back/${i}`, steps);
}

test('a case is the same after it was a header and a payload', () => {
  fc.assert(
    fc.property(anyTensor, (t) => {
      const { header, payload } = encodeCase(askBack(t, 0));
      const back = decodeCase(header, payload).steps[1];
      if (back.kind !== 'set_tensor' || back.tensor === null) throw new Error(back.kind);
      expect({ ...back.tensor, storage: rawBytes(back.tensor.storage) }).toEqual({
        ...t,
        storage: rawBytes(t.storage),
      });
    }),
  );
});

describe.skipIf(!hasPython)(`the oracle${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test('gives every tensor back as it came', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyTensor, { minLength: 10, maxLength: 60 }), async (tensors) => {
        const answers = await oracle.ask(tensors.map(askBack), { truth: false });
        answers.forEach(({ outcome }, i) => {
          const step = outcome.kind === 'returned' ? outcome.steps[2] : null;
          if (step?.kind !== 'returned') throw new Error(JSON.stringify(outcome));
          const [{ name, tensor }] = step.tensors;
          expect(name).toBe('weight');
          expect(tensor.dtype).toBe(tensors[i].dtype);
          expect(tensor.shape).toEqual(tensors[i].shape);
          expect(Buffer.from(rawBytes(tensor.storage))).toEqual(Buffer.from(bytesInOrder(tensors[i])));
        });
      }),
      { numRuns: 20 },
    );
  });
});

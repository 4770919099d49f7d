// Values for a weight or a bias: random, with a negative and a zero, so that no affine form looks like another. No layer, no layout.

import type { ComputeDtype } from '../../ts-impl/tensor/dtype.ts';
import { type Shape, sizeOf } from '../../ts-impl/tensor/shape.ts';
import { fromStorage, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import { normalAt, type Stream, uniformAt } from '../counter.ts';

/** A tensor whose memory is known to be of floats. */
export type Parameter = Tensor & { readonly storage: Float32Array | Float64Array };

/** Random values with at least one negative and a zero, all others different. */
export function parameter(shape: Shape, dtype: ComputeDtype, stream: Stream): Parameter {
  const size = sizeOf(shape);
  const storage = dtype === 'float32' ? new Float32Array(size) : new Float64Array(size); // [...shape]
  for (let i = 0; i < size; i++) storage[i] = 1.25 * normalAt(stream.a, stream.b, i) + 0.25;
  const first = Math.floor(uniformAt(stream.a, stream.b, 0x40000000) * size);
  if (size >= 3) storage[first] = 0;
  if (size >= 2) storage[(first + 1) % size] = -Math.abs(storage[(first + 1) % size]) - 0.125;
  return { ...fromStorage(dtype, shape, storage), storage };
}

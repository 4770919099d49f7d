// The values of a contiguous tensor as numbers a comparator can subtract. Nothing is rounded: every supported type fits a float64 but int64 beyond 2^53.

import type { Tensor } from '../../tensor/tensor.ts';
import { widened } from '../../tensor/widen.ts';

/** The elements in index order; memory itself for float32 and float64. */
export function elementsOf(t: Tensor): Float32Array | Float64Array {
  const { storage } = widened(t);
  if (storage instanceof Float32Array || storage instanceof Float64Array) return storage;
  const values = new Float64Array(storage.length); // [elements]
  for (let i = 0; i < values.length; i++) values[i] = Number(storage[i]);
  return values;
}

// The element types a tensor may have, and what each is made of. No arithmetic here.

/** PyTorch's name of an element type. */
export type Dtype = 'float16' | 'bfloat16' | 'float32' | 'float64' | 'int64';

/** The element types the port computes in. */
export type ComputeDtype = 'float32' | 'float64';

/** The element types that are kept as raw bits and computed in float32. */
export type HalfDtype = 'float16' | 'bfloat16';

export type FloatDtype = ComputeDtype | HalfDtype;

/** Flat memory of a tensor. float16 and bfloat16 are kept as their 16 raw bits. */
export type Storage = Float32Array | Float64Array | BigInt64Array | Uint16Array;

export const DTYPES: readonly Dtype[] = ['float16', 'bfloat16', 'float32', 'float64', 'int64'];

/** Bytes of one element. */
export function itemSize(dtype: Dtype): number {
  switch (dtype) {
    case 'float16':
    case 'bfloat16':
      return 2;
    case 'float32':
      return 4;
    case 'float64':
    case 'int64':
      return 8;
    default:
      return dtype satisfies never;
  }
}

/** New zeroed memory for `elements` elements. Throws TypeError where JavaScript hands over another dtype. */
export function makeStorage(dtype: Dtype, elements: number): Storage {
  switch (dtype) {
    case 'float16':
    case 'bfloat16':
      return new Uint16Array(elements);
    case 'float32':
      return new Float32Array(elements);
    case 'float64':
      return new Float64Array(elements);
    case 'int64':
      return new BigInt64Array(elements);
    default:
      dtype satisfies never;
      throw new TypeError(`dtype is ${JSON.stringify(dtype)}, expected one of ${DTYPES.join(', ')}`);
  }
}

/** The distance from 1 to the next larger number of this type (PyTorch's `torch.finfo(dtype).eps`). */
export function machineEpsilon(dtype: ComputeDtype): number {
  return dtype === 'float32' ? 2 ** -23 : 2 ** -52;
}

export function isDtype(name: unknown): name is Dtype {
  return typeof name === 'string' && (DTYPES as readonly string[]).includes(name);
}

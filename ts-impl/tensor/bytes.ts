// Memory as little-endian bytes and back. Every platform this runs on is little-endian; the module refuses to load on one that is not.

import { type Dtype, itemSize, type Storage } from './dtype.ts';

if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) {
  throw new Error(
    'normative reads and writes tensors as little-endian bytes, but this machine is big-endian; run it on a little-endian one',
  );
}

/** The memory itself seen as bytes; nothing is copied. */
export function rawBytes(storage: Storage): Uint8Array {
  return new Uint8Array(storage.buffer, storage.byteOffset, storage.byteLength);
}

/** The elements that lie at byte `at` of `bytes`, in place. Throws RangeError where that is no multiple of their size in memory. */
export function viewOfBytes(dtype: Dtype, bytes: Uint8Array, at: number, elements: number): Storage {
  const start = bytes.byteOffset + at;
  switch (dtype) {
    case 'float16':
    case 'bfloat16':
      return new Uint16Array(bytes.buffer, start, elements);
    case 'float32':
      return new Float32Array(bytes.buffer, start, elements);
    case 'float64':
      return new Float64Array(bytes.buffer, start, elements);
    case 'int64':
      return new BigInt64Array(bytes.buffer, start, elements);
    default:
      return dtype satisfies never;
  }
}

/** New memory with `elements` elements copied from `bytes`, starting at byte `at` of it. */
export function storageFromBytes(dtype: Dtype, bytes: Uint8Array, at: number, elements: number): Storage {
  const start = bytes.byteOffset + at;
  const copy = bytes.buffer.slice(start, start + elements * itemSize(dtype));
  switch (dtype) {
    case 'float16':
    case 'bfloat16':
      return new Uint16Array(copy);
    case 'float32':
      return new Float32Array(copy);
    case 'float64':
      return new Float64Array(copy);
    case 'int64':
      return new BigInt64Array(copy);
    default:
      return dtype satisfies never;
  }
}

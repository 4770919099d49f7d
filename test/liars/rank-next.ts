// Moves every finite float of an array to its upper neighbour, in place.

export function rankNext(storage: Float32Array | Float64Array): void {
  for (let i = 0; i < storage.length; i++) {
    if (!Number.isFinite(storage[i])) continue;
    if (storage instanceof Float32Array) storage[i] = next32(storage[i]);
    else storage[i] = next64(storage[i]);
  }
}

/** The same of float16 or bfloat16, as raw bits; `exponent` is the mask of theirs. */
export function rankNextHalf(bits: Uint16Array, exponent: number): void {
  for (let i = 0; i < bits.length; i++) {
    if ((bits[i] & exponent) === exponent) continue; // not finite
    if (bits[i] === 0x8000) bits[i] = 0;
    else bits[i] += bits[i] < 0x8000 ? 1 : -1;
  }
}

// --- internal ---

const single = new Float32Array(1);
const bits32 = new Int32Array(single.buffer);
const double = new Float64Array(1);
const bits64 = new BigInt64Array(double.buffer);

function next32(x: number): number {
  single[0] = x;
  if (Object.is(single[0], -0)) return 0;
  bits32[0] += bits32[0] >= 0 ? 1 : -1;
  return single[0];
}

function next64(x: number): number {
  double[0] = x;
  if (Object.is(double[0], -0)) return 0;
  bits64[0] += bits64[0] >= 0n ? 1n : -1n;
  return double[0];
}

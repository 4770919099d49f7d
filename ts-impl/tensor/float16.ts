// float16 (IEEE binary16) to float32 and back: to nearest, ties to even, subnormals kept. Raw bits in and out; no arithmetic in float16.

/** The number that 16 raw bits stand for. */
export function decodeFloat16(bits: number): number {
  return decoded[bits];
}

/** The raw bits nearest to a number, which is rounded to float32 first, as PyTorch does. Every NaN becomes 0x7e00. */
export function encodeFloat16(x: number): number {
  float[0] = x;
  return bitsOf(word[0]);
}

/** Decodes `count` elements of `from`, starting at `at`, into the start of `into`. */
export function decodeFloat16s(from: Uint16Array, at: number, count: number, into: Float32Array): void {
  for (let i = 0; i < count; i++) into[i] = decoded[from[at + i]];
}

/** Encodes every number of `from` into the start of `into`. */
export function encodeFloat16s(from: Float32Array, into: Uint16Array): void {
  const words = new Uint32Array(from.buffer, from.byteOffset, from.length);
  for (let i = 0; i < words.length; i++) into[i] = bitsOf(words[i]);
}

// --- internal ---

const float = new Float32Array(1); // [1]
const word = new Uint32Array(float.buffer); // [1]
const decoded = makeTable(); // [65536]

function makeTable(): Float32Array {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >>> 10) & 31;
    const fraction = bits & 1023;
    const size =
      exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : exponent === 0
          ? fraction * 2 ** -24
          : (1024 + fraction) * 2 ** (exponent - 25);
    table[bits] = bits < 0x8000 ? size : -size;
  }
  return table;
}

/** From the 32 bits of a float32. */
function bitsOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return 0x7e00;
  if (size >= 0x47800000) return sign | 0x7c00; // 65536 and more
  if (size >= 0x38800000) {
    // Half a last place, less one where the kept part is even; a carry moves into the exponent, up to infinity.
    return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
  }
  // Below 2^-14 the places are 2^-24, which are the places of float32 from 0.5 to 1: this addition rounds to them.
  word[0] = size;
  float[0] += 0.5;
  return sign | (word[0] - 0x3f000000);
}

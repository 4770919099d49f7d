// bfloat16 (the upper half of a float32) to float32 and back: to nearest, ties to even. Raw bits in and out; no arithmetic in bfloat16.

/** The number that 16 raw bits stand for. */
export function decodeBfloat16(bits: number): number {
  word[0] = bits << 16;
  return float[0];
}

/** The raw bits nearest to a number, which is rounded to float32 first, as PyTorch does. Every NaN becomes 0x7fc0. */
export function encodeBfloat16(x: number): number {
  float[0] = x;
  return bitsOf(word[0]);
}

/** Decodes `count` elements of `from`, starting at `at`, into the start of `into`. */
export function decodeBfloat16s(from: Uint16Array, at: number, count: number, into: Float32Array): void {
  const words = new Uint32Array(into.buffer, into.byteOffset, into.length);
  for (let i = 0; i < count; i++) words[i] = from[at + i] << 16;
}

/** Encodes every number of `from` into the start of `into`. */
export function encodeBfloat16s(from: Float32Array, into: Uint16Array): void {
  const words = new Uint32Array(from.buffer, from.byteOffset, from.length);
  for (let i = 0; i < words.length; i++) into[i] = bitsOf(words[i]);
}

// --- internal ---

const float = new Float32Array(1); // [1]
const word = new Uint32Array(float.buffer); // [1]

/** From the 32 bits of a float32. */
function bitsOf(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fc0;
  // Half a last place, less one where the kept part is even; a carry moves into the exponent, up to infinity.
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

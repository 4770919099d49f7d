// Reproducible numbers for experiments: plain pseudo-random values with no structure that a norm could share. Not for case ids.

/** `size` values spread over (-2, 2), none nearer to zero than 2^-12; the same for the same seed. */
export function noise(seed: number, size: number): Float64Array {
  const values = new Float64Array(size);
  let state = Math.imul(seed, 0x9e3779b1) ^ 0x5bf03635;
  for (let i = 0; i < size; i++) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    const unit = ((t ^ (t >>> 14)) >>> 0) / 2 ** 32; // [0, 1)
    const value = unit * 4 - 2;
    values[i] = Math.abs(value) < 2 ** -12 ? 0.5 : value;
  }
  return values;
}

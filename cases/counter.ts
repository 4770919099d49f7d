// Random words by counter: word i of a stream is a pure function of (seed, index, stream, i), the same bits on any machine.
// Integers, + − × ÷ and √ only; nothing here keeps state but `Draw`, and nothing is suited to cryptography.

/** The key of one stream of words. */
export interface Stream {
  readonly a: number;
  readonly b: number;
}

/** The stream `number` of case `index` under `seed`: whole numbers from 0 to 2^53 − 1 each. */
export function makeStream(seed: number, index: number, number: number): Stream {
  let a = 0x243f6a88;
  let b = 0x85a308d3;
  for (const part of [seed, index, number]) {
    const low = part | 0;
    const high = (part / 4294967296) | 0;
    a = mix(mix(a ^ low) + high);
    b = mix(mix(b + low) ^ (high + 0x13198a2e));
  }
  return { a, b };
}

/** Word `i` of the stream with key (a, b): 32 random bits, as a whole number from 0 to 2^32 − 1. */
export function wordAt(a: number, b: number, i: number): number {
  return mix(mix(i + a) + b) >>> 0;
}

/** A number from 0 up to 1, one of 2^32. */
export function uniformAt(a: number, b: number, i: number): number {
  return wordAt(a, b, i) / 4294967296;
}

/**
 * A number of mean 0 and standard deviation 1, within ±3.47: four 16-bit numbers summed (nearly normal), and a fraction
 * below their last bit so that the values fill float64. It reads the words 2i and 2i + 1.
 */
export function normalAt(a: number, b: number, i: number): number {
  // `| 0` changes no bit that `mix` looks at; it tells the compiler that 32-bit integers are all there is.
  const u = mix((mix(((i << 1) + a) | 0) + b) | 0);
  const v = mix((mix((((i << 1) | 1) + a) | 0) + b) | 0);
  const sum = (u & 0xffff) + (u >>> 16) + (v & 0xffff) + (v >>> 16);
  const fraction = (Math.imul(u, v | 1) >>> 0) / 4294967296;
  return (sum + fraction - 131070.5) * PER_STANDARD_DEVIATION;
}

/** Successive choices out of one stream. */
export class Draw {
  private readonly key: Stream;
  private at = 0;

  constructor(key: Stream) {
    this.key = key;
  }

  /** A whole number from 0 to n − 1. */
  below(n: number): number {
    return Math.floor((wordAt(this.key.a, this.key.b, this.at++) * n) / 4294967296);
  }

  /** A whole number from low to high, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True `count` times in `of`. */
  chance(count: number, of: number): boolean {
    return this.below(of) < count;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('pick needs at least one item to choose from; the list is empty');
    return items[this.below(items.length)];
  }
}

// --- internal ---

/** One over the standard deviation of four uniform 16-bit numbers: √(12 / 4) / 65536. */
const PER_STANDARD_DEVIATION = Math.sqrt(3) / 65536;

/** A bijection of 32-bit integers in which every input bit moves every output bit (constants of the "lowbias32" search). */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}

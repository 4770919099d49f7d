// Binary floating-point numbers as exact whole numbers times powers of two, and their correct rounding. A reference for tests; slow.

/** mantissa·2^exponent, exactly. */
export interface Exact {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** A format: bits of precision, exponent of the least subnormal, largest finite number. */
export interface Format {
  readonly precision: number;
  readonly least: number;
  readonly largest: number;
}

export const FLOAT64: Format = { precision: 53, least: -1074, largest: Number.MAX_VALUE };
export const FLOAT32: Format = { precision: 24, least: -149, largest: (2 - 2 ** -23) * 2 ** 127 };
export const FLOAT16: Format = { precision: 11, least: -24, largest: 65504 };
export const BFLOAT16: Format = { precision: 8, least: -133, largest: (2 - 2 ** -7) * 2 ** 127 };

/** A finite double, exactly. */
export function exact(x: number): Exact {
  view.setFloat64(0, x);
  const raw = view.getBigUint64(0);
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & ((1n << 52n) - 1n);
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa: raw >> 63n ? -mantissa : mantissa, exponent: (biased === 0 ? 1 : biased) - 1075 };
}

export function times(a: Exact, b: Exact): Exact {
  return { mantissa: a.mantissa * b.mantissa, exponent: a.exponent + b.exponent };
}

export function plus(a: Exact, b: Exact): Exact {
  const exponent = Math.min(a.exponent, b.exponent);
  return { mantissa: at(a, exponent) + at(b, exponent), exponent };
}

/** −1, 0 or 1. */
export function compare(a: Exact, b: Exact): number {
  const { mantissa } = plus(a, { ...b, mantissa: -b.mantissa });
  return mantissa < 0n ? -1 : mantissa > 0n ? 1 : 0;
}

/** To nearest, ties to even, infinite beyond the largest number. A whole zero becomes +0: it has no sign. */
export function rounded({ mantissa, exponent }: Exact, format: Format): number {
  const size = mantissa < 0n ? -mantissa : mantissa;
  const drop = Math.max(size.toString(2).length - format.precision, format.least - exponent, 0);
  const kept = size >> BigInt(drop);
  const rest = size - (kept << BigInt(drop));
  const half = drop === 0 ? 1n : 1n << BigInt(drop - 1);
  const up = drop > 0 && (rest > half || (rest === half && (kept & 1n) === 1n));
  let value = Number(kept + (up ? 1n : 0n));
  let left = exponent + drop;
  for (; left > 900; left -= 900) value *= 2 ** 900;
  for (; left < -900; left += 900) value *= 2 ** -900;
  value *= 2 ** left;
  if (value > format.largest) value = Number.POSITIVE_INFINITY;
  return mantissa < 0n ? -value : value;
}

// --- internal ---

const view = new DataView(new ArrayBuffer(8));

function at(x: Exact, exponent: number): bigint {
  return x.mantissa << BigInt(x.exponent - exponent);
}

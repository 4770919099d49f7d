// Double-double arithmetic: a number as an unevaluated sum of two float64, about 106 bits. Finite range and underflow are float64's; no array, no norm.
//
// Each function returns the high part and leaves the low part in `low`, so that nothing is allocated. Error-free sums are Knuth's, products
// Dekker's with Veltkamp's split (T. J. Dekker, "A floating-point technique for extending the available precision", 1971).

/** The low part of the latest result. */
export let low = 0;

/** a + b to about 2^-104. */
export function add(ah: number, al: number, bh: number, bl: number): number {
  const s = ah + bh;
  const v = s - ah;
  const e = ah - (s - v) + (bh - v);
  const t = al + bl;
  const w = t - al;
  const f = al - (t - w) + (bl - w);
  const first = quick(s, e + t);
  return quick(first, low + f);
}

export function subtract(ah: number, al: number, bh: number, bl: number): number {
  return add(ah, al, -bh, -bl);
}

/** a · b to about 2^-104. */
export function multiply(ah: number, al: number, bh: number, bl: number): number {
  const p = ah * bh;
  return quick(p, productError(ah, bh, p) + (ah * bl + al * bh));
}

/** a / b to about 2^-102: a quotient, corrected twice by what it leaves. */
export function divide(ah: number, al: number, bh: number, bl: number): number {
  const q1 = ah / bh;
  if (!Number.isFinite(q1) || !Number.isFinite(bh)) return exactly(q1);
  let rh = multiply(bh, bl, q1, 0);
  rh = subtract(ah, al, rh, low);
  const q2 = rh / bh;
  const rl = low;
  let sh = multiply(bh, bl, q2, 0);
  sh = subtract(rh, rl, sh, low);
  const q3 = sh / bh;
  const first = quick(q1, q2);
  return add(first, low, q3, 0);
}

/** √a to about 2^-102: a root, corrected by half of what its square leaves over it. */
export function root(ah: number, al: number): number {
  const s = Math.sqrt(ah);
  if (!(s > 0) || !Number.isFinite(s)) return exactly(s);
  let rh = multiply(s, 0, s, 0);
  rh = subtract(ah, al, rh, low);
  return quick(s, rh / (2 * s));
}

// --- internal ---

const SPLIT = 2 ** 27 + 1;

/** Nothing is left of a number but itself. */
function exactly(x: number): number {
  low = 0;
  return x;
}

/** a + b with |a| ≥ |b|, exactly. Where the sum is NaN or infinite there is no low part. */
function quick(a: number, b: number): number {
  const s = a + b;
  if (!Number.isFinite(s)) {
    low = 0;
    return Number.isFinite(a) ? s : a;
  }
  low = b - (s - a);
  return s;
}

/** a·b − p where p is the rounded product; 0 where the split would leave the numbers. */
function productError(a: number, b: number, p: number): number {
  const ca = SPLIT * a;
  const cb = SPLIT * b;
  const ah = ca - (ca - a);
  const bh = cb - (cb - b);
  const al = a - ah;
  const bl = b - bh;
  const e = al * bl - (p - ah * bh - al * bh - ah * bl);
  return Number.isFinite(e) ? e : 0;
}

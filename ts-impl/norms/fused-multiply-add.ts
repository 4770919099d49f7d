// The fused multiply-add of float32 and float64 operands: a·b + c with one rounding. No arrays, and no other arithmetic.

/** a·b + c with one rounding, of float32 or float64 operands. */
export function fma(a: number, b: number, c: number, single: boolean): number {
  return single ? fma32(a, b, c) : fma64(a, b, c);
}

/** a·b + c of float32 operands, rounded once to float32. */
export function fma32(a: number, b: number, c: number): number {
  const product = a * b; // exact: 24 + 24 bits
  const sum = product + c;
  const result = Math.fround(sum);
  const rest = sum - result;
  if (rest === 0) return result;
  // The sum was rounded to 53 bits first. That matters only where it then lies half-way between two float32 numbers.
  const other = result + 2 * rest;
  if (Math.fround(other) !== other) return result;
  const lost = lostBits(product, c, sum);
  if (lost === 0 || Number.isNaN(lost)) return result;
  return lost > 0 === rest > 0 ? other : result;
}

/** a·b + c of float64 operands, rounded once to float64 (Boldo and Melquiond 2008: the last sum is first rounded to odd). */
export function fma64(a: number, b: number, c: number): number {
  const product = a * b;
  const size = Math.abs(product);
  // In this range no error term overflows or vanishes.
  if (size > 1e-250 && size < 1e290 && Math.abs(c) < 1e290 && Math.abs(a) < 1e290 && Math.abs(b) < 1e290) {
    return sumOfThree(product, lostProduct(a, b, product), c);
  }
  if (a === 0 || b === 0 || !Number.isFinite(a) || !Number.isFinite(b)) return product + c;
  if (!Number.isFinite(c)) return c;
  return fmaByParts(a, b, c);
}

// --- internal ---

const double = new Float64Array(1); // [1]
const word = new Int32Array(double.buffer); // [2]: low, high

/** (a + b) − sum without rounding, where sum is a + b rounded (Knuth). */
function lostBits(a: number, b: number, sum: number): number {
  const b2 = sum - a;
  return a - (sum - b2) + (b - b2);
}

/** a·b − product without rounding, where product is a·b rounded (Dekker). */
function lostProduct(a: number, b: number, product: number): number {
  const a1 = a * 134217729;
  const aHigh = a1 - (a1 - a);
  const aLow = a - aHigh;
  const b1 = b * 134217729;
  const bHigh = b1 - (b1 - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** a + b, rounded to the neighbour with an odd last bit where it is not exact. */
function addToOdd(a: number, b: number): number {
  const sum = a + b;
  const lost = lostBits(a, b, sum);
  if (lost === 0 || Number.isNaN(lost)) return sum;
  double[0] = sum;
  if ((word[0] & 1) === 0) {
    const away = lost > 0 === sum > 0;
    const low = word[0];
    if (away) {
      word[0] = low + 1;
    } else {
      word[0] = low - 1;
      if (low === 0) word[1]--;
    }
  }
  return double[0];
}

let remainder = 0; // what the latest sumOfThree rounded away; only its sign is exact

/** high + low + c with one rounding, where |low| is at most half a unit in the last place of high. */
function sumOfThree(high: number, low: number, c: number): number {
  const upper = c + low;
  const upperLow = lostBits(c, low, upper);
  const sum = high + upper;
  const rest = addToOdd(upperLow, lostBits(high, upper, sum));
  const result = sum + rest;
  remainder = rest - (result - sum);
  return result;
}

/** The same for extreme exponents: mantissas first, powers of two last, and one rounding even where the result is subnormal. */
function fmaByParts(a: number, b: number, c: number): number {
  const exponentA = exponentOf(a);
  const exponentB = exponentOf(b);
  const exponent = exponentA + exponentB;
  // Less than half of the least number: it can only give a zero its sign.
  if (exponent < -1190) return c !== 0 ? c : a > 0 === b > 0 ? 0 : -0;
  const mantissaA = scale(a, -exponentA);
  const mantissaB = scale(b, -exponentB);
  let addend = 0;
  if (c !== 0) {
    const exponentC = exponentOf(c);
    const apart = exponentC - exponent;
    if (apart > 120) return c; // the product is less than any bit of c
    addend = scale(c, -exponentC) * 2 ** Math.max(apart, -200); // further away only the sign counts
  }
  const product = mantissaA * mantissaB;
  const sum = sumOfThree(product, lostProduct(mantissaA, mantissaB, product), addend);
  const lost = remainder;
  if (exponent > -890) return scale(sum, exponent);
  // Perhaps subnormal: rounded a second time, which is wrong only half-way between two numbers.
  const lifted = sum * 2 ** (exponent + 200);
  const result = lifted * 2 ** -200;
  const rest = lifted - result * 2 ** 200;
  if (Math.abs(rest) !== 2 ** -875 || lost === 0) return result;
  return lost > 0 === rest > 0 ? result + Math.sign(rest) * Number.MIN_VALUE : result;
}

/** The power of two at or below |x|, for finite x other than 0. */
function exponentOf(x: number): number {
  double[0] = x;
  const biased = (word[1] >>> 20) & 0x7ff;
  if (biased !== 0) return biased - 1023;
  double[0] = x * 2 ** 54;
  return ((word[1] >>> 20) & 0x7ff) - 1023 - 54;
}

/** x·2^k, exact unless it leaves the range of normal numbers. */
function scale(x: number, k: number): number {
  if (k > 1000) return x * 2 ** 1000 * 2 ** (k - 1000);
  if (k < -1000) return x * 2 ** -1000 * 2 ** (k + 1000);
  return x * 2 ** k;
}

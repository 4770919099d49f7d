// AssemblyScript, part of kernels.assembly.ts: float32 multiply-adds with one rounding, four at a time or one, and whether all of them were sure.

const HALF_WAY: u64 = 0x10000000; // the low 29 bits of a double half-way between two float32 numbers
const BELOW_FLOAT32: u64 = 0x1fffffff;
const LEAST_NORMAL: u32 = 0x00800000; // 2^-126 as bits

let doubtful: bool = false; // a sum half-way that was not exact, or a subnormal result
let least: v128 = i32x4.splat(-1); // of |results| as bits, less one, so that zero is the largest

export function begin(): void {
  doubtful = false;
  least = i32x4.splat(-1);
}

/** No result was in doubt, and none but zero was subnormal: those are rounded elsewhere than at the 29th bit. */
export function sure(): bool {
  if (doubtful) return false;
  const low = i32x4.min_u(least, v128.shuffle<i32>(least, least, 2, 3, 0, 1));
  const bits = min<u32>(i32x4.extract_lane(low, 0), i32x4.extract_lane(low, 1));
  return bits >= LEAST_NORMAL; // one was taken off
}

// @ts-ignore: decorator
@inline
export function fma4(a: v128, b: v128, c: v128): v128 {
  const pLow = f64x2.mul(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b)); // exact
  const pHigh = f64x2.mul(f64x2.promote_low_f32x4(upper(a)), f64x2.promote_low_f32x4(upper(b)));
  const cLow = f64x2.promote_low_f32x4(c);
  const cHigh = f64x2.promote_low_f32x4(upper(c));
  const sLow = f64x2.add(pLow, cLow);
  const sHigh = f64x2.add(pHigh, cHigh);
  const result = v128.shuffle<i64>(f32x4.demote_f64x2_zero(sLow), f32x4.demote_f64x2_zero(sHigh), 0, 2);
  const halfLow = i64x2.eq(v128.and(sLow, i64x2.splat(BELOW_FLOAT32)), i64x2.splat(HALF_WAY));
  const halfHigh = i64x2.eq(v128.and(sHigh, i64x2.splat(BELOW_FLOAT32)), i64x2.splat(HALF_WAY));
  if (v128.any_true(v128.or(halfLow, halfHigh))) {
    const inexact = v128.or(
      v128.and(halfLow, f64x2.ne(lost(pLow, cLow, sLow), f64x2.splat(0))),
      v128.and(halfHigh, f64x2.ne(lost(pHigh, cHigh, sHigh), f64x2.splat(0))),
    );
    if (v128.any_true(inexact)) doubtful = true;
  }
  least = i32x4.min_u(least, i32x4.sub(v128.and(result, i32x4.splat(0x7fffffff)), i32x4.splat(1)));
  return result;
}

// @ts-ignore: decorator
@inline
export function upper(v: v128): v128 {
  return v128.shuffle<i64>(v, v, 1, 1);
}

/** (a + b) − sum without rounding, where sum is a + b rounded. */
// @ts-ignore: decorator
@inline
function lost(a: v128, b: v128, sum: v128): v128 {
  const b2 = f64x2.sub(sum, a);
  return f64x2.add(f64x2.sub(a, f64x2.sub(sum, b2)), f64x2.sub(b, b2));
}

export function fma1(a: f32, b: f32, c: f32): f32 {
  const product = <f64>a * <f64>b; // exact
  const sum = product + <f64>c;
  const result = <f32>sum;
  if ((reinterpret<u64>(sum) & BELOW_FLOAT32) == HALF_WAY) {
    const c2 = sum - product;
    if (product - (sum - c2) + (<f64>c - c2) != 0) doubtful = true;
  }
  const bits = reinterpret<u32>(result) & 0x7fffffff;
  if (bits - 1 < LEAST_NORMAL) doubtful = true; // zero wraps round
  return result;
}

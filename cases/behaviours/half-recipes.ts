// BatchNorm in bfloat16 and RMSNorm in half precision, rounding by rounding, as published recipes have it. Apart from the port; short planes only.

import { roundHalf } from '../../ts-impl/tensor/half.ts';
import type { HalfDtype } from '../../ts-impl/tensor/dtype.ts';

const f = Math.fround;
const fma = (a: number, b: number, c: number): number => f(a * b + c);

/** Statistics of one channel, the mean and 1/σ as they are used. */
export interface HalfMoments {
  readonly mean: number;
  readonly inverse: number;
}

/** Two passes in float32; then mean, sum of squares and 1/σ are kept in `keep`'s dtype. Planes of up to 15 positions. */
export function halfMoments(x: readonly number[], eps: number, kept: 'bfloat16' | 'float32'): HalfMoments {
  const keep = (value: number) => (kept === 'float32' ? f(value) : roundHalf(value, kept));
  const centre = f(x.reduce((sum, value) => f(sum + value), 0) / x.length);
  const squares = keep(x.reduce((sum, value) => f(sum + f(f(value - centre) ** 2)), 0));
  const variance = keep(squares / x.length);
  return { mean: keep(centre), inverse: keep(1 / Math.sqrt(variance + eps)) };
}

/** Computed in float32 and rounded once. */
export function halfOutput(
  x: number,
  { mean, inverse }: HalfMoments,
  weight: number,
  bias: number,
  dtype: HalfDtype,
): number {
  const alpha = f(inverse * weight);
  return roundHalf(fma(x, alpha, fma(-mean, alpha, bias)), dtype);
}

/** RMSNorm: all of it in float32, rounded once at the end; with `twice` also before the weight, as some implementations do. */
export function halfRootMeanSquare(
  row: readonly number[],
  weight: readonly number[],
  dtype: HalfDtype,
  twice = false,
): number[] {
  const square = row.reduce((sum, x) => f(sum + f(x * x)), 0);
  const inverse = f(1 / Math.sqrt(f(f(square / row.length) + 2 ** -23)));
  const part = (x: number) => (twice ? roundHalf(x, dtype) : x);
  return row.map((x, i) => roundHalf(f(part(f(x * inverse)) * weight[i]), dtype));
}

// The one comparator of two tensors: every element is looked at, and an element agrees only on evidence. It knows no layer and no tolerance table.

import { rawBytes } from '../../tensor/bytes.ts';
import { distanceUlps } from '../../tensor/float-line.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { WorstElement } from '../verdict.ts';
import { CLOSED, type Openness, TOGETHER } from './conditioning/openness.ts';
import { elementsOf } from './elements.ts';

/** What may differ: so many ranks, or an absolute budget per element, worked out only if an element is not identical. */
export type Allowance =
  | { readonly kind: 'ranks'; readonly ranks: number }
  | {
      readonly kind: 'budgets';
      readonly budgets: () => Float64Array;
      /** Where a side may be NaN or infinite alone; asked for only if one is. Absent or null: nowhere. */
      readonly open?: () => Openness | null;
    };

export interface Comparison {
  readonly elements: number;
  readonly identical: number;
  readonly within: number;
  readonly differs: number;
  readonly maxUlp: number | null;
  readonly maxAbsolute: number | null;
  readonly maxRelative: number | null;
  readonly worst: WorstElement | null;
  /** Of the elements that differ, those where the expected value alone is beyond the budget around the truth. */
  readonly oracleAtFault: number;
}

/** True values as sums of two float64, `lo` null where one is enough; null where there is none. `wrong`: some element differs. */
export type FindTruth = (wrong: boolean) => Truth | null;

export interface Truth {
  readonly hi: ArrayLike<number>; // [elements]
  readonly lo: ArrayLike<number> | null; // [elements]
}

/** Compares tensors of the same dtype and shape, both contiguous. The truth is asked for only if an element is not identical. */
export function compareTensor(
  expected: Tensor,
  actual: Tensor,
  allowance: Allowance,
  findTruth: FindTruth,
): Comparison {
  const size = expected.storage.length;
  if (sameBytes(rawBytes(expected.storage), rawBytes(actual.storage))) return identical(size);

  const e = elementsOf(expected); // [size]
  const a = elementsOf(actual); // [size]
  const whole = expected.storage instanceof BigInt64Array && actual.storage instanceof BigInt64Array;
  const ranks = allowance.kind === 'ranks' ? allowance.ranks : -1;
  const budgets = allowance.kind === 'budgets' ? allowance.budgets() : null; // [size]
  if (budgets !== null && budgets.length !== size) {
    throw new RangeError(
      `${budgets.length} budgets for ${size} elements of shape [${expected.shape}]: the tolerance is wrong`,
    );
  }
  let same = 0;
  let within = 0;
  let maxUlp = 0;
  let maxAbsolute = 0;
  let maxRelative = 0;
  let worst = -1;
  let worstShare = -1;
  let open: Openness | null | undefined;
  const wrong = new Uint8Array(size); // [size]
  for (let i = 0; i < size; i++) {
    const x = e[i];
    const y = a[i];
    // Whole numbers beyond 2^53 may be equal as floats; their memory decides.
    if (whole ? expected.storage[i] === actual.storage[i] : sameFloat(x, y)) {
      same++;
      continue;
    }
    const finite = Number.isFinite(x) && Number.isFinite(y);
    const absolute = whole ? Math.max(1, Math.abs(x - y)) : Math.abs(x - y); // NaN where a side is NaN alone
    const ulp = ranksApart(expected, actual, i, x, y, absolute);
    const budget = ranks >= 0 ? ranks : budgets === null ? 0 : budgets[i];
    const distance = ranks >= 0 ? ulp : absolute;
    let ok = finite && distance <= budget;
    if (!finite && allowance.kind === 'budgets') {
      if (open === undefined) open = allowance.open?.() ?? null;
      ok = open !== null && mayLeave(open, i, x, y);
    }
    if (ok) within++;
    else wrong[i] = 1;
    // The share of the budget that is used; without a comparison there is none, and that is the worst.
    const used = distance === 0 ? 0 : distance / budget;
    const share = finite && !Number.isNaN(used) ? used : ok ? 0 : Number.POSITIVE_INFINITY;
    if (share > worstShare) {
      worst = i;
      worstShare = share;
    }
    if (ulp > maxUlp || Number.isNaN(ulp)) maxUlp = ulp; // nothing is above NaN, so it stays
    if (absolute > maxAbsolute || Number.isNaN(absolute)) maxAbsolute = absolute;
    const relative = relativeDistance(x, absolute);
    if (relative > maxRelative || Number.isNaN(relative)) maxRelative = relative;
  }
  if (same === size) return identical(size); // NaNs with different payloads only
  const differs = size - same - within;
  const budgetAt = (i: number) => (budgets === null ? spacing(e[i], expected.dtype) * ranks : budgets[i]);
  const truth = findTruth(differs > 0);
  return {
    elements: size,
    identical: same,
    within,
    differs,
    maxUlp,
    maxAbsolute,
    maxRelative,
    worst: describe(worst, e, a, budgetAt(worst), expected, actual, truth),
    oracleAtFault: differs === 0 || truth === null ? 0 : countOracleFaults(e, a, wrong, budgetAt, truth),
  };
}

// --- internal ---

function identical(size: number): Comparison {
  const none = size === 0 ? null : 0;
  return {
    elements: size,
    identical: size,
    within: 0,
    differs: 0,
    maxUlp: none,
    maxAbsolute: none,
    maxRelative: none,
    worst: null,
    oracleAtFault: 0,
  };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && Buffer.compare(a, b) === 0;
}

/** The same bits, any NaN being the same as any other. */
function sameFloat(x: number, y: number): boolean {
  return x === y ? x !== 0 || 1 / x === 1 / y : Number.isNaN(x) && Number.isNaN(y);
}

/** Whether `x` and `y`, not both finite, may both come of a correct computation. A side that is a number has to be one within reach. */
function mayLeave({ kind, reach }: Openness, i: number, x: number, y: number): boolean {
  const number = Number.isFinite(x) ? x : y;
  if (!Number.isFinite(number)) return kind[i] !== CLOSED;
  return kind[i] !== CLOSED && kind[i] !== TOGETHER && Math.abs(number) <= reach[i];
}

/** Representable numbers between element `i` of both: `x` and `y`, which are `absolute` apart. NaN where one alone is NaN. */
function ranksApart(expected: Tensor, actual: Tensor, i: number, x: number, y: number, absolute: number): number {
  switch (expected.dtype) {
    case 'float32':
    case 'float64':
      return distanceUlps(x, y, expected.dtype);
    case 'float16':
    case 'bfloat16':
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) && Number.isNaN(y) ? 0 : Number.NaN;
      return Math.abs(rank16(Number(expected.storage[i])) - rank16(Number(actual.storage[i])));
    case 'int64':
      return absolute;
    default:
      return expected.dtype satisfies never;
  }
}

/** The place of 16 raw bits on the line: −0 is one below +0. */
function rank16(bits: number): number {
  return bits & 0x8000 ? -(bits & 0x7fff) - 1 : bits;
}

function describe(
  at: number,
  e: ArrayLike<number>,
  a: ArrayLike<number>,
  budget: number,
  expected: Tensor,
  actual: Tensor,
  truth: Truth | null,
): WorstElement {
  const absolute = Math.abs(e[at] - a[at]);
  const oracleError = truth === null ? null : distanceTo(truth, at, e[at]);
  const subjectError = truth === null ? null : distanceTo(truth, at, a[at]);
  return {
    index: indexOf(at, expected.shape),
    expected: e[at],
    actual: a[at],
    ulp: ranksApart(expected, actual, at, e[at], a[at], absolute),
    absolute,
    relative: relativeDistance(e[at], absolute),
    budget,
    nearer: oracleError === null || subjectError === null ? null : nearer(oracleError, subjectError),
    oracleError,
    subjectError,
  };
}

/**
 * Elements that differ because the expected values are off: the actual value is within the budget around the truth, and at one of them at least
 * the expected value is not.
 */
function countOracleFaults(
  e: ArrayLike<number>,
  a: ArrayLike<number>,
  wrong: Uint8Array,
  budgetAt: (i: number) => number,
  truth: Truth,
): number {
  let right = 0;
  let beyond = 0;
  for (let i = 0; i < e.length; i++) {
    if (wrong[i] === 0) continue;
    const budget = budgetAt(i);
    if (!(distanceTo(truth, i, a[i]) <= budget)) continue;
    right++;
    if (!(distanceTo(truth, i, e[i]) <= budget)) beyond++;
  }
  return beyond > 0 ? right : 0;
}

function relativeDistance(expected: number, absolute: number): number {
  return absolute === 0 ? 0 : absolute / Math.abs(expected);
}

function nearer(oracle: number, subject: number): WorstElement['nearer'] {
  if (oracle === subject) return 'tie';
  return subject < oracle ? 'subject' : 'oracle';
}

/** A number that is not finite where the truth is has no distance: it is never nearer. */
function distanceTo({ hi, lo }: Truth, i: number, x: number): number {
  if (x === hi[i] || (Number.isNaN(x) && Number.isNaN(hi[i]))) return lo === null ? 0 : Math.abs(lo[i]);
  const distance = Math.abs(x - hi[i] - (lo === null ? 0 : lo[i]));
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}

/** The gap between neighbours of this type around `x`. */
function spacing(x: number, dtype: Tensor['dtype']): number {
  if (dtype === 'int64') return 1;
  if (!Number.isFinite(x)) return Number.NaN;
  const { digits, smallest } = GRID[dtype];
  const magnitude = Math.abs(x);
  let exponent = Math.floor(Math.log2(magnitude));
  if (2 ** exponent > magnitude) exponent--; // log2 may round up just below a power of two
  return Math.max(2 ** (exponent - digits), smallest);
}

/** Digits after the leading one, and the smallest positive number. */
const GRID = {
  float16: { digits: 10, smallest: 2 ** -24 },
  bfloat16: { digits: 7, smallest: 2 ** -133 },
  float32: { digits: 23, smallest: 2 ** -149 },
  float64: { digits: 52, smallest: 2 ** -1074 },
} as const;

function indexOf(at: number, shape: Shape): number[] {
  const index = new Array<number>(shape.length);
  let rest = at;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return index;
}

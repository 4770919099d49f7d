// What the letters and calls of a formula stand for: mean, variance, deviation, eps, weight, bias. Unknown letters stand for nothing.

import type { Expression } from './formula.ts';

export type Role = 'mean' | 'variance' | 'deviation' | 'mean-square' | 'root-mean-square' | 'eps' | 'weight' | 'bias';

/** The role of a whole expression; null where it has none. */
export function roleOf(e: Expression): Role | null {
  switch (e.kind) {
    case 'symbol':
      return roleOfName(e.name);
    case 'number':
      return e.value > 0 && e.value <= LARGEST_EPS ? 'eps' : null;
    case 'power':
      return isNumber(e.exponent, 2) && roleOf(e.base) === 'deviation' ? 'variance' : null;
    case 'call':
      return roleOfCall(lastName(e.name), e.of);
    case 'product':
      return averagedSquares(e);
    case 'negative':
    case 'sum':
      return null;
    default:
      return e satisfies never;
  }
}

export const isNumber = (e: Expression, value: number): boolean => e.kind === 'number' && e.value === value;

/** The last part of a dotted name, in lower case: `torch.sqrt` is `sqrt`. */
export const lastName = (name: string): string => (name.split('.').at(-1) ?? name).toLowerCase();

/** A square: a power of 2, or `square(…)` and `pow(…, 2)`. Its base; null where it is none. */
export function squareOf(e: Expression): Expression | null {
  if (e.kind === 'power') return isNumber(e.exponent, 2) ? e.base : null;
  if (e.kind !== 'call') return null;
  if (lastName(e.name) === 'square') return e.of[0] ?? null;
  return lastName(e.name) === 'pow' && e.of.length === 2 && isNumber(e.of[1], 2) ? e.of[0] : null;
}

/** Whether it is something less its mean. */
export function isCentred(e: Expression): boolean {
  if (e.kind !== 'sum' || e.terms.length !== 2) return false;
  const [x, mean] = e.terms;
  return mean.kind === 'negative' && roleOf(mean.of) === 'mean' && x.kind !== 'number' && roleOf(x) === null;
}

/** The sum of squares in a product of the form `sum(…)/n`; null where it is none. */
export function summedSquare(e: Expression): { readonly of: Expression; readonly count: Expression } | null {
  if (e.kind !== 'product') return null;
  const factors = e.over.flatMap((f) => (f.kind === 'product' ? [...f.over] : [f]));
  const counts = [...e.under, ...e.over.flatMap((f) => (f.kind === 'product' ? [...f.under] : []))];
  const left = factors.filter((f) => !isNumber(f, 1));
  if (left.length !== 1 || counts.length !== 1) return null;
  const [sum] = left;
  if (sum.kind !== 'call' || lastName(sum.name) !== 'sum' || sum.of.length === 0) return null;
  const of = squareOf(sum.of[0]);
  return of === null ? null : { of, count: counts[0] };
}

// --- internal ---

/** Larger numbers under a root are no eps. */
const LARGEST_EPS = 0.02;

const NAMES: readonly (readonly [RegExp, Role])[] = [
  [/^(eps|epsilon|varepsilon|ε|ϵ|є|𝜖|𝜀)/, 'eps'],
  [/(^|_)(rms)(_|$)/, 'root-mean-square'],
  [/^(mean_?sq\w*|ms|mean_of_squares|x2_mean|sq_mean)$/, 'mean-square'],
  [/(^|_)(var|vars|variance|sigma2|sigma_?sq\w*|σ2|v)(_|$|\d|ar)/, 'variance'],
  [/(^|_)(std|stdev|stddev|sd|sigma|σ|𝜎)(_|$)/, 'deviation'],
  [/(^|_)(mean|mu|μ|µ|𝜇|avg|average)(_|$|\d)/, 'mean'],
  [/^(gamma|γ|𝛾|g|weight|scale|w|a|α)(_|$)/, 'weight'],
  [/^(beta|β|𝛽|b|bias|shift|offset)(_|$)/, 'bias'],
];

function roleOfName(name: string): Role | null {
  const word = lastName(name).replace(/[₀-₉ᵢⱼ\u2080-\u209c]+$/, '');
  return NAMES.find(([pattern]) => pattern.test(word))?.[1] ?? null;
}

function roleOfCall(name: string, of: readonly Expression[]): Role | null {
  const [first] = of;
  const square = first === undefined ? null : squareOf(first);
  switch (name) {
    case 'mean':
    case 'average':
    case 'avg':
    case 'e':
    case '𝔼':
    case 'mu':
      if (square === null) return 'mean';
      return isCentred(square) ? 'variance' : 'mean-square';
    case 'var':
    case 'variance':
    case 'v':
      return 'variance';
    case 'std':
      return 'deviation';
    case 'rms':
      return 'root-mean-square';
    case 'sqrt': {
      const inner = first === undefined ? null : roleOf(first);
      return inner === 'variance' ? 'deviation' : inner === 'mean-square' ? 'root-mean-square' : null;
    }
    default:
      return null;
  }
}

/** `1/n Σ (x − μ)²` is the variance, `1/n Σ x²` the mean square. */
function averagedSquares(e: Expression): Role | null {
  const sum = summedSquare(e);
  if (sum === null) return null;
  return isCentred(sum.of) ? 'variance' : 'mean-square';
}

// What a formula says of a layer: where eps stands, what the variance is divided by, how a buffer is updated, what the weight does.

import type { AxisValue } from '../axes/axis.ts';
import type { Expression, Formula } from './formula.ts';
import { isCentred, isNumber, lastName, type Role, roleOf, summedSquare } from './formula-roles.ts';
import { updateSaid } from './update-formula.ts';

/** One axis and the value that a formula has there. */
export interface Said {
  readonly axis: string;
  readonly value: AxisValue;
}

/** Everything that a formula says; of what it leaves open nothing. `running`: whether its words speak of running statistics. */
export function saidBy(formula: Formula, running: boolean): Said[] {
  const update = updateSaid(formula);
  if (update !== null) return [update];
  const said = [...divisorSaid(formula, running)];
  for (const e of parts(formula.right)) {
    if (e.kind !== 'product') continue;
    said.push(...quotientSaid(e));
  }
  said.push(...affineSaid(formula.right));
  return said.filter((s, i) => said.findIndex((other) => other.axis === s.axis) === i);
}

// --- internal ---

type Product = Expression & { readonly kind: 'product' };

/** An expression and all within it, outermost first. */
function parts(e: Expression): Expression[] {
  switch (e.kind) {
    case 'number':
    case 'symbol':
      return [e];
    case 'call':
      return [e, ...e.of.flatMap(parts)];
    case 'sum':
      return [e, ...e.terms.flatMap(parts)];
    case 'negative':
      return [e, ...parts(e.of)];
    case 'product':
      return [e, ...e.over.flatMap(parts), ...e.under.flatMap(parts)];
    case 'power':
      return [e, ...parts(e.base), ...parts(e.exponent)];
    default:
      return e satisfies never;
  }
}

/** Factors above and below the line, of products within products too; a power of −1/2 and `rsqrt` count as a root below. */
function factors(e: Product): { readonly over: Expression[]; readonly under: Expression[] } {
  const over: Expression[] = [];
  const under: Expression[] = [];
  const put = (f: Expression, above: boolean): void => {
    if (f.kind === 'product') {
      for (const g of f.over) put(g, above);
      for (const g of f.under) put(g, !above);
      return;
    }
    const inverse = inverseRoot(f);
    if (inverse !== null) (above ? under : over).push({ kind: 'call', name: 'sqrt', of: [inverse] });
    else (above ? over : under).push(f);
  };
  put(e, true);
  return { over, under };
}

function inverseRoot(e: Expression): Expression | null {
  if (e.kind === 'call' && lastName(e.name) === 'rsqrt') return e.of[0] ?? null;
  return e.kind === 'power' && e.exponent.kind === 'negative' && isHalf(e.exponent.of) ? e.base : null;
}

function isHalf(e: Expression): boolean {
  if (isNumber(e, 0.5)) return true;
  return (
    e.kind === 'product' &&
    e.over.length === 1 &&
    isNumber(e.over[0], 1) &&
    e.under.length === 1 &&
    isNumber(e.under[0], 2)
  );
}

/** `(x − mean) / …`, or `x / …` with a mean square below. */
function quotientSaid(e: Product): Said[] {
  const { over, under } = factors(e);
  const centred = over.some(isCentred);
  return under.flatMap((below) => {
    const found = placement(below);
    if (found === null || centred !== (found.spread !== 'mean-square')) return [];
    const said: Said[] = [{ axis: 'eps.placement', value: found.placement }];
    if (found.eps !== null) said.push({ axis: 'eps.value', value: found.eps });
    return said;
  });
}

interface Placed {
  readonly placement: 'absent' | 'inside-sqrt' | 'outside-sqrt' | 'squared' | 'max';
  /** The number that stands for eps; null for a letter. */
  readonly eps: number | null;
  readonly spread: Role;
}

function placement(below: Expression): Placed | null {
  const rooted = underRoot(below);
  if (rooted !== null) {
    const role = roleOf(rooted);
    if (role === 'variance' || role === 'mean-square') return { placement: 'absent', eps: null, spread: role };
    const sum = withEps(rooted, ['variance', 'mean-square']);
    if (sum === null) return null;
    return { placement: sum.squared ? 'squared' : 'inside-sqrt', eps: sum.eps, spread: sum.spread };
  }
  const deviations: readonly Role[] = ['deviation', 'root-mean-square'];
  const spreadOf = (role: Role): Role => (role === 'root-mean-square' ? 'mean-square' : 'variance');
  const sum = withEps(below, deviations);
  if (sum !== null && !sum.squared) return { placement: 'outside-sqrt', eps: sum.eps, spread: spreadOf(sum.spread) };
  if (
    below.kind === 'call' &&
    ['max', 'maximum', 'clamp', 'clip'].includes(lastName(below.name)) &&
    below.of.length === 2
  ) {
    const max = withEps({ kind: 'sum', terms: below.of }, deviations);
    if (max !== null && !max.squared) return { placement: 'max', eps: max.eps, spread: spreadOf(max.spread) };
  }
  return null; // a bare deviation may hold an eps
}

function underRoot(e: Expression): Expression | null {
  if (e.kind === 'call' && lastName(e.name) === 'sqrt') return e.of.length === 1 ? e.of[0] : null;
  return e.kind === 'power' && isHalf(e.exponent) ? e.base : null;
}

/** A spread of one of the roles plus eps, or plus its square. */
function withEps(
  e: Expression,
  spreads: readonly Role[],
): { squared: boolean; eps: number | null; spread: Role } | null {
  if (e.kind !== 'sum' || e.terms.length !== 2) return null;
  for (const [spread, other] of [e.terms, [e.terms[1], e.terms[0]]]) {
    const role = roleOf(spread);
    if (role === null || !spreads.includes(role)) continue;
    if (roleOf(other) === 'eps')
      return { squared: false, eps: other.kind === 'number' ? other.value : null, spread: role };
    if (other.kind === 'power' && isNumber(other.exponent, 2) && roleOf(other.base) === 'eps')
      return { squared: true, eps: null, spread: role };
  }
  return null;
}

/** `… = Σ (x − mean)² / (n − 1)`. */
function divisorSaid({ left, right }: Formula, running: boolean): Said[] {
  if (left !== null && roleOf(left) !== 'variance' && roleOf(left) !== 'deviation') return [];
  const root = underRoot(right);
  const sum = summedSquare(root ?? right);
  if (sum === null || !isCentred(sum.of)) return [];
  const { count } = sum;
  const ofBuffer = left?.kind === 'symbol' && /run|mov|ema|test|infer|eval|pop/i.test(left.name);
  if (running && !ofBuffer) return []; // which of the two variances it is, is open
  const axis = ofBuffer ? 'variance.running' : 'variance.normalization';
  if (count.kind === 'symbol' || (count.kind === 'product' && count.under.length === 0))
    return [{ axis, value: 'biased' }];
  const [n, one] = count.kind === 'sum' ? count.terms : [];
  return one?.kind === 'negative' && isNumber(one.of, 1) && n.kind !== 'number' ? [{ axis, value: 'unbiased' }] : [];
}

/** `(1 + weight) · z + bias`, `weight · (z + bias)`; z is a normalised value by its form or by its hat. */
function affineSaid(e: Expression): Said[] {
  const terms = e.kind === 'sum' ? e.terms : [e];
  for (const term of terms) {
    if (term.kind !== 'product') continue;
    const { over } = factors(term);
    const normalised = over.some(isNormalised) || quotientSaid(term).length > 0;
    if (normalised && over.some(isOnePlusWeight)) return [{ axis: 'affine.form', value: 'one-plus-weight' }];
    const shifted = over.find((f) => f.kind === 'sum' && f.terms.some((t) => roleOf(t) === 'bias'));
    const inner =
      shifted?.kind === 'sum' && shifted.terms.length === 2 ? shifted.terms.filter((t) => roleOf(t) !== 'bias') : [];
    if (inner.length === 1 && isNormalised(inner[0]) && over.some((f) => roleOf(f) === 'weight'))
      return [{ axis: 'affine.form', value: 'bias-before-weight' }];
  }
  return [];
}

function isNormalised(e: Expression): boolean {
  if (e.kind === 'symbol') return /hat|norm|̂/.test(e.name);
  return e.kind === 'product' && quotientSaid(e).length > 0;
}

function isOnePlusWeight(e: Expression): boolean {
  return (
    e.kind === 'sum' &&
    e.terms.length === 2 &&
    e.terms.some((t) => isNumber(t, 1)) &&
    e.terms.some((t) => roleOf(t) === 'weight')
  );
}

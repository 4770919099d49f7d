// What a formula says of how a buffer takes in a new statistic: `r = m·r + (1 − m)·s` and its other ways of writing.

import type { AxisValue } from '../axes/axis.ts';
import type { Expression, Formula } from './formula.ts';
import { lastName, roleOf } from './formula-roles.ts';

/** `momentum.rule` where the weight is called momentum, `momentum.default` where it is a number; null for any other formula. */
export function updateSaid({
  left,
  sign,
  right,
}: Formula): { readonly axis: string; readonly value: AxisValue } | null {
  if (sign === '-=') return null;
  const pair = sign === '+=' ? incrementPair(left, right) : averagePair(left, right);
  if (pair === null) return null;
  const { newWeight } = pair;
  if (newWeight.kind === 'number') return { axis: 'momentum.default', value: newWeight.value };
  if (isMomentum(newWeight)) return { axis: 'momentum.rule', value: 'new-weight' };
  const rest = lessThanOne(newWeight);
  if (rest === null) return null;
  if (rest.kind === 'number') return { axis: 'momentum.default', value: Number((1 - rest.value).toPrecision(9)) };
  return isMomentum(rest) ? { axis: 'momentum.rule', value: 'old-weight' } : null;
}

// --- internal ---

interface Pair {
  readonly newWeight: Expression;
}

/** Two products whose weights add up to one, of an old and a new statistic. */
function averagePair(left: Expression | null, right: Expression): Pair | null {
  if (right.kind !== 'sum' || right.terms.length !== 2) return null;
  const weighed = right.terms.map(weighedStatistic);
  const [first, second] = weighed;
  if (first === null || second === null || !addToOne(first.weight, second.weight)) return null;
  const firstIsOld = isOld(first.statistic, left);
  const secondIsOld = isOld(second.statistic, left);
  if (firstIsOld === secondIsOld) return null;
  return { newWeight: firstIsOld ? second.weight : first.weight };
}

/** `r += m·(s − r)`. */
function incrementPair(left: Expression | null, right: Expression): Pair | null {
  if (left === null || right.kind !== 'product' || right.over.length !== 2 || right.under.length > 0) return null;
  const change = right.over.find((f) => isChangeOf(f, left));
  const weight = right.over.find((f) => f !== change);
  return change === undefined || weight === undefined ? null : { newWeight: weight };
}

/** `s − r`. */
function isChangeOf(e: Expression, r: Expression): boolean {
  return e.kind === 'sum' && e.terms.length === 2 && e.terms[1].kind === 'negative' && same(e.terms[1].of, r);
}

interface Weighed {
  readonly weight: Expression;
  readonly statistic: Expression;
}

/** A weight, its complement or a number, times one statistic. */
function weighedStatistic(term: Expression): Weighed | null {
  if (term.kind !== 'product' || term.under.length > 0 || term.over.length !== 2) return null;
  for (const [weight, statistic] of [term.over, [term.over[1], term.over[0]]]) {
    const isWeight = weight.kind === 'number' || isMomentum(weight) || lessThanOne(weight) !== null;
    if (isWeight && isStatistic(statistic)) return { weight, statistic };
  }
  return null;
}

function isMomentum(e: Expression): boolean {
  return e.kind === 'symbol' && /^(momentum|mom|m)$/.test(lastName(e.name));
}

/** The m of `1 − m`. */
function lessThanOne(e: Expression): Expression | null {
  if (e.kind !== 'sum' || e.terms.length !== 2) return null;
  const [one, minus] = e.terms;
  return one.kind === 'number' && one.value === 1 && minus.kind === 'negative' ? minus.of : null;
}

function addToOne(a: Expression, b: Expression): boolean {
  if (a.kind === 'number' && b.kind === 'number') return Math.abs(a.value + b.value - 1) < 1e-9;
  const [restA, restB] = [lessThanOne(a), lessThanOne(b)];
  return (restA !== null && same(restA, b)) || (restB !== null && same(restB, a));
}

function isStatistic(e: Expression): boolean {
  const role = roleOf(e);
  if (role === 'mean' || role === 'variance' || role === 'deviation') return true;
  return e.kind === 'symbol' && /run|mov|old|prev|new|batch|cur|ema|stat|observed|^[rsx](_|$)/i.test(e.name);
}

const OLD = /run|mov|old|prev|ema|global|hist|(^|_)t_?1$|^r(_|$)/i;

function isOld(e: Expression, left: Expression | null): boolean {
  if (left !== null && same(e, left)) return true;
  return e.kind === 'symbol' && OLD.test(e.name) && !/new|cur|batch/i.test(e.name);
}

function same(a: Expression, b: Expression): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

// Generator version 1: a Case from (family, seed, index). Once released, the bytes it makes never change; a change is a `g2` beside it.

import { isHalf } from '../../ts-impl/tensor/half.ts';
import { contiguousStrides, sameShape } from '../../ts-impl/tensor/shape.ts';
import { isContiguous, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import type { Case, Step } from '../case.ts';
import { Draw, makeStream } from '../counter.ts';
import { DRAWN_FAMILIES, type DrawnName, subjectAt } from '../families/drawn.ts';
import { EDGES } from '../families/edges.ts';
import { EMPTY } from '../families/empty.ts';
import { REFUSALS } from '../families/refusals/all.ts';
import { type Row, RowValues } from '../families/row.ts';
import { STATE } from '../families/state.ts';
import { buildSteps, type Streams } from './build.ts';
import { HALF_DTYPES, HALF_PARAMETERS, inHalf } from './half.ts';
import type { Layout } from './layouts.ts';
import { type Constraint, drawPlan, type Plan } from './plan.ts';
import { firstInput, summarise } from './summary.ts';

/**
 * Families whose cases are written out: case 1000·r + k is row k with the values of round r, so that rows appended later
 * leave the others' ids as they are.
 */
export const LISTED_FAMILIES = { edges: EDGES, empty: EMPTY, state: STATE, refusals: REFUSALS } as const;
export type ListedName = keyof typeof LISTED_FAMILIES;

export type FamilyName = DrawnName | ListedName;

export const FAMILY_NAMES: readonly FamilyName[] = [
  ...(Object.keys(DRAWN_FAMILIES) as DrawnName[]), // keys of a literal
  ...(Object.keys(LISTED_FAMILIES) as ListedName[]), // keys of a literal
];

export function isFamilyName(name: string): name is FamilyName {
  return (FAMILY_NAMES as readonly string[]).includes(name);
}

/** The index of the n-th case of a family, which is n but for written-out rows. */
export function nthIndex(family: FamilyName, n: number): number {
  if (!isListed(family)) return n;
  const rows = LISTED_FAMILIES[family].length;
  return Math.floor(n / rows) * ROUND + (n % rows);
}

/** Whether a family has a case of this index. */
export function hasIndex(family: FamilyName, index: number): boolean {
  return !isListed(family) || index % ROUND < LISTED_FAMILIES[family].length;
}

/** The layer or function that case `index` of a family asks, without making the case. */
export function subjectOf(family: FamilyName, index: number): string {
  if (isListed(family)) return LISTED_FAMILIES[family][index % ROUND].subject;
  return subjectAt(DRAWN_FAMILIES[family].rule(index), index);
}

/** Case `index` of a family under `seed`, both whole numbers from 0 to 2^53 − 1. Throws RangeError for a row that is not there. */
export function generate(family: FamilyName, seed: number, index: number): Case {
  if (!hasIndex(family, index)) throw new RangeError(`${family} has no case ${index}; ask hasIndex or nthIndex first`);
  const start = streamBase(family);
  let used = 0;
  const streams: Streams = () => makeStream(seed, index, start + ++used);
  const made = isListed(family)
    ? writeRow(LISTED_FAMILIES[family], index, streams)
    : drawCase(family, index, new Draw(makeStream(seed, index, start)), streams);
  const { row, ...rest } = made;
  const summary = summarise(rest.layer, rest.dtype, rest.steps, row);
  return { id: `g1/${family}/${seed}/${index}/${summary}`, ...rest };
}

// --- internal ---

const ROUND = 1000;

type Made = Omit<Case, 'id'> & { readonly row: string | null };

function isListed(family: FamilyName): family is ListedName {
  return family in LISTED_FAMILIES;
}

function drawCase(family: DrawnName, index: number, draw: Draw, streams: Streams): Made {
  const rule: Constraint = DRAWN_FAMILIES[family].rule(index);
  const half = rule.half && { ...rule, half: rule.half === 'either' ? draw.pick(HALF_PARAMETERS) : rule.half };
  const drawn = drawPlan(rule, subjectAt(rule, index), draw);
  const plan: Plan = half ? { ...drawn, dtype: 'float32' } : drawn;
  const built = buildSteps(half ?? rule, plan, draw, streams);
  const dtype = half ? draw.pick(HALF_DTYPES) : plan.dtype;
  const steps = half && isHalf(dtype) ? inHalf(built, dtype, half.half, draw.chance(1, 3)) : built;
  const input = firstInput(steps);
  const layout = input === null || lostLayout(plan.layout, input) ? 'contiguous' : plan.layout;
  return { layer: plan.subject, dtype, layout, steps, row: null };
}

/** Sizes of 1 can undo a layout; one channel laid channels_last is that to PyTorch still, by its strides. */
function lostLayout(layout: Layout, input: Tensor): boolean {
  if (layout === 'channels_last') return sameShape(input.strides, contiguousStrides(input.shape));
  return isContiguous(input);
}

function writeRow(rows: readonly Row[], index: number, streams: Streams): Made {
  const row = rows[index % ROUND];
  const steps: readonly Step[] = row.steps(new RowValues(streams));
  return { layer: row.subject, dtype: row.dtype ?? 'float32', layout: 'contiguous', steps, row: row.name };
}

/** The first stream of a family: its name hashed, so that families added later leave the others as they are. */
function streamBase(family: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < family.length; i++) hash = Math.imul(hash ^ family.charCodeAt(i), 0x01000193);
  return (hash >>> 0) * 4096;
}

// The suites: which families, how many cases of each, and why. Lazy: a case exists only while it is looked at.

import { BEHAVIOURS } from './behaviours/behaviours.ts';
import type { Case } from './case.ts';
import { type FamilyName, generate, LISTED_FAMILIES, nthIndex, subjectOf } from './g1/generate.ts';
import { GRID } from './families/drawn.ts';

export const SUITE_NAMES = ['smoke', 'standard', 'behaviours', 'deep'] as const;
export type SuiteName = (typeof SUITE_NAMES)[number];

export interface Suite extends Iterable<Case> {
  readonly size: number;
}

/** How much of a family each suite takes; `deep` is its share of every hundred cases or so. */
export interface Share {
  readonly smoke: number;
  readonly standard: number;
  readonly deep: number;
  readonly reason: string;
}

export const SHARES: Readonly<Record<FamilyName, Share>> = {
  ordinary: { smoke: 18, standard: 400, deep: 12, reason: 'the ground every layer must hold' },
  'large-mean': {
    smoke: 3,
    standard: 90,
    deep: 5,
    reason: 'squares cancel: what a kernel sums in, and in which order',
  },
  'tiny-variance': {
    smoke: 3,
    standard: 90,
    deep: 5,
    reason: 'gradients grow with 1/sigma',
  },
  constant: { smoke: 3, standard: 60, deep: 4, reason: 'a variance of 0, and rounding in place of it' },
  'mixed-scales': { smoke: 3, standard: 60, deep: 4, reason: 'small elements beside large ones' },
  huge: { smoke: 3, standard: 60, deep: 3, reason: 'overflow in the same places' },
  subnormal: { smoke: 3, standard: 50, deep: 3, reason: 'nothing may be flushed to zero' },
  'signed-zeros': { smoke: 3, standard: 50, deep: 3, reason: 'a set of −0 and a sign lost in a sum' },
  'non-finite': {
    smoke: 3,
    standard: 60,
    deep: 4,
    reason: 'NaN and infinities spread to the same places',
  },
  'small-n': { smoke: 9, standard: 90, deep: 5, reason: 'tells n from n − 1' },
  'two-sigmas': { smoke: 9, standard: 90, deep: 5, reason: 'tells the value of eps from its place' },
  'many-sigmas': { smoke: 3, standard: 60, deep: 4, reason: 'sigmas down to 1e-6 beside 3' },
  'spaced-buffers': { smoke: 6, standard: 60, deep: 4, reason: 'tells the buffers apart' },
  momentum: { smoke: 6, standard: 90, deep: 5, reason: 'tells the update rules apart' },
  trajectory: { smoke: 6, standard: 60, deep: 4, reason: 'tells which statistics are used, and when they change' },
  'eval-first': { smoke: 6, standard: 40, deep: 3, reason: 'eval before any training' },
  'set-statistics': { smoke: 9, standard: 90, deep: 5, reason: 'tells axes and groups apart' },
  'coinciding-sizes': { smoke: 7, standard: 60, deep: 4, reason: 'a wrong broadcast that does not raise' },
  affine: { smoke: 7, standard: 60, deep: 4, reason: 'tells the affine forms apart' },
  gradient: { smoke: 9, standard: 90, deep: 5, reason: 'tells differentiated statistics from detached ones' },
  'double-backward': {
    smoke: 9,
    standard: 90,
    deep: 4,
    reason: 'what gradient penalties and second-order methods need',
  },
  'single-value': { smoke: 5, standard: 40, deep: 3, reason: 'one value a statistic' },
  strided: { smoke: 9, standard: 90, deep: 5, reason: 'every layout' },
  grid: { smoke: 0, standard: GRID.length, deep: 0, reason: 'every layer × rank × mode × layout once' },
  'half-ordinary': { smoke: 4, standard: 90, deep: 5, reason: 'float16 and bfloat16, where everything is rounded' },
  'half-mixed': { smoke: 4, standard: 90, deep: 5, reason: 'float16 and bfloat16 beside float32 parameters' },
  'half-large-mean': { smoke: 2, standard: 50, deep: 3, reason: 'few distinct values, and overflow' },
  'half-overflow': { smoke: 2, standard: 50, deep: 3, reason: 'sums and variances that float16 cannot hold' },
  'half-tiny-variance': { smoke: 2, standard: 40, deep: 2, reason: 'deviations lost to rounding' },
  'half-non-finite': { smoke: 2, standard: 40, deep: 2, reason: 'NaN and infinities spread to the same places' },
  'half-strided': { smoke: 2, standard: 60, deep: 4, reason: 'the general loops, which round after every step' },
  'half-trajectory': { smoke: 3, standard: 50, deep: 3, reason: 'buffers rounded step by step' },
  'half-gradient': { smoke: 3, standard: 90, deep: 5, reason: 'sums that half precision cannot hold' },
  edges: listed('edges', 'legal but surprising'),
  empty: listed('empty', 'no batch, no extent'),
  state: listed('state', 'saving, loading, copying, casting, resetting'),
  refusals: listed('refusals', 'the same refusals, type and text'),
};

export interface SuiteOptions {
  readonly seed?: number;
  /** The size of `deep`, which has no other bound; it cuts the others short. */
  readonly cases?: number;
  /** Layers and functions to ask; the cases of others are passed over before they are counted or made. */
  readonly layers?: readonly string[];
}

/** The cases of a suite. */
export function suite(name: SuiteName, options: SuiteOptions = {}): Suite {
  const { seed = 0, cases, layers } = options;
  if (name === 'behaviours') return written(cases, layers);
  const wanted = layers === undefined ? null : new Set(layers);
  const places = (): Iterable<Place> => {
    const all = name === 'deep' ? deepPlaces() : placesOf(name);
    return wanted === null ? all : only(all, wanted);
  };
  const most = cases ?? (name === 'deep' ? DEEP_CASES : Number.POSITIVE_INFINITY);
  return {
    size: name === 'deep' ? most : Math.min(most, countOf(places())),
    *[Symbol.iterator]() {
      let made = 0;
      for (const { family, index } of places()) {
        if (made++ === most) return;
        yield generate(family, seed, index);
      }
    },
  };
}

// --- internal ---

const FAMILIES = Object.keys(SHARES) as FamilyName[]; // keys of a record of exactly these

/** What `deep` does where no number is given. */
const DEEP_CASES = 20_000;

interface Place {
  readonly family: FamilyName;
  readonly index: number;
}

/** The questions of the named behaviours, which no seed changes. */
function written(cases = Number.POSITIVE_INFINITY, layers?: readonly string[]): Suite {
  const questions = BEHAVIOURS.flatMap((behaviour) => behaviour.questions.map((question) => question.case));
  const all = questions.filter((c) => layers === undefined || layers.includes(c.layer)).slice(0, cases);
  return { size: all.length, [Symbol.iterator]: () => all[Symbol.iterator]() };
}

function* only(places: Iterable<Place>, wanted: ReadonlySet<string>): Iterable<Place> {
  if (!FAMILIES.some((family) => SHARES[family].deep > 0 && asks(family, wanted))) return; // else `deep` would look for ever
  for (const place of places) if (wanted.has(subjectOf(place.family, place.index))) yield place;
}

/** Whether a family asks one of them early on; every family asks its subjects by turns. */
function asks(family: FamilyName, wanted: ReadonlySet<string>): boolean {
  for (let n = 0; n < 100; n++) if (wanted.has(subjectOf(family, nthIndex(family, n)))) return true;
  return false;
}

function countOf(places: Iterable<Place>): number {
  let count = 0;
  for (const _ of places) count++;
  return count;
}

/** Family after family, each its share. */
function* placesOf(name: 'smoke' | 'standard'): Iterable<Place> {
  for (const family of FAMILIES) {
    for (let n = 0; n < SHARES[family][name]; n++) yield { family, index: nthIndex(family, n) };
  }
}

function listed(family: keyof typeof LISTED_FAMILIES, reason: string): Share {
  const rows = LISTED_FAMILIES[family].length;
  return { smoke: rows, standard: rows, deep: 2, reason };
}

/** Families by turns, each as often as its share, without end. */
function* deepPlaces(): Iterable<Place> {
  const turns: { readonly family: FamilyName; readonly nth: number }[] = [];
  const most = Math.max(...FAMILIES.map((family) => SHARES[family].deep));
  for (let nth = 0; nth < most; nth++) {
    for (const family of FAMILIES) if (nth < SHARES[family].deep) turns.push({ family, nth });
  }
  for (let round = 0; ; round++) {
    for (const { family, nth } of turns) {
      yield { family, index: nthIndex(family, round * SHARES[family].deep + nth) };
    }
  }
}

// Where the model with a departure and the model without it part: the smallest sketches of it, for nothing, since only models are asked.

import type { Case } from '../../../../cases/case.ts';
import type { Outcome } from '../../outcome.ts';
import type { Departure } from '../axes/axes.ts';
import type { Target } from '../axes/target.ts';
import { resultsOf, toFloat64 } from '../measure/specimen.ts';
import { askModel } from '../model/model-subject.ts';
import type { Profile } from '../model/profile.ts';
import { isLess, type Look, shrink, weightOf } from './shrink.ts';
import { caseOfSketch, isLegal, isPoor, type Sketch } from './sketch.ts';
import type { SmallCase } from './special-cases.ts';
import { type Dictionary, toSpecimen } from './translate.ts';

/** A case that may show a departure, with what models say to it in the specimen's words; null where they have no word in it. */
export interface Candidate {
  readonly case: Case;
  /** The tensors in which the models say it shows; null where they don't speak of the departure. */
  readonly places: ReadonlySet<string> | null;
  /** By the model with all departures, which is the specimen if it is right. */
  readonly whole: Outcome | null;
  /** By the model with none of those that it speaks of: PyTorch, but for the others. */
  readonly bare: Outcome | null;
}

export const placeOf = (step: number, tensor: string) => `${step} ${tensor}`;

/** A difference smaller than this is no use to a reader. */
export const VISIBLE = 1e-3;

/** Whether two tensors differ so that it shows: by more than `share` of the largest number in them. */
export function visible(a: Float64Array, b: Float64Array, share = VISIBLE): boolean {
  if (a.length !== b.length) return true;
  const size = a.reduce((m, v, i) => Math.max(m, Math.abs(v), Math.abs(b[i])), 1e-300);
  return a.some((v, i) => Number.isNaN(v) !== Number.isNaN(b[i]) || Math.abs(v - b[i]) > share * size);
}

/** Candidates for a departure, smallest first: the minimal sketch, and some on the way to it in case the specimen refuses that. */
export function separating(
  seeds: readonly Sketch[],
  departure: Departure,
  others: readonly Departure[],
  dictionary: Dictionary,
): Candidate[] {
  if (departure.axis.apply === null) return [];
  const { profile } = dictionary;
  const poor = new Set(seeds.filter((seed) => isPoor(seed, withGroups(profile, seed.target))));
  for (const share of SHARES) {
    const look = lookFor(departure, others, dictionary, share);
    const starts: Sketch[] = [];
    for (const seed of [...seeds.filter((s) => !poor.has(s)), ...poor]) {
      if (look(seed) !== null) starts.push(seed);
      if (starts.length === STARTS) break;
    }
    if (starts.length === 0) continue;
    const ways = starts.map((start) => shrink(start, dictionary.stance, look));
    const all = [...ways.map((way) => way[0]), ...ways.flatMap((way) => spread(way.slice(1), ON_THE_WAY))];
    return ranked(all, look).map((sketch) => candidateOf(sketch, departure, others, dictionary, share));
  }
  return [];
}

/** A case as a candidate for a departure of which models don't speak, with what they say of all the rest. */
export function foretell(
  { case: c, target }: SmallCase,
  departures: readonly Departure[],
  dictionary: Dictionary,
): Candidate {
  const asked = toSpecimen(c, dictionary);
  if (asked === null) return { case: c, places: null, whole: null, bare: null };
  const own = withGroups(dictionary.profile, target);
  const bare = withoutAll(own, departures, target);
  return { case: c, places: null, whole: askModel(own, asked), bare: askModel(bare, asked) };
}

/** The model of a profile without one of its departures. */
export function withoutDeparture(profile: Profile, { axis, expected }: Departure, target: Target): Profile {
  const without = axis.apply?.(profile, expected, target) ?? profile;
  const { running } = without;
  // With PyTorch's rule goes PyTorch's default: a subject's own is a finding only where the rule is PyTorch's.
  if (axis.id !== 'momentum.rule' || running === null || running.argument === null) return without;
  const argument = { ...running.argument, default: TORCH_MOMENTUM };
  return { ...without, running: { ...running, argument, newShare: TORCH_MOMENTUM, oldShare: 1 - TORCH_MOMENTUM } };
}

/** The profile for another number of groups: an argument of the layer, not a convention. */
export function withGroups(profile: Profile, target: Target): Profile {
  const change = (p: Profile['structure']['members']) =>
    p.kind === 'axes' && p.groups !== null && target.groups !== null
      ? { ...p, groups: { ...p.groups, count: target.groups } }
      : p;
  const { members, users } = profile.structure;
  const changed = change(members);
  return { ...profile, structure: { members: changed, users: users === members ? changed : change(users) } };
}

// --- internal ---

const TORCH_MOMENTUM = 0.1;

/** A difference that leaps to the eye is wanted; where there is none, a smaller one. */
const SHARES = [0.1, 0.02, VISIBLE] as const;
const STARTS = 3;
const UNSEEN = { poor: true, beside: true };
const ON_THE_WAY = 2;

/** Some of a list, evenly, its last always among them. */
function spread<T>(list: readonly T[], count: number): T[] {
  return list.filter((_, i) => i === list.length - 1 || i % Math.ceil(list.length / count) === 0);
}

function ranked(sketches: readonly Sketch[], look: Look): Sketch[] {
  const known = new Set<string>();
  const own = sketches.filter((sketch) => {
    const words = JSON.stringify([sketch.shape, sketch.target.groups, sketch.options, sketch.set, sketch.acts]);
    return known.size < known.add(words).size;
  });
  const weighed = own.map((sketch) => ({ sketch, weight: weightOf(sketch, look(sketch) ?? UNSEEN) }));
  return weighed.sort((a, b) => (isLess(a.weight, b.weight) ? -1 : 1)).map(({ sketch }) => sketch);
}

/** Whether a sketch is legal and the models part on it, and whether they part on another departure too. */
function lookFor(departure: Departure, others: readonly Departure[], dictionary: Dictionary, share: number): Look {
  const { stance, profile } = dictionary;
  return (sketch) => {
    if (!isLegal(sketch, stance, profile) || !setsOption(sketch, departure, profile)) return null;
    const asked = toSpecimen(caseOfSketch(sketch), dictionary);
    if (asked === null) return null;
    const own = withGroups(profile, sketch.target);
    const without = askModel(withoutDeparture(own, departure, sketch.target), asked);
    const places = partings(askModel(own, asked), without, departure, dictionary, share);
    if (places.size === 0) return null;
    const bare = askModel(withoutAll(own, [departure, ...others], sketch.target), asked);
    const beside = partings(without, bare, departure, dictionary, share / 4);
    return { poor: isPoor(sketch, own), beside: [...places].some((place) => beside.has(place)) };
  };
}

function candidateOf(
  sketch: Sketch,
  departure: Departure,
  others: readonly Departure[],
  dictionary: Dictionary,
  share: number,
): Candidate {
  const found = { case: caseOfSketch(sketch), target: sketch.target };
  const foretold = foretell(found, [departure, ...others], dictionary);
  const asked = toSpecimen(found.case, dictionary);
  const own = withGroups(dictionary.profile, sketch.target);
  const without = asked === null ? null : askModel(withoutDeparture(own, departure, sketch.target), asked);
  if (foretold.whole === null || without === null) return { ...foretold, places: null };
  return { ...foretold, places: partings(foretold.whole, without, departure, dictionary, share) };
}

function withoutAll(profile: Profile, departures: readonly Departure[], target: Target): Profile {
  return departures.reduce((p, departure) => withoutDeparture(p, departure, target), profile);
}

/** The tensors, in PyTorch's names, on which two answers of models part visibly and the departure may show. */
function partings(
  one: Outcome,
  other: Outcome,
  { axis }: Departure,
  dictionary: Dictionary,
  share: number,
): Set<string> {
  const places = new Set<string>();
  const others = resultsOf(other);
  resultsOf(one).forEach((result, step) => {
    const twin = others[step];
    if (result.kind !== 'returned' || twin?.kind !== 'returned') return;
    for (const { name, tensor } of result.tensors) {
      const torch = torchName(name, dictionary);
      if (!(axis.shownBy?.tensors.test(torch) ?? true)) continue;
      const same = twin.tensors.find((t) => t.name === name)?.tensor;
      if (same !== undefined && visible(toFloat64(tensor), toFloat64(same), share)) places.add(placeOf(step, torch));
    }
  });
  return places;
}

function torchName(name: string, { names }: Dictionary): string {
  for (const [torch, own] of names) {
    if (own === name) return torch;
    if (`${own}.grad` === name) return `${torch}.grad`;
  }
  return name;
}

/** Whether a sketch sets the option that a witness of this axis turns on; where the specimen has no such argument none can. */
function setsOption({ options }: Sketch, { axis }: Departure, profile: Profile): boolean {
  const option = axis.shownBy?.option ?? null;
  return option === null || (profile.running?.argument ?? null) === null || option in options;
}

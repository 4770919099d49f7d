// The proof: on cases that were not used to find it, the model with all conventions must give what the subject gives, and a rival must not.

import { type Arguments, type Case, float, type Step } from '../../../../cases/case.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Outcome } from '../../outcome.ts';
import type { Departure } from '../axes/axes.ts';
import type { AxisValue } from '../axes/axis.ts';
import { sameValue } from '../axes/axis.ts';
import type { Target } from '../axes/target.ts';
import type { TensorRoles } from '../measure/measure-roles.ts';
import { noise } from '../measure/noise.ts';
import {
  backward,
  construct,
  float64,
  forward,
  readAll,
  resultsOf,
  type Specimen,
  setTensor,
  toFloat64,
} from '../measure/specimen.ts';
import type { Stance } from '../measure/stance.ts';
import { bufferCount, entryCount } from '../model/model-entries.ts';
import { askModel } from '../model/model-subject.ts';
import type { Profile } from '../model/profile.ts';

/** Held-out cases in the specimen's words, what it answered, and whether the whole model gives the same. */
export interface Proof {
  readonly cases: readonly Case[];
  readonly outcomes: readonly Outcome[];
  readonly explained: readonly boolean[];
}

export interface Rival {
  readonly value: AxisValue;
  /** The held-out case on which it fails worst. */
  readonly case: Case;
}

/** Asks the specimen the held-out cases. Those it refuses in another shape are left out: no convention speaks of them. One round trip. */
export async function prove(specimen: Specimen, stance: Stance, roles: TensorRoles, profile: Profile): Promise<Proof> {
  const asked = heldOut(specimen.name, stance, roles, profile);
  const answers = await specimen.ask(asked);
  const kept = asked.map((_, i) => i).filter((i) => answers[i].kind === 'returned');
  const cases = kept.map((i) => asked[i]);
  const outcomes = kept.map((i) => answers[i]);
  return {
    cases,
    outcomes,
    explained: cases.map((c, i) => distance(askModel(profile, c), outcomes[i]) <= profile.agreement),
  };
}

/** Held-out cases on which a departure shows, and how many of them the model explains; all of them where no model speaks of the axis. */
export function evidenceFor(
  proof: Proof,
  departure: Departure,
  profile: Profile,
  target: Target,
): { heldOut: number; explained: number } {
  const without = departure.axis.apply?.(profile, departure.expected, target) ?? null;
  let heldOut = 0;
  let explained = 0;
  proof.cases.forEach((c, i) => {
    if (without !== null && distance(askModel(without, c), askModel(profile, c)) <= profile.agreement) return;
    heldOut++;
    if (proof.explained[i]) explained++;
  });
  // What changes no number of the model's own, as names do, is borne out by all of them.
  if (heldOut === 0) return { heldOut: proof.cases.length, explained: proof.explained.filter((yes) => yes).length };
  return { heldOut, explained };
}

/** The other value of the axis that comes nearest to the subject over all held-out cases, and the case that refutes it; null where none is refuted. */
export function nearestRival(proof: Proof, departure: Departure, profile: Profile, target: Target): Rival | null {
  const { axis, expected, actual } = departure;
  if (axis.apply === null) return null;
  const words = axis.values.filter((v) => v !== 'number' && v !== 'other' && !sameValue(axis, v, actual));
  const values: AxisValue[] = axis.values.includes('number') ? [expected] : words;
  let best: { rival: Rival; distance: number } | null = null;
  for (const value of values) {
    const model = axis.apply(profile, value, target);
    let worst = 0;
    let at = -1;
    proof.cases.forEach((c, i) => {
      const d = distance(askModel(model, c), proof.outcomes[i]);
      if (d > worst) {
        worst = d;
        at = i;
      }
    });
    if (at >= 0 && worst > profile.agreement && (best === null || worst < best.distance)) {
      best = { rival: { value, case: proof.cases[at] }, distance: worst };
    }
  }
  return best?.rival ?? null;
}

/** The largest difference between two answers over all tensors of the first, relative to each tensor's size; infinite where they can't be compared. */
export function distance(model: Outcome, subject: Outcome): number {
  const a = resultsOf(model);
  const b = resultsOf(subject);
  if (a.length === 0 || a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let step = 0; step < a.length; step++) {
    const [mine, theirs] = [a[step], b[step]];
    if (mine.kind !== 'returned' || theirs.kind !== 'returned') {
      if (mine.kind !== theirs.kind) return Number.POSITIVE_INFINITY;
      continue;
    }
    for (const { name, tensor } of mine.tensors) {
      const other = theirs.tensors.find((t) => t.name === name);
      if (other === undefined) return Number.POSITIVE_INFINITY;
      worst = Math.max(worst, tensorDistance(toFloat64(tensor), toFloat64(other.tensor), floorOf(name)));
    }
  }
  return worst;
}

// --- internal ---

/** Sizes below which a tensor is but what cancels: a gradient at two values per statistic is exactly zero, and nowhere computed as such. */
function floorOf(name: string): number {
  return name.endsWith('.grad') ? 1e-4 : name === 'output' ? 1e-6 : 1e-300;
}

function tensorDistance(a: Float64Array, b: Float64Array, floor: number): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let size = floor;
  let gap = 0;
  for (let i = 0; i < a.length; i++) {
    if (Number.isNaN(a[i]) && Number.isNaN(b[i])) continue;
    if (a[i] === b[i]) {
      if (Number.isFinite(a[i])) size = Math.max(size, Math.abs(a[i]));
      continue;
    }
    const d = Math.abs(a[i] - b[i]);
    if (!Number.isFinite(d)) return Number.POSITIVE_INFINITY;
    gap = Math.max(gap, d);
    size = Math.max(size, Math.abs(a[i]), Math.abs(b[i]));
  }
  return gap / size;
}

const INPUTS = [
  { sigma: 1, centre: 0.3 },
  { sigma: 1e-3, centre: 0.002 },
  { sigma: 2, centre: -3 },
] as const;

/** Which case at which shape, input and variant of the arguments: few, but every kind of rival fails on some. */
const PLAN: readonly {
  readonly kind: 'steps' | 'gradient' | 'fresh';
  readonly at: readonly [number, number, number];
}[] = [
  { kind: 'steps', at: [0, 0, 0] },
  { kind: 'steps', at: [0, 1, 0] },
  { kind: 'steps', at: [0, 2, 0] },
  { kind: 'steps', at: [0, 0, 1] },
  { kind: 'steps', at: [0, 1, 1] },
  { kind: 'steps', at: [0, 0, 2] },
  { kind: 'steps', at: [1, 1, 0] },
  { kind: 'steps', at: [2, 0, 0] },
  { kind: 'steps', at: [2, 1, 0] },
  { kind: 'gradient', at: [0, 0, 0] },
  { kind: 'gradient', at: [0, 1, 0] },
  { kind: 'gradient', at: [1, 0, 0] },
  { kind: 'gradient', at: [2, 2, 0] },
  { kind: 'fresh', at: [0, 0, 0] },
  { kind: 'fresh', at: [0, 1, 0] },
];

function heldOut(name: string, stance: Stance, roles: TensorRoles, profile: Profile): Case[] {
  const variants = argumentVariants(stance, profile);
  const shapes = otherShapes(stance);
  const { initial } = profile.traits;
  const drawn = initial.weight?.value === null || initial.bias?.value === null;
  return PLAN.flatMap(({ kind, at: [k, f, v] }): Case[] => {
    const args = variants[v];
    const shape = shapes[k];
    if (args === undefined || shape === undefined || (kind === 'gradient' && profile.gradient === null)) return [];
    const { sigma, centre } = INPUTS[f];
    const seed = 5000 + 100 * k + 10 * f + v;
    const size = sizeOf(shape);
    const input = (i: number) =>
      float64(
        noise(seed + i, size).map((u) => u * sigma + centre),
        shape,
      );
    const ask = (steps: readonly Step[]): Case[] => [
      { id: '', layer: name, dtype: 'float64', layout: 'contiguous', steps: [construct(name, args), ...steps] },
    ];
    const state = randomState(stance, roles, profile, shape, seed);
    switch (kind) {
      case 'steps': {
        const train = (i: number) => [forward('train', input(i)), readAll];
        return ask([...state, ...train(1), ...train(2), forward('eval', input(3)), readAll]);
      }
      case 'gradient':
        return ask([...state, forward('train', input(4), true), backward(float64(noise(seed + 5, size), shape))]);
      case 'fresh': {
        // Parameters drawn at random are nothing a model can know: they are set.
        const known = drawn ? randomState(stance, roles, { ...profile, running: null }, shape, seed) : [];
        return ask([
          ...known,
          forward('eval', input(6)),
          readAll,
          forward('train', input(7)),
          forward('eval', input(8)),
        ]);
      }
      default:
        return kind satisfies never;
    }
  });
}

/** The stance's arguments, those with another eps, and those with another momentum; what there is no argument for is left out. */
function argumentVariants(stance: Stance, profile: Profile): (Arguments | undefined)[] {
  const momentum = profile.running?.argument?.name;
  return [
    stance.arguments,
    profile.epsArgument === null ? undefined : { ...stance.arguments, [profile.epsArgument]: float(0.25) },
    momentum === undefined ? undefined : { ...stance.arguments, [momentum]: float(0.3) },
  ];
}

/** The probed shape, one with other sizes where nothing ties them down, and one with few values per statistic. */
function otherShapes(stance: Stance): Shape[] {
  const { shape } = stance;
  const free = (axis: number) =>
    axis === 0
      ? !(stance.coincidence && shape[0] === shape[1])
      : axis !== 1 &&
        !stance.coincidence &&
        !(stance.sizeAxis === 'last' && axis >= shape.length - (stance.size?.length ?? 1));
  const other = shape.map((size, axis) => (free(axis) ? size + 1 : size));
  const few = shape.map((size, axis) => (free(axis) ? 2 : size));
  return [shape, other, few];
}

/** Weight, bias and buffers set to values that are all different. */
function randomState(stance: Stance, roles: TensorRoles, profile: Profile, shape: Shape, seed: number): Step[] {
  const steps: Step[] = [];
  const set = (name: string | null, count: number, value: (v: number, i: number) => number, offset: number) => {
    const known = stance.tensors.find((t) => t.name === name)?.shape;
    if (name === null || known === undefined || sizeOf(known) !== count) return;
    steps.push(setTensor(name, float64(noise(seed + offset, count).map(value), known)));
  };
  const { weight, bias } = profile.affine;
  if (weight !== null)
    set(roles.weight, entryCount(weight, profile, shape), (v, i) => v + (i % 2 === 0 ? 2.5 : -2.5), 11);
  if (bias !== null) set(roles.bias, entryCount(bias, profile, shape), (v) => 2 * v, 12);
  if (profile.running !== null) {
    const count = bufferCount(profile, shape);
    set(roles.runningMean, count, (v) => v, 13);
    set(roles.runningVar, count, (v) => 0.25 + v * v, 14);
  }
  return steps;
}

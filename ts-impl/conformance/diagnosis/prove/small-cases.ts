// Where witnesses begin: small sketches of a layer, smallest first, with numbers that a person can check by hand; then larger ones of ordinary numbers.

import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Target } from '../axes/target.ts';
import { noise } from '../measure/noise.ts';
import type { Stance } from '../measure/stance.ts';
import type { Profile } from '../model/profile.ts';
import { type Act, isLegal, ownShape, type Sketch } from './sketch.ts';

/** Sketches of the target, fewest elements first, then fewest steps; the ones of ordinary numbers come last. All of them legal. */
export function smallSketches(target: Target, stance: Stance, profile: Profile): Sketch[] {
  const found = sketchesOf(target, stance, profile, PATTERNS);
  const own = stance.groups === null || target.groups === null ? target : { ...target, groups: stance.groups };
  for (const [i, { sigma, centre }] of SPREADS.entries()) {
    const values = [...noise(300 + i, sizeOf(stance.shape))].map((v) => Math.round(v * 32) / 32);
    found.push(
      ...trajectories(
        own,
        stance.shape,
        values.map((v) => v * sigma + centre),
        profile,
      ),
    );
  }
  return found.filter((sketch) => isLegal(sketch, stance, profile));
}

/** The same without variety in the numbers: few enough to be asked. */
export function fewSketches(target: Target, stance: Stance, profile: Profile): Sketch[] {
  return sketchesOf(target, stance, profile, PATTERNS.slice(0, 1)).filter((s) => isLegal(s, stance, profile));
}

/** The shapes of small cases, fewest elements first, with the target whose groups they fit. */
export function smallShapes(target: Target, stance: Stance): { shape: Shape; target: Target }[] {
  const rank = stance.shape.length;
  const ones = new Array<number>(Math.max(0, rank - 2)).fill(1);
  const lastTwo = ones.map((_, i) => (i === ones.length - 1 ? 2 : 1));
  const same = (shapes: Shape[]) => shapes.map((shape) => ({ shape, target }));
  switch (target.kind) {
    case 'BatchNorm':
      return rank === 2
        ? same([
            [2, 1],
            [2, 2],
            [3, 2],
          ])
        : same([
            [1, 1, ...lastTwo],
            [2, 1, ...ones],
            [1, 2, ...lastTwo],
            [2, 2, ...lastTwo],
          ]);
    case 'InstanceNorm':
      return same([
        [1, 1, ...lastTwo],
        [1, 2, ...lastTwo],
        [2, 2, ...lastTwo],
      ]);
    case 'GroupNorm': {
      const grouped = (groups: number) => (stance.groups === null ? target : { ...target, groups });
      return [
        { shape: [1, 2, ...ones], target: grouped(1) },
        { shape: [1, 4, ...ones], target: grouped(2) },
        { shape: [1, 4, ...lastTwo], target: grouped(2) },
      ];
    }
    case 'LayerNorm':
    case 'RMSNorm': {
      if (stance.sizeAxis === 1)
        return same([
          [1, 2, ...ones],
          [1, 1, ...lastTwo],
          [1, 2, ...lastTwo],
          [2, 2, ...lastTwo],
        ]);
      const leading = new Array<number>(rank - 1).fill(1);
      return same([
        [...leading, 2],
        [...leading, 3],
        [...leading.slice(0, -1), 2, 2],
      ]);
    }
    default:
      return target.kind satisfies never;
  }
}

// --- internal ---

/** Ordinary numbers, numbers whose spread is near the root of eps, and a mean larger than the spread. */
const SPREADS = [
  { sigma: 1, centre: 0.5 },
  { sigma: 2 ** -8, centre: 2 ** -6 },
  { sigma: 2, centre: -5 },
] as const;

const PATTERNS: readonly ((i: number) => number)[] = [
  (i) => 2 * i,
  (i) => 20 * i,
  (i) => [0, 2, 0, 8][i % 4] + (i > 3 ? 1 : 0),
  (i) => (i % 2) * 0.002,
  (i) => [0, 0, 2, 8][i % 4],
  (i) => 4 + 2 * (i % 2),
  () => 3,
];

function sketchesOf(target: Target, stance: Stance, profile: Profile, patterns: typeof PATTERNS): Sketch[] {
  const found = smallShapes(target, stance).flatMap(({ shape, target: sized }) =>
    patterns.flatMap((pattern) =>
      trajectories(
        sized,
        shape,
        Array.from({ length: sizeOf(shape) }, (_, i) => pattern(i)),
        profile,
      ),
    ),
  );
  const steps = (s: Sketch) => s.acts.length + Object.keys(s.set).length;
  return found.sort((a, b) => sizeOf(a.shape) - sizeOf(b.shape) || steps(a) - steps(b));
}

function trajectories(target: Target, shape: Shape, values: readonly number[], profile: Profile): Sketch[] {
  const train: Act = { kind: 'forward', mode: 'train', values };
  const evaluate: Act = { ...train, mode: 'eval' };
  const read: Act = { kind: 'read' };
  const make = (acts: Act[], options: Sketch['options'] = {}, set: Sketch['set'] = {}): Sketch => ({
    target,
    dtype: 'float64',
    shape,
    options,
    set,
    acts,
  });
  const found = [make([train]), make([evaluate])];
  if (profile.epsArgument !== null) found.push(make([train], { eps: 1 }));
  if (target.affine && profile.affine.form !== 'none') {
    const size = sizeOf(ownShape(target, shape));
    const all = (value: number) => new Array<number>(size).fill(value);
    const bias = target.kind === 'RMSNorm' ? {} : { bias: all(1) };
    const rising = Array.from({ length: size }, (_, i) => i + 1);
    found.push(make([train], {}, { weight: all(2) }), make([train], {}, { weight: rising }));
    if (target.kind !== 'RMSNorm') found.push(make([train], {}, bias), make([train], {}, { bias: rising }));
    found.push(make([train], {}, { weight: all(2), ...bias }));
  }
  const upstream = values.map((_, i) => (i === 0 ? 1 : 0));
  found.push(make([train, { kind: 'backward', values: upstream }]));
  if (!target.tracked) return found;
  found.push(
    make([evaluate], {}, { running_var: new Array<number>(shape[1]).fill(1e-6) }),
    make([train, read]),
    make([evaluate, read]),
    make([train, evaluate]),
    make([train, train, read]),
    make([train, train, train, read]),
  );
  if ((profile.running?.argument ?? null) === null) return found;
  for (const momentum of [0.25, 0.5])
    found.push(make([train, read], { momentum }), make([train, train, read], { momentum }));
  return found;
}

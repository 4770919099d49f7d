// Reads off what eval normalises with: buffers are set to known values, log-spaced so that eps shows, and the output's lines are read.

import type { Step } from '../../../../cases/case.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import { tensor } from '../../../tensor/tensor.ts';
import type { Outcome } from '../../outcome.ts';
import { type Partition, type Structure, statisticCount } from '../model/partition.ts';
import type { Affine, EpsPlacement, Running } from '../model/profile.ts';
import { fitEps, fitLines, type Line } from './lines.ts';
import type { TensorRoles } from './measure-roles.ts';
import { noise } from './noise.ts';
import {
  construct,
  float64,
  forward,
  probe,
  readAll,
  resultsOf,
  type Specimen,
  setTensor,
  valuesOf,
} from './specimen.ts';
import type { Stance } from './stance.ts';

export interface Evaluation {
  readonly statistics: 'running' | 'batch';
  readonly eps: number;
  readonly placement: EpsPlacement;
  readonly tracked: Running['tracked'];
  readonly users: Partition;
  /** Whether the buffers are read before or after the step moves them; 'before' where it does not. */
  readonly reads: 'before' | 'after';
}

/** Steps that set weight and bias to what leaves the bare normalised value, under the usual affine form where none is known yet. */
export function identitySteps(
  stance: Stance,
  roles: TensorRoles,
  affine: Affine | null,
  dtype: 'float64' | 'float32' = 'float64',
): Step[] {
  const steps: Step[] = [];
  for (const [name, value] of [
    [roles.weight, affine?.identity ?? 1],
    [roles.bias, 0],
  ] as const) {
    const shape = stance.tensors.find((t) => t.name === name)?.shape;
    if (name !== null && shape !== undefined)
      steps.push(setTensor(name, tensor(new Float64Array(sizeOf(shape)).fill(value), shape, dtype)));
  }
  return steps;
}

/** The bare normalised values of an output that was asked with a weight of 1 before the affine form was known. */
export function bare(output: Float64Array | null, affine: Affine): Float64Array | null {
  return affine.identity === 1 ? output : (output?.map((v) => v / 2) ?? null); // 1 + 1
}

/** Measures eval with buffers. One round trip, asked before the affine form need be known; null where the lines fit no known rule. */
export async function measureEvaluation(
  specimen: Specimen,
  stance: Stance,
  structure: Structure,
  roles: TensorRoles,
  affineForm: Promise<Affine | null>,
): Promise<Evaluation | null> {
  const { runningMean, runningVar } = roles;
  const shape = stance.tensors.find((t) => t.name === runningMean)?.shape;
  if (runningMean === null || runningVar === null || shape === undefined) return null;
  const size = sizeOf(shape);
  // [rounds][buffer entries]: every entry sees variances from 1e-14 to 3
  const variances = Array.from({ length: Math.ceil(VARIANCES.length / size) }, (_, round) =>
    Float64Array.from({ length: size }, (_v, c) => VARIANCES[(c + round * size) % VARIANCES.length]),
  );
  const mean = noise(51, size).map((v, c) => v + 0.1 * c);
  const x = noise(53, sizeOf(stance.shape)).map((v) => 2 * v);
  const ask = (variance: Float64Array) =>
    probe(specimen.name, [
      construct(specimen.name, stance.arguments),
      ...identitySteps(stance, roles, null),
      setTensor(runningMean, float64(mean, shape)),
      setTensor(runningVar, float64(variance, shape)),
      forward('eval', float64(x, stance.shape)),
      readAll,
    ]);
  const outcomes = await specimen.ask([...variances.map(ask), ask(new Float64Array(size))]);
  const affine = await affineForm;
  if (affine === null) return null;
  const rounds = variances.flatMap((variance, k): Round[] => {
    const y = bare(valuesOf(outcomes[k], lastStep(outcomes[k]) - 1, 'output'), affine);
    const after = {
      mean: valuesOf(outcomes[k], lastStep(outcomes[k]), runningMean),
      variance: valuesOf(outcomes[k], lastStep(outcomes[k]), runningVar),
    };
    return y === null ? [] : [{ y, before: { mean, variance }, after }];
  });
  const zeros = valuesOf(outcomes[variances.length], lastStep(outcomes[variances.length]) - 1, 'output');
  const zeroIsFinite = zeros?.every((v) => Number.isFinite(v)) ?? false;
  for (const users of userCandidates(structure, stance.shape, size)) {
    const lines = rounds.flatMap(({ y, before, after }) =>
      fitLines(x, y, { members: users, users }, stance.shape, before, after),
    );
    const found = readLines(lines, zeroIsFinite);
    if (found !== null) return { ...found, users };
  }
  return null;
}

// --- internal ---

interface Round {
  readonly y: Float64Array;
  readonly before: { readonly mean: Float64Array; readonly variance: Float64Array };
  readonly after: { readonly mean: Float64Array | null; readonly variance: Float64Array | null };
}

/** Ways in which elements may use buffer entries: as in training, or along one axis of the buffers' size. */
function userCandidates(structure: Structure, shape: Shape, size: number): Partition[] {
  const along = shape.map((n, axis) => ({ n, axis })).filter(({ n, axis }) => n === size && axis > 0);
  return [
    ...(statisticCount(structure.users, shape) % size === 0 ? [structure.users] : []),
    ...along.map(({ axis }): Partition => ({ kind: 'axes', kept: [axis], groups: null })),
  ];
}

/** Buffers that took in the batch are too large for eps to show; that they are what divides is enough. */
function withoutEps(lines: readonly Line[], variance: (l: Line) => number): boolean {
  return lines.every((l) => Math.abs(l.denominator / Math.sqrt(variance(l)) - 1) < 1e-2);
}

/** What eval's lines say; null where they are no lines or fit neither the buffers nor the batch. */
function readLines(lines: readonly Line[], zeroIsFinite: boolean): Omit<Evaluation, 'users'> | null {
  const usable = lines.filter((l) => l.residual < 1e-3 && Number.isFinite(l.denominator));
  if (usable.length < lines.length / 2 || usable.length === 0) return null;
  const tolerance = usable.every((l) => l.residual < 1e-8) ? 1e-7 : 3e-4;
  const near = (a: number, b: number, scale: number) => Math.abs(a - b) <= tolerance * 10 * (scale + Math.abs(b));
  const denominators = usable.map((l) => l.denominator);
  for (const reads of ['before', 'after'] as const) {
    const mean = (l: Line) => (reads === 'before' ? l.buffers?.meanBefore : l.buffers?.meanAfter) ?? Number.NaN;
    const variance = (l: Line) => (reads === 'before' ? l.buffers?.varBefore : l.buffers?.varAfter) ?? Number.NaN;
    if (!usable.every((l) => near(l.crossing, mean(l), l.amplitude))) continue;
    const asVariance = fitEps(denominators, usable.map(variance), tolerance, zeroIsFinite);
    if (asVariance !== null) return { statistics: 'running', tracked: 'variance', reads, ...asVariance };
    if (reads === 'after' && withoutEps(usable, variance)) {
      return { statistics: 'running', eps: Number.NaN, placement: 'inside-sqrt', tracked: 'variance', reads };
    }
    const asStd = fitEps(
      denominators,
      usable.map((l) => variance(l) ** 2),
      tolerance,
      zeroIsFinite,
    );
    if (asStd !== null) return { statistics: 'running', tracked: 'std', reads, ...asStd };
    const asInverse = fitEps(
      denominators,
      usable.map((l) => variance(l) ** -2),
      tolerance,
      false,
    );
    return asInverse === null ? null : { statistics: 'running', tracked: 'inverse-std', reads, ...asInverse };
  }
  if (usable.every((l) => near(l.crossing, l.mean, l.amplitude) || Math.abs(l.crossing) < tolerance * l.amplitude)) {
    return { statistics: 'batch', eps: Number.NaN, placement: 'inside-sqrt', tracked: 'variance', reads: 'before' };
  }
  return null;
}

const VARIANCES = [1e-14, 3, 1e-8, 1, 1e-5, 0.3, 1e-11, 1e-3, 1e-2];

const lastStep = (outcome: Outcome) => resultsOf(outcome).length - 1;

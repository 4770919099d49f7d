// Reads off what eval normalises with: buffers are set to known values, log-spaced so that eps shows, and the output's lines are read.

import type { Step } from '../../../cases/case.ts';
import { sizeOf } from '../../tensor/shape.ts';
import type { Outcome } from '../outcome.ts';
import type { TensorRoles } from './measure-roles.ts';
import { fitEps, fitLines } from './lines.ts';
import { noise } from './noise.ts';
import type { Structure } from './partition.ts';
import type { Affine, EpsPlacement } from './profile.ts';
import {
  construct,
  filled,
  float64,
  forward,
  probe,
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
  readonly tracked: 'variance' | 'std';
}

/** Steps that set weight and bias to what leaves the bare normalised value. */
export function identitySteps(stance: Stance, roles: TensorRoles, affine: Affine): Step[] {
  const steps: Step[] = [];
  for (const [name, value] of [
    [roles.weight, affine.identity],
    [roles.bias, 0],
  ] as const) {
    const shape = stance.tensors.find((t) => t.name === name)?.shape;
    if (name !== null && shape !== undefined) steps.push(setTensor(name, filled(value, shape)));
  }
  return steps;
}

/** Measures eval with buffers. One round trip; null where the lines fit no known rule. */
export async function measureEvaluation(
  specimen: Specimen,
  stance: Stance,
  structure: Structure,
  roles: TensorRoles,
  affine: Affine,
): Promise<Evaluation | null> {
  const { runningMean, runningVar } = roles;
  const shape = stance.tensors.find((t) => t.name === runningMean)?.shape;
  if (runningMean === null || runningVar === null || shape === undefined) return null;
  const size = sizeOf(shape);
  // [rounds][buffer entries]: every entry sees variances from 1e-14 to 3
  const variances = [0, 1, 2].map((round) =>
    Float64Array.from({ length: size }, (_, c) => VARIANCES[(c * 3 + round) % VARIANCES.length]),
  );
  const mean = noise(51, size).map((v, c) => v + 0.1 * c);
  const x = noise(53, sizeOf(stance.shape)).map((v) => 2 * v);
  const ask = (variance: Float64Array) =>
    probe(specimen.name, [
      construct(specimen.name, stance.arguments),
      ...identitySteps(stance, roles, affine),
      setTensor(runningMean, float64(mean, shape)),
      setTensor(runningVar, float64(variance, shape)),
      forward('eval', float64(x, stance.shape)),
    ]);
  const outcomes = await specimen.ask([...variances.map(ask), ask(new Float64Array(size))]);
  const lines = variances.flatMap((variance, k) => {
    const y = valuesOf(outcomes[k], lastStep(outcomes[k]), 'output');
    return y === null ? [] : fitLines(x, y, structure, stance.shape, { mean, variance }, { mean, variance });
  });
  const usable = lines.filter((l) => l.residual < 1e-3 && Number.isFinite(l.denominator));
  if (usable.length < lines.length / 2 || usable.length === 0) return null;
  const tolerance = usable.every((l) => l.residual < 1e-8) ? 1e-7 : 3e-4;
  const near = (a: number, b: number, scale: number) => Math.abs(a - b) <= tolerance * 10 * (scale + Math.abs(b));
  const zeros = valuesOf(outcomes[variances.length], lastStep(outcomes[variances.length]), 'output');
  const zeroIsFinite = zeros?.every((v) => Number.isFinite(v)) ?? false;
  if (usable.every((l) => near(l.crossing, l.buffers?.meanBefore ?? Number.NaN, l.amplitude))) {
    const denominators = usable.map((l) => l.denominator);
    const buffer = usable.map((l) => l.buffers?.varBefore ?? Number.NaN);
    const asVariance = fitEps(denominators, buffer, tolerance, zeroIsFinite);
    if (asVariance !== null) return { statistics: 'running', tracked: 'variance', ...asVariance };
    const asStd = fitEps(
      denominators,
      buffer.map((v) => v * v),
      tolerance,
      zeroIsFinite,
    );
    return asStd === null ? null : { statistics: 'running', tracked: 'std', ...asStd };
  }
  if (usable.every((l) => near(l.crossing, l.mean, l.amplitude) || Math.abs(l.crossing) < tolerance * l.amplitude)) {
    return { statistics: 'batch', eps: Number.NaN, placement: 'inside-sqrt', tracked: 'variance' };
  }
  return null;
}

// --- internal ---

const VARIANCES = [1e-14, 3, 1e-8, 1, 1e-5, 0.3, 1e-11, 1e-3, 1e-2];

const lastStep = (outcome: Outcome) => resultsOf(outcome).length - 1;

// Reads off how the buffers move: the update is linear in the old buffer, so two starts give both shares and the tracked statistic.

import type { Arguments } from '../../../../cases/case.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import type { Outcome } from '../../outcome.ts';
import type { Structure } from '../model/partition.ts';
import type { Running } from '../model/profile.ts';
import { type BatchStatistics, batchStatistics } from './batch-statistics.ts';
import { momentumArgument, withMomentum } from './constructor-arguments.ts';
import type { Evaluation } from './measure-evaluation.ts';
import type { TensorRoles } from './measure-roles.ts';
import type { ScaleMeasurement } from './measure-scale.ts';
import { noise } from './noise.ts';
import {
  construct,
  filled,
  float64,
  forward,
  probe,
  readAll,
  type Specimen,
  setTensor,
  textOf,
  valuesOf,
} from './specimen.ts';
import type { Stance } from './stance.ts';
import { ruleOf, type Shares, trackedKind, twoFactors } from './update-rule.ts';

/** The second of the two values that the buffers start from; the first is 0. */
const START = 2.5;

/** Inputs of three training steps: spreads and centres that no buffer starts with. */
export function trainingInputs(shape: Stance['shape']): Float64Array[] {
  return [61, 62, 63].map((seed) => noise(seed, sizeOf(shape)).map((v, i) => v * (1 + (i % 3)) + 0.5));
}

/**
 * Measures the update rule over three steps. `fresh` is the specimen as its constructor leaves it, where `specimen` hands it late tensors.
 * One round trip; null without buffers, 'unknown' where it fits no linear rule.
 */
export async function measureRunning(
  specimen: Specimen,
  fresh: Specimen,
  stance: Stance,
  structure: Structure,
  roles: TensorRoles,
  scaled: Promise<ScaleMeasurement>,
  evaluated: Promise<Evaluation | null>,
): Promise<Running | null | 'unknown'> {
  const { runningMean, runningVar } = roles;
  const shape = stance.tensors.find((t) => t.name === runningMean)?.shape;
  if (runningMean === null || runningVar === null || shape === undefined) return null;
  const names = { mean: runningMean, variance: runningVar };
  const inputs = trainingInputs(stance.shape);
  const ask = (start: number, args: Arguments, mode: 'train' | 'eval') =>
    probe(specimen.name, [
      construct(specimen.name, args),
      setTensor(runningMean, filled(start, shape)),
      setTensor(runningVar, filled(start, shape)),
      ...inputs.flatMap((x) => [forward(mode, float64(x, stance.shape)), readAll]),
    ]);
  const argument = momentumArgument(specimen.signature, stance.roles);
  const trial = withMomentum(stance.arguments, argument);
  const attachedProbe = probe(specimen.name, [
    construct(specimen.name, stance.arguments),
    forward('train', float64(inputs[0], stance.shape), true),
    readAll,
  ]);
  const starts = [0, START];
  const [outcomes, [first]] = await Promise.all([
    specimen.ask([
      ...starts.map((s) => ask(s, stance.arguments, 'train')),
      ...(argument === null ? [] : starts.map((s) => ask(s, trial, 'train'))),
      ask(START, stance.arguments, 'eval'),
    ]),
    fresh.ask([attachedProbe]),
  ]);
  const [measuredScale, evaluation] = await Promise.all([scaled, evaluated]);
  if (measuredScale.kind === 'unknown') return 'unknown';
  const { scale } = measuredScale;
  const statistics = inputs.map((x) => batchStatistics(x, structure, stance.shape, sizeOf(shape)));
  const standard = shares(outcomes[0], outcomes[1], names, statistics);
  const varied = argument === null ? standard : shares(outcomes[2], outcomes[3], names, statistics);
  if (standard === null || varied === null) return 'unknown';
  const { weighs, ...rule } = ruleOf(standard, varied, argument !== null);
  const still = standard.fresh.every((g) => Math.abs(g) < 1e-9);
  const tracked = still
    ? { divisor: 'n-1' as const, tracked: evaluation?.tracked ?? ('variance' as const), floored: false }
    : trackedKind(standard, statistics, scale);
  if (tracked === null) return 'unknown';
  const late = stance.tensors.some((t) => t.late && (t.name === runningMean || t.name === runningVar));
  const copied = late && copies(first, names, statistics[0]);
  return {
    ...names,
    shape,
    ...rule,
    ...(copied ? { rule: 'first-step-copies' } : {}),
    argument: argument === null || weighs === null ? null : { ...argument, weighs },
    ...tracked,
    bare: evaluation?.placement === 'absent' && scale.placement !== 'absent',
    sums: false,
    swapped: isSwapped(names),
    late,
    initial: late ? { mean: 0, variance: firstVariance(first, names, standard) } : initialOf(stance, names),
    updatesInEval: evalMoves(outcomes[outcomes.length - 1], names),
    attached: textOf(first, 2, 'attached')
      .split(' ')
      .filter((name) => name === names.mean || name === names.variance),
    evalStatistics: evaluation?.statistics ?? 'unknown',
    users: evaluation?.users ?? structure.users,
    evalReads: evaluation?.reads ?? 'before',
  };
}

// --- internal ---

interface Names {
  readonly mean: string;
  readonly variance: string;
}

function shares(low: Outcome, high: Outcome, names: Names, statistics: readonly BatchStatistics[]): Shares | null {
  const result: Shares = { old: [], fresh: [], variance: [] };
  const entries = statistics[0].mean.length;
  let before = {
    lowMean: new Float64Array(entries),
    highMean: new Float64Array(entries).fill(START),
    lowVar: new Float64Array(entries),
  };
  for (let k = 0; k < statistics.length; k++) {
    const step = 4 + 2 * k;
    const lowMean = valuesOf(low, step, names.mean);
    const highMean = valuesOf(high, step, names.mean);
    const lowVar = valuesOf(low, step, names.variance);
    if (lowMean === null || highMean === null || lowVar === null) return null;
    const old = [...before.lowMean, ...before.highMean];
    const fresh = [...statistics[k].mean, ...statistics[k].mean];
    const fit = twoFactors(old, fresh, [...lowMean, ...highMean]);
    if (fit === null) return null;
    result.old.push(fit[0]);
    result.fresh.push(fit[1]);
    result.variance.push(lowVar.map((v, c) => v - fit[0] * before.lowVar[c]));
    before = { lowMean: lowMean.slice(), highMean: highMean.slice(), lowVar: lowVar.slice() };
  }
  return result;
}

/** Whether the buffers that the first step makes are the statistics of its batch. */
function copies(first: Outcome, names: Names, { mean }: BatchStatistics): boolean {
  const made = valuesOf(first, 2, names.mean);
  return made?.every((v, c) => Math.abs(v - mean[c]) <= 1e-6 * (1 + Math.abs(v))) ?? false;
}

/** The variance that late buffers were made with: what the first step left beside its own share, 0 or 1. */
function firstVariance(first: Outcome, names: Names, standard: Shares): number {
  const made = valuesOf(first, 2, names.variance);
  if (made === null || !(standard.old[0] > 1e-6)) return 1;
  const start = (made[0] - standard.variance[0][0]) / standard.old[0];
  return Number(start.toPrecision(6));
}

function initialOf(stance: Stance, names: Names): Running['initial'] {
  const of = (name: string, usual: number) => stance.tensors.find((t) => t.name === name)?.initial[0] ?? usual;
  return { mean: of(names.mean, 0), variance: of(names.variance, 1) };
}

/** The names say the opposite of what the buffers hold. */
function isSwapped({ mean, variance }: Names): boolean {
  const last = (name: string) => name.slice(name.lastIndexOf('.') + 1);
  return /var|sigma|std/i.test(last(mean)) && /mean|mu|avg/i.test(last(variance));
}

function evalMoves(outcome: Outcome, names: Names): boolean {
  return [names.mean, names.variance].some((name) => valuesOf(outcome, 4, name)?.some((v) => v !== START) ?? false);
}

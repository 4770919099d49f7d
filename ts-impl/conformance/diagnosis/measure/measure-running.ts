// Reads off how the buffers move: the update is linear in the old buffer, so two starts give both shares and the tracked statistic.

import { type Arguments, float } from '../../../../cases/case.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import type { Outcome } from '../../outcome.ts';
import { zeroDebiasedShares } from '../model/model-statistics.ts';
import { type Structure, statisticCount, statisticIds } from '../model/partition.ts';
import type { MomentumRule, Running } from '../model/profile.ts';
import type { Evaluation } from './measure-evaluation.ts';
import type { TensorRoles } from './measure-roles.ts';
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

/** The momentum given by argument where one may be varied: dyadic, and far from PyTorch's default and from its complement. */
const TRIAL_MOMENTUM = 0.25;
/** The second of the two values that the buffers start from; the first is 0. */
const START = 2.5;

/** Measures the update rule over three steps. One round trip; null without buffers, 'unknown' where it fits no linear rule. */
export async function measureRunning(
  specimen: Specimen,
  stance: Stance,
  structure: Structure,
  roles: TensorRoles,
  evaluation: Evaluation | null,
): Promise<Running | null | 'unknown'> {
  const { runningMean, runningVar } = roles;
  const shape = stance.tensors.find((t) => t.name === runningMean)?.shape;
  if (runningMean === null || runningVar === null || shape === undefined) return null;
  const names = { mean: runningMean, variance: runningVar };
  const inputs = [61, 62, 63].map((seed) => noise(seed, sizeOf(stance.shape)).map((v, i) => v * (1 + (i % 3)) + 0.5));
  const starts = [0, START];
  const ask = (start: number, args: Arguments, mode: 'train' | 'eval') =>
    probe(specimen.name, [
      construct(specimen.name, args),
      setTensor(runningMean, filled(start, shape)),
      setTensor(runningVar, filled(start, shape)),
      ...inputs.flatMap((x) => [forward(mode, float64(x, stance.shape)), readAll]),
    ]);
  const argument = specimen.signature.find((p) => stance.roles.get(p.name) === 'momentum') ?? null;
  const trial = argument === null ? stance.arguments : { ...stance.arguments, [argument.name]: float(TRIAL_MOMENTUM) };
  const attachedProbe = probe(specimen.name, [
    construct(specimen.name, stance.arguments),
    forward('train', float64(inputs[0], stance.shape), true),
    readAll,
  ]);
  const outcomes = await specimen.ask([
    ...starts.map((s) => ask(s, stance.arguments, 'train')),
    ...starts.map((s) => ask(s, trial, 'train')),
    ask(starts[1], stance.arguments, 'eval'),
    attachedProbe,
  ]);
  const statistics = inputs.map((x) => batchStatistics(x, structure, stance.shape, sizeOf(shape)));
  const standard = shares(outcomes[0], outcomes[1], names, statistics);
  const varied = shares(outcomes[2], outcomes[3], names, statistics);
  if (standard === null || varied === null) return 'unknown';
  const moves = argument !== null && !near(standard.old[1], varied.old[1]);
  const rule = ruleOf(standard, varied, moves, argument !== null);
  const tracked = trackedKind(standard, statistics, evaluation);
  if (tracked === null) return 'unknown';
  return {
    ...names,
    shape,
    rule,
    newShare: rule === 'zero-debiased' ? 1 - debiasedDecay(standard) : standard.fresh[1],
    oldShare: rule === 'zero-debiased' ? debiasedDecay(standard) : standard.old[1],
    argument:
      argument === null || !moves
        ? null
        : { name: argument.name, weighs: weighs(varied, rule), default: plainNumber(argument.default) },
    divisor: tracked.divisor,
    tracked: tracked.of,
    initial: {
      mean: stance.tensors.find((t) => t.name === runningMean)?.initial[0] ?? 0,
      variance: stance.tensors.find((t) => t.name === runningVar)?.initial[0] ?? 1,
    },
    updatesInEval: evalMoves(outcomes[4], names, starts[1]),
    attached: textOf(outcomes[5], 2, 'attached')
      .split(' ')
      .filter((name) => name === names.mean || name === names.variance),
    evalStatistics: evaluation?.statistics ?? 'unknown',
    users: evaluation?.users ?? structure.users,
    evalReads: evaluation?.reads ?? 'before',
  };
}

// --- internal ---

interface BatchStatistics {
  readonly n: number;
  readonly mean: Float64Array; // [buffer entries], averaged over instances where there are several
  readonly biased: Float64Array;
  readonly unbiased: Float64Array;
  readonly biasedStd: Float64Array;
  readonly unbiasedStd: Float64Array;
}

function batchStatistics(
  x: Float64Array,
  structure: Structure,
  shape: readonly number[],
  entries: number,
): BatchStatistics {
  const ids = statisticIds(structure.members, shape);
  const count = statisticCount(structure.members, shape);
  const n = x.length / count;
  const sums = new Float64Array(count);
  const squares = new Float64Array(count);
  for (let i = 0; i < x.length; i++) sums[ids[i]] += x[i];
  for (let i = 0; i < x.length; i++) squares[ids[i]] += (x[i] - sums[ids[i]] / n) ** 2;
  const out = ['mean', 'biased', 'unbiased', 'biasedStd', 'unbiasedStd'].map(() => new Float64Array(entries));
  const instances = Math.max(1, count / entries);
  for (let id = 0; id < Math.max(count, entries); id++) {
    const from = id % count; // one statistic for all entries where there are fewer
    const values = [
      sums[from] / n,
      squares[from] / n,
      squares[from] / (n - 1),
      Math.sqrt(squares[from] / n),
      Math.sqrt(squares[from] / (n - 1)),
    ];
    for (let k = 0; k < values.length; k++) out[k][id % entries] += values[k] / instances;
  }
  const [mean, biased, unbiased, biasedStd, unbiasedStd] = out;
  return { n, mean, biased, unbiased, biasedStd, unbiasedStd };
}

/** For each step the share of the old buffer, the share of the new mean, and what the variance buffer took in (its share times the statistic). */
interface Shares {
  readonly old: number[];
  readonly fresh: number[];
  readonly variance: Float64Array[];
}

function shares(
  low: Outcome,
  high: Outcome,
  names: { mean: string; variance: string },
  statistics: readonly BatchStatistics[],
): Shares | null {
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

/** The factors (a, g) with which a·u + g·v gives y, by least squares; null where none do. */
function twoFactors(
  u: readonly number[],
  v: readonly number[],
  y: readonly number[],
): readonly [number, number] | null {
  let [uu, uv, vv, uy, vy, yy] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < y.length; i++) {
    uu += u[i] * u[i];
    uv += u[i] * v[i];
    vv += v[i] * v[i];
    uy += u[i] * y[i];
    vy += v[i] * y[i];
    yy += y[i] * y[i];
  }
  const determinant = uu * vv - uv * uv;
  if (!(determinant > 1e-12 * uu * vv)) return null;
  const a = (uy * vv - vy * uv) / determinant;
  const g = (vy * uu - uy * uv) / determinant;
  let rest = 0;
  for (let i = 0; i < y.length; i++) rest += (y[i] - a * u[i] - g * v[i]) ** 2;
  return rest <= 1e-8 * Math.max(yy, 1e-12) ? [a, g] : null;
}

const near = (a: number, b: number) => Math.abs(a - b) < 1e-4;

function ruleOf(standard: Shares, varied: Shares, moves: boolean, hasArgument: boolean): MomentumRule {
  const { old, fresh } = standard;
  const constant = old.every((a) => near(a, old[1])) && fresh.every((g) => near(g, fresh[1]));
  if (old.every((a, k) => near(a, k / (k + 1))) && fresh.every((g, k) => near(g, 1 / (k + 1)))) return 'cumulative';
  if (near(old[0], 0) && near(fresh[0], 1) && !near(old[1], 0) && near(old[1], old[2])) return 'first-step-copies';
  if (near(old[0], 0) && isZeroDebiased(standard)) return 'zero-debiased';
  if (!constant) return 'other';
  if (moves) {
    if (near(varied.old[1], 1 - TRIAL_MOMENTUM) && near(varied.fresh[1], TRIAL_MOMENTUM)) return 'new-weight';
    if (near(varied.old[1], TRIAL_MOMENTUM) && near(varied.fresh[1], 1 - TRIAL_MOMENTUM)) return 'old-weight';
    return 'other';
  }
  if (near(old[1], 1) && near(fresh[1], 0)) return hasArgument ? 'never-updated' : 'new-weight';
  if (near(old[1], 0) && near(fresh[1], 1)) return hasArgument ? 'overwritten' : 'new-weight';
  return near(old[1] + fresh[1], 1) ? 'new-weight' : 'other';
}

/** The decay of a zero-debiased average, from its second step: its shares are d/(1+d) and 1/(1+d). */
const debiasedDecay = ({ old }: Shares) => old[1] / (1 - old[1]);

function isZeroDebiased(standard: Shares): boolean {
  const decay = debiasedDecay(standard);
  if (near(decay, 0)) return false;
  return standard.old.every((a, k) => {
    const [old, fresh] = zeroDebiasedShares(decay, k + 1);
    return near(a, old) && near(standard.fresh[k], fresh);
  });
}

/** Which share the momentum argument is, from what it does at the trial value. */
function weighs(varied: Shares, rule: MomentumRule): 'new' | 'old' {
  const old = rule === 'zero-debiased' ? debiasedDecay(varied) : varied.old[1];
  return near(old, TRIAL_MOMENTUM) ? 'old' : 'new';
}

function trackedKind(
  standard: Shares,
  statistics: readonly BatchStatistics[],
  evaluation: Evaluation | null,
): { divisor: 'n' | 'n-1'; of: 'variance' | 'std' } | null {
  const fits = (pick: (s: BatchStatistics) => Float64Array) =>
    statistics.every((s, k) =>
      standard.variance[k].every((v, c) => Math.abs(v - standard.fresh[k] * pick(s)[c]) <= 1e-5 * (Math.abs(v) + 1e-9)),
    );
  if (standard.fresh.every((g) => Math.abs(g) < 1e-9)) return { divisor: 'n-1', of: evaluation?.tracked ?? 'variance' };
  if (fits((s) => s.unbiased)) return { divisor: 'n-1', of: 'variance' };
  if (fits((s) => s.biased)) return { divisor: 'n', of: 'variance' };
  if (fits((s) => s.biasedStd)) return { divisor: 'n', of: 'std' };
  if (fits((s) => s.unbiasedStd)) return { divisor: 'n-1', of: 'std' };
  return null;
}

function evalMoves(outcome: Outcome, names: { mean: string; variance: string }, start: number): boolean {
  return [names.mean, names.variance].some((name) => valuesOf(outcome, 4, name)?.some((v) => v !== start) ?? false);
}

function plainNumber(value: { readonly kind: string; readonly value?: unknown } | null): number | null {
  return value !== null && typeof value.value === 'number' ? value.value : null;
}

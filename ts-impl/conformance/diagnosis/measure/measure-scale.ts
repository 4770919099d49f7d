// Reads off what is subtracted and what is divided by: in each statistic the output is a straight line of the input, whose slope and
// crossing give both in closed form. Values of eps are solved for, not matched from a list.

import type { Case } from '../../../../cases/case.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Outcome } from '../../outcome.ts';
import { denominatorOf } from '../model/model-statistics.ts';
import { type Structure, statisticCount, statisticIds } from '../model/partition.ts';
import type { Affine, EpsScaling, Scale, StatisticsSource } from '../model/profile.ts';
import { type EpsFit, fitEps, fitLines, fitScaledEps, type Line } from './lines.ts';
import { bare, type Evaluation, identitySteps } from './measure-evaluation.ts';
import type { TensorRoles } from './measure-roles.ts';
import { noise } from './noise.ts';
import {
  construct,
  filled,
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

export type ScaleMeasurement =
  | { readonly kind: 'measured'; readonly scale: Scale; readonly agreement: number }
  /** `linear`: the outputs are straight lines of the inputs, but of no known slope or crossing. */
  | { readonly kind: 'unknown'; readonly linear: boolean };

/** Standard deviations of the inputs: from where eps is lost to where nothing but eps is left. */
const SIGMAS = [3, 1, 0.3, 1e-2, 1e-3, 1e-4, 1e-6, 1e-9, 1e-17];

/** Measures the training statistics. One round trip. */
export async function measureScale(
  specimen: Specimen,
  stance: Stance,
  structure: Structure,
  roles: TensorRoles,
  affineForm: Promise<Affine | null>,
  evaluation: Promise<Evaluation | null>,
): Promise<ScaleMeasurement> {
  const { shape } = stance;
  const rounds = Math.max(2, Math.ceil(SIGMAS.length / statisticCount(structure.members, shape)));
  const inputs = Array.from({ length: rounds }, (_, round) => spreadInput(shape, structure, round));
  const start = bufferStart(stance, roles);
  const ask = (x: Float64Array): Case =>
    probe(specimen.name, [
      construct(specimen.name, stance.arguments),
      ...identitySteps(stance, roles, null),
      ...start.steps,
      forward('train', float64(x, shape)),
      readAll,
    ]);
  const constant = filled(0, shape); // divided by eps alone, centred or not
  const outcomes = await specimen.ask([...inputs.map(ask), ask(constant.storage as Float64Array)]); // made as float64 above
  const affine = await affineForm;
  if (affine === null) return { kind: 'unknown', linear: false };
  const lines: Line[] = [];
  for (let k = 0; k < inputs.length; k++) {
    const last = stepsBefore(outcomes[k]) - 2;
    const y = bare(valuesOf(outcomes[k], last, 'output'), affine);
    if (y === null) continue;
    const after = {
      mean: roles.runningMean === null ? null : valuesOf(outcomes[k], last + 1, roles.runningMean),
      variance: roles.runningVar === null ? null : valuesOf(outcomes[k], last + 1, roles.runningVar),
    };
    lines.push(...fitLines(inputs[k], y, structure, shape, start, after));
  }
  const constantOutput = valuesOf(outcomes[inputs.length], stepsBefore(outcomes[inputs.length]) - 2, 'output');
  const constantIsFinite = constantOutput?.every((v) => Number.isFinite(v)) ?? false;
  return explain(lines, constantIsFinite, await evaluation);
}

export interface BufferStart {
  readonly steps: Case['steps'];
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** Sets the buffers to values that are all different and are no batch's statistics. */
export function bufferStart(stance: Stance, roles: TensorRoles): BufferStart {
  const { runningMean, runningVar } = roles;
  const shape = stance.tensors.find((t) => t.name === runningMean)?.shape;
  if (runningMean === null || runningVar === null || shape === undefined) {
    return { steps: [], mean: new Float64Array(), variance: new Float64Array() };
  }
  const mean = noise(41, sizeOf(shape)).map((v, i) => v + 0.25 * i);
  const variance = noise(43, sizeOf(shape)).map((v, i) => 0.5 + Math.abs(v) + 0.2 * i);
  return {
    steps: [setTensor(runningMean, float64(mean, shape)), setTensor(runningVar, float64(variance, shape))],
    mean,
    variance,
  };
}

// --- internal ---

const stepsBefore = (outcome: Outcome) => resultsOf(outcome).length;

/** Noise in which each statistic has its own spread, of those to try, and its own centre of that size; all of them over the rounds. */
function spreadInput(shape: Shape, structure: Structure, round: number): Float64Array {
  const ids = statisticIds(structure.members, shape);
  const count = statisticCount(structure.members, shape);
  return noise(31 + round, sizeOf(shape)).map((v, i) => {
    const sigma = SIGMAS[(ids[i] + round * count) % SIGMAS.length];
    return sigma * (v * (0.4 + 0.15 * (ids[i] % 5)) + 0.75 * (ids[i] % 4) + 0.4);
  });
}

/** How finely outputs can be read: in float64, with statistics in float32, or in float32 throughout, where only large spreads tell. */
const GRADES = [
  { residual: 1e-8, spread: 0, centre: 1e-6, slope: 1e-7, digits: 7, agreement: 1e-5 },
  { residual: 1e-6, spread: 0, centre: 1e-5, slope: 3e-6, digits: 6, agreement: 1e-4 },
  { residual: 1e-3, spread: 5e-4, centre: 1e-3, slope: 3e-4, digits: 3, agreement: 5e-3 },
] as const;
type Grade = (typeof GRADES)[number];

/** Explains all lines at once, at the finest grade at which anything does. */
function explain(all: readonly Line[], constantIsFinite: boolean, evaluation: Evaluation | null): ScaleMeasurement {
  const usable = all.filter((l) => Number.isFinite(l.denominator) && l.n > 1 && l.offset < 1e3);
  let linear = false;
  for (const grade of GRADES) {
    const lines = usable.filter((l) => Math.sqrt(l.squares / l.n) > grade.spread);
    if (lines.length === 0 || !lines.every((l) => l.residual < grade.residual)) continue;
    linear = true;
    const scale = explainAt(grade, lines, constantIsFinite, evaluation);
    if (scale !== null) return { kind: 'measured', scale, agreement: grade.agreement };
  }
  return { kind: 'unknown', linear };
}

/** Tries every source of the mean and of the variance, and every way of averaging squares; an eps that grows with the input last. */
function explainAt(
  grade: Grade,
  lines: readonly Line[],
  constantIsFinite: boolean,
  evaluation: Evaluation | null,
): Scale | null {
  const centre = centreOf(lines, grade.centre);
  if (centre === null) return null;
  const denominators = lines.map((l) => l.denominator);
  const fixed = bestOption(lines, centre, grade, ({ statistics }, variances) =>
    statistics === 'batch'
      ? fitEps(denominators, variances, grade.slope, constantIsFinite)
      : knownEps(denominators, variances, grade.slope, evaluation),
  );
  if (fixed !== null || constantIsFinite) return fixed; // a zero input divided by a scaled eps is no number
  return bestOption(lines, centre, grade, ({ statistics }, variances) =>
    statistics === 'batch' ? fitScaledEps(lines, variances, grade.slope) : null,
  );
}

function bestOption(
  lines: readonly Line[],
  centre: Centre,
  grade: Grade,
  fitOf: (option: SpreadOption, variances: readonly number[]) => (EpsFit & { readonly scaling?: EpsScaling }) | null,
): Scale | null {
  let best: { scale: Scale; error: number } | null = null;
  for (const option of spreadOptions(lines)) {
    if (centre !== 'zero' && option.statistics !== centre) continue;
    const fit = fitOf(option, lines.map(option.variance));
    if (fit === null || (best !== null && !(fit.error < best.error / 10))) continue;
    best = {
      scale: {
        outputCentred: centre !== 'zero',
        varianceCentred: option.varianceCentred,
        divisor: option.divisor,
        eps: Number(fit.eps.toPrecision(grade.digits)),
        placement: fit.placement,
        scaling: fit.scaling ?? null,
        statistics: option.statistics,
      },
      error: fit.error,
    };
  }
  return best?.scale ?? null;
}

/** Buffers are too large to show eps in training; eval, where they can be set, has shown it. */
function knownEps(
  denominators: readonly number[],
  variances: readonly number[],
  tolerance: number,
  evaluation: Evaluation | null,
): EpsFit | null {
  if (evaluation === null || evaluation.statistics !== 'running') return null;
  const { placement, eps } = evaluation;
  let error = 0;
  for (let i = 0; i < variances.length; i++) {
    const expected = denominatorOf(variances[i], eps, { placement });
    error = Math.max(error, Math.abs(denominators[i] - expected) / expected);
  }
  return error <= tolerance ? { placement, eps, error } : null;
}

type Centre = StatisticsSource | 'zero';

function centreOf(lines: readonly Line[], tolerance: number): Centre | null {
  const options: readonly (readonly [Centre, (l: Line) => number])[] = [
    ['batch', (l) => l.mean],
    ['running-after-update', (l) => l.buffers?.meanAfter ?? Number.NaN],
    ['running-before-update', (l) => l.buffers?.meanBefore ?? Number.NaN],
    ['zero', () => 0],
  ];
  for (const [centre, value] of options) {
    const fits = (l: Line) => Math.abs(l.crossing - value(l)) <= tolerance * (l.amplitude + Math.abs(value(l)));
    if (lines.every(fits)) return centre;
  }
  return null;
}

interface SpreadOption {
  readonly statistics: StatisticsSource;
  readonly varianceCentred: boolean;
  readonly divisor: 'n' | 'n-1';
  readonly variance: (l: Line) => number;
}

function spreadOptions(lines: readonly Line[]): SpreadOption[] {
  const options: SpreadOption[] = [
    { statistics: 'batch', varianceCentred: true, divisor: 'n', variance: (l) => l.squares / l.n },
    { statistics: 'batch', varianceCentred: true, divisor: 'n-1', variance: (l) => l.squares / (l.n - 1) },
    { statistics: 'batch', varianceCentred: false, divisor: 'n', variance: (l) => l.raw / l.n },
    { statistics: 'batch', varianceCentred: false, divisor: 'n-1', variance: (l) => l.raw / (l.n - 1) },
  ];
  if (lines.every((l) => l.buffers !== null)) {
    const buffered = { varianceCentred: true, divisor: 'n' } as const;
    options.push(
      { statistics: 'running-after-update', ...buffered, variance: (l) => l.buffers?.varAfter ?? Number.NaN },
      { statistics: 'running-before-update', ...buffered, variance: (l) => l.buffers?.varBefore ?? Number.NaN },
    );
  }
  return options;
}

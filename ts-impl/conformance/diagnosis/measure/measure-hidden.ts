// Reads running statistics off what eval does with them, where no buffer holds just that: in one tensor, debiased when read, sums, or unseen.

import type { Arguments } from '../../../../cases/case.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import type { Outcome } from '../../outcome.ts';
import { trackedValue, varianceBehind } from '../model/model-statistics.ts';
import { type Partition, type Structure, statisticCount } from '../model/partition.ts';
import type { Affine, Running, Scale } from '../model/profile.ts';
import { type BatchStatistics, batchStatistics } from './batch-statistics.ts';
import { momentumArgument, withMomentum } from './constructor-arguments.ts';
import { fitLines } from './lines.ts';
import { identitySteps } from './measure-evaluation.ts';
import type { TensorRoles } from './measure-roles.ts';
import { trainingInputs } from './measure-running.ts';
import { noise } from './noise.ts';
import { construct, float64, forward, probe, readAll, resultsOf, type Specimen, textOf, valuesOf } from './specimen.ts';
import type { Stance } from './stance.ts';
import { ruleOf, type Shares, trackedKind, twoFactors } from './update-rule.ts';

/** Measures running statistics from a fresh layer, by an eval step after each of three training steps. One round trip; null where nothing fits. */
export async function measureHidden(
  specimen: Specimen,
  stance: Stance,
  structure: Structure,
  roles: TensorRoles,
  affine: Affine,
  scale: Scale,
): Promise<Running | null> {
  const users = withoutSamples(structure.users);
  const entries = statisticCount(users, stance.shape);
  const inputs = trainingInputs(stance.shape);
  const probed = noise(59, sizeOf(stance.shape)).map((v) => 2 * v);
  const ask = (args: Arguments) =>
    probe(specimen.name, [
      construct(specimen.name, args),
      ...identitySteps(stance, roles, affine),
      forward('eval', float64(probed, stance.shape)),
      ...inputs.flatMap((x) => [
        forward('train', float64(x, stance.shape), true),
        readAll,
        forward('eval', float64(probed, stance.shape)),
      ]),
    ]);
  const argument = momentumArgument(specimen.signature, stance.roles);
  const outcomes = await specimen.ask([
    ask(stance.arguments),
    ...(argument === null ? [] : [ask(withMomentum(stance.arguments, argument))]),
  ]);
  const statistics = inputs.map((x) => batchStatistics(x, structure, stance.shape, entries));
  const read = (outcome: Outcome) => readings(outcome, stance, users, probed, inputs.length);
  const plain = read(outcomes[0]);
  const varied = argument === null ? plain : read(outcomes[1]);
  if (plain === null || varied === null) return null;
  for (const form of FORMS) {
    const standard = shares(plain, statistics, form, scale);
    const other = shares(varied, statistics, form, scale);
    if (standard === null || other === null) continue;
    if (standard.fresh.every((g) => Math.abs(g) < 1e-9)) return null; // no training reaches eval: an identity, say, is no statistic
    const tracked = trackedKind(standard, statistics, scale);
    if (tracked === null || tracked.tracked !== form.tracked) continue;
    const { weighs, ...rule } = ruleOf(standard, other, argument !== null);
    const sums = rule.rule === 'zero-debiased' && holdsSums(outcomes[0], stance, statistics, rule.oldShare);
    return {
      mean: null,
      variance: null,
      shape: [entries],
      ...rule,
      argument: argument === null || weighs === null ? null : { ...argument, weighs },
      ...tracked,
      bare: form.bare,
      sums,
      swapped: false,
      late: refusesFresh(outcomes[0]),
      initial:
        plain.start === null && !refusesFresh(outcomes[0])
          ? { mean: Number.NaN, variance: Number.NaN }
          : { mean: startMean(plain), variance: startVariance(plain, form, scale) },
      updatesInEval: false,
      attached: textOf(outcomes[0], trained(outcomes[0], 0) + 1, 'attached')
        .split(' ')
        .filter((name) => name !== ''),
      evalStatistics: 'running',
      users,
      evalReads: 'before',
    };
  }
  return null;
}

// --- internal ---

/** What eval showed: fresh (null where it raised, or gave no numbers), and after each training step. */
interface Readings {
  readonly start: Reading | null;
  readonly after: readonly Reading[];
}

interface Reading {
  readonly crossing: Float64Array; // [entries]
  readonly denominator: Float64Array;
}

/** How the denominator of eval comes from the second buffer. */
interface Form {
  readonly tracked: Running['tracked'];
  readonly bare: boolean;
}

const FORMS: readonly Form[] = [
  { tracked: 'variance', bare: false },
  { tracked: 'std', bare: false },
  { tracked: 'std', bare: true },
  { tracked: 'inverse-std', bare: true },
  { tracked: 'inverse-std', bare: false },
];

/** Samples share a buffer. */
function withoutSamples(users: Partition): Partition {
  return users.kind === 'axes' ? { ...users, kept: users.kept.filter((axis) => axis !== 0) } : users;
}

/** The step of the training forward `k`; identity steps stand before the first. */
const trained = (outcome: Outcome, k: number) => resultsOf(outcome).length - 9 + 3 * k;

function readings(
  outcome: Outcome,
  stance: Stance,
  users: Partition,
  probed: Float64Array,
  steps: number,
): Readings | null {
  const at = (step: number): Reading | null => {
    const y = valuesOf(outcome, step, 'output');
    if (y === null) return null;
    const lines = fitLines(probed, y, { members: users, users }, stance.shape, null, { mean: null, variance: null });
    if (!lines.every((l) => Number.isFinite(l.denominator) && l.residual < 1e-6)) return null;
    return {
      crossing: Float64Array.from(lines, (l) => l.crossing),
      denominator: Float64Array.from(lines, (l) => l.denominator),
    };
  };
  const after: Reading[] = [];
  for (let k = 0; k < steps; k++) {
    const reading = at(trained(outcome, k) + 2);
    if (reading === null) return null;
    after.push(reading);
  }
  return { start: at(trained(outcome, 0) - 1), after };
}

/** Eval before any training raises. */
const refusesFresh = (outcome: Outcome) => resultsOf(outcome)[trained(outcome, 0) - 1]?.kind === 'refused';

/** The second buffer's entries, from what eval divides by. */
function entriesOf({ denominator }: Reading, form: Form, scale: Scale): Float64Array {
  return denominator.map((d) => {
    const variance = form.bare ? d * d : varianceBehind(d, scale);
    return form.tracked === 'variance'
      ? variance
      : form.tracked === 'std'
        ? Math.sqrt(variance)
        : 1 / Math.sqrt(variance);
  });
}

function shares(read: Readings, statistics: readonly BatchStatistics[], form: Form, scale: Scale): Shares | null {
  const result: Shares = { old: [], fresh: [], variance: [] };
  let before = read.start;
  for (let k = 0; k < statistics.length; k++) {
    const now = read.after[k];
    const held = entriesOf(now, form, scale);
    const old = before === null ? null : entriesOf(before, form, scale);
    const fit = sharesOfStep(before?.crossing ?? null, old, now.crossing, held, statistics[k], form, scale);
    if (fit === null) return null;
    result.old.push(fit[0]);
    result.fresh.push(fit[1]);
    result.variance.push(held.map((v, c) => v - (old === null ? 0 : fit[0] * old[c])));
    before = now;
  }
  return result;
}

/** Both buffers' shares; where the old ones are all alike only the second buffer, which starts at 1, tells them apart. */
function sharesOfStep(
  oldMean: Float64Array | null,
  old: Float64Array | null,
  mean: Float64Array,
  held: Float64Array,
  batch: BatchStatistics,
  form: Form,
  scale: Scale,
): readonly [number, number] | null {
  if (oldMean?.some((v) => Math.abs(v) > 1e-9)) {
    return twoFactors([...oldMean], [...batch.mean], [...mean]);
  }
  let product = 0;
  let square = 0;
  batch.mean.forEach((v, c) => {
    product += v * mean[c];
    square += v * v;
  });
  const fresh = product / square;
  if (batch.mean.some((v, c) => Math.abs(mean[c] - fresh * v) > 1e-6 * (1 + Math.abs(mean[c])))) return null;
  if (old === null || !old.some((v) => Math.abs(v) > 1e-9)) return [1 - fresh, fresh];
  for (const divisor of ['n-1', 'n'] as const) {
    for (const floored of [false, true]) {
      const taken = batch.tracked(divisor, (v) =>
        trackedValue({ tracked: form.tracked, floored }, v, scale.eps, scale),
      );
      const fit = twoFactors([...old], [...taken], [...held]);
      if (fit !== null && Math.abs(fit[1] - fresh) < 1e-6) return fit;
    }
  }
  return null;
}

function startMean({ start }: Readings): number {
  const crossing = start?.crossing[0] ?? 0;
  return Math.abs(crossing) < 1e-9 ? 0 : Number(crossing.toPrecision(6));
}

/** What the second buffer stood for before any step, in its own terms. */
function startVariance({ start }: Readings, form: Form, scale: Scale): number {
  if (start === null) return 1;
  const entry = entriesOf(start, form, scale)[0];
  return Math.abs(entry) < 1e-9 ? 0 : Number(entry.toPrecision(6));
}

/** Whether some tensor holds, after two steps, decay times the first batch's mean plus the second's. */
function holdsSums(outcome: Outcome, stance: Stance, statistics: readonly BatchStatistics[], decay: number): boolean {
  return stance.tensors.some(({ name }) => {
    const held = valuesOf(outcome, trained(outcome, 1) + 1, name);
    return (
      held !== null &&
      held.length === statistics[0].mean.length &&
      held.every(
        (v, c) => Math.abs(v - decay * statistics[0].mean[c] - statistics[1].mean[c]) <= 1e-5 * (1 + Math.abs(v)),
      )
    );
  });
}

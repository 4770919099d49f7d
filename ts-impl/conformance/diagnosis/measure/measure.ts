// Measures a specimen: stance, structure, roles, affine, eval, scale, buffers, gradient, conduct, in that order, into one profile.

import { type Arguments, float } from '../../../../cases/case.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { UndecidedReason } from '../../outcome.ts';
import type { NormKind } from '../axes/norm-kind.ts';
import { askModel } from '../model/model-subject.ts';
import type { Structure } from '../model/partition.ts';
import { type Affine, NO_TRAITS, type Profile, type Running, type Scale } from '../model/profile.ts';
import { distance } from '../prove/proof.ts';
import { inFloat32 } from './float32-specimen.ts';
import { measureAffine } from './measure-affine.ts';
import { measureConduct } from './measure-conduct.ts';
import { identitySteps, measureEvaluation } from './measure-evaluation.ts';
import { measureGradient } from './measure-gradient.ts';
import { measureHidden } from './measure-hidden.ts';
import { measureRoles, type TensorRoles } from './measure-roles.ts';
import { measureRunning } from './measure-running.ts';
import { measureScale, type ScaleMeasurement } from './measure-scale.ts';
import { measureTraits } from './measure-traits.ts';
import { noise } from './noise.ts';
import { primed } from './primed-specimen.ts';
import { construct, float64, forward, probe, type Specimen, valuesOf } from './specimen.ts';
import { batched } from './batched-specimen.ts';
import { findStance, type Stance } from './stance.ts';
import { stancesToTry } from './stances-to-try.ts';

export type Measurement =
  | {
      readonly kind: 'measured';
      /** The specimen as it was asked: in float32 where it refuses float64. */
      readonly specimen: Specimen;
      readonly stance: Stance;
      readonly roles: TensorRoles;
      readonly profile: Profile;
      readonly doubts: readonly string[];
    }
  /** Behaves like no norm of the model space; `linear` tells that it may still be one. */
  | { readonly kind: 'unknown'; readonly stance: Stance; readonly looksLikeNorm: boolean; readonly message: string }
  | { readonly kind: 'unusable'; readonly constructed: boolean; readonly message: string }
  | { readonly kind: 'undecided'; readonly reason: UndecidedReason };

/** Thrown by a specimen's `ask` when the subject behind it is gone. */
export class SubjectGone extends Error {
  override readonly name = 'SubjectGone';
  readonly reason: UndecidedReason;

  constructor(reason: UndecidedReason) {
    super(reason.message);
    this.reason = reason;
  }
}

/** Measures `specimen`; `kind` and `rank` are what its name speaks of, for the order of the first questions only. */
export async function measure(specimen: Specimen, kind: NormKind | null, rank: number | null): Promise<Measurement> {
  try {
    const measured = await climbAndMeasure(specimen, kind, rank, 'float64');
    if (measured.kind !== 'unusable' || !measured.constructed) return measured;
    const again = await climbAndMeasure(inFloat32(specimen), kind, rank, 'float32');
    return again.kind === 'measured' ? again : measured;
  } catch (error) {
    if (error instanceof SubjectGone) return { kind: 'undecided', reason: error.reason };
    throw error;
  }
}

// --- internal ---

async function climbAndMeasure(
  specimen: Specimen,
  kind: NormKind | null,
  rank: number | null,
  dtype: Profile['dtype'],
): Promise<Measurement> {
  const search = await findStance(specimen, kind, rank);
  if (search.kind === 'undecided') return { kind: 'undecided', reason: search.outcome.reason };
  if (search.kind === 'none') return { kind: 'unusable', constructed: search.constructed, message: search.message };
  if (search.kind === 'stochastic') {
    return { kind: 'unusable', constructed: true, message: 'the same call twice gives different results' };
  }
  const stances = await stancesToTry(specimen, search.stance, search.others);
  const measured = await measureAt(specimen, stances[0], search.others, dtype);
  // What looks like nothing known at one shape may be made for another: sizes in the code, or one of several ranks.
  for (const stance of measured.kind === 'unknown' ? stances.slice(1) : []) {
    const again = await measureAt(specimen, stance, search.others, dtype);
    if (again.kind === 'measured') return again;
  }
  return measured;
}

async function measureAt(
  specimen: Specimen,
  found: Stance,
  others: readonly Stance[],
  dtype: Profile['dtype'],
): Promise<Measurement> {
  const unknown = (message: string, looksLikeNorm: boolean): Measurement => ({
    kind: 'unknown',
    stance: found,
    looksLikeNorm,
    message,
  });
  const fresh = batched(specimen);
  const late = found.tensors.filter((t) => t.late);
  const asked = primed(fresh, late, PRIMED);
  const { structure, roles: seen, argumentRoles, elementwise, evalIsTrain } = await measureRoles(asked, found);
  const stance = { ...found, roles: argumentRoles };
  if (elementwise)
    return unknown('no output moves with any other input element than its own: nothing is normalised', false);
  if (structure === null) return unknown('which outputs an input element moves fits no set of axes', false);
  const affineForm = measureAffine(asked, stance, seen);
  const evaluating = measureEvaluation(asked, stance, structure, seen, affineForm).then((evaluated) =>
    // Buffers that eval does not read by themselves look like none at all, unless eval is shown to be training.
    evaluated?.statistics === 'batch' && !evalIsTrain ? null : evaluated,
  );
  const scaling = measureScale(asked, stance, structure, seen, affineForm, evaluating);
  const [affine, evaluation, scaled, direct] = await Promise.all([
    affineForm,
    evaluating,
    scaling,
    measureRunning(asked, fresh, stance, structure, seen, scaling, evaluating),
  ]);
  if (affine === null) return unknown('what its parameters do is no weight and no bias', false);
  if (scaled.kind === 'unknown') {
    return unknown('what it subtracts and divides by is no known mean, variance and eps', scaled.linear);
  }
  const doubts: string[] = [];
  const unread = direct === null || direct === 'unknown' || evaluation === null;
  // Where no buffer holds just the mean or just the variance, what eval does with them still tells.
  const hidden =
    unread && !evalIsTrain ? await measureHidden(specimen, stance, structure, seen, affine, scaled.scale) : null;
  const running = hidden ?? direct;
  const roles = hidden === null ? seen : { ...seen, runningMean: null, runningVar: null };
  if (running === 'unknown') doubts.push('how its buffers move fits no known rule');
  if (hidden === null && evaluation === null && running !== null)
    doubts.push('what eval normalises with is neither the buffers nor the batch');
  if (running === null && !evalIsTrain) doubts.push('eval uses state that could not be read as running statistics');
  const known = running === 'unknown' ? null : running;
  if (known?.bare && !known.floored && known.tracked !== 'inverse-std')
    doubts.push('eval adds no eps, though training does');
  const bareProfile = profileOf(stance, structure, roles, affine, scaled, known, dtype, evalIsTrain);
  const [conduct, { epsArgument, scale }, traits, gradientSeen] = await Promise.all([
    measureConduct(fresh, stance, singleShape(stance, structure)),
    measureEpsArgument(fresh, stance, roles, bareProfile),
    measureTraits(fresh, stance, roles, bareProfile, others),
    measureGradient(fresh, stance, roles, bareProfile),
  ]);
  const draft = { ...bareProfile, ...conduct, epsArgument, scale };
  // A leaf that requires grad can't be written to: under input.mutated there is no gradient to speak of.
  const gradient = draft.mutatesInput ? ({ kind: 'not-asked' } as const) : gradientSeen;
  if (gradient.kind === 'unknown') doubts.push('its input gradient is that of no combination of detached statistics');
  if (gradient.kind === 'refused') doubts.push(`backward raises ${gradient.message}`);
  const profile = {
    ...draft,
    traits: epsArgument === null ? { ...traits, epsZero: null } : traits,
    gradient: gradient.kind === 'measured' ? gradient.gradient : null,
  };
  return { kind: 'measured', specimen, stance, roles, profile, doubts };
}

/** What late buffers are set to before they are measured: what a fresh variance holds in PyTorch. */
const PRIMED = 1;

/** The profile before its conduct is known; its eps argument is the one that bears the name, or moved the output. */
function profileOf(
  stance: Stance,
  structure: Structure,
  roles: TensorRoles,
  affine: Affine,
  scaled: Extract<ScaleMeasurement, { kind: 'measured' }>,
  running: Running | null,
  dtype: Profile['dtype'],
  evalIsTrain: boolean,
): Profile {
  return {
    shape: stance.shape,
    structure,
    affine,
    scale: scaled.scale,
    running,
    gradient: null,
    layouts: { works: [], fails: [] },
    mutatesInput: false,
    stdout: '',
    singleValue: null,
    epsArgument: [...stance.roles].find(([, role]) => role === 'eps')?.[0] ?? null,
    extras: roles.extras,
    traits: NO_TRAITS,
    counter: roles.counter,
    agreement: scaled.agreement,
    dtype,
    evalIsTrain,
  };
}

/** A shape in which each statistic has one value and the size argument still fits; null where there is none. */
function singleShape(stance: Stance, structure: Structure): Shape | null {
  const { members } = structure;
  if (members.kind !== 'axes' || members.groups !== null || stance.coincidence) return null;
  const { shape } = stance;
  const sized = stance.sizeAxis === 'last' ? shape.length - 1 : 1;
  if (stance.size !== null && !members.kept.includes(sized)) return null;
  return shape.map((size, axis) => (members.kept.includes(axis) ? size : 1));
}

/** The constructor argument that sets eps, if one does, and what it means: eps itself, or its square. */
async function measureEpsArgument(
  specimen: Specimen,
  stance: Stance,
  roles: TensorRoles,
  profile: Profile,
): Promise<Pick<Profile, 'epsArgument' | 'scale'>> {
  const { epsArgument, scale, agreement } = profile;
  if (epsArgument === null) return { epsArgument, scale };
  const identity = identitySteps(stance, roles, profile.affine);
  const x = float64(noise(91, sizeOf(stance.shape)), stance.shape);
  const ask = (args: Arguments) =>
    probe(specimen.name, [construct(specimen.name, args), ...identity, forward('train', x)]);
  const trial = ask({ ...stance.arguments, [epsArgument]: float(TRIAL_EPS) });
  const [plain, moved] = await specimen.ask([ask(stance.arguments), trial]);
  const [a, b] = [plain, moved].map((o) => valuesOf(o, 1 + identity.length, 'output'));
  if (a === null || b === null || a.every((v, i) => Math.abs(v - b[i]) <= 1e-9)) return { epsArgument: null, scale };
  const fits = (meant: Scale) => distance(askModel({ ...profile, scale: meant }, trial), moved) <= agreement;
  return { epsArgument, scale: fits(scale) ? scale : (twins(scale).find(fits) ?? scale) };
}

/** What is the same map at the default eps and another one at any other. */
function twins(scale: Scale): Scale[] {
  const root = Number(Math.sqrt(scale.eps).toPrecision(6));
  const square = Number((scale.eps * scale.eps).toPrecision(6));
  switch (scale.placement) {
    case 'inside-sqrt':
      return [{ ...scale, placement: 'squared', eps: root }];
    case 'max':
      return [{ ...scale, placement: 'max-variance', eps: square }];
    case 'max-variance':
      return [{ ...scale, placement: 'max', eps: root }];
    default:
      return [];
  }
}

/** Far from any default, and from its own square. */
const TRIAL_EPS = 0.25;

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
import { measureRoles, measureStructure, type TensorRoles } from './measure-roles.ts';
import { measureRunning } from './measure-running.ts';
import { measureScale, type ScaleMeasurement } from './measure-scale.ts';
import { measureTraits } from './measure-traits.ts';
import { noise } from './noise.ts';
import { primed } from './primed-specimen.ts';
import { construct, float64, forward, probe, type Specimen, valuesOf } from './specimen.ts';
import { findStance, type Stance } from './stance.ts';

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
  const found = await spreadOut(specimen, search.stance, search.others);
  const unknown = (message: string, looksLikeNorm: boolean): Measurement => ({
    kind: 'unknown',
    stance: found,
    looksLikeNorm,
    message,
  });
  const late = found.tensors.filter((t) => t.late);
  const asked = primed(specimen, late, PRIMED);
  const { structure, roles: seen, argumentRoles, elementwise, evalIsTrain } = await measureRoles(asked, found);
  const stance = { ...found, roles: argumentRoles };
  if (elementwise)
    return unknown('no output moves with any other input element than its own: nothing is normalised', false);
  if (structure === null) return unknown('which outputs an input element moves fits no set of axes', false);
  const affine = await measureAffine(asked, stance, seen);
  if (affine === null) return unknown('what its parameters do is no weight and no bias', false);
  const evaluated = await measureEvaluation(asked, stance, structure, seen, affine);
  // Buffers that eval does not read by themselves look like none at all, unless eval is shown to be training.
  const evaluation = evaluated?.statistics === 'batch' && !evalIsTrain ? null : evaluated;
  const scaled = await measureScale(asked, stance, structure, seen, affine, evaluation);
  if (scaled.kind === 'unknown') {
    return unknown('what it subtracts and divides by is no known mean, variance and eps', scaled.linear);
  }
  const doubts: string[] = [];
  const direct = await measureRunning(asked, specimen, stance, structure, seen, scaled.scale, evaluation);
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
  if (known !== null && known.bare && !known.floored && known.tracked !== 'inverse-std')
    doubts.push('eval adds no eps, though training does');
  const draft = await completed(specimen, stance, structure, roles, affine, scaled, known, dtype, evalIsTrain);
  const traits = await measureTraits(specimen, stance, roles, draft, search.others);
  // A leaf that requires grad can't be written to: under input.mutated there is no gradient to speak of.
  const gradient = draft.mutatesInput
    ? ({ kind: 'not-asked' } as const)
    : await measureGradient(specimen, stance, roles, { ...draft, traits });
  if (gradient.kind === 'unknown') doubts.push('its input gradient is that of no combination of detached statistics');
  if (gradient.kind === 'refused') doubts.push(`backward raises ${gradient.message}`);
  const profile = { ...draft, traits, gradient: gradient.kind === 'measured' ? gradient.gradient : null };
  return { kind: 'measured', specimen, stance, roles, profile, doubts };
}

/** What late buffers are set to before they are measured: what a fresh variance holds in PyTorch. */
const PRIMED = 1;

async function completed(
  specimen: Specimen,
  stance: Stance,
  structure: Structure,
  roles: TensorRoles,
  affine: Affine,
  scaled: Extract<ScaleMeasurement, { kind: 'measured' }>,
  running: Running | null,
  dtype: Profile['dtype'],
  evalIsTrain: boolean,
): Promise<Profile> {
  const conduct = await measureConduct(specimen, stance, singleShape(stance, structure));
  const draft: Profile = {
    shape: stance.shape,
    structure,
    affine,
    scale: scaled.scale,
    running,
    gradient: null,
    ...conduct,
    epsArgument: null,
    extras: roles.extras,
    traits: NO_TRAITS,
    counter: roles.counter,
    agreement: scaled.agreement,
    dtype,
    evalIsTrain,
  };
  return withEpsArgument(specimen, stance, roles, draft);
}

/**
 * The stance to measure at. (N, C) tells nothing of where channels lie: a specimen that also takes (N, L, C), one statistic for each place on
 * the last axis, is measured there. One that takes a list of sizes is measured with as many as it treats as PyTorch does, two if it may be.
 */
async function spreadOut(specimen: Specimen, stance: Stance, others: readonly Stance[]): Promise<Stance> {
  const lists = [stance, ...others].filter((o) => takesList(o) && !o.coincidence);
  if (lists.length > 0 && stance.sizeAxis === 'last' && (takesList(stance) || handlesLists(specimen))) {
    const bySize = [2, 3, 1].flatMap((count) => lists.find((o) => o.size?.length === count) ?? []);
    // A number is taken too: then only a list that is not treated as PyTorch does tells more than the number.
    if (!takesList(stance)) return (await treatsAsPyTorch(specimen, bySize[0])) ? stance : bySize[0];
    for (const candidate of bySize) if (await treatsAsPyTorch(specimen, candidate)) return candidate;
    return bySize[0];
  }
  if (stance.shape.length !== 2) return stance;
  const wider = others.find((o) => !o.coincidence && o.sizeAxis === 'last' && o.shape.length > 2);
  if (wider !== undefined) {
    const { structure } = await measureRoles(specimen, wider);
    const kept = structure?.members.kind === 'axes' ? structure.members.kept : [];
    if (kept.length === 1 && kept[0] === wider.shape.length - 1) return wider;
  }
  // It may handle (N, C, L) too and line it up wrongly: that raises, or is silently wrong where L = C.
  const square = others.find((o) => o.coincidence && o.shape.length === 3);
  if (square === undefined) return stance;
  const { structure } = await measureRoles(specimen, square);
  return structure !== null && structure.members !== structure.users ? square : stance;
}

const takesList = (stance: Stance) =>
  stance.sizeAxis === 'last' && Object.values(stance.arguments).some((v) => v.kind === 'list');

/** torch.ones(dim) takes a list by accident; this is code that means to. */
const handlesLists = (specimen: Specimen) => specimen.mentions?.(/isinstance\(|\btuple\(|\blist\(|\blen\(/) ?? false;

/** Statistics over just the axes whose sizes were given, and a parameter entry for each of their elements. */
async function treatsAsPyTorch(specimen: Specimen, stance: Stance): Promise<boolean> {
  const structure = await measureStructure(specimen, stance);
  const count = stance.size?.length ?? 1;
  const leading = stance.shape.slice(count).map((_, axis) => axis);
  const kept = structure?.members.kind === 'axes' && structure.members.groups === null ? structure.members.kept : null;
  const whole = stance.tensors.every((t) => t.kind !== 'parameter' || sizeOf(t.shape) === sizeOf(stance.size ?? []));
  return whole && kept !== null && kept.join() === leading.join();
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

/** The profile with the constructor argument that sets eps, if one does, and what it means: eps itself, or its square. */
async function withEpsArgument(
  specimen: Specimen,
  stance: Stance,
  roles: TensorRoles,
  profile: Profile,
): Promise<Profile> {
  const identity = identitySteps(stance, roles, profile.affine);
  const argument = specimen.signature.find((p) => stance.roles.get(p.name) === 'eps');
  if (argument === undefined) return profile;
  const x = float64(noise(91, sizeOf(stance.shape)), stance.shape);
  const ask = (args: Arguments) =>
    probe(specimen.name, [construct(specimen.name, args), ...identity, forward('train', x)]);
  const trial = ask({ ...stance.arguments, [argument.name]: float(TRIAL_EPS) });
  const [plain, moved] = await specimen.ask([ask(stance.arguments), trial]);
  const [a, b] = [plain, moved].map((o) => valuesOf(o, 1 + identity.length, 'output'));
  if (a === null || b === null || a.every((v, i) => Math.abs(v - b[i]) <= 1e-9)) return profile;
  const asEps = { ...profile, epsArgument: argument.name };
  if (distance(askModel(asEps, trial), moved) <= asEps.agreement) return asEps;
  for (const scale of twins(asEps.scale)) {
    const twin = { ...asEps, scale };
    if (distance(askModel(twin, trial), moved) <= asEps.agreement) return twin;
  }
  return asEps;
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

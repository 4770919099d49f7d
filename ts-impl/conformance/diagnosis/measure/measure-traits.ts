// The secondary questions, all in one round trip: how the variance is computed, half precision, eps 0, untracked eval, the state dict, refusals.

import { bool, type Case, float } from '../../../../cases/case.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Outcome } from '../../outcome.ts';
import { askModel } from '../model/model-subject.ts';
import type { InitialEntries, Profile, Traits } from '../model/profile.ts';
import { distance } from '../prove/proof.ts';
import { batchStatistics } from './batch-statistics.ts';
import { algorithmCase, algorithmOf } from './measure-algorithm.ts';
import { identitySteps } from './measure-evaluation.ts';
import { precisionCase, precisionOf } from './measure-precision.ts';
import type { TensorRoles } from './measure-roles.ts';
import { noise } from './noise.ts';
import { construct, float64, forward, probe, readAll, resultsOf, type Specimen, valuesOf } from './specimen.ts';
import type { Stance } from './stance.ts';

/** Measures the traits of a specimen whose profile is complete but for them. One round trip. `others`: stances that it takes beside this one. */
export async function measureTraits(
  specimen: Specimen,
  stance: Stance,
  roles: TensorRoles,
  profile: Profile,
  others: readonly Stance[],
): Promise<Traits> {
  const { name } = specimen;
  const questions = {
    algorithm: algorithmCase(name, stance, roles, profile),
    precision: precisionCase(name, stance, roles, profile),
    epsZero: epsZeroCase(name, stance, roles, profile),
    untracked: untrackedCase(specimen, stance, roles, profile),
    state: probe(name, [construct(name, stance.arguments), { kind: 'save_state' }]),
    otherRank: otherRankCase(name, profile, otherRank(stance, others)),
    wrongChannels: wrongChannelsCase(name, stance, profile),
  };
  const keys = Object.keys(questions) as (keyof typeof questions)[]; // the keys above
  const asked = keys.filter((key) => questions[key] !== null);
  const outcomes = await specimen.ask(asked.flatMap((key) => questions[key] ?? []));
  const read = <T>(key: keyof typeof questions, of: (outcome: Outcome, c: Case) => T): T | null => {
    const c = questions[key];
    return c === null ? null : of(outcomes[asked.indexOf(key)], c);
  };
  return {
    initial: initialOf(stance, roles),
    algorithm: read('algorithm', (o) => algorithmOf(o, profile)),
    precision: read('precision', (o) => precisionOf(o, profile)),
    claimsHalf: false,
    epsZero: read('epsZero', (o, c) => epsZeroOf(o, c, profile)),
    untrackedEval: read('untracked', (o, c) => untrackedOf(o, c, profile)),
    counting: roles.counter === null ? 'absent' : roles.counting ? 'counted' : 'frozen',
    unsaved: read('state', (o) => unsavedOf(o, roles)) ?? [],
    divisorByRank: read('otherRank', (o, c) => isOtherDivisor(o, c, profile)) ?? false,
    affineDefault: affineDefault(specimen, stance),
    errors: read('wrongChannels', acceptedOf),
    ranksRefused: ranksRefused(stance),
  };
}

// --- internal ---

function initialOf(stance: Stance, roles: TensorRoles): Traits['initial'] {
  const of = (name: string | null): InitialEntries | null => {
    const values = stance.tensors.find((t) => t.name === name)?.initial;
    if (values === undefined || values.length === 0) return null;
    const [first] = values;
    if (values.every((v) => v === first)) {
      return { word: first === 1 ? 'ones' : first === 0 ? 'zeros' : 'other', value: first };
    }
    return { word: values.every((v) => v >= 0 && v < 1) ? 'uniform' : 'other', value: null };
  };
  return { weight: of(roles.weight), bias: of(roles.bias) };
}

/** Inputs that an eps of 0 scales up and any other does not. */
function epsZeroCase(
  name: string,
  stance: Stance,
  roles: TensorRoles,
  { affine, epsArgument, scale, shape }: Profile,
): Case | null {
  if (epsArgument === null || !(scale.eps > 0)) return null;
  const x = noise(121, sizeOf(shape)).map((v) => v * Math.sqrt(scale.eps));
  const args = { ...stance.arguments, [epsArgument]: float(0) };
  return probe(name, [
    construct(name, args),
    ...identitySteps(stance, roles, affine),
    forward('train', float64(x, shape)),
  ]);
}

function epsZeroOf(outcome: Outcome, c: Case, profile: Profile): Traits['epsZero'] {
  if (resultsOf(outcome).some((r) => r.kind === 'refused')) return 'rejected';
  if (distance(askModel(profile, c), outcome) <= profile.agreement) return 'honoured';
  const plain = { ...profile, epsArgument: null };
  return distance(askModel(plain, c), outcome) <= profile.agreement ? 'replaced-by-default' : null;
}

/** Eval of a layer without running statistics where it has an option for that, or before the step that makes them. */
function untrackedCase(specimen: Specimen, stance: Stance, roles: TensorRoles, profile: Profile): Case | null {
  const identity = identitySteps(stance, roles, profile.affine);
  const option = specimen.signature.find((p) => stance.roles.get(p.name) === 'track' && p.default?.kind === 'bool');
  const x = (seed: number) =>
    float64(
      noise(seed, sizeOf(profile.shape)).map((v) => 2 * v + 1),
      profile.shape,
    );
  if (profile.running === null) return null;
  if (profile.running.late) {
    return probe(specimen.name, [construct(specimen.name, stance.arguments), ...identity, forward('eval', x(131))]);
  }
  if (option === undefined) return null;
  const args = { ...stance.arguments, [option.name]: bool(false) };
  return probe(specimen.name, [
    construct(specimen.name, args),
    ...identity,
    forward('train', x(131)),
    forward('eval', x(132)),
  ]);
}

function untrackedOf(outcome: Outcome, c: Case, profile: Profile): Traits['untrackedEval'] {
  const { running } = profile;
  const results = resultsOf(outcome);
  if (running === null || results[0]?.kind === 'refused') return null;
  if (results.some((r) => r.kind === 'refused')) return 'raises';
  const fits = (change: Partial<typeof running>) =>
    distance(askModel({ ...profile, running: { ...running, ...change } }, c), outcome) <= profile.agreement;
  if (fits({ evalStatistics: 'batch' })) return 'batch';
  return fits({ rule: 'never-updated', newShare: 0, oldShare: 1, argument: null }) ? 'running-initial' : 'other';
}

function unsavedOf(outcome: Outcome, roles: TensorRoles): string[] {
  const result = resultsOf(outcome)[1];
  if (result?.kind !== 'returned') return [];
  const saved = new Set(result.tensors.map((t) => t.name));
  const held = [roles.weight, roles.bias, roles.runningMean, roles.runningVar];
  return held.filter((name): name is string => name !== null && !saved.has(name));
}

/** A stance at another rank with the same arguments, where no size coincides with another. */
function otherRank(stance: Stance, others: readonly Stance[]): Stance | null {
  const same = JSON.stringify(stance.arguments);
  const fits = (o: Stance) =>
    !o.coincidence && o.shape.length !== stance.shape.length && o.shape[1] === stance.shape[1];
  return others.find((o) => fits(o) && JSON.stringify(o.arguments) === same) ?? null;
}

function otherRankCase(name: string, { structure, running }: Profile, other: Stance | null): Case | null {
  const { members } = structure;
  const perChannel = members.kind === 'axes' && members.groups === null && members.kept.join() === '1';
  if (other === null || running?.variance == null || running.newShare === 0 || !perChannel) return null;
  return probe(name, [construct(name, other.arguments), forward('train', rankInput(other.shape)), readAll]);
}

const rankInput = (shape: Shape) =>
  float64(
    noise(141, sizeOf(shape)).map((v) => 2 * v),
    shape,
  );

/** At the other rank the running variance takes in the variance that it does not take in at the first. */
function isOtherDivisor(outcome: Outcome, c: Case, { structure, running, agreement }: Profile): boolean {
  const forwarded = c.steps[1];
  if (running === null || running.variance === null || forwarded.kind !== 'forward') return false;
  const seen = valuesOf(outcome, 2, running.variance);
  if (seen === null || running.tracked !== 'variance' || running.floored) return false;
  const { shape } = forwarded.input;
  const batch = batchStatistics(rankInput(shape).storage as Float64Array, structure, shape, seen.length); // made as float64
  const [oldShare, newShare] =
    running.rule === 'new-weight' || running.rule === 'old-weight' ? [running.oldShare, running.newShare] : [0, 1];
  const fits = (divisor: 'n' | 'n-1') => {
    const taken = batch.tracked(divisor, (v) => v);
    return seen.every(
      (v, i) => Math.abs(v - oldShare * running.initial.variance - newShare * taken[i]) <= agreement * (1 + v),
    );
  };
  return !fits(running.divisor) && fits(running.divisor === 'n' ? 'n-1' : 'n');
}

/** One channel more than the layer was made for; PyTorch refuses it where there are parameters or buffers. */
function wrongChannelsCase(name: string, stance: Stance, { shape, affine, running }: Profile): Case | null {
  if (stance.size === null || (affine.weight === null && running === null)) return null;
  const axis = stance.sizeAxis === 1 ? 1 : shape.length - 1;
  const wider = shape.map((size, a) => (a === axis ? size + (stance.groups ?? 1) : size));
  return probe(name, [construct(name, stance.arguments), forward('train', float64(noise(151, sizeOf(wider)), wider))]);
}

function acceptedOf(outcome: Outcome, c: Case): Traits['errors'] {
  const step = c.steps[1];
  if (resultsOf(outcome)[1]?.kind !== 'returned' || step.kind !== 'forward') return null;
  const { shape } = step.input;
  return { word: 'accepts', message: `an input of shape (${shape.join(', ')}), one channel too many for it` };
}

function affineDefault(specimen: Specimen, stance: Stance): boolean | null {
  const option = specimen.signature.find((p) => stance.roles.get(p.name) === 'affine' && !/bias/i.test(p.name));
  return option?.default?.kind === 'bool' ? option.default.value : null;
}

/** Ranks at which every shape of the ladder that fits the stance's size was refused. */
function ranksRefused({ refusals, shape, sizeAxis, size }: Stance): number[] {
  const channels = size?.[0];
  if (sizeAxis !== 1 || channels === undefined) return [];
  const fitting = refusals.filter((r) => r.shape[1] === channels && r.shape.length !== shape.length);
  return [...new Set(fitting.map((r) => r.shape.length))];
}

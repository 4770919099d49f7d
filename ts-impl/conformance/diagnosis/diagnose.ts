// The diagnosis of one specimen: measured, held against a layer, its departures proved and witnessed, as the subject's part of a report.

import { withLiteralId } from '../../../cases/case-id.ts';
import type { Finding, Unexplained } from '../finding.ts';
import { type Departure, departuresFrom, errorsIn } from './axes/axes.ts';
import { kindFromName, rankFromName } from './axes/norm-kind.ts';
import type { Target } from './axes/target.ts';
import { compareClosest, nearestOf, plainest, targetFor, withTracking } from './closest.ts';
import type { Cost, Diagnosed, DiagnoseOptions, SubjectDiagnosis } from './diagnosed.ts';
import { batched } from './measure/batched-specimen.ts';
import { counted } from './measure/counted-specimen.ts';
import { type Measurement, measure, SubjectGone } from './measure/measure.ts';
import type { Specimen } from './measure/specimen.ts';
import type { Profile } from './model/profile.ts';
import { askBothSides, holdAgainst, isExplained } from './prove/hold-against.ts';
import { evidenceFor, nearestRival, type Proof, prove } from './prove/proof.ts';
import { type Dictionary, makeDictionary } from './prove/translate.ts';
import { consequenceOf } from './prove/consequence.ts';
import { findWitnesses } from './prove/witness.ts';
import { withoutProfile } from './unmeasured.ts';

export type { Cost, Diagnosed, DiagnoseOptions, SubjectDiagnosis } from './diagnosed.ts';

/** Diagnoses a specimen. Rejects only for what is ours to mend. */
export async function diagnose(
  given: Specimen,
  options: DiagnoseOptions,
): Promise<Diagnosed & { readonly cost: Cost }> {
  const { mentions } = options;
  const { specimen, cost } = counted(mentions === undefined ? given : { ...given, mentions });
  try {
    return { ...(await diagnoseWhole(specimen, options)), cost };
  } catch (problem) {
    if (!(problem instanceof SubjectGone)) throw problem;
    const gone = { kind: 'undecided', reason: problem.reason } as const;
    return { ...(await withoutProfile(gone, kindFromName(given.name), specimen, options)), cost };
  }
}

// --- internal ---

/** An option that is off by default, as InstanceNorm's running statistics are, has conventions of its own: it is diagnosed once more with it on. */
async function diagnoseWhole(specimen: Specimen, options: DiagnoseOptions): Promise<Diagnosed> {
  const plain = await diagnoseLiving(specimen, options);
  const tracking = withTrackingAsked(specimen);
  if (plain.kind !== 'diagnosed' || tracking === null || options.tracked === true) return plain;
  const { layer, verdict } = plain.diagnosis;
  if (verdict === 'undecided' || layer === null || !layer.startsWith('InstanceNorm')) return plain;
  const tracked = await diagnoseLiving(tracking, { ...options, tracked: true });
  return tracked.kind === 'diagnosed' ? { ...plain, diagnosis: merged(plain.diagnosis, tracked.diagnosis) } : plain;
}

/** The specimen with running statistics asked for by argument; null where there is no such option, or it is on already. */
function withTrackingAsked(specimen: Specimen): Specimen | null {
  const option = specimen.signature.find((p) => /track|running/i.test(p.name) && p.default?.kind === 'bool');
  if (option?.default?.kind !== 'bool' || option.default.value) return null;
  const asked = specimen.signature.map((p) => (p === option ? { ...p, hasDefault: false } : p));
  return { ...specimen, signature: asked };
}

/** What the layer with running statistics shows besides, told after what the plain one shows. */
function merged(plain: SubjectDiagnosis, tracked: SubjectDiagnosis): SubjectDiagnosis {
  if (tracked.verdict === 'undecided') return plain;
  const known = new Set(plain.findings.map((f) => f.convention));
  const findings = [...plain.findings, ...tracked.findings.filter((f) => !known.has(f.convention))];
  const unexplained = plain.unexplained.length > 0 ? plain.unexplained : tracked.unexplained;
  const errorsFirst = [...findings.filter((f) => f.level === 'error'), ...findings.filter((f) => f.level === 'note')];
  const differs = plain.verdict === 'differs' || tracked.verdict === 'differs';
  return {
    ...plain,
    mapping: { ...plain.mapping, ...tracked.mapping },
    findings: errorsFirst,
    unexplained,
    verdict: differs ? 'differs' : plain.verdict,
  };
}

async function diagnoseLiving(given: Specimen, options: DiagnoseOptions): Promise<Diagnosed> {
  const named = kindFromName(options.layer ?? given.name);
  const measurement = await measure(given, named, rankFromName(options.layer ?? given.name));
  if (measurement.kind !== 'measured') return withoutProfile(measurement, named, given, options);
  const { specimen, stance, roles, doubts } = measurement;
  const profile = claiming(measurement.profile, options);
  const subject = { profile, stance };
  const nearest = nearestOf(subject);
  const plain = named === null ? plainest(nearest, subject) : targetFor(named, subject);
  const target = options.tracked === true ? withTracking(plain) : plain;
  const departures = departuresFrom(target, subject);
  const brief = options.brief ?? null;
  if (departures.some((d) => brief?.includes(d.axis.id))) return { kind: 'skipped', reason: 'it still departs' };
  const dictionary = makeDictionary(specimen.name, stance, roles, profile);
  const together = batched(specimen);
  const [proof, trial] = await Promise.all([
    prove(together, stance, roles, profile),
    holdAgainst(target, options.oracle, together, dictionary),
  ]);
  const kept = departures.filter((d) => !contradicted(evidenceFor(proof, d, profile, target)));
  const withdrawn = departures.filter((d) => !kept.includes(d));
  const findings = await describe(kept, target, { ...measurement, profile }, proof, dictionary, specimen, options);
  const closestTarget =
    errorsIn(departuresFrom(nearest, subject)).length < errorsIn(departures).length ? nearest : target;
  const closest =
    brief !== null
      ? { closest: null, equivalent: null }
      : await compareClosest(closestTarget, target, trial, subject, dictionary, specimen, options.oracle);
  const unexplained = [...residue(proof, doubts, withdrawn), ...trial.unexplained];
  // State that can't be read can't be modelled: then PyTorch itself, on the trial cases, has the word. What is left open is told all the same.
  const unread = profile.running === null && !profile.evalIsTrain;
  const equal = unread && trial.equal && errorsIn(departures).length === 0;
  const differs = errorsIn(kept).length > 0 || (unexplained.length > 0 && !equal);
  return {
    kind: 'diagnosed',
    explains: (c, answer) => isExplained(c, answer, dictionary),
    remarks: [layoutRemark(profile)],
    diagnosis: {
      layer: target.layer,
      layerFrom: options.layer !== null ? 'option' : named === null ? 'behaviour' : 'name',
      ...closest,
      mapping: Object.fromEntries(dictionary.names),
      verdict: differs ? 'differs' : 'agrees',
      reason: null,
      totals: trial.totals,
      worst: trial.worst,
      findings,
      unexplained,
    },
  };
}

/** Words of code that handles half precision on purpose, or says that it does. */
const HALF =
  /float16|\bfp16|\bbf16|\bhalf\b|half.precision|mixed.precision|autocast|\.float\(\)|to\(torch\.float32\)|type_as|\.to\(\w*\.?\w*dtype\)/i;

function claiming(profile: Profile, options: DiagnoseOptions): Profile {
  const claimsHalf = options.mentions?.(HALF) ?? false;
  return { ...profile, traits: { ...profile.traits, claimsHalf } };
}

type Measured = Extract<Measurement, { kind: 'measured' }>;

/** Which memory layouts were tried, and how it took them. */
function layoutRemark({ layouts: { works, fails } }: Measured['profile']): string {
  const list = (words: readonly string[]) => words.join(', ').replace(/, ([^,]*)$/, ' and $1');
  const failing = fails.map((f) => f.layout);
  if (fails.length === 0) return `takes ${list(works)} inputs`;
  return works.length === 0
    ? `fails on ${list(failing)} inputs`
    : `takes ${list(works)} inputs, fails on ${list(failing)} ones`;
}

function contradicted(evidence: { readonly heldOut: number; readonly explained: number }): boolean {
  return evidence.heldOut > 0 && evidence.explained === 0;
}

async function describe(
  departures: readonly Departure[],
  target: Target,
  { profile, stance }: Measured,
  proof: Proof,
  dictionary: Dictionary,
  specimen: Specimen,
  options: DiagnoseOptions,
): Promise<Finding[]> {
  const askBoth = async (cases: Parameters<typeof askBothSides>[0]) =>
    (await askBothSides(cases, options.oracle, specimen, dictionary)).map((a) => ({
      torch: a.torch.outcome,
      specimen: a.specimen,
    }));
  const witnesses =
    (options.brief ?? null) !== null
      ? departures.map(() => [])
      : await findWitnesses(departures, target, dictionary, askBoth, options.replay);
  const costs = departures.map((d) => ((options.brief ?? null) !== null ? '' : consequenceOf(d, target, dictionary)));
  const findings = departures.map((departure, i): Finding => {
    const { axis, level, expected, actual } = departure;
    const rival = nearestRival(proof, departure, profile, target);
    return {
      kind: 'convention',
      convention: axis.id,
      level,
      expected: axis.told?.(expected) ?? expected,
      actual: axis.told?.(actual) ?? actual,
      message: `${axis.explain(actual, { profile, stance }, target)} ${costs[i]}`.trimEnd(),
      location: options.locate(axis.clues),
      repair: null,
      witnesses: witnesses[i],
      evidence: {
        ...evidenceFor(proof, departure, profile, target),
        rival:
          rival === null
            ? null
            : { convention: axis.id, actual: String(rival.value), case: withLiteralId(rival.case).id },
      },
    };
  });
  return [...findings.filter((f) => f.level === 'error'), ...findings.filter((f) => f.level === 'note')];
}

/** What no convention explains: doubts of the measurement, findings that the proof contradicts, held-out cases that the model misses. */
function residue(proof: Proof, doubts: readonly string[], withdrawn: readonly Departure[]): Unexplained[] {
  const missed = proof.explained.findIndex((explained) => !explained);
  const at = proof.cases[missed < 0 ? 0 : missed];
  if (at === undefined) return []; // it answered no held-out case; the trial cases tell
  const id = withLiteralId(at).id;
  const told = [
    ...doubts,
    ...withdrawn.map((d) => `${d.axis.id} looked like ${d.actual}, but held-out cases contradict it`),
  ];
  if (missed >= 0 && told.length === 0) {
    const count = proof.explained.filter((explained) => !explained).length;
    told.push(`${count} of ${proof.cases.length} held-out cases come out as no combination of conventions says`);
  }
  return told.map((message) => ({ case: id, step: 0, tensor: 'output', message }));
}

// The diagnosis of one specimen: measured, held against a layer, its departures proved and witnessed, as the subject's part of a report.

import type { Case, LayerName } from '../../../cases/case.ts';
import { withLiteralId } from '../../../cases/case-id.ts';
import type { Finding, Location, Unexplained } from '../finding.ts';
import type { Outcome } from '../outcome.ts';
import type { Closest, Equivalent, SubjectReport } from '../report/report.ts';
import { NO_TOTALS } from '../report/report.ts';
import type { Subject } from '../subjects/subject.ts';
import { type Departure, departuresFrom, errorsIn } from './axes/axes.ts';
import type { Clues } from './axes/axis.ts';
import { kindFromName, layerFor, type NormKind, rankFromName } from './axes/norm-kind.ts';
import { allTargets, defaultTarget, type Target, trailingReduced } from './axes/target.ts';
import { type Measurement, measure, SubjectGone } from './measure/measure.ts';
import type { Specimen } from './measure/specimen.ts';
import { askBothSides, holdAgainst, isExplained, type Trial } from './prove/hold-against.ts';
import { evidenceFor, nearestRival, type Proof, prove } from './prove/proof.ts';
import { trialCases } from './prove/trial-cases.ts';
import { type Dictionary, makeDictionary } from './prove/translate.ts';
import { plainProfile } from './model/plain-profile.ts';
import { findWitnesses } from './prove/witness.ts';

export interface DiagnoseOptions {
  /** The layer to hold it against; null to go by its name, then by its behaviour. */
  readonly layer: LayerName | null;
  /** Hold it against the layer with running statistics, where that is not PyTorch's default. */
  readonly tracked?: boolean;
  readonly oracle: Subject;
  readonly locate: (clues: Clues) => Location | null;
  readonly replay: (id: string) => string;
  /** Findings and what is unexplained alone, as a repair is tried with: no witness, no closest layer. */
  readonly brief?: boolean;
}

/** What a diagnosis says of a subject; its name, kind and source are the caller's. */
export type SubjectDiagnosis = Pick<
  SubjectReport,
  | 'layer'
  | 'layerFrom'
  | 'closest'
  | 'equivalent'
  | 'mapping'
  | 'verdict'
  | 'reason'
  | 'totals'
  | 'worst'
  | 'findings'
  | 'unexplained'
>;

export type Diagnosed =
  /** `explains`: whether the model with all its conventions gives what the subject gave to a case in PyTorch's words. */
  | {
      readonly kind: 'diagnosed';
      readonly diagnosis: SubjectDiagnosis;
      readonly explains: ((c: Case, given: Outcome) => boolean) | null;
      /** Facts that are no findings, for people. */
      readonly remarks: readonly string[];
    }
  /** It is no norm; `reason` says what it does instead. */
  | { readonly kind: 'skipped'; readonly reason: string };

/** Diagnoses a specimen. Rejects only for what is ours to mend. */
export async function diagnose(given: Specimen, options: DiagnoseOptions): Promise<Diagnosed> {
  try {
    return await diagnoseLiving(given, options);
  } catch (problem) {
    if (!(problem instanceof SubjectGone)) throw problem;
    return withoutProfile({ kind: 'undecided', reason: problem.reason }, kindFromName(given.name), given, options);
  }
}

// --- internal ---

async function diagnoseLiving(given: Specimen, options: DiagnoseOptions): Promise<Diagnosed> {
  const named = kindFromName(options.layer ?? given.name);
  const measurement = await measure(given, named, rankFromName(options.layer ?? given.name));
  if (measurement.kind !== 'measured') return withoutProfile(measurement, named, given, options);
  const { specimen, stance, roles, profile, doubts } = measurement;
  const subject = { profile, stance };
  const targets = allTargets(profile);
  const nearest = fewestErrors(targets, subject);
  const kind = named ?? nearest.kind;
  const plain = named === null ? plainest(nearest, measurement) : targetFor(kind, measurement);
  const target = options.tracked === true ? withTracking(plain) : plain;
  const departures = departuresFrom(target, subject);
  const dictionary = makeDictionary(specimen.name, stance, roles, profile);
  const proof = await prove(specimen, stance, roles, profile);
  const trial = await holdAgainst(target, options.oracle, specimen, dictionary);
  const kept = departures.filter((d) => !contradicted(evidenceFor(proof, d, profile, target)));
  const withdrawn = departures.filter((d) => !kept.includes(d));
  const findings = await describe(kept, target, measurement, proof, dictionary, specimen, options);
  const closestTarget =
    errorsIn(departuresFrom(nearest, subject)).length < errorsIn(departures).length ? nearest : target;
  const closest =
    options.brief === true
      ? { closest: null, equivalent: null }
      : await compareClosest(closestTarget, target, trial, measurement, dictionary, specimen, options);
  const unexplained = [...residue(proof, doubts, withdrawn), ...trial.unexplained];
  // State that can't be read can't be modelled: then PyTorch itself, on the trial cases, has the word. What is left open is told all the same.
  const unread = profile.running === null && !profile.evalIsTrain;
  const equal = unread && trial.equal && errorsIn(departures).length === 0;
  const differs = errorsIn(kept).length > 0 || (unexplained.length > 0 && !equal);
  return {
    kind: 'diagnosed',
    explains: (c, given) => isExplained(c, given, dictionary),
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

type Measured = Extract<Measurement, { kind: 'measured' }>;

async function withoutProfile(
  measurement: Exclude<Measurement, Measured>,
  named: NormKind | null,
  specimen: Specimen,
  options: DiagnoseOptions,
): Promise<Diagnosed> {
  const blank = {
    layer: options.layer ?? (named === null ? null : layerFor(named, rankFromName(specimen.name) ?? 4)),
    layerFrom: options.layer !== null ? 'option' : 'name',
    closest: null,
    equivalent: null,
    mapping: {},
    totals: NO_TOTALS,
    worst: [],
    findings: [],
  } as const;
  switch (measurement.kind) {
    case 'undecided':
      return {
        kind: 'diagnosed',
        diagnosis: { ...blank, verdict: 'undecided', reason: measurement.reason, unexplained: [] },
        explains: null,
        remarks: [],
      };
    case 'unusable': {
      if (named === null) return { kind: 'skipped', reason: measurement.message };
      const hint = measurement.constructed
        ? 'no input shape that was tried is accepted'
        : 'it could not be constructed';
      const left = measurement.message.startsWith('SystemExit');
      const reason = { kind: left ? 'crash' : 'construct', message: `${hint}: ${measurement.message}` } as const;
      return {
        kind: 'diagnosed',
        diagnosis: { ...blank, verdict: 'undecided', reason, unexplained: [] },
        explains: null,
        remarks: [],
      };
    }
    case 'unknown': {
      if (named === null && !(measurement.looksLikeNorm && /norm/i.test(specimen.name))) {
        return { kind: 'skipped', reason: `no norm: ${measurement.message}` };
      }
      return unmeasured(measurement, named, blank, specimen, options);
    }
    default:
      return measurement satisfies never;
  }
}

/** Which memory layouts were tried, and how it took them. */
function layoutRemark({ layouts: { works, fails } }: Measured['profile']): string {
  const list = (words: readonly string[]) => words.join(', ').replace(/, ([^,]*)$/, ' and $1');
  const failing = fails.map((f) => f.layout);
  if (fails.length === 0) return `takes ${list(works)} inputs`;
  return works.length === 0
    ? `fails on ${list(failing)} inputs`
    : `takes ${list(works)} inputs, fails on ${list(failing)} ones`;
}

type Blank = Omit<SubjectDiagnosis, 'verdict' | 'reason' | 'unexplained'>;

/** A norm by name that could not be measured: as it comes from its constructor it is still held against PyTorch. */
async function unmeasured(
  { stance, message }: Extract<Measurement, { kind: 'unknown' }>,
  named: NormKind | null,
  blank: Blank,
  specimen: Specimen,
  options: DiagnoseOptions,
): Promise<Diagnosed> {
  const profile = plainProfile(stance);
  const target = targetFor(named ?? 'LayerNorm', { stance, profile });
  const dictionary = { className: specimen.name, stance, profile, names: new Map<string, string>() };
  const trial = await holdAgainst(target, options.oracle, specimen, dictionary);
  const { totals, worst } = trial;
  const told = (diagnosis: SubjectDiagnosis): Diagnosed => ({
    kind: 'diagnosed',
    diagnosis,
    explains: null,
    remarks: [],
  });
  const held = { ...blank, layer: named === null ? null : target.layer, totals, worst, reason: null };
  const first = trial.unexplained[0]?.case ?? trialCases(target, stance, profile)[0].id;
  const why = { case: first, step: 0, tensor: 'output', message };
  if (!trial.equal || named === null) {
    return told({ ...held, verdict: 'differs', unexplained: [why, ...trial.unexplained] });
  }
  const same = { layer: target.layer, options: target.options };
  return told({ ...held, verdict: 'agrees', unexplained: [why], closest: { ...same, findings: 0 }, equivalent: same });
}

/** The target with the fewest departures of level error; of several the first in PyTorch's order. */
function fewestErrors(targets: readonly Target[], subject: Pick<Measured, 'profile' | 'stance'>): Target {
  let best = targets[0];
  let fewest = Number.POSITIVE_INFINITY;
  for (const target of targets) {
    const count = errorsIn(departuresFrom(target, subject)).length;
    if (count < fewest) {
      best = target;
      fewest = count;
    }
  }
  return best;
}

/** The default layer of a kind, shaped by where the specimen's size argument was found. */
function targetFor(kind: NormKind, { profile, stance }: Pick<Measured, 'profile' | 'stance'>): Target {
  const groups = profile.structure.members.kind === 'axes' ? (profile.structure.members.groups?.count ?? null) : null;
  const rank = profile.shape.length;
  const trailing =
    stance.sizeAxis === 1
      ? rank - 1
      : stance.sizeAxis === 'last'
        ? (stance.size?.length ?? 1)
        : trailingReduced(profile) || 1;
  return defaultTarget(kind, profile, stance.groups ?? groups, trailing);
}

/** The same layer with track_running_stats=True. */
function withTracking(target: Target): Target {
  return { ...target, tracked: true, options: { ...target.options, track_running_stats: true } };
}

/** Without a name the nearest layer itself, with its default options where those explain as much. */
function plainest(nearest: Target, measurement: Measured): Target {
  const plain = targetFor(nearest.kind, measurement);
  const subject = { profile: measurement.profile, stance: measurement.stance };
  const errors = (t: Target) => errorsIn(departuresFrom(t, subject)).length;
  return errors(plain) <= errors(nearest) || nearest.kind === 'BatchNorm' ? plain : nearest;
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
    options.brief === true
      ? departures.map(() => [])
      : await findWitnesses(departures, target, dictionary, askBoth, options.replay);
  const findings = departures.map((departure, i): Finding => {
    const { axis, level, expected, actual } = departure;
    const rival = nearestRival(proof, departure, profile, target);
    return {
      kind: 'convention',
      convention: axis.id,
      level,
      expected: axis.told?.(expected) ?? expected,
      actual: axis.told?.(actual) ?? actual,
      message: axis.explain(actual, { profile, stance }, target),
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

async function compareClosest(
  closest: Target,
  held: Target,
  trial: Trial,
  { profile, stance }: Measured,
  dictionary: Dictionary,
  specimen: Specimen,
  options: DiagnoseOptions,
): Promise<{ closest: Closest; equivalent: Equivalent | null }> {
  const findings = errorsIn(departuresFrom(closest, { profile, stance })).length;
  const equal =
    findings > 0
      ? false
      : closest === held
        ? trial.equal
        : (await holdAgainst(closest, options.oracle, specimen, dictionary)).equal;
  const named = { layer: closest.layer, options: closest.options };
  return { closest: { ...named, findings }, equivalent: equal ? named : null };
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

// What is said of a subject without a profile: undecided, no norm at all, or a norm by name that is held against PyTorch as it comes.

import type { NormKind } from './axes/norm-kind.ts';
import { layerFor, rankFromName } from './axes/norm-kind.ts';
import { targetFor } from './closest.ts';
import type { Diagnosed, DiagnoseOptions, SubjectDiagnosis } from './diagnosed.ts';
import type { Measurement } from './measure/measure.ts';
import type { Specimen } from './measure/specimen.ts';
import { plainProfile } from './model/plain-profile.ts';
import { holdAgainst } from './prove/hold-against.ts';
import { trialCases } from './prove/trial-cases.ts';
import { NO_TOTALS } from '../report/report.ts';

type Unmeasured = Exclude<Measurement, { kind: 'measured' }>;

/** The diagnosis of what could not be measured. */
export async function withoutProfile(
  measurement: Unmeasured,
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

// --- internal ---

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

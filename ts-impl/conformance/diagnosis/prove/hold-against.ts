// Holds a specimen against a PyTorch layer on the trial cases: both asked, judged by the one comparator, and what the model explains told apart.

import type { Case } from '../../../../cases/case.ts';
import type { Unexplained } from '../../finding.ts';
import { judge } from '../../judge/judge.ts';
import { DEFAULT_TOLERANCE } from '../../judge/tolerance.ts';
import type { Answer, Outcome } from '../../outcome.ts';
import { differencesOf } from '../../report/describe-verdict.ts';
import type { Totals, Worst } from '../../report/report.ts';
import { Tally } from '../../report/tally.ts';
import type { Subject } from '../../subjects/subject.ts';
import type { Target } from '../axes/target.ts';
import type { Specimen } from '../measure/specimen.ts';
import { askModel } from '../model/model-subject.ts';
import type { Structure } from '../model/partition.ts';
import type { Profile } from '../model/profile.ts';
import { distance } from './proof.ts';
import { type Dictionary, toSpecimen, toTorch, withoutUnnamed } from './translate.ts';
import { trialCases } from './trial-cases.ts';

export interface Trial {
  readonly totals: Totals;
  readonly worst: readonly Worst[];
  /** Differences of cases on which the model does not give what the specimen gives. */
  readonly unexplained: readonly Unexplained[];
  /** Every case that could be compared is identical or within the bound, and there was one. */
  readonly equal: boolean;
}

/** Both sides' answers to cases in PyTorch's words. What the specimen has no words for is `unsupported`. One round trip to each. */
export async function askBothSides(
  cases: readonly Case[],
  oracle: Subject,
  specimen: Specimen,
  dictionary: Dictionary,
): Promise<{ readonly torch: Answer; readonly specimen: Outcome }[]> {
  const translated = cases.map((c) => toSpecimen(c, dictionary));
  const askable = translated.filter((c) => c !== null);
  const [torch, answers] = await Promise.all([oracle.ask(cases, { truth: true }), specimen.ask(askable)]);
  let next = 0;
  return cases.map((_, i) => ({
    torch: torch[i],
    specimen:
      translated[i] === null
        ? { kind: 'unsupported', reason: 'its constructor has no argument for an option of the case' }
        : answers[next++],
  }));
}

/** Judges the specimen against the target on the trial cases. */
export async function holdAgainst(
  target: Target,
  oracle: Subject,
  specimen: Specimen,
  dictionary: Dictionary,
): Promise<Trial> {
  const cases = trialCases(target, dictionary.stance, dictionary.profile);
  const answers = await askBothSides(cases, oracle, specimen, dictionary);
  const tally = new Tally();
  const unexplained: Unexplained[] = [];
  cases.forEach((c, i) => {
    const { torch, specimen: given } = answers[i];
    const expected: Answer = {
      outcome: withoutUnnamed(torch.outcome, dictionary),
      truth: torch.truth === null ? null : withoutUnnamed(torch.truth, dictionary),
    };
    const verdict = judge(
      c,
      expected,
      { outcome: toTorch(given, torch.outcome, dictionary), truth: null },
      DEFAULT_TOLERANCE,
    );
    tally.add(verdict);
    if (verdict.kind === 'differs' || verdict.kind === 'refused') {
      if (!isExplained(c, given, dictionary)) unexplained.push(...differencesOf(verdict));
    }
  });
  const totals = tally.totals();
  const compared = totals.identical + totals.within;
  const equal = compared > 0 && totals.differs + totals.refused + totals.undecided === 0;
  return { totals, worst: tally.worst(), unexplained, equal };
}

/** Float32 cases are held against the float64 model, so that only differences of a convention's size count. */
const FLOAT32_AGREEMENT = 2e-2;

/** Whether the model with the dictionary's profile gives what the specimen gave to a case in PyTorch's words. */
export function isExplained(c: Case, given: Outcome, dictionary: Dictionary): boolean {
  if (!isMeasured(c, dictionary)) return false;
  const { structure } = dictionary.profile;
  // A broadcast along the wrong axis raises, or stretches the output, wherever sizes do not happen to agree.
  if (structure.members !== structure.users && !sizesAgree(c, structure)) return true;
  if (dictionary.stance.coincidence && !parametersAgree(c, dictionary)) return true;
  if (readsChannelsLast(c, dictionary) || showsDrawnEntries(c, dictionary)) return true;
  const { profile, stance } = dictionary;
  if (given.kind === 'refused')
    return stance.refusals.length > 0 || profile.mutatesInput || (profile.running?.late ?? false);
  const asked = toSpecimen(c, dictionary);
  if (asked === null) return false;
  return (
    distance(askModel(inDtype(profile, c), asked), given) <=
    (c.dtype === 'float64' ? profile.agreement : FLOAT32_AGREEMENT)
  );
}

// --- internal ---

/** An eps that is float64's machine epsilon is float32's in float32: RMSNorm's default. */
function inDtype(profile: Profile, { dtype }: Case): Profile {
  const { scale } = profile;
  if (dtype !== 'float32' || Math.abs(scale.eps / 2 ** -52 - 1) > 1e-3) return profile;
  return { ...profile, scale: { ...scale, eps: 2 ** -23 } };
}

/** Whether the case is of the rank, and of the number of normalised axes, that the profile was measured at. */
function isMeasured(c: Case, { profile, stance }: Dictionary): boolean {
  return c.steps.every((step) => {
    if (step.kind === 'forward') return step.input.shape.length === profile.shape.length;
    const sizes = step.kind === 'construct' ? step.arguments.normalized_shape : undefined;
    if (sizes === undefined || stance.sizeAxis !== 'last') return true;
    return (sizes.kind === 'list' ? sizes.items.length : 1) === (stance.size?.length ?? 1);
  });
}

/** Whether the specimen reads channels from the last axis and the input has another number of places there: its entries don't fit then. */
function readsChannelsLast(c: Case, { stance }: Dictionary): boolean {
  const made = c.steps.find((s) => s.kind === 'construct');
  const features = made?.kind === 'construct' ? made.arguments.num_features : undefined;
  if (stance.sizeAxis !== 'last' || features?.kind !== 'int') return false;
  return c.steps.some((s) => s.kind === 'forward' && s.input.shape[s.input.shape.length - 1] !== features.value);
}

/** Whether fresh parameters that the specimen draws at random enter the case: no model can know them. */
function showsDrawnEntries(c: Case, { profile: { affine, traits } }: Dictionary): boolean {
  const sets = (name: string) => c.steps.some((s) => s.kind === 'set_tensor' && s.name === name);
  const drawn = (name: 'weight' | 'bias') => affine[name] !== null && traits.initial[name]?.value === null;
  return (drawn('weight') && !sets('weight')) || (drawn('bias') && !sets('bias'));
}

/** Parameters made for channels but lined up with another axis fit where its size happens to be the channels'. */
function parametersAgree(c: Case, { profile: { affine } }: Dictionary): boolean {
  const axes = [affine.weight, affine.bias].flatMap((t) => (t !== null && t.axes.length === 1 ? t.axes : []));
  return c.steps.every(
    (step) =>
      step.kind !== 'forward' || axes.every((axis) => axis === 1 || step.input.shape[axis] === step.input.shape[1]),
  );
}

function sizesAgree(c: Case, { users }: Structure): boolean {
  return c.steps.every(
    (step) =>
      step.kind !== 'forward' ||
      users.kind !== 'axes' ||
      users.kept.every((axis) => axis === 0 || step.input.shape[axis] === step.input.shape[1]),
  );
}

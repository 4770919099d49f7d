// Witnesses: for each departure the smallest case on which PyTorch and the specimen part ways because of it, both asked, not predicted.

import type { Case } from '../../../../cases/case.ts';
import { withLiteralId } from '../../../../cases/case-id.ts';
import { contiguous } from '../../../tensor/tensor.ts';
import { type Refusal, type ReportNumber, toReportNumber, type Witness } from '../../finding.ts';
import type { Outcome, StepResult } from '../../outcome.ts';
import type { Departure } from '../axes/axes.ts';
import type { Target } from '../axes/target.ts';
import { resultsOf, textOf, toFloat64, valuesOf } from '../measure/specimen.ts';
import { askModel } from '../model/model-subject.ts';
import type { Profile } from '../model/profile.ts';
import { firstInput, type SmallCase, smallCases, specialCases } from './small-cases.ts';
import { type Dictionary, toSpecimen, toTorch, withoutUnnamed } from './translate.ts';

/** Asks both sides a list of cases in PyTorch's words; the specimen's answers come as it gave them. */
export type AskBoth = (
  cases: readonly Case[],
) => Promise<readonly { readonly torch: Outcome; readonly specimen: Outcome }[]>;

/** A difference smaller than this is no use to a reader. */
const VISIBLE = 1e-3;
/** How many candidates are asked for each departure. */
const ASKED = 4;

/** Finds witnesses for every departure, in the same order; none where no small case shows it. One question to each side for all. */
export async function findWitnesses(
  departures: readonly Departure[],
  target: Target,
  dictionary: Dictionary,
  askBoth: AskBoth,
  replay: (id: string) => string,
): Promise<Witness[][]> {
  const small = smallCases(target, dictionary.stance, dictionary.profile);
  const picked = departures.map((departure): Candidate[] => [
    ...specialCases(departure.axis, target, dictionary.stance).map((special) => ({ ...special, places: null })),
    ...separating(small, departure, dictionary),
  ]);
  const asked = picked.flat().map((candidate) => withLiteralId(candidate.case));
  const answers = asked.length === 0 ? [] : await askBoth(asked);
  let next = 0;
  return picked.map((candidates, d) => {
    const witnesses: Witness[] = [];
    for (const { places } of candidates) {
      const at = next++;
      const show: Showing = { departure: departures[d], places, dictionary, replay };
      const witness = witnessOf(show, asked[at], answers[at].torch, answers[at].specimen);
      const known = witness === null || witnesses.some((w) => isRefusal(w.actual) === isRefusal(witness.actual));
      if (!known) witnesses.push(witness);
    }
    return departures[d].axis.id === 'channel.axis' ? witnesses : witnesses.slice(0, 1);
  });
}

/** A case that may show a departure, and the tensors in which the models say it does; null for any. */
interface Candidate extends SmallCase {
  readonly places: ReadonlySet<string> | null;
}

interface Showing {
  readonly departure: Departure;
  readonly places: ReadonlySet<string> | null;
  readonly dictionary: Dictionary;
  readonly replay: (id: string) => string;
}

const placeOf = (step: number, tensor: string) => `${step} ${tensor}`;

// --- internal ---

/** What a case shows, where it shows the departure: the first of its tensors on which the sides differ visibly. */
function witnessOf(
  { departure, places, dictionary, replay }: Showing,
  c: Case,
  torch: Outcome,
  specimen: Outcome,
): Witness | null {
  const expected = resultsOf(withoutUnnamed(torch, dictionary));
  const actual = resultsOf(toTorch(specimen, torch, dictionary));
  const x = firstInput(c);
  const input = x === null ? [] : numbers(toFloat64(contiguous(x)));
  const printed = resultsOf(specimen)
    .map((_, step) => textOf(specimen, step, 'stdout'))
    .join('');
  const base = { case: c.id, input, stdout: printed === '' ? null : printed, replay: replay(c.id) };
  if (departure.axis.id === 'stdout' || departure.axis.id === 'state.keys' || departure.axis.id === 'input.dtype') {
    return { ...base, step: c.steps.length - 1, tensor: 'output', ...firstOutputs(expected, actual) };
  }
  if (departure.axis.id === 'input.mutated') return mutationWitness(base, c, specimen);
  const first = departure.axis.id === 'running.gradient' ? c.steps.length - 1 : 0; // only the last backward raises
  for (let step = first; step < Math.min(expected.length, actual.length); step++) {
    const [e, a] = [expected[step], actual[step]];
    const tensor = c.steps[step].kind === 'backward' ? 'input.grad' : 'output';
    if (a.kind === 'refused' || e.kind === 'refused') {
      if (a.kind === e.kind) return null;
      const told = (result: StepResult, whole: Outcome): ReportNumber[] | Refusal =>
        result.kind === 'refused'
          ? { type: result.type, message: result.message }
          : numbers(valuesOf(whole, step, tensor) ?? new Float64Array());
      return { ...base, step, tensor, expected: told(e, torch), actual: told(a, specimen) };
    }
    if (e.kind !== 'returned' || a.kind !== 'returned') continue;
    for (const { name, tensor: want } of e.tensors) {
      const got = a.tensors.find((t) => t.name === name)?.tensor;
      if (got === undefined || name === 'num_batches_tracked') continue;
      if (places !== null && !places.has(placeOf(step, name))) continue;
      const [w, g] = [toFloat64(want), toFloat64(got)];
      if (visible(w, g)) return { ...base, step, tensor: name, expected: numbers(w), actual: numbers(g) };
    }
  }
  return null;
}

const EMPTY = { dtype: 'float64', shape: [0], strides: [1], offset: 0, storage: new Float64Array() } as const;

const isRefusal = (side: Witness['actual']): side is Refusal => !Array.isArray(side);

/** At most this many numbers stand in a witness. */
const SHOWN = 64;

const numbers = (values: Float64Array): ReportNumber[] => [...values.slice(0, SHOWN)].map((v) => toReportNumber(v));

function visible(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return true;
  const size = a.reduce((m, v, i) => Math.max(m, Math.abs(v), Math.abs(b[i])), 1e-300);
  return a.some((v, i) => Number.isNaN(v) !== Number.isNaN(b[i]) || Math.abs(v - b[i]) > VISIBLE * size);
}

/** The smallest cases on which the model with all departures and the model without this one differ, and where they do. */
function separating(small: readonly SmallCase[], departure: Departure, dictionary: Dictionary): Candidate[] {
  const { axis, expected } = departure;
  const found: Candidate[] = [];
  if (axis.apply === null) return found;
  const torchNames = new Map(
    [...dictionary.names].flatMap(([torch, name]) => [
      [name, torch],
      [`${name}.grad`, `${torch}.grad`],
    ]),
  );
  for (const candidate of small) {
    const asked = toSpecimen(candidate.case, dictionary);
    if (asked === null || !setsOption(candidate.case, departure, dictionary.profile)) continue;
    const whole = withGroups(dictionary.profile, candidate.target);
    const without = axis.apply(whole, expected, candidate.target);
    const [a, b] = [resultsOf(askModel(whole, asked)), resultsOf(askModel(without, asked))];
    const places = new Set<string>();
    a.forEach((result, step) => {
      const other = b[step];
      if (result.kind !== 'returned' || other.kind !== 'returned') return;
      for (const { name, tensor } of result.tensors) {
        const twin = other.tensors.find((t) => t.name === name)?.tensor;
        if (!(axis.shownBy?.tensors.test(torchNames.get(name) ?? name) ?? true)) continue;
        if (twin !== undefined && visible(toFloat64(tensor), toFloat64(twin)))
          places.add(placeOf(step, torchNames.get(name) ?? name));
      }
    });
    if (places.size > 0) found.push({ ...candidate, places });
    if (found.length === ASKED) break;
  }
  return found;
}

/** Whether a case sets the option that a witness of this axis turns on; where the specimen has no such argument none can. */
function setsOption(c: Case, { axis }: Departure, profile: Profile): boolean {
  const option = axis.shownBy?.option ?? null;
  if (option === null || (profile.running?.argument ?? null) === null) return true;
  return c.steps.some((step) => step.kind === 'construct' && option in step.arguments);
}

/** The profile for another number of groups: an argument of the layer, not a convention. */
function withGroups(profile: Profile, target: Target): Profile {
  const change = (p: Profile['structure']['members']) =>
    p.kind === 'axes' && p.groups !== null && target.groups !== null
      ? { ...p, groups: { ...p.groups, count: target.groups } }
      : p;
  const { members, users } = profile.structure;
  return { ...profile, structure: { members: change(members), users: change(users) } };
}

function firstOutputs(expected: ReturnType<typeof resultsOf>, actual: ReturnType<typeof resultsOf>) {
  const values = (results: ReturnType<typeof resultsOf>) => {
    const output = results.flatMap((r) => (r.kind === 'returned' ? r.tensors : [])).find((t) => t.name === 'output');
    return output === undefined ? [] : numbers(toFloat64(output.tensor));
  };
  return { expected: values(expected), actual: values(actual) };
}

function mutationWitness(
  base: Omit<Witness, 'step' | 'tensor' | 'expected' | 'actual'>,
  c: Case,
  specimen: Outcome,
): Witness | null {
  const results = resultsOf(specimen);
  const step = results.findIndex((r) => r.kind === 'returned' && r.tensors.some((t) => t.name === 'input'));
  const result = results[step];
  const x = firstInput(c);
  if (result?.kind !== 'returned' || x === null) return null;
  const after = result.tensors.find((t) => t.name === 'input')?.tensor ?? EMPTY;
  return {
    ...base,
    step,
    tensor: 'input',
    expected: numbers(toFloat64(contiguous(x))),
    actual: numbers(toFloat64(after)),
  };
}

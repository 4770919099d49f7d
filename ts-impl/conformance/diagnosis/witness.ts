// Witnesses: for each departure the smallest case on which PyTorch and the specimen part ways because of it, both asked, not predicted.

import { withLiteralId } from '../../../cases/case-id.ts';
import type { Case } from '../../../cases/case.ts';
import { contiguous } from '../../tensor/tensor.ts';
import { type Refusal, type ReportNumber, toReportNumber, type Witness } from '../finding.ts';
import type { Outcome } from '../outcome.ts';
import type { Departure } from './axes.ts';
import { askModel } from './model-subject.ts';
import type { Profile } from './profile.ts';
import { distance } from './proof.ts';
import { firstInput, type SmallCase, smallCases, specialCases } from './small-cases.ts';
import { resultsOf, textOf, toFloat64 } from './specimen.ts';
import type { Target } from './target.ts';
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
  const picked = departures.map((departure) => [
    ...specialCases(departure.axis, target, dictionary.stance),
    ...separating(small, departure, dictionary),
  ]);
  const asked = picked.flat().map((candidate) => withLiteralId(candidate.case));
  const answers = asked.length === 0 ? [] : await askBoth(asked);
  let next = 0;
  return picked.map((candidates, d) => {
    const witnesses: Witness[] = [];
    for (const _ of candidates) {
      const at = next++;
      const witness = witnessOf(departures[d], asked[at], answers[at].torch, answers[at].specimen, dictionary, replay);
      const known = witness === null || witnesses.some((w) => isRefusal(w.actual) === isRefusal(witness.actual));
      if (!known) witnesses.push(witness);
    }
    return departures[d].axis.id === 'channel.axis' ? witnesses : witnesses.slice(0, 1);
  });
}

/** What a case shows, where it shows anything: the first tensor on which the sides differ visibly. */
export function witnessOf(
  departure: Departure | null,
  c: Case,
  torch: Outcome,
  specimen: Outcome,
  dictionary: Dictionary,
  replay: (id: string) => string,
): Witness | null {
  const expected = resultsOf(withoutUnnamed(torch, dictionary));
  const actual = resultsOf(toTorch(specimen, torch, dictionary));
  const x = firstInput(c);
  const input = x === null ? [] : numbers(toFloat64(contiguous(x)));
  const printed = resultsOf(specimen)
    .map((_, step) => textOf(specimen, step, 'stdout'))
    .join('');
  const base = { case: c.id, input, stdout: printed === '' ? null : printed, replay: replay(c.id) };
  if (departure?.axis.id === 'stdout' || departure?.axis.id === 'state.keys') {
    return { ...base, step: c.steps.length - 1, tensor: 'output', ...firstOutputs(expected, actual) };
  }
  if (departure?.axis.id === 'input.mutated') return mutationWitness(base, c, specimen);
  for (let step = 0; step < Math.min(expected.length, actual.length); step++) {
    const [e, a] = [expected[step], actual[step]];
    const tensor = c.steps[step].kind === 'backward' ? 'input.grad' : 'output';
    if (a.kind === 'refused' || e.kind === 'refused') {
      if (a.kind === e.kind) return null;
      const told = (r: typeof e): ReportNumber[] | Refusal =>
        r.kind === 'refused'
          ? { type: r.type, message: r.message }
          : r.kind === 'returned'
            ? numbers(toFloat64(r.tensors[0]?.tensor ?? EMPTY))
            : [];
      return { ...base, step, tensor, expected: told(e), actual: told(a) };
    }
    if (e.kind !== 'returned' || a.kind !== 'returned') continue;
    for (const { name, tensor: want } of e.tensors) {
      const got = a.tensors.find((t) => t.name === name)?.tensor;
      if (got === undefined || name === 'num_batches_tracked') continue;
      const [w, g] = [toFloat64(want), toFloat64(got)];
      if (visible(w, g)) return { ...base, step, tensor: name, expected: numbers(w), actual: numbers(g) };
    }
  }
  return null;
}

// --- internal ---

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

/** The smallest cases on which the model with all departures and the model without this one differ. */
function separating(small: readonly SmallCase[], departure: Departure, dictionary: Dictionary): SmallCase[] {
  const { axis, expected } = departure;
  const found: SmallCase[] = [];
  if (axis.apply === null) return found;
  for (const candidate of small) {
    const asked = toSpecimen(candidate.case, dictionary);
    if (asked === null) continue;
    const whole = withGroups(dictionary.profile, candidate.target);
    const without = axis.apply(whole, expected, candidate.target);
    const [a, b] = [askModel(whole, asked), askModel(without, asked)];
    const d = distance(a, b);
    if (d > VISIBLE && (Number.isFinite(d) || axis.id === 'eps.placement')) found.push(candidate);
    if (found.length === ASKED) break;
  }
  return found;
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

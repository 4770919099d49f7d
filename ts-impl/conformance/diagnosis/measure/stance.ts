// The stance: constructor arguments and an input shape that a specimen accepts, found by climbing a ladder of candidates in one question.

import type { Arguments, Case } from '../../../../cases/case.ts';
import { type Shape, sameShape, sizeOf } from '../../../tensor/shape.ts';
import type { Outcome, StepResult } from '../../outcome.ts';
import type { NormKind } from '../axes/norm-kind.ts';
import { type ArgumentRole, argumentChoices, rolesOf } from './constructor-arguments.ts';
import { ladder, type Rung } from './ladder.ts';
import { noise } from './noise.ts';
import {
  construct,
  float64,
  forward,
  probe,
  readAll,
  resultsOf,
  type Specimen,
  tensorOf,
  textOf,
  valuesOf,
} from './specimen.ts';
import { choiceWith, rolesWith, rungsWith } from './given.ts';

export interface Stance {
  readonly shape: Shape;
  /** The required arguments only; everything else stays at its default. */
  readonly arguments: Arguments;
  readonly roles: ReadonlyMap<string, ArgumentRole>;
  /** The value of the size argument as sizes of trailing axes or channels; null without one. */
  readonly size: readonly number[] | null;
  readonly groups: number | null;
  /** Constructor arguments that are the sizes of the last axes, one each; empty where one argument holds the size. */
  readonly sizeArguments: readonly string[];
  /** The axis whose size the size argument is: 1, or the last (several last ones for a list). Null without a size. */
  readonly sizeAxis: 1 | 'last' | null;
  /** Only a shape in which two sizes coincide was accepted. */
  readonly coincidence: boolean;
  readonly tensors: readonly StateTensor[];
  /** Shapes of the ladder that were refused with these arguments, with the refusal. */
  readonly refusals: readonly { readonly shape: Shape; readonly type: string; readonly message: string }[];
}

/** A tensor that the fresh instance holds. */
export interface StateTensor {
  readonly name: string;
  readonly kind: 'parameter' | 'buffer' | 'attribute';
  readonly shape: Shape;
  readonly integer: boolean;
  /** What a fresh instance holds; zeros where it is late. */
  readonly initial: Float64Array;
  /** It is made by the first training step. */
  readonly late: boolean;
}

export type StanceSearch =
  /** `others`: what was accepted further down the ladder. */
  | { readonly kind: 'found'; readonly stance: Stance; readonly others: readonly Stance[] }
  /** Nothing was accepted; `constructed` tells whether any candidate could at least be made. */
  | { readonly kind: 'none'; readonly constructed: boolean; readonly message: string }
  | { readonly kind: 'stochastic' }
  | { readonly kind: 'undecided'; readonly outcome: Extract<Outcome, { kind: 'undecided' }> };

/** Finds the first rung that the specimen accepts: same shape out, buffers keep theirs, eval runs too, the call repeats itself. */
export async function findStance(
  specimen: Specimen,
  kind: NormKind | null,
  rank: number | null,
): Promise<StanceSearch> {
  const { given } = specimen;
  const roles = rolesWith(rolesOf(specimen.signature), given);
  const rungs = rungsWith(ladder(kind, rank), roles, given);
  const candidates = rungs.flatMap((rung) =>
    argumentChoices(specimen.signature, roles, rung).map((choice) => ({
      rung,
      ...choiceWith(choice, roles, rung, given),
    })),
  );
  // A list as the size makes sense for normalized_shape alone, and only where a number was refused throughout.
  const takesList = given !== undefined || kind === null || kind === 'LayerNorm' || kind === 'RMSNorm';
  candidates.sort((one, other) => Number(one.list) - Number(other.list));
  if (!takesList) candidates.splice(0, candidates.length, ...candidates.filter((c) => !c.list));
  const ask = (some: readonly (typeof candidates)[number][]) =>
    specimen.ask(some.map((c) => climb(specimen.name, c.arguments, c.rung.shape)));
  // The likeliest rungs first: most specimens take one of them, and what is further down is asked only where that may tell more.
  const likely = new Set(rungs.slice(0, LIKELY));
  candidates.sort((one, other) => Number(isUnlikely(one, likely)) - Number(isUnlikely(other, likely)));
  const first = candidates.filter((c) => !isUnlikely(c, likely));
  const early = await ask(first);
  const found = first.find((c, i) => accepted(early[i], c.rung.shape));
  const later = candidates.slice(first.length).filter((c) => tellsMore(c, found, specimen));
  candidates.splice(first.length, candidates.length, ...later);
  const outcomes = [...early, ...(later.length === 0 ? [] : await ask(later))];
  const undecided = outcomes.find((o) => o.kind === 'undecided');
  if (undecided?.kind === 'undecided') return { kind: 'undecided', outcome: undecided };
  const taken = candidates.map((_, i) => i).filter((i) => accepted(outcomes[i], candidates[i].rung.shape));
  const stanceAt = (i: number): Stance => {
    const { rung, list: _, ...choice } = candidates[i];
    return {
      ...choice,
      shape: rung.shape,
      coincidence: rung.coincidence,
      roles,
      tensors: stateTensors(outcomes[i]),
      refusals: refusalsOf(
        candidates.map((c) => c.rung.shape),
        outcomes,
        candidates.map((c) => sameArguments(c.arguments, choice.arguments)),
      ),
    };
  };
  if (taken.length > 0) {
    if (!repeats(outcomes[taken[0]])) return { kind: 'stochastic' };
    return { kind: 'found', stance: stanceAt(taken[0]), others: taken.slice(1).map(stanceAt) };
  }
  const constructed = outcomes.some((o) => resultsOf(o)[0]?.kind === 'returned');
  return { kind: 'none', constructed, message: firstRefusal(outcomes) };
}

/** torch.ones(dim) takes a list by accident; this is code that means to. */
export const handlesLists = (specimen: Specimen) =>
  specimen.mentions?.(/isinstance\(|\btuple\(|\blist\(|\blen\(/) ?? false;

// --- internal ---

/** How many rungs are asked at first. */
const LIKELY = 6;

interface Candidate {
  readonly rung: Rung;
  readonly list: boolean;
}

const isUnlikely = ({ rung, list }: Candidate, likely: ReadonlySet<Rung>) => list || !likely.has(rung);

/** Anything where nothing was taken yet, or only (N, C), which hides where channels lie; lists where the code handles them. */
function tellsMore(candidate: Candidate, found: Candidate | undefined, specimen: Specimen): boolean {
  if (found === undefined || found.rung.shape.length === 2) return true;
  return candidate.list && handlesLists(specimen);
}

/** One climb: construct, train, read, eval, read; then train and eval once more on the same instance. */
function climb(name: string, args: Arguments, shape: Shape): Case {
  const x = float64(noise(7, sizeOf(shape)), shape);
  const step = (mode: 'train' | 'eval') => forward(mode, x);
  return probe(name, [
    construct(name, args),
    readAll,
    step('train'),
    readAll,
    step('eval'),
    step('train'),
    step('eval'),
  ]);
}

const CLIMB_STEPS = 7;

function accepted(outcome: Outcome, shape: Shape): boolean {
  const results = resultsOf(outcome);
  if (results.length !== CLIMB_STEPS || results.some((r) => r.kind !== 'returned')) return false;
  for (const step of [2, 4]) {
    const output = tensorOf(outcome, step, 'output');
    if (output === null || !sameShape(output.shape, shape)) return false;
  }
  return tensorsAt(results[1]).every(({ name, tensor }) => {
    const after = tensorOf(outcome, 3, name);
    return after !== null && sizeOf(after.shape) === sizeOf(tensor.shape); // (1, C) in the place of (C) holds the same
  });
}

/** The same call gives the same result. Where training moves a tensor of the instance it need not: nothing is said then. */
function repeats(outcome: Outcome): boolean {
  const moved = stateTensors(outcome).some(({ name, initial, late }) => {
    if (late) return true;
    const after = valuesOf(outcome, 3, name);
    return after?.some((v, i) => v !== initial[i]) ?? false;
  });
  if (moved) return true;
  // State that can't be seen may move eval; training with the batch's own statistics repeats itself all the same.
  const first = valuesOf(outcome, 2, 'output');
  const second = valuesOf(outcome, 5, 'output');
  return first !== null && second !== null && first.every((v, i) => Object.is(v, second[i]) || v === second[i]);
}

const tensorsAt = (result: StepResult) => (result.kind === 'returned' ? result.tensors : []);

/** The tensors of a fresh instance; kinds come from the subject's words, or from PyTorch's names where it has none. */
function stateTensors(outcome: Outcome): StateTensor[] {
  const words = (key: string) =>
    new Set(
      textOf(outcome, 0, key)
        .split(' ')
        .filter((w) => w !== ''),
    );
  const parameters = words('parameters');
  const buffers = words('buffers');
  const known = parameters.size + buffers.size + words('attributes').size > 0;
  const fresh = tensorsAt(resultsOf(outcome)[1]);
  const late = tensorsAt(resultsOf(outcome)[3]).filter(({ name }) => !fresh.some((t) => t.name === name));
  return [...fresh, ...late].map(({ name, tensor }): StateTensor => {
    const isLate = !fresh.some((t) => t.name === name);
    const isParameter = known ? parameters.has(name) : name === 'weight' || name === 'bias';
    return {
      name,
      kind: isParameter ? 'parameter' : !known || buffers.has(name) ? 'buffer' : 'attribute',
      shape: tensor.shape,
      integer: tensor.dtype === 'int64',
      initial: valuesOf(outcome, 1, name) ?? new Float64Array(sizeOf(tensor.shape)),
      late: isLate,
    };
  });
}

function sameArguments(a: Arguments, b: Arguments): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function refusalsOf(
  shapes: readonly Shape[],
  outcomes: readonly Outcome[],
  relevant: readonly boolean[],
): Stance['refusals'] {
  return outcomes.flatMap((outcome, i) => {
    const refused = resultsOf(outcome).find((r) => r.kind === 'refused');
    if (!relevant[i] || refused?.kind !== 'refused') return [];
    return [{ shape: shapes[i], type: refused.type, message: refused.message }];
  });
}

function firstRefusal(outcomes: readonly Outcome[]): string {
  for (const outcome of outcomes) {
    const refused = resultsOf(outcome).find((r) => r.kind === 'refused');
    if (refused?.kind === 'refused') return `${refused.type}: ${refused.message}`;
    if (outcome.kind === 'unsupported') return outcome.reason;
  }
  return 'every call returned something that is not a tensor of the shape that went in';
}

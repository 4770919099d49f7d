// The stance: constructor arguments and an input shape that a specimen accepts, found by climbing a ladder of candidates in one question.

import { type Arguments, bool, type Case, float, int, ints, type Value } from '../../../cases/case.ts';
import { sameShape, type Shape, sizeOf } from '../../tensor/shape.ts';
import type { Outcome, StepResult } from '../outcome.ts';
import type { NormKind } from './norm-kind.ts';
import { noise } from './noise.ts';
import {
  type ConstructorParameter,
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

/** What a constructor argument is for. */
export type ArgumentRole = 'size' | 'groups' | 'eps' | 'momentum' | 'affine' | 'track' | 'rank' | 'other';

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
  readonly initial: Float64Array;
}

export type StanceSearch =
  | { readonly kind: 'found'; readonly stance: Stance }
  /** Nothing was accepted; `constructed` tells whether any candidate could at least be made. */
  | { readonly kind: 'none'; readonly constructed: boolean; readonly message: string }
  | { readonly kind: 'stochastic' }
  | { readonly kind: 'undecided'; readonly outcome: Extract<Outcome, { kind: 'undecided' }> };

export const CHANNELS = 6;
const GROUPS = 3;

/** Finds the first rung that the specimen accepts: same shape out, buffers keep theirs, eval runs too, the call repeats itself. */
export async function findStance(
  specimen: Specimen,
  kind: NormKind | null,
  rank: number | null,
): Promise<StanceSearch> {
  const roles = rolesOf(specimen.signature);
  const rungs = ladder(kind, rank);
  const candidates = rungs.flatMap((rung) =>
    argumentChoices(specimen.signature, roles, rung).map((choice) => ({ rung, ...choice })),
  );
  // A list as the size makes sense for normalized_shape alone, and only where a number was refused throughout.
  const takesList = kind === null || kind === 'LayerNorm' || kind === 'RMSNorm';
  candidates.sort((one, other) => Number(one.list) - Number(other.list));
  if (!takesList) candidates.splice(0, candidates.length, ...candidates.filter((c) => !c.list));
  const cases = candidates.map(({ rung, args }) => climb(specimen.name, args, rung.shape));
  const outcomes = await specimen.ask(cases);
  const undecided = outcomes.find((o) => o.kind === 'undecided');
  if (undecided?.kind === 'undecided') return { kind: 'undecided', outcome: undecided };
  for (let i = 0; i < candidates.length; i++) {
    if (!accepted(outcomes[i], candidates[i].rung.shape)) continue;
    if (!repeats(outcomes[i])) return { kind: 'stochastic' };
    const { rung, args, size, groups, sizeAxis, sizeArguments } = candidates[i];
    return {
      kind: 'found',
      stance: {
        shape: rung.shape,
        arguments: args,
        roles,
        size,
        groups,
        sizeAxis,
        sizeArguments,
        coincidence: rung.coincidence,
        tensors: stateTensors(outcomes[i]),
        refusals: refusalsOf(
          candidates.map((c) => c.rung.shape),
          outcomes,
          candidates.map((c) => sameArguments(c.args, args)),
        ),
      },
    };
  }
  const constructed = outcomes.some((o) => resultsOf(o)[0]?.kind === 'returned');
  return { kind: 'none', constructed, message: firstRefusal(outcomes) };
}

/** The roles that the names of constructor arguments suggest; behaviour has the last word later. */
export function rolesOf(signature: readonly ConstructorParameter[]): Map<string, ArgumentRole> {
  const roles = new Map<string, ArgumentRole>();
  for (const { name } of signature) roles.set(name, roleOf(name.toLowerCase()));
  const required = signature.filter((p) => !p.hasDefault);
  if (![...roles.values()].includes('size')) {
    const first = required.find((p) => roles.get(p.name) === 'other');
    if (first !== undefined) roles.set(first.name, 'size');
  }
  return roles;
}

// --- internal ---

interface Rung {
  readonly shape: Shape;
  readonly coincidence: boolean;
}

function roleOf(name: string): ArgumentRole {
  if (/eps|^e$/.test(name)) return 'eps';
  if (/mom|decay|^alpha$|^m$/.test(name)) return 'momentum';
  if (/affine|learnable|^scale$|^center$/.test(name)) return 'affine';
  if (/track|running/.test(name)) return 'track';
  if (/group|^g$/.test(name)) return 'groups';
  if (/^(num_?dims?|n_?dims?|rank|ndim)$/.test(name)) return 'rank';
  if (/feature|channel|dim|shape|size|hidden|units|width|planes|^(c|d|n|ch|nf|nc|h)$|d_model|embed|neuron/.test(name))
    return 'size';
  return 'other';
}

const N = 4;
const C = CHANNELS;

function ladder(kind: NormKind | null, rank: number | null): Rung[] {
  const layered = kind === 'LayerNorm' || kind === 'RMSNorm';
  const first: Shape[] = [
    [N, C, 5, 7],
    [N, C, 5],
    [N, C, 2, 5, 7],
  ];
  const last: Shape[] = layered
    ? [
        [N, 5, C],
        [N, 5, 7, C],
      ]
    : [
        [N, 5, 7, C],
        [N, 5, C],
      ];
  const flat: Shape[] = [[N, C]];
  const same: Shape[] = [
    [N, C, 5, C],
    [N, C, C, 7],
    [N, C, C, C],
    [N, C, C],
    [N, C, 2, 5, C],
    [C, C, 5, 7],
    [C, C, 5],
    [C, C],
  ];
  const single: Shape[] = [
    [N, 1, 5, 7],
    [N, 1, 5],
  ];
  // "1d" speaks of (N, C, L) and then (N, C), before any layout with channels last.
  const named = (shape: Shape) => {
    if (rank === null || (shape.length === rank && (rank !== 3 || shape[1] === C))) return 0;
    return rank === 3 && shape.length === 2 ? 1 : shape.length === rank ? 2 : 3;
  };
  const order = (shapes: readonly Shape[]) => [...shapes].sort((a, b) => named(a) - named(b));
  const whole = layered && rank === null ? [...last, ...flat, ...first] : [...first, ...last, ...flat];
  return [
    ...order(whole).map((shape) => ({ shape, coincidence: false })),
    ...order(same).map((shape) => ({ shape, coincidence: true })),
    ...order(single).map((shape) => ({ shape, coincidence: false })),
  ];
}

interface ArgumentChoice {
  readonly args: Arguments;
  readonly size: readonly number[] | null;
  readonly groups: number | null;
  readonly sizeAxis: 1 | 'last' | null;
  /** The size is given as a list. */
  readonly list: boolean;
  readonly sizeArguments: readonly string[];
}

/** Values for the required arguments that fit the rung, the likeliest first. */
function argumentChoices(
  signature: readonly ConstructorParameter[],
  roles: ReadonlyMap<string, ArgumentRole>,
  rung: Rung,
): ArgumentChoice[] {
  const { shape } = rung;
  const wanted = signature.filter((p) => !p.hasDefault || roles.get(p.name) === 'groups');
  const channels = shape[1];
  const lastSize = shape[shape.length - 1];
  const lastFirst = lastSize === C && channels !== C;
  const sizes: { size: number[]; axis: 1 | 'last'; list: boolean }[] = lastFirst
    ? [
        { size: [lastSize], axis: 'last', list: false },
        { size: [lastSize], axis: 'last', list: true },
      ]
    : [
        { size: [channels], axis: 1, list: false },
        { size: [...shape.slice(1)], axis: 'last', list: true },
      ];
  const hasSize = wanted.some((p) => roles.get(p.name) === 'size');
  const hasGroups = wanted.some((p) => roles.get(p.name) === 'groups');
  const groups = hasGroups ? (channels % GROUPS === 0 ? GROUPS : 1) : null;
  const choices: ArgumentChoice[] = [];
  const apart = wanted.filter(
    (p) => !p.hasDefault && /^(c|h|w|d|l|channels?|height|width|depth|length)$/i.test(p.name),
  );
  if (apart.length >= 2 && apart.length === shape.length - 1 && !hasGroups)
    choices.push(chooseApart(wanted, roles, apart, shape));
  for (const size of hasSize ? sizes : [null]) {
    choices.push(choose(wanted, roles, size, groups, shape));
  }
  const others = wanted.filter((p) => roles.get(p.name) === 'other');
  if (hasSize && !hasGroups && others.length === 1) {
    const swapped = new Map(roles).set(others[0].name, 'groups' as const);
    choices.push(choose(wanted, swapped, sizes[0], channels % GROUPS === 0 ? GROUPS : 1, shape));
  }
  return choices;
}

/** Sizes that are named one by one, as in (c, h, w): each trailing axis gets its own. */
function chooseApart(
  wanted: readonly ConstructorParameter[],
  roles: ReadonlyMap<string, ArgumentRole>,
  apart: readonly ConstructorParameter[],
  shape: Shape,
): ArgumentChoice {
  const rest = wanted.filter((p) => !apart.includes(p));
  const { args } = choose(rest, roles, null, null, shape);
  const size = shape.slice(1);
  const given = Object.fromEntries(apart.map((p, i) => [p.name, int(size[i])]));
  return {
    args: { ...given, ...args },
    size,
    groups: null,
    sizeAxis: 'last',
    list: false,
    sizeArguments: apart.map((p) => p.name),
  };
}

function choose(
  wanted: readonly ConstructorParameter[],
  roles: ReadonlyMap<string, ArgumentRole>,
  size: { size: number[]; axis: 1 | 'last'; list: boolean } | null,
  groups: number | null,
  shape: Shape,
): ArgumentChoice {
  const args: Record<string, Value> = {};
  for (const { name } of wanted) {
    switch (roles.get(name)) {
      case 'size':
        args[name] = size === null ? int(C) : size.list ? ints(size.size) : int(size.size[0]);
        break;
      case 'groups':
        args[name] = int(groups ?? 1);
        break;
      case 'eps':
        args[name] = float(1e-5);
        break;
      case 'momentum':
        args[name] = float(0.1);
        break;
      case 'affine':
      case 'track':
        args[name] = bool(true);
        break;
      case 'rank':
        args[name] = int(shape.length);
        break;
      default:
        args[name] = int(2);
    }
  }
  return {
    args,
    size: size?.size ?? null,
    groups,
    sizeAxis: size?.axis ?? null,
    list: size?.list ?? false,
    sizeArguments: [],
  };
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
    return after !== null && sameShape(after.shape, tensor.shape);
  });
}

/** The same call gives the same result. Where training moves a tensor of the instance it need not: nothing is said then. */
function repeats(outcome: Outcome): boolean {
  const moved = stateTensors(outcome).some(({ name, initial }) => {
    const after = valuesOf(outcome, 3, name);
    return after?.some((v, i) => v !== initial[i]) ?? false;
  });
  if (moved) return true;
  return [2, 4].every((step) => {
    const first = valuesOf(outcome, step, 'output');
    const second = valuesOf(outcome, step === 2 ? 5 : 6, 'output');
    return first !== null && second !== null && first.every((v, i) => Object.is(v, second[i]) || v === second[i]);
  });
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
  return tensorsAt(resultsOf(outcome)[1]).map(({ name, tensor }): StateTensor => {
    const isParameter = known ? parameters.has(name) : name === 'weight' || name === 'bias';
    return {
      name,
      kind: isParameter ? 'parameter' : !known || buffers.has(name) ? 'buffer' : 'attribute',
      shape: tensor.shape,
      integer: tensor.dtype === 'int64',
      initial: valuesOf(outcome, 1, name) ?? new Float64Array(),
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

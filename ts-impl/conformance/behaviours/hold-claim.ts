// Holding a claim against the answers to a behaviour's questions: null where it holds, or what was claimed and what came. It asks nobody.

import type { Claim, Place } from '../../../cases/behaviours/claim.ts';
import { sameShape, sizeOf } from '../../tensor/shape.ts';
import { contiguous, type Tensor } from '../../tensor/tensor.ts';
import { elementsOf } from '../judge/elements.ts';
import type { Outcome, StepResult } from '../outcome.ts';

/** The answers to a behaviour's questions, by the questions' names. */
export type Answers = ReadonlyMap<string, Outcome>;

/** A claim that does not hold: where it looked, and both sides of it in words. */
export interface Broken {
  /** Null where the behaviour has but one question. */
  readonly question: string | null;
  readonly step: number;
  /** The tensor or text; `refusal` for how a step ends, `names` for what it answered. */
  readonly name: string;
  readonly claimed: string;
  readonly came: string;
}

/** Null where `claim` holds of `answers`. */
export function holdClaim(claim: Claim, answers: Answers): Broken | null {
  switch (claim.kind) {
    case 'values':
      return holdTensor(claim.at, answers, listed(claim.values), (t) =>
        worstOf(t, claim.values, claim.absolute, `${listed(claim.values)}${around(claim.absolute)}`),
      );
    case 'element':
      return holdTensor(claim.at, answers, `${claim.value} at ${claim.index}`, (t) => holdElement(t, claim));
    case 'every':
      return holdTensor(claim.at, answers, `every element ${claim.is}`, (t) => holdEvery(t, claim.is));
    case 'largest':
      return holdTensor(claim.at, answers, `largest |element| from ${claim.least} to ${claim.most}`, (t) =>
        holdLargest(t, claim.least, claim.most),
      );
    case 'shape':
      return holdTensor(claim.at, answers, `shape [${claim.shape.join(', ')}]`, (t) =>
        sameShape(t.shape, claim.shape) ? null : [`shape [${claim.shape.join(', ')}]`, `shape [${t.shape.join(', ')}]`],
      );
    case 'dtype':
      return holdTensor(claim.at, answers, claim.dtype, (t) =>
        t.dtype === claim.dtype ? null : [claim.dtype, t.dtype],
      );
    case 'names':
      return holdNames(claim, answers);
    case 'text':
      return holdText(claim.at, answers, quote(claim.is), (words) => words === claim.is);
    case 'text-contains':
      return holdText(claim.at, answers, `words with ${quote(claim.part)}`, (words) => words.includes(claim.part));
    case 'same':
      return holdPair(claim.at, claim.as, answers, `the same as ${placeWords(claim.as)}`, (t, as) => {
        if (claim.absolute === 0 && t.dtype !== as.dtype) return [`${as.dtype} as ${placeWords(claim.as)}`, t.dtype];
        return worstOf(t, elementsOf(as), claim.absolute, `as ${placeWords(claim.as)}${around(claim.absolute)}`);
      });
    case 'apart':
      return holdPair(claim.at, claim.from, answers, `apart from ${placeWords(claim.from)}`, (t, from) =>
        holdApart(elementsOf(t), elementsOf(from), claim.least, claim.most),
      );
    case 'other':
      return holdPair(claim.at, claim.than, answers, `other than ${placeWords(claim.than)}`, (t, than) =>
        worstOf(t, elementsOf(than), 0, '') === null
          ? [`other than ${placeWords(claim.than)}`, 'the same elements']
          : null,
      );
    case 'returns':
      return holdEnding(claim, answers, 'an answer', (result) => result.kind === 'returned');
    case 'refuses':
      return holdEnding(
        claim,
        answers,
        `${claim.type}: ${quote(claim.message)}`,
        (result) => result.kind === 'refused' && result.type === claim.type && result.message === claim.message,
      );
    default:
      return claim satisfies never;
  }
}

// --- internal ---

/** What was claimed and what came. */
type Against = readonly [claimed: string, came: string];

type Found<T> = { readonly found: T } | { readonly missing: string };

function broken(question: string | null, step: number, name: string, [claimed, came]: Against): Broken {
  return { question, step, name, claimed, came };
}

function holdTensor(at: Place, answers: Answers, claimed: string, hold: (t: Tensor) => Against | null): Broken | null {
  const looked = tensorAt(at, answers);
  const against: Against | null = 'missing' in looked ? [claimed, looked.missing] : hold(looked.found);
  return against === null ? null : broken(at.question, at.step, at.name, against);
}

function holdPair(
  at: Place,
  to: Place,
  answers: Answers,
  claimed: string,
  hold: (t: Tensor, other: Tensor) => Against | null,
): Broken | null {
  const second = tensorAt(to, answers);
  if ('missing' in second)
    return broken(to.question, to.step, to.name, [`a tensor to compare ${at.name} with`, second.missing]);
  return holdTensor(at, answers, claimed, (t) => hold(t, second.found));
}

function holdText(at: Place, answers: Answers, claimed: string, hold: (words: string) => boolean): Broken | null {
  const looked = resultAt(at.question, at.step, answers);
  if ('missing' in looked) return broken(at.question, at.step, at.name, [claimed, looked.missing]);
  const { found } = looked;
  if (found.kind !== 'returned') return broken(at.question, at.step, at.name, [claimed, ending(found)]);
  const words = Object.hasOwn(found.texts, at.name) ? found.texts[at.name] : null;
  if (words !== null && hold(words)) return null;
  return broken(at.question, at.step, at.name, [claimed, words === null ? 'no such text' : quote(words)]);
}

function holdNames(claim: Claim & { kind: 'names' }, answers: Answers): Broken | null {
  const claimed = claim.names.length === 0 ? 'no tensor' : claim.names.join(', ');
  const looked = resultAt(claim.question, claim.step, answers);
  if ('missing' in looked) return broken(claim.question, claim.step, 'names', [claimed, looked.missing]);
  const { found } = looked;
  if (found.kind !== 'returned') return broken(claim.question, claim.step, 'names', [claimed, ending(found)]);
  const came = found.tensors.map(({ name }) => name);
  const holds = came.length === claim.names.length && came.every((name, i) => name === claim.names[i]);
  return holds ? null : broken(claim.question, claim.step, 'names', [claimed, came.join(', ') || 'no tensor']);
}

function holdEnding(
  claim: Claim & { kind: 'returns' | 'refuses' },
  answers: Answers,
  claimed: string,
  hold: (result: StepResult) => boolean,
): Broken | null {
  const looked = resultAt(claim.question, claim.step, answers);
  if ('missing' in looked) return broken(claim.question, claim.step, 'refusal', [claimed, looked.missing]);
  return hold(looked.found) ? null : broken(claim.question, claim.step, 'refusal', [claimed, ending(looked.found)]);
}

function resultAt(question: string | null, step: number, answers: Answers): Found<StepResult> {
  const outcome = question === null && answers.size === 1 ? [...answers.values()][0] : answers.get(question ?? '');
  if (outcome === undefined)
    return { missing: `no question ${quote(question ?? '')}; the claim must name one that there is` };
  switch (outcome.kind) {
    case 'returned':
    case 'refused': {
      const result = outcome.steps[step];
      return result === undefined ? { missing: `no step ${step} of ${outcome.steps.length}` } : { found: result };
    }
    case 'unsupported':
      return { missing: `unsupported: ${outcome.reason}` };
    case 'undecided':
      return { missing: `no answer (${outcome.reason.kind}): ${outcome.reason.message}` };
    default:
      return outcome satisfies never;
  }
}

/** The tensor of this place, contiguous. */
function tensorAt(at: Place, answers: Answers): Found<Tensor> {
  const looked = resultAt(at.question, at.step, answers);
  if ('missing' in looked) return looked;
  if (looked.found.kind !== 'returned') return { missing: ending(looked.found) };
  const entry = looked.found.tensors.find(({ name }) => name === at.name);
  if (entry === undefined) return { missing: `no tensor ${at.name}` };
  return { found: contiguous(entry.tensor) };
}

/** The element farthest from what is claimed of it, or null where all are near enough. NaN is near to NaN alone. */
function worstOf(t: Tensor, claimed: ArrayLike<number>, absolute: number, words: string): Against | null {
  const came = elementsOf(t);
  if (came.length !== claimed.length) return [words, `${came.length} elements, shape [${t.shape.join(', ')}]`];
  let worst = -1;
  let farthest = -1;
  for (let i = 0; i < came.length; i++) {
    if (isNear(came[i], claimed[i], absolute, t.dtype)) continue;
    const distance = Math.abs(came[i] - claimed[i]);
    if (worst >= 0 && distance <= farthest) continue; // NaN is farther than all
    worst = i;
    farthest = distance;
    if (Number.isNaN(distance)) break;
  }
  if (worst < 0) return null;
  return [words, `${shown(came[worst])} at ${worst} where it is ${shown(claimed[worst])}`];
}

function holdApart(came: ArrayLike<number>, from: ArrayLike<number>, least: number, most: number): Against | null {
  const claimed = `the largest difference from ${least} to ${most}`;
  if (came.length !== from.length || came.length === 0) return [claimed, `${came.length} elements`];
  let largest = 0;
  for (let i = 0; i < came.length; i++) {
    const distance = Math.abs(came[i] - from[i]);
    if (!(distance <= largest)) largest = distance; // NaN stays
    if (Number.isNaN(largest)) break;
  }
  return largest >= least && largest <= most ? null : [claimed, `${largest}`];
}

function holdElement(t: Tensor, claim: Claim & { kind: 'element' }): Against | null {
  const came = elementsOf(t);
  const claimed = `${shown(claim.value)}${around(claim.absolute)} at ${claim.index}`;
  if (claim.index >= came.length) return [claimed, `${came.length} elements`];
  const x = came[claim.index];
  return isNear(x, claim.value, claim.absolute, t.dtype) ? null : [claimed, shown(x)];
}

/** Where bits are claimed, the number rounded to the dtype: −0 is not 0. NaN is near to NaN alone. */
function isNear(came: number, claimed: number, absolute: number, dtype: string): boolean {
  const exact = absolute === 0 && dtype === 'float32' ? Math.fround(claimed) : claimed;
  return Object.is(came, exact) || (absolute !== 0 && Math.abs(came - exact) <= absolute);
}

function holdEvery(t: Tensor, is: (Claim & { kind: 'every' })['is']): Against | null {
  const came = elementsOf(t);
  if (came.length === 0) return [`every element ${is}`, 'no element'];
  const at = came.findIndex((x) => !isOfSort(x, is));
  return at < 0 ? null : [`every element ${is}`, `${shown(came[at])} at ${at} of ${sizeOf(t.shape)}`];
}

function holdLargest(t: Tensor, least: number, most: number): Against | null {
  const claimed = `largest |element| from ${least} to ${most}`;
  const came = elementsOf(t);
  if (came.length === 0) return [claimed, 'no element'];
  let largest = 0;
  for (const x of came) {
    if (!(Math.abs(x) <= largest)) largest = Math.abs(x);
    if (Number.isNaN(largest)) break; // and it lies between no two
  }
  return largest >= least && largest <= most ? null : [claimed, shown(largest)];
}

function isOfSort(x: number, is: (Claim & { kind: 'every' })['is']): boolean {
  switch (is) {
    case 'nan':
      return Number.isNaN(x);
    case 'zero':
      return x === 0;
    case 'finite':
      return Number.isFinite(x);
    case 'infinite':
      return Math.abs(x) === Number.POSITIVE_INFINITY;
    default:
      return is satisfies never;
  }
}

function ending(result: StepResult): string {
  switch (result.kind) {
    case 'returned':
      return 'an answer';
    case 'refused':
      return `${result.type}: ${quote(result.message)}`;
    case 'not_run':
      return 'a step that is not run';
    default:
      return result satisfies never;
  }
}

const SHOWN = 6;

function listed(numbers: readonly number[]): string {
  const first = numbers.slice(0, SHOWN).map(shown).join(', ');
  return `[${first}${numbers.length > SHOWN ? `, … ${numbers.length} in all` : ''}]`;
}

function shown(x: number): string {
  return Object.is(x, -0) ? '-0' : String(x);
}

function around(absolute: number): string {
  return absolute === 0 ? '' : ` ± ${absolute}`;
}

function placeWords({ question, step, name }: Place): string {
  return `${question === null ? '' : `${question}: `}step ${step} ${name}`;
}

function quote(words: string): string {
  return JSON.stringify(words);
}

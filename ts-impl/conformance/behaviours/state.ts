// What has become of a behaviour once its questions are answered and judged: its state and the claims that broke. It asks nobody.

import type { Behaviour } from '../../../cases/behaviours/behaviour.ts';
import type { Claim } from '../../../cases/behaviours/claim.ts';
import type { Case } from '../../../cases/case.ts';
import type { Outcome } from '../outcome.ts';
import type { Judged } from '../run.ts';
import { type Answers, type Broken, holdClaim } from './hold-claim.ts';

export type State =
  /** Every claim holds of both sides, and the port's answers are PyTorch's to the last bit. */
  | { readonly kind: 'identical' }
  /** The same, but some elements are only within the tolerance. */
  | { readonly kind: 'within' }
  | { readonly kind: 'differs'; readonly reason: string }
  /** About PyTorch's own objects; its claims hold of PyTorch. */
  | { readonly kind: 'pinned'; readonly reason: string }
  /** PyTorch itself no longer does what is claimed of it. */
  | { readonly kind: 'moved'; readonly reason: string }
  /** There is no question. */
  | { readonly kind: 'none'; readonly reason: string }
  /** Somebody gave no answer. */
  | { readonly kind: 'undecided'; readonly reason: string };

export interface BrokenClaim {
  readonly side: 'oracle' | 'subject';
  readonly broken: Broken;
  /** The question it looked at. */
  readonly judged: Judged;
}

export interface Settled {
  readonly state: State;
  readonly broken: readonly BrokenClaim[];
}

/** The state of a behaviour all of whose questions were judged, in their order. */
export function settle(behaviour: Behaviour, judged: readonly Judged[]): Settled {
  const { about } = behaviour;
  if (about.kind === 'none') return { state: { kind: 'none', reason: about.reason }, broken: [] };
  const undecided = judged.find(({ verdict }) => verdict.kind === 'undecided');
  if (undecided !== undefined) {
    const reason = undecided.verdict.problems[0]?.message ?? 'no answer';
    return { state: { kind: 'undecided', reason }, broken: [] };
  }
  const moved = brokenBy('oracle', behaviour, judged);
  if (moved.length > 0) return { state: { kind: 'moved', reason: sentence(moved[0]) }, broken: moved };
  if (about.kind === 'torch') return { state: { kind: 'pinned', reason: about.reason }, broken: [] };
  const missing = judged.find(({ case: c, verdict }) => verdict.kind === 'unsupported' && !asksTorchAlone(c));
  if (missing !== undefined) {
    return { state: { kind: 'differs', reason: missing.verdict.problems[0]?.message ?? 'unsupported' }, broken: [] };
  }
  const broken = brokenBy('subject', behaviour, judged);
  if (broken.length > 0) return { state: { kind: 'differs', reason: sentence(broken[0]) }, broken };
  return { state: stateOfVerdicts(judged.filter(({ case: c }) => !asksTorchAlone(c))), broken };
}

/** A probe looks at PyTorch's own objects: whoever is not PyTorch is not held to the question. */
export function asksTorchAlone(c: Case): boolean {
  return c.steps.some(({ kind }) => kind === 'probe');
}

/** The claims that do not hold of one side's answers to the questions, in the order claimed. */
export function brokenBy(side: 'oracle' | 'subject', behaviour: Behaviour, judged: readonly Judged[]): BrokenClaim[] {
  return [...eachBroken(side, behaviour, judged)];
}

/** Whether any claim does not hold; the rest are not looked at. */
export function breaks(side: 'oracle' | 'subject', behaviour: Behaviour, judged: readonly Judged[]): boolean {
  return eachBroken(side, behaviour, judged).next().done !== true;
}

/** A broken claim in one sentence. */
export function sentence({ side, broken }: BrokenClaim): string {
  const { question, step, name, claimed, came } = broken;
  const place = `${question === null ? '' : `${question}: `}step ${step} ${name}`;
  return side === 'oracle'
    ? `PyTorch moved: ${place} is claimed to be ${claimed}, and is ${came}`
    : `${place}: claimed ${claimed}, came ${came}`;
}

/** A state as a list shows it. */
export function renderState(state: State): string {
  switch (state.kind) {
    case 'identical':
    case 'within':
      return state.kind;
    case 'pinned':
      return `not applicable: ${state.reason} (pinned on PyTorch)`;
    case 'none':
      return `not applicable: ${state.reason}`;
    case 'differs':
    case 'moved':
    case 'undecided':
      return `${state.kind}: ${state.reason}`;
    default:
      return state satisfies never;
  }
}

// --- internal ---

function* eachBroken(
  side: 'oracle' | 'subject',
  { questions, claims }: Behaviour,
  judged: readonly Judged[],
): Generator<BrokenClaim, void, undefined> {
  const outcome = ({ expected, actual }: Judged): Outcome => (side === 'oracle' ? expected : actual).outcome;
  const answers: Answers = new Map(questions.map(({ name }, i) => [name, outcome(judged[i])]));
  const probed = questions.filter((question) => asksTorchAlone(question.case)).map(({ name }) => name);
  for (const claim of claims) {
    if (side === 'subject' && probed.length > 0 && questionsOf(claim).some((name) => probed.includes(name ?? '')))
      continue;
    const broken = holdClaim(claim, answers);
    if (broken === null) continue;
    const at = questions.findIndex(({ name }) => name === broken.question);
    yield { side, broken, judged: judged[Math.max(at, 0)] };
  }
}

/** The questions a claim looks at; null is the only one. */
function questionsOf(claim: Claim): (string | null)[] {
  switch (claim.kind) {
    case 'same':
      return [claim.at.question, claim.as.question];
    case 'apart':
      return [claim.at.question, claim.from.question];
    case 'other':
      return [claim.at.question, claim.than.question];
    case 'names':
    case 'returns':
    case 'refuses':
      return [claim.question];
    case 'values':
    case 'element':
    case 'every':
    case 'largest':
    case 'shape':
    case 'dtype':
    case 'text':
    case 'text-contains':
      return [claim.at.question];
    default:
      return claim satisfies never;
  }
}

function stateOfVerdicts(judged: readonly Judged[]): State {
  let within = false;
  for (const { verdict } of judged) {
    switch (verdict.kind) {
      case 'identical':
        break;
      case 'within':
        within = true;
        break;
      case 'differs':
      case 'refused':
      case 'unsupported':
      case 'undecided':
        return { kind: 'differs', reason: `${verdict.case}: ${whyOf(verdict)}` };
      default:
        return verdict.kind satisfies never;
    }
  }
  return { kind: within ? 'within' : 'identical' };
}

function whyOf({ problems, tensors }: Judged['verdict']): string {
  if (problems.length > 0) return problems[0].message;
  const worst = tensors.find(({ differs }) => differs > 0);
  return worst === undefined
    ? 'no reason given'
    : `step ${worst.step} ${worst.tensor}: ${worst.differs} of ${worst.elements} elements differ`;
}

// Behaviours as `check` sees them: judged cases go in one by one and come out, once their behaviour is complete, with its claims in
// their verdicts. It asks nobody and prints nothing.

import type { Behaviour } from '../../../cases/behaviours/behaviour.ts';
import type { Case, Step } from '../../../cases/case.ts';
import { contiguous, type Tensor } from '../../tensor/tensor.ts';
import { elementsOf } from '../judge/elements.ts';
import { type Finding, type Refusal, type ReportNumber, toReportNumber } from '../finding.ts';
import type { Outcome } from '../outcome.ts';
import { replayLine } from '../report/describe-verdict.ts';
import type { Diagnosis } from '../report/make-report.ts';
import type { Judged } from '../run.ts';
import type { Problem, Verdict } from '../verdict.ts';
import { asksTorchAlone, type BrokenClaim, sentence, settle, type Settled, type State } from './state.ts';

/** The behaviours of one run: what has been judged of each, and what came of it. */
export class BehaviourBook {
  private readonly behaviours: readonly Behaviour[];
  private readonly ofCase = new Map<string, Behaviour>();
  private readonly waiting = new Map<string, Judged[]>();
  private readonly settled = new Map<string, Settled>();

  constructor(behaviours: readonly Behaviour[]) {
    this.behaviours = behaviours;
    for (const behaviour of behaviours) {
      for (const { case: c } of behaviour.questions) this.ofCase.set(c.id, behaviour);
      if (behaviour.questions.length === 0) this.settled.set(behaviour.id, settle(behaviour, []));
    }
  }

  cases(): Case[] {
    return this.behaviours.flatMap(({ questions }) => questions.map((question) => question.case));
  }

  /** The cases of the behaviour that this one completes, their verdicts settled by its claims; none before. */
  add(judged: Judged): readonly Judged[] {
    const behaviour = this.ofCase.get(judged.case.id);
    if (behaviour === undefined) return [judged];
    const all = this.waiting.get(behaviour.id) ?? [];
    all.push(judged);
    this.waiting.set(behaviour.id, all);
    if (all.length < behaviour.questions.length) return [];
    this.waiting.delete(behaviour.id);
    const settled = settle(behaviour, all);
    this.settled.set(behaviour.id, settled);
    return all.map((one) => {
      const verdict = settledVerdict(behaviour, one, settled);
      // All else that is not supported was made to differ.
      return { ...one, verdict, pinned: verdict.kind === 'unsupported' && settled.state.kind !== 'undecided' };
    });
  }

  /** The state of each behaviour that was asked in full, in their order. */
  states(): { readonly behaviour: Behaviour; readonly state: State }[] {
    return this.behaviours.flatMap((behaviour) => {
      const settled = this.settled.get(behaviour.id);
      return settled === undefined ? [] : [{ behaviour, state: settled.state }];
    });
  }

  /** Broken claims of one layer's cases as findings. They account for the cases that only a claim made differ. */
  diagnose(layer: string): Diagnosis {
    const findings: Finding[] = [];
    const explained = new Set<string>();
    for (const behaviour of this.behaviours) {
      for (const claim of this.settled.get(behaviour.id)?.broken ?? []) {
        const { case: c, verdict } = claim.judged;
        if (c.layer !== layer) continue;
        findings.push(toFinding(behaviour, claim));
        if (verdict.kind === 'identical' || verdict.kind === 'within') explained.add(c.id);
      }
    }
    return { findings, explained };
  }
}

/** One line: how many of each state. */
export function renderStates(states: readonly { readonly state: State }[]): string {
  const count = (kind: State['kind']) => states.filter(({ state }) => state.kind === kind).length;
  const asked = states.length - count('none');
  const rest = (['moved', 'undecided'] as const).flatMap((kind) =>
    count(kind) === 0 ? [] : [`${count(kind)} ${kind}`],
  );
  const parts = [
    `${count('identical')} identical`,
    `${count('within')} within`,
    `${count('differs')} differs`,
    `${count('pinned')} pinned on PyTorch alone`,
    ...rest,
  ];
  return `behaviours: ${asked} of ${states.length} executable: ${parts.join(', ')}\n`;
}

// --- internal ---

/** A broken claim makes its case differ, and so does a question that any port can answer and this one does not support. */
function settledVerdict(behaviour: Behaviour, { case: c, verdict }: Judged, { state, broken }: Settled): Verdict {
  if (verdict.kind === 'undecided') return verdict;
  const { about } = behaviour;
  const own = broken.filter((claim) => claim.judged.case.id === c.id);
  const problems: Problem[] = own.map((claim) => ({
    step: claim.broken.step,
    tensor: claim.broken.name,
    message: `${behaviour.id}, ${sentence(claim)}`,
  }));
  const torchAlone = about.kind === 'torch' || asksTorchAlone(c);
  if (torchAlone && problems.length === 0) {
    if (verdict.kind === 'identical' || verdict.kind === 'within') return verdict;
    const message = about.kind === 'torch' ? about.reason : 'a probe of PyTorch’s own objects';
    return { case: c.id, kind: 'unsupported', tensors: [], problems: [{ step: 0, tensor: '-', message }] };
  }
  if (problems.length === 0 && (verdict.kind !== 'unsupported' || state.kind === 'undecided')) return verdict;
  const kind = verdict.kind === 'refused' ? 'refused' : 'differs';
  return { ...verdict, kind, problems: [...verdict.problems, ...problems] };
}

function toFinding(behaviour: Behaviour, claim: BrokenClaim): Finding {
  const { broken, judged } = claim;
  const c = judged.case;
  return {
    kind: 'claim',
    convention: behaviour.id,
    level: 'error',
    expected: broken.claimed,
    actual: broken.came,
    message: `${behaviour.line}; ${sentence(claim)}`,
    location: null,
    repair: null,
    witnesses: [
      {
        case: c.id,
        step: broken.step,
        tensor: broken.name,
        input: inputOf(c.steps, broken.step),
        expected: valuesAt(judged.expected.outcome, broken.step, broken.name),
        actual: valuesAt(judged.actual.outcome, broken.step, broken.name),
        stdout: null,
        replay: replayLine(c.id),
      },
    ],
    evidence: { heldOut: 0, explained: 0, rival: null },
  };
}

/** The latest input up to a step. */
function inputOf(steps: readonly Step[], until: number): ReportNumber[] {
  for (let i = Math.min(until, steps.length - 1); i >= 0; i--) {
    const step = steps[i];
    if (step.kind === 'forward') return numbersOf(step.input);
    if (step.kind === 'call' && step.arguments.input?.kind === 'tensor') return numbersOf(step.arguments.input.tensor);
  }
  return [];
}

function valuesAt(outcome: Outcome, step: number, name: string): ReportNumber[] | Refusal {
  if (outcome.kind !== 'returned' && outcome.kind !== 'refused') return [];
  const result = outcome.steps[step];
  if (result === undefined || result.kind === 'not_run') return [];
  if (result.kind === 'refused') return { type: result.type, message: result.message };
  const found = result.tensors.find((entry) => entry.name === name);
  return found === undefined ? [] : numbersOf(found.tensor);
}

/** Elements that a witness holds. */
const MOST_SHOWN = 64;

function numbersOf(t: Tensor): ReportNumber[] {
  return Array.from(elementsOf(contiguous(t)).slice(0, MOST_SHOWN), toReportNumber);
}

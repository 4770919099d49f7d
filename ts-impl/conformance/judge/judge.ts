// The judge: one Outcome held against another, step by step, as one Verdict. Names come first, then dtype, shape, non-finite places and values.

import type { Case, NamedTensor, Step } from '../../../cases/case.ts';
import { sameShape } from '../../tensor/shape.ts';
import { contiguous, type Tensor } from '../../tensor/tensor.ts';
import type { Answer, Outcome, StepResult } from '../outcome.ts';
import type { Problem, TensorVerdict, Verdict, VerdictKind } from '../verdict.ts';
import { directionOf } from '../place.ts';
import { Budgets } from './budgets.ts';
import { compareTensor, type Truth } from './compare-tensor.ts';
import { elementsOf } from './elements.ts';
import type { Tolerance } from './tolerance.ts';
import { type StepTruth, truthOf } from './truth/truth.ts';

/** Judges what `actual` answered to `c` by what `expected` answered. Every step is compared, those after a refusal too. */
export function judge(c: Case, expected: Answer, actual: Answer, tolerance: Tolerance): Verdict {
  const e = expected.outcome;
  const a = actual.outcome;
  if (e.kind === 'undecided')
    return without(c, 'undecided', `the oracle gave no answer (${e.reason.kind}): ${e.reason.message}`);
  if (a.kind === 'undecided')
    return without(c, 'undecided', `the subject gave no answer (${a.reason.kind}): ${a.reason.message}`);
  if (e.kind === 'unsupported') return without(c, 'unsupported', `the oracle does not support it: ${e.reason}`);
  if (a.kind === 'unsupported') return without(c, 'unsupported', `the subject does not support it: ${a.reason}`);
  const bench = new Bench(c, e, expected.truth, tolerance);
  if (a.steps.length !== c.steps.length || e.steps.length !== c.steps.length) {
    const reason = `${c.steps.length} steps were asked; the oracle answered ${e.steps.length}, the subject ${a.steps.length}`;
    return without(c, 'undecided', reason);
  }
  for (let step = 0; step < c.steps.length; step++) bench.step(step, e.steps[step], a.steps[step]);
  return bench.verdict();
}

// --- internal ---

function without(c: Case, kind: VerdictKind, message: string): Verdict {
  return { case: c.id, kind, tensors: [], problems: [{ step: 0, tensor: '-', message }] };
}

/** Where the two answers lie side by side; it gathers what is seen. */
class Bench {
  private readonly c: Case;
  /** PyTorch's own answer in float64; null where none was asked for. */
  private readonly wide: Outcome | null;
  private readonly expected: Outcome;
  private truth: readonly (StepTruth | null)[] | null = null;
  private readonly budgets: Budgets;
  private readonly tensors: TensorVerdict[] = [];
  private readonly problems: Problem[] = [];
  private mode: 'train' | 'eval' = 'train';
  private refusedDifferently = false;
  /** Tensors, texts and refusals held against each other; a verdict without any would be no verdict. */
  private looked = 0;

  constructor(c: Case, expected: Outcome, truth: Outcome | null, tolerance: Tolerance) {
    this.c = c;
    this.wide = truth;
    this.expected = expected;
    this.budgets = new Budgets(c, expected, tolerance);
  }

  step(at: number, expected: StepResult, actual: StepResult): void {
    const step = this.c.steps[at];
    this.mode = modeAfter(step, this.mode);
    if (expected.kind !== 'returned' || actual.kind !== 'returned') {
      this.endings(at, expected, actual);
      return;
    }
    this.texts(at, expected.texts, actual.texts);
    for (const { name, tensor } of expected.tensors) {
      const other = find(actual.tensors, name);
      if (other === null) this.problem(at, name, `${name} is missing`);
      else this.pair(at, name, tensor, other);
    }
    for (const { name } of actual.tensors) {
      if (find(expected.tensors, name) === null) this.problem(at, name, `${name} was answered but not expected`);
    }
  }

  verdict(): Verdict {
    const { c, tensors, problems } = this;
    if (this.looked === 0 && problems.length === 0) {
      return without(c, 'undecided', 'nothing was compared: neither side answered a tensor, a text or a refusal');
    }
    return { case: c.id, kind: this.kind(), tensors, problems };
  }

  private kind(): VerdictKind {
    if (this.refusedDifferently) return 'refused';
    if (this.problems.length > 0 || this.tensors.some((t) => t.differs > 0)) return 'differs';
    return this.tensors.every((t) => t.identical === t.elements) ? 'identical' : 'within';
  }

  private problem(step: number, tensor: string, message: string): void {
    this.problems.push({ step, tensor, message });
  }

  /** At least one side did not return. */
  private endings(at: number, expected: StepResult, actual: StepResult): void {
    if (expected.kind === 'not_run' && actual.kind === 'not_run') return;
    this.looked++;
    const e = ending(expected);
    const a = ending(actual);
    if (e === a) return;
    this.refusedDifferently = true;
    this.problem(at, 'refusal', `expected ${e}, got ${a}`);
  }

  private texts(
    at: number,
    expected: Readonly<Record<string, string>>,
    actual: Readonly<Record<string, string>>,
  ): void {
    for (const name of Object.keys(expected)) {
      this.looked++;
      if (!Object.hasOwn(actual, name)) this.problem(at, name, `${name} is missing, expected ${quote(expected[name])}`);
      else if (actual[name] !== expected[name])
        this.problem(at, name, `${name} is ${quote(actual[name])}, expected ${quote(expected[name])}`);
    }
    for (const name of Object.keys(actual)) {
      if (!Object.hasOwn(expected, name))
        this.problem(at, name, `${name} was answered but not expected: ${quote(actual[name])}`);
    }
  }

  private pair(at: number, name: string, expected: Tensor, actual: Tensor): void {
    this.looked++;
    if (actual.dtype !== expected.dtype) {
      this.problem(at, name, `${name} is ${actual.dtype}, expected ${expected.dtype}`);
      return;
    }
    if (!sameShape(actual.shape, expected.shape)) {
      this.problem(at, name, `${name} has shape [${actual.shape.join(', ')}], expected [${expected.shape.join(', ')}]`);
      return;
    }
    const e = contiguous(expected);
    const comparison = compareTensor(e, contiguous(actual), this.budgets.of(at, name, e), (wrong) =>
      this.truthAbout(at, name, e, wrong),
    );
    this.tensors.push({
      step: at,
      tensor: name,
      direction: directionOf(this.c.steps[at], name),
      mode: this.mode,
      dtype: expected.dtype,
      ...comparison,
    });
  }

  /**
   * PyTorch's float64 is the truth of what is asked in less. A float64 answer is not told by its like, and one that differs may be wrong in
   * float64 too: there the truth is worked out in double-double.
   */
  private truthAbout(at: number, name: string, like: Tensor, wrong: boolean): Truth | null {
    if (this.wide === null || like.dtype === 'int64') return null;
    const wide = this.c.dtype === 'float64' ? null : this.wideAnswer(at, name, like);
    return wrong || wide === null ? (this.trueValues(at, name, like) ?? wide) : wide;
  }

  private wideAnswer(at: number, name: string, like: Tensor): Truth | null {
    if (this.wide?.kind !== 'returned' && this.wide?.kind !== 'refused') return null;
    const result = this.wide.steps[at];
    if (result?.kind !== 'returned') return null;
    const tensor = find(result.tensors, name);
    if (tensor === null || !sameShape(tensor.shape, like.shape)) return null;
    return { hi: elementsOf(contiguous(tensor)), lo: null };
  }

  private trueValues(at: number, name: string, like: Tensor): Truth | null {
    const { expected } = this;
    if (expected.kind !== 'returned' && expected.kind !== 'refused') return null;
    this.truth ??= truthOf(this.c, expected.steps);
    const values = this.truth[at]?.get(name);
    return values !== undefined && values.hi.length === like.storage.length ? values : null;
  }
}

function find(tensors: readonly NamedTensor[], name: string): Tensor | null {
  for (const entry of tensors) if (entry.name === name) return entry.tensor;
  return null;
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

function quote(words: string): string {
  return JSON.stringify(words);
}

function modeAfter(step: Step, mode: 'train' | 'eval'): 'train' | 'eval' {
  if (step.kind === 'forward') return step.mode ?? mode;
  if (step.kind !== 'call') return mode;
  const flag = step.arguments.training ?? step.arguments.use_input_stats;
  return flag?.kind === 'bool' && !flag.value ? 'eval' : 'train';
}

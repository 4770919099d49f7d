// One case for people: each step, what both sides answered tensor by tensor, and the verdict. It returns text.

import type picocolors from 'picocolors';
import type { Case, Step, Value } from '../../../cases/case.ts';
import { writePython } from '../../../cases/python-value.ts';
import { contiguous, type Tensor } from '../../tensor/tensor.ts';
import { elementsOf } from '../judge/elements.ts';
import type { Outcome, StepResult } from '../outcome.ts';
import type { Judged } from '../run.ts';
import type { Verdict } from '../verdict.ts';
import { describeTensor, number } from './describe-verdict.ts';

export interface SideNames {
  readonly oracle: string;
  readonly subject: string;
}

/** Values of a tensor that are shown. */
const VALUES_SHOWN = 8;

export function renderReplay(
  judged: Judged,
  names: SideNames,
  colors: ReturnType<typeof picocolors.createColors>,
): string {
  const { case: c, expected, actual, verdict } = judged;
  const width = Math.max(names.oracle.length, names.subject.length);
  const lines = [colors.bold(c.id), `${c.layer}, ${c.dtype}, ${c.layout}`];
  for (let i = 0; i < c.steps.length; i++) {
    lines.push('', `${i}. ${describeStep(c.steps[i])}`);
    const sides = [
      { name: names.oracle, result: stepOf(expected.outcome, i) },
      { name: names.subject, result: stepOf(actual.outcome, i) },
    ];
    for (const { name, result } of sides) {
      if (result !== null && result.kind !== 'returned')
        lines.push(`   ${name.padEnd(width)}  ${describeEnding(result)}`);
    }
    for (const name of namesIn(sides.map(({ result }) => result))) {
      for (const side of sides) {
        const found = answerIn(side.result, name);
        if (found !== null) lines.push(`   ${side.name.padEnd(width)}  ${name} ${found}`);
      }
      const seen = verdict.tensors.find((t) => t.step === i && t.tensor === name);
      if (seen !== undefined)
        lines.push(`   ${' '.repeat(width)}  ${mark(seen.differs > 0, colors)} ${describeTensor(seen)}`);
    }
    for (const problem of verdict.problems) {
      if (problem.step === i) lines.push(`   ${' '.repeat(width)}  ${mark(true, colors)} ${problem.message}`);
    }
  }
  lines.push('', `verdict: ${word(verdict, colors)}`);
  return `${lines.join('\n')}\n`;
}

// --- internal ---

type Colors = ReturnType<typeof picocolors.createColors>;

function mark(bad: boolean, colors: Colors): string {
  return bad ? colors.red('✗') : colors.green('✓');
}

function word(verdict: Verdict, colors: Colors): string {
  if (verdict.kind === 'identical' || verdict.kind === 'within') return colors.green(verdict.kind);
  return verdict.kind === 'differs' || verdict.kind === 'refused'
    ? colors.red(verdict.kind)
    : colors.yellow(verdict.kind);
}

function stepOf(outcome: Outcome, i: number): StepResult | null {
  return outcome.kind === 'returned' || outcome.kind === 'refused' ? (outcome.steps[i] ?? null) : null;
}

function describeEnding(result: Exclude<StepResult, { kind: 'returned' }>): string {
  return result.kind === 'refused' ? `refused: ${result.type}: ${result.message}` : 'not run';
}

/** Names of tensors and texts of both sides, in order. */
function namesIn(results: readonly (StepResult | null)[]): Set<string> {
  const names = new Set<string>();
  for (const result of results) {
    if (result?.kind !== 'returned') continue;
    for (const { name } of result.tensors) names.add(name);
    for (const name of Object.keys(result.texts)) names.add(name);
  }
  return names;
}

function answerIn(result: StepResult | null, name: string): string | null {
  if (result?.kind !== 'returned') return null;
  const tensor = result.tensors.find((entry) => entry.name === name)?.tensor;
  if (tensor !== undefined) return describeValues(tensor);
  return Object.hasOwn(result.texts, name) ? JSON.stringify(result.texts[name]) : null;
}

function describeValues(tensor: Tensor): string {
  const values = elementsOf(contiguous(tensor));
  const shown = Array.from(values.subarray(0, VALUES_SHOWN), number);
  return `[${tensor.shape.join(', ')}] ${shown.join(' ')}${values.length > VALUES_SHOWN ? ' …' : ''}`;
}

function describeStep(step: Step): string {
  switch (step.kind) {
    case 'construct':
      return `${step.layer}(${describeArguments(step.arguments)})`;
    case 'call':
      return `${step.function}(${describeArguments(step.arguments)})`;
    case 'forward':
      return `forward${step.mode === null ? '' : ` in ${step.mode} mode`} of ${describeInput(step.input)}`;
    case 'backward':
      return `backward${step.again ? ' again' : ''}${step.accumulate ? ', accumulating,' : ''} with ${describeInput(step.gradient)}`;
    case 'read':
      return `read ${step.what}`;
    case 'reset':
      return `reset ${step.what}`;
    case 'set_attribute':
      return `set ${describeArguments({ [step.name]: step.value })}`;
    case 'set_tensor':
      return `set ${step.name} to ${step.tensor === null ? 'None' : describeInput(step.tensor)}`;
    case 'load_state':
      return `load_state_dict of ${step.entries.map(({ name }) => name).join(', ')}${step.strict ? '' : ', not strict'}`;
    case 'save_state':
      return 'state_dict';
    case 'cast':
      return `to ${step.dtype}`;
    case 'copy':
      return 'deep copy';
    case 'double_backward':
      return `double backward with ${describeInput(step.gradient)} along ${step.vectors.map(({ name }) => name).join(', ')}`;
    case 'inspect':
      return `inspect ${step.names.join(', ')}`;
    case 'probe':
      return `probe ${step.name}`;
    default:
      return step satisfies never;
  }
}

function describeArguments(given: Extract<Case['steps'][number], { kind: 'construct' }>['arguments']): string {
  return Object.entries(given)
    .map(([name, value]) => `${name}=${describeValue(value)}`)
    .join(', ');
}

function describeValue(value: Value): string {
  return writePython(value, {
    float: (x) => (Number.isInteger(x) ? `${number(x)}.0` : number(x)),
    string: (text) => JSON.stringify(text),
    tensor: describeInput,
  });
}

function describeInput(tensor: Tensor): string {
  return `${tensor.dtype} ${describeValues(tensor)}`;
}

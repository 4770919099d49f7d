// A difference in words: which tensor, how many of how many elements, the worst one and what it was allowed. It prints nothing.

import type { Unexplained } from '../finding.ts';
import type { TensorVerdict, Verdict } from '../verdict.ts';
import type { SubjectReport } from './report.ts';

/** Every disagreement of a verdict, in order of steps. Empty where the verdict is `identical` or `within`. */
export function differencesOf(verdict: Verdict): Unexplained[] {
  const all: Unexplained[] = [];
  for (const { step, tensor, message } of verdict.problems) all.push({ case: verdict.case, step, tensor, message });
  for (const tensor of verdict.tensors) {
    if (tensor.differs > 0) all.push(difference(verdict.case, tensor));
  }
  return all.sort((a, b) => a.step - b.step);
}

/** One sentence about a tensor, whatever came of it. */
export function describeTensor(t: TensorVerdict): string {
  if (t.elements === 0) return `${t.tensor}: no element`;
  if (t.worst === null) return `${t.tensor}: all ${t.elements} elements identical`;
  const { index, expected, actual, ulp, budget, nearer } = t.worst;
  const count =
    t.differs > 0 ? `${t.differs} of ${t.elements} elements differ` : `${t.within} of ${t.elements} elements within`;
  const place = `worst at [${index.join(', ')}]: expected ${number(expected)}, got ${number(actual)}`;
  const truth = nearer === null ? '' : nearer === 'tie' ? ', equally near to float64' : `, ${nearer} nearer to float64`;
  if (!Number.isFinite(expected) || !Number.isFinite(actual)) return `${t.tensor}: ${count}, ${place}`;
  return `${t.tensor}: ${count}, ${place} (${distance(ulp)}, ${share(t.worst.absolute, budget)}${truth})`;
}

/** The command that shows a case again; `words` are what it needs beside the id. */
export function replayLine(id: string, words = ''): string {
  return `normative replay ${id}${words === '' ? '' : ` ${words}`}`;
}

/** What the command needs to ask a report's subject of a report's oracle again. */
export function replayWords(
  oracle: string,
  { kind, name, source }: Pick<SubjectReport, 'kind' | 'name' | 'source'>,
): string {
  if (kind !== 'js' || source === null) return '';
  return `--subject 'js:${source.file}#${name}'${oracle === 'embedded' ? ' --oracle embedded' : ''}`;
}

/** A float64 in few words that still name it: all its digits, with −0 told from 0. */
export function number(x: number): string {
  return Object.is(x, -0) ? '-0' : String(x);
}

/** The value of an axis: words as they are, small numbers as people write them, 1e-6 and not 0.000001. */
export function axisValue(value: string | number): string {
  return typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}

// --- internal ---

function difference(id: string, tensor: TensorVerdict): Unexplained {
  return { case: id, step: tensor.step, tensor: tensor.tensor, message: describeTensor(tensor) };
}

function distance(ulp: number): string {
  return ulp === 1 ? '1 ULP' : `${ulp} ULPs`;
}

function share(absolute: number, budget: number): string {
  return `${absolute.toExponential(2)} of ${budget.toExponential(2)} allowed`;
}

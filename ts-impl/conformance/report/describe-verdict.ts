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
  const { index, expected, actual, ulp, budget } = t.worst;
  const count =
    t.differs > 0 ? `${t.differs} of ${t.elements} elements differ` : `${t.within} of ${t.elements} elements within`;
  const place = `worst at [${index.join(', ')}]: expected ${number(expected)}, got ${number(actual)}`;
  if (!Number.isFinite(expected) || !Number.isFinite(actual)) return `${t.tensor}: ${count}, ${place}${blame(t)}`;
  return `${t.tensor}: ${count}, ${place} (${distance(ulp)}, ${share(t.worst.absolute, budget)}${blame(t)})`;
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

/** Who is wrong at the worst element, as far as the truth is known: the subject, the oracle, both, or nobody within the error of the problem. */
function blame({ worst, differs, oracleAtFault }: TensorVerdict): string {
  if (worst === null || worst.oracleError === null || worst.subjectError === null) return '';
  const { nearer, oracleError, subjectError, budget } = worst;
  if (budget === Number.POSITIVE_INFINITY) return ', ill-conditioned: no digit survives here';
  const near = nearer === 'tie' ? 'equally near to the truth' : `${nearer} nearer to the truth`;
  const far = `${off(oracleError)} and ${off(subjectError)} from it`;
  if (differs === 0) return `, both within the error of the problem, ${near}`;
  if (oracleAtFault === differs)
    return `, PyTorch is the inaccurate side: ${far}, the subject is within the bound of the truth`;
  return `, ${near}: PyTorch and subject are ${far}`;
}

function off(error: number): string {
  return Number.isFinite(error) ? error.toExponential(2) : 'no number away';
}

function distance(ulp: number): string {
  return ulp === 1 ? '1 ULP' : `${ulp} ULPs`;
}

function share(absolute: number, budget: number): string {
  return `${absolute.toExponential(2)} of ${budget.toExponential(2)} allowed`;
}

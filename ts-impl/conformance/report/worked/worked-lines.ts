// A witness as a table that a person checks by hand: input, both results, and the formula of each where it comes out at what was observed.

import type { Case } from '../../../../cases/case.ts';
import { caseFromId, IdError } from '../../../../cases/case-id.ts';
import type { Finding, ReportNumber, Witness } from '../../finding.ts';
import { subjectRecipe, torchRecipe } from './recipe.ts';
import { type Worked, workOut } from './work-out.ts';

/** What a witness asks and how each side's number comes about; formulas are null where none comes out at what was observed. */
export interface WorkedWitness {
  /** Shape, options and what was set, in words. */
  readonly asked: string;
  /** What both sides begin with. */
  readonly common: readonly string[];
  readonly expected: readonly string[] | null;
  readonly actual: readonly string[] | null;
}

/** Works a witness out. `findings` are all of its subject's: they make its formula. Null where its case can't be read. */
export function workedWitness(witness: Witness, findings: readonly Finding[]): WorkedWitness | null {
  const c = caseOf(witness.case);
  const input = c?.steps.find((step) => step.kind === 'forward');
  if (c === null || input?.kind !== 'forward') return null;
  const { shape } = input.input;
  const element = mostApart(witness);
  const torch = torchRecipe(c, shape.length);
  const subject = torch && subjectRecipe(torch, c, shape.length, findings);
  const told = (recipe: typeof torch, observed: Witness['expected']) => {
    const worked = recipe && workOut(recipe, c, witness.step, witness.tensor, element);
    return worked !== null && comesOut(worked, observed, element) ? worked.formulas : null;
  };
  const asked = askedWords(c, witness.step, shape);
  // Where no number differs there is nothing to work out.
  if (JSON.stringify(witness.expected) === JSON.stringify(witness.actual))
    return { asked, common: [], expected: null, actual: null };
  const [expected, actual] = [told(torch, witness.expected), told(subject, witness.actual)];
  const common = expected === null || actual === null ? [] : beginning(expected, actual);
  const rest = (formulas: readonly string[] | null) => formulas?.slice(common.length) ?? null;
  return { asked, common, expected: rest(expected), actual: rest(actual) };
}

// --- internal ---

function caseOf(id: string): Case | null {
  try {
    return caseFromId(id);
  } catch (problem) {
    if (problem instanceof IdError) return null;
    throw problem;
  }
}

/** The formulas that both lists begin with. */
function beginning(one: readonly string[], other: readonly string[]): readonly string[] {
  const apart = one.findIndex((formula, i) => formula !== other[i]);
  return apart < 0 ? one : one.slice(0, apart);
}

/** The element on which the sides differ most; of equals the first. */
function mostApart({ expected, actual }: Witness): number {
  if ('type' in expected || 'type' in actual) return 0;
  let [at, most] = [0, -1];
  expected.forEach((e, i) => {
    const gap = Math.abs(Number(e) - Number(actual[i]));
    const size = Number.isNaN(gap) ? Number.MAX_VALUE : gap;
    if (size > most * (1 + 1e-9)) [at, most] = [i, size];
  });
  return at;
}

/** To the digits that are printed. */
const COMES_OUT = 2e-6;

function comesOut({ value }: Worked, observed: Witness['expected'], element: number): boolean {
  if ('type' in observed) return false;
  const seen = numberOf(observed[element]);
  const size = Math.max(...observed.map((v) => Math.abs(numberOf(v))).filter(Number.isFinite), Math.abs(value), 1e-300);
  return Object.is(value, seen) || Math.abs(value - seen) <= COMES_OUT * size;
}

const numberOf = (v: ReportNumber) => Number(v);

/** What is unusual in a case: its shape, then options, tensors that were set, and the steps up to the one that shows it. */
function askedWords(c: Case, step: number, shape: readonly number[]): string {
  const words = [`shape ${shape.join('×')}`];
  const modes: string[] = [];
  for (const act of c.steps.slice(0, step + 1)) {
    switch (act.kind) {
      case 'construct':
        for (const [name, value] of Object.entries(act.arguments)) {
          if ((name === 'eps' || name === 'momentum' || name === 'num_groups') && 'value' in value)
            words.push(`${name} ${value.value}`);
        }
        break;
      case 'set_tensor':
        if (act.tensor !== null) words.push(`${act.name} ${brief(act.tensor.storage)}`);
        break;
      case 'forward':
        modes.push(act.mode ?? 'as it is');
        break;
      case 'backward':
        words.push(`dy ${brief(act.gradient.storage)}`);
        break;
      case 'copy':
        modes.push('deep copy');
        break;
      default:
        break; // reading shows nothing of the question
    }
  }
  if (modes.join() !== 'train') words.push(modes.join(', then '));
  return words.join(', ');
}

function brief(storage: ArrayLike<number | bigint>): string {
  const values = Array.from(storage, String);
  return values.length === 1 ? values[0] : `[${values.slice(0, 8).join(', ')}${values.length > 8 ? ', …' : ''}]`;
}

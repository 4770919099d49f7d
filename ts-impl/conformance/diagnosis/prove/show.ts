// From both sides' answers to a case to the witness it makes, if it shows the departure in question. It asks nobody.

import type { Case } from '../../../../cases/case.ts';
import { contiguous, type Tensor } from '../../../tensor/tensor.ts';
import { type Refusal, type ReportNumber, toReportNumber, type Witness } from '../../finding.ts';
import type { Outcome, StepResult } from '../../outcome.ts';
import type { Departure } from '../axes/axes.ts';
import { elementsOf } from '../../judge/elements.ts';
import { resultsOf, tensorOf, textOf } from '../measure/specimen.ts';
import { type Candidate, placeOf, visible } from './separate.ts';
import { firstInput } from './special-cases.ts';
import { type Dictionary, toTorch, withoutUnnamed } from './translate.ts';

export interface Showing extends Omit<Candidate, 'case'> {
  readonly departure: Departure;
  readonly dictionary: Dictionary;
  readonly replay: (id: string) => string;
}

export const isRefusal = (side: Witness['actual']): side is Refusal => !Array.isArray(side);

/** What a case shows, where it shows the departure: the first of its tensors on which the sides differ visibly. Null where it does not. */
export function witnessOf(showing: Showing, c: Case, torch: Outcome, specimen: Outcome): Witness | null {
  const { departure, dictionary, replay } = showing;
  const expected = resultsOf(withoutUnnamed(torch, dictionary));
  const actual = resultsOf(toTorch(specimen, torch, dictionary));
  const x = firstInput(c);
  const input = x === null ? [] : numbers(valuesOf(x));
  const printed = resultsOf(specimen)
    .map((_, step) => textOf(specimen, step, 'stdout'))
    .join('');
  const base = { case: c.id, input, stdout: printed === '' ? null : printed, replay: replay(c.id) };
  switch (departure.axis.id) {
    case 'stdout':
      return printed === '' ? null : { ...base, step: c.steps.length - 1, ...lastOutputs(expected, actual) };
    case 'state.keys':
    case 'input.dtype':
      return { ...base, step: c.steps.length - 1, ...lastOutputs(expected, actual) };
    case 'state.batches-tracked': {
      const step = c.steps.findIndex(({ kind }) => kind === 'read');
      const counted = (results: readonly StepResult[]) =>
        numbers(valueIn(results[step], COUNTER) ?? new Float64Array());
      const [e, a] = [counted(resultsOf(torch)), counted(actual)];
      return step < 0 || JSON.stringify(e) === JSON.stringify(a)
        ? null
        : { ...base, step, tensor: COUNTER, expected: e, actual: a };
    }
    case 'input.mutated':
      return mutationWitness(base, c, specimen);
    default:
      return partingWitness(showing, base, c, { torch, specimen, expected, actual });
  }
}

// --- internal ---

/** Departures that show in what is refused, never in numbers. */
const RAISES: ReadonlySet<string> = new Set(['running.gradient', 'single-value.train']);

/** At most this many numbers stand in a witness. */
const SHOWN = 64;

const numbers = (values: Float64Array): ReportNumber[] => [...values.slice(0, SHOWN)].map((v) => toReportNumber(v));

const COUNTER = 'num_batches_tracked';

const valuesOf = (t: Tensor) => Float64Array.from(elementsOf(contiguous(t)));

function valuesAt(outcome: Outcome, step: number, name: string): Float64Array {
  const found = tensorOf(outcome, step, name);
  return found === null ? new Float64Array() : valuesOf(found);
}

const isHalfStep = ({ dtype }: Case) => dtype === 'float16' || dtype === 'bfloat16';

type Base = Omit<Witness, 'step' | 'tensor' | 'expected' | 'actual'>;

interface Sides {
  readonly torch: Outcome;
  readonly specimen: Outcome;
  /** In PyTorch's names, what the specimen has no name for left out. */
  readonly expected: readonly StepResult[];
  readonly actual: readonly StepResult[];
}

function partingWitness({ departure, places, whole, bare, dictionary }: Showing, base: Base, c: Case, sides: Sides) {
  const { torch, specimen, expected, actual } = sides;
  const inTorch = (model: Outcome | null) => (model === null ? [] : resultsOf(toTorch(model, torch, dictionary)));
  const [wholly, barely] = [inTorch(whole), inTorch(bare)];
  const raises = RAISES.has(departure.axis.id);
  for (let step = 0; step < Math.min(expected.length, actual.length); step++) {
    const [e, a] = [expected[step], actual[step]];
    const { kind } = c.steps[step];
    const tensor = kind === 'backward' ? 'input.grad' : kind === 'copy' ? 'copy' : 'output';
    if (a.kind === 'refused' || e.kind === 'refused') {
      if (a.kind === e.kind || places !== null) return null;
      const told = (result: StepResult, whole: Outcome): ReportNumber[] | Refusal =>
        result.kind === 'refused'
          ? { type: result.type, message: result.message }
          : numbers(valuesAt(whole, step, tensor));
      return { ...base, step, tensor, expected: told(e, torch), actual: told(a, specimen) };
    }
    if (e.kind !== 'returned' || a.kind !== 'returned' || raises) continue;
    for (const { name, tensor: want } of e.tensors) {
      const got = a.tensors.find((t) => t.name === name)?.tensor;
      if (got === undefined || name === COUNTER) continue;
      if (places !== null && !places.has(placeOf(step, name))) continue;
      if (!(departure.axis.shownBy?.tensors.test(name) ?? true)) continue;
      const [w, g] = [valuesOf(want), valuesOf(got)];
      if (isHalfStep(c)) {
        // No model speaks of half precision: what overflows on one side alone shows it.
        if (w.some((v, i) => Number.isFinite(v) !== Number.isFinite(g[i])))
          return { ...base, step, tensor: name, expected: numbers(w), actual: numbers(g) };
        continue;
      }
      const parts = (model: readonly StepResult[], side: Float64Array) => {
        const foretold = valueIn(model[step], name);
        return foretold !== null && visible(foretold, side);
      };
      // Where models speak of the departure the specimen is as they say; where they don't, it shows in what they have wrong.
      if (places !== null && parts(wholly, g)) return null;
      if (places === null && whole !== null && !parts(wholly, g) && !parts(barely, w)) continue;
      if (visible(w, g)) return { ...base, step, tensor: name, expected: numbers(w), actual: numbers(g) };
    }
  }
  return null;
}

function valueIn(result: StepResult | undefined, name: string): Float64Array | null {
  const found = result?.kind === 'returned' ? result.tensors.find((t) => t.name === name) : undefined;
  return found === undefined ? null : valuesOf(found.tensor);
}

function lastOutputs(expected: readonly StepResult[], actual: readonly StepResult[]) {
  const values = (results: readonly StepResult[]) => {
    const output = results
      .flatMap((r) => (r.kind === 'returned' ? r.tensors : []))
      .findLast(({ name }) => name === 'output');
    return output === undefined ? [] : numbers(valuesOf(output.tensor));
  };
  return { tensor: 'output', expected: values(expected), actual: values(actual) };
}

function mutationWitness(base: Base, c: Case, specimen: Outcome): Witness | null {
  const x = firstInput(c);
  const results = resultsOf(specimen);
  const step = results.findIndex((r) => r.kind === 'returned' && r.tensors.some((t) => t.name === 'input'));
  const after = valueIn(results[step], 'input');
  if (x === null || after === null) return null;
  const before = valuesOf(x);
  if (!visible(before, after)) return null;
  return { ...base, step, tensor: 'input', expected: numbers(before), actual: numbers(after) };
}

// Where two Outcomes differ, element by element, for tests that ask for the same bits. It asks nobody.

import type { Outcome, StepResult } from '../../ts-impl/conformance/outcome.ts';
import { distanceUlps } from '../../ts-impl/tensor/float-line.ts';
import { widened } from '../../ts-impl/tensor/widen.ts';

export interface Difference {
  readonly where: string;
  readonly ulps: number;
}

/** Every element that is not the same bits, any NaN equal to any NaN; everything else that differs is ∞ ULPs away. */
export function differences(id: string, expected: Outcome, actual: Outcome): { found: Difference[]; elements: number } {
  const found: Difference[] = [];
  let elements = 0;
  const [theirs, ours] = [stepsOf(expected), stepsOf(actual)];
  if (expected.kind !== actual.kind || theirs.length !== ours.length) {
    found.push({
      where: `${id}: ${JSON.stringify(expected)} ≠ ${JSON.stringify(actual)}`,
      ulps: Number.POSITIVE_INFINITY,
    });
    return { found, elements };
  }
  for (const [i, e] of theirs.entries()) {
    const a = ours[i];
    const shown = (r: StepResult) =>
      JSON.stringify({
        ...r,
        tensors: r.kind === 'returned' ? r.tensors.map(({ name, tensor: t }) => [name, t.dtype, t.shape]) : [],
      });
    if (shown(e) !== shown(a)) {
      found.push({ where: `${id} step ${i}: ${shown(e)} ≠ ${shown(a)}`, ulps: Number.POSITIVE_INFINITY });
    } else if (e.kind === 'returned' && a.kind === 'returned') {
      for (const [k, { name, tensor: t }] of e.tensors.entries()) {
        const own = widened(a.tensors[k].tensor).storage;
        const their = widened(t).storage;
        elements += own.length;
        for (let j = 0; j < own.length; j++) {
          if (Object.is(own[j], their[j])) continue;
          const dtype = t.dtype === 'int64' ? 'float64' : t.dtype;
          const ulps = distanceUlps(Number(their[j]), Number(own[j]), dtype);
          found.push({ where: `${id} step ${i} ${name}[${j}]: ${their[j]} ≠ ${own[j]}`, ulps });
        }
      }
    }
  }
  return { found, elements };
}

// --- internal ---

function stepsOf(outcome: Outcome): readonly StepResult[] {
  return outcome.kind === 'returned' || outcome.kind === 'refused' ? outcome.steps : [];
}

// What a printed script prints, read back and held against an outcome bit by bit.

import type { Outcome } from '../../../ts-impl/conformance/outcome.ts';
import { elementsOf } from '../../../ts-impl/conformance/judge/elements.ts';
import { contiguous } from '../../../ts-impl/tensor/tensor.ts';

/** Where what was printed is not what was answered; none where it is, to the last bit. Counts the tensors and refusals that it compared. */
export function differences(
  printed: string,
  outcome: Outcome,
): { readonly compared: number; readonly wrong: string[] } {
  if (outcome.kind !== 'returned' && outcome.kind !== 'refused') return { compared: 0, wrong: [outcome.kind] };
  const lines = printed.split('\n');
  const told = new Map<string, string>();
  for (const line of lines) {
    const at = /^(\d+) (\S+) (\w+) (\[[^\]]*\]) (\[.*\])$/.exec(line);
    if (at !== null) told.set(`${at[1]} ${at[2]} ${at[3]} ${at[4]}`, at[5]);
  }
  const wrong: string[] = [];
  let compared = 0;
  outcome.steps.forEach((result, step) => {
    if (result.kind === 'refused') {
      compared++;
      const said = `${step} raises ${result.type}: ${result.message}`;
      if (!printed.includes(said)) wrong.push(`not printed: ${said}`);
    }
    if (result.kind !== 'returned') return;
    for (const { name, tensor } of result.tensors) {
      compared++;
      const key = `${step} ${name} ${tensor.dtype} [${tensor.shape.join(', ')}]`;
      const values = told.get(key);
      if (values === undefined) wrong.push(`not printed: ${key}`);
      else if (!sameBits(valuesIn(values), elementsOf(contiguous(tensor))))
        wrong.push(`${key}: ${values.slice(0, 200)}`);
      told.delete(key);
    }
  });
  return { compared, wrong: [...wrong, ...[...told.keys()].map((key) => `printed beside: ${key}`)] };
}

/** Numbers as Python or JavaScript prints a list of them. */
export function valuesIn(list: string): number[] {
  const words = list.slice(1, -1).trim();
  if (words === '') return [];
  return words.split(', ').map((word) => {
    if (/^-?nan$/i.test(word)) return Number.NaN;
    if (/^-?inf(inity)?$/i.test(word)) return word.startsWith('-') ? -Infinity : Infinity;
    return Number(word);
  });
}

/** The same numbers, zeros with their signs; a NaN is any NaN. */
function sameBits(a: readonly number[], b: ArrayLike<number>): boolean {
  return a.length === b.length && a.every((v, i) => Object.is(v, b[i]));
}

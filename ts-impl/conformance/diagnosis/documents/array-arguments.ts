// Constructors that take their parameters as arrays, as in (gamma, beta): seen as ones that take a size, from which the arrays are made.

import { type Arguments, type Case, type Step, tensorValue, type Value } from '../../../../cases/case.ts';
import type { Shape } from '../../../tensor/shape.ts';
import { filled, type Specimen } from '../measure/specimen.ts';

/** The specimen itself where no required argument is called like a parameter of a norm, or where one is its size. */
export function withArrayArguments(specimen: Specimen): Specimen {
  const required = specimen.signature.filter((p) => !p.hasDefault);
  const arrays = required.filter((p) => firstValue(p.name) !== null).map((p) => p.name);
  if (arrays.length === 0 || required.length > arrays.length) return specimen;
  const rest = specimen.signature.filter((p) => !arrays.includes(p.name));
  return {
    ...specimen,
    signature: [{ name: SIZE, hasDefault: false, default: null }, ...rest],
    ask: (cases) => specimen.ask(cases.map((c) => withArrays(c, arrays))),
  };
}

// --- internal ---

const SIZE = 'num_features';

/** As py-oracle/torch_side/snippet/roles.py names parameters. */
function firstValue(name: string): number | null {
  if (/gamma|weight|^w$|^scale$|gain/i.test(name)) return 1;
  return /beta|bias|^b$|shift/i.test(name) ? 0 : null;
}

function withArrays(c: Case, arrays: readonly string[]): Case {
  const construct = (step: Step): Step => {
    if (step.kind !== 'construct') return step;
    const { [SIZE]: size, ...others } = step.arguments;
    const shape = size === undefined ? null : shapeOf(size);
    if (shape === null) return step;
    const made: Arguments = Object.fromEntries(
      arrays.map((name) => [name, tensorValue(filled(firstValue(name) ?? 0, shape))]),
    );
    return { ...step, arguments: { ...made, ...others } };
  };
  return { ...c, steps: c.steps.map(construct) };
}

function shapeOf(size: Value): Shape | null {
  if (size.kind === 'int') return [size.value];
  if (size.kind !== 'list') return null;
  return size.items.flatMap((item) => (item.kind === 'int' ? [item.value] : []));
}

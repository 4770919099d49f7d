// A float32 case asked in half precision: the same steps with every float32 tensor rounded. With `mixed` the parameters and buffers stay float32.

import type { Arguments, Case, Step, Value } from '../../cases/case.ts';
import type { HalfDtype } from '../../ts-impl/tensor/dtype.ts';
import { encodeHalves } from '../../ts-impl/tensor/half.ts';
import type { Tensor } from '../../ts-impl/tensor/tensor.ts';

export function halved(c: Case, dtype: HalfDtype, mixed: boolean): Case {
  const half = (t: Tensor): Tensor =>
    t.storage instanceof Float32Array ? { ...t, dtype, storage: encodeHalves(t.storage, dtype) } : t;
  const kept = (t: Tensor): Tensor => (mixed ? t : half(t));
  const steps = c.steps.map((step): Step => {
    switch (step.kind) {
      case 'construct':
        return mixed
          ? { ...step, arguments: { ...step.arguments, dtype: { kind: 'string', value: 'float32' } } }
          : step;
      case 'forward':
        return { ...step, input: half(step.input) };
      case 'backward':
        return { ...step, gradient: half(step.gradient) };
      case 'set_tensor':
        return step.tensor === null ? step : { ...step, tensor: kept(step.tensor) };
      case 'call':
        return { ...step, arguments: halvedArguments(step.arguments, half, kept) };
      default:
        return step;
    }
  });
  return { ...c, id: `${c.id}.${dtype}${mixed ? '-mixed' : ''}`, dtype, steps };
}

// --- internal ---

function halvedArguments(given: Arguments, half: (t: Tensor) => Tensor, kept: (t: Tensor) => Tensor): Arguments {
  const change = (name: string, value: Value): Value =>
    value.kind === 'tensor' ? { kind: 'tensor', tensor: (name === 'input' ? half : kept)(value.tensor) } : value;
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, change(name, value)]));
}

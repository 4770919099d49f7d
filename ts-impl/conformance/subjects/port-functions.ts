// PyTorch's functional signatures as the port needs them: names, defaults, and the checks of kinds. It calls no function.

import { type Arguments, bool, float, type FunctionName, none, type Value } from '../../../cases/case.ts';
import { bind, checkComparable, complaint, type Kind, PythonError, truthy, typeName } from './port-arguments.ts';

/** Every argument of a call with defaults filled in, after the checks. Throws PythonError. */
export function bindCall(name: FunctionName, args: Arguments): Readonly<Record<string, Value>> {
  const signature = SIGNATURES[name];
  const optional = Object.keys(signature.defaults);
  bind(`${name}()`, signature.required, optional, args);
  const bound: Record<string, Value> = { ...signature.defaults, ...args };
  checkInPython(name, bound);
  for (const [position, [parameter, kind]] of signature.parsed.entries()) {
    const wrong = complaint(name, parameter, position + 1, kind, bound[parameter]);
    if (wrong !== null) throw wrong;
  }
  return bound;
}

// --- internal ---

interface Signature {
  readonly required: readonly string[];
  readonly defaults: Arguments;
  /** The operator's own order, in which kinds are checked. */
  readonly parsed: readonly (readonly [string, Kind])[];
}

const TENSORS: readonly (readonly [string, Kind])[] = [
  ['input', 'tensor'],
  ['weight', 'tensor?'],
  ['bias', 'tensor?'],
  ['running_mean', 'tensor?'],
  ['running_var', 'tensor?'],
];

const SIGNATURES: Readonly<Record<FunctionName, Signature>> = {
  batch_norm: {
    required: ['input', 'running_mean', 'running_var'],
    defaults: { weight: none, bias: none, training: bool(false), momentum: float(0.1), eps: float(1e-5) },
    parsed: [...TENSORS, ['training', 'bool'], ['momentum', 'float'], ['eps', 'float']],
  },
  instance_norm: {
    required: ['input'],
    defaults: {
      running_mean: none,
      running_var: none,
      weight: none,
      bias: none,
      use_input_stats: bool(true),
      momentum: float(0.1),
      eps: float(1e-5),
    },
    parsed: [...TENSORS, ['use_input_stats', 'bool'], ['momentum', 'float'], ['eps', 'float']],
  },
  layer_norm: {
    required: ['input', 'normalized_shape'],
    defaults: { weight: none, bias: none, eps: float(1e-5) },
    parsed: [
      ['input', 'tensor'],
      ['normalized_shape', 'ints'],
      ['weight', 'tensor?'],
      ['bias', 'tensor?'],
      ['eps', 'float'],
    ],
  },
  group_norm: {
    required: ['input', 'num_groups'],
    defaults: { weight: none, bias: none, eps: float(1e-5) },
    parsed: [
      ['input', 'tensor'],
      ['num_groups', 'int'],
      ['weight', 'tensor?'],
      ['bias', 'tensor?'],
      ['eps', 'float'],
    ],
  },
  rms_norm: {
    required: ['input', 'normalized_shape'],
    defaults: { weight: none, eps: none },
    parsed: [
      ['input', 'tensor'],
      ['normalized_shape', 'ints'],
      ['weight', 'tensor?'],
      ['eps', 'float?'],
    ],
  },
};

/** What the Python function touches before it calls the operator. */
function checkInPython(name: FunctionName, bound: Readonly<Record<string, Value>>): void {
  const { input } = bound;
  const attribute =
    name === 'group_norm'
      ? 'dim'
      : (name === 'batch_norm' && truthy(bound.training)) || (name === 'instance_norm' && truthy(bound.use_input_stats))
        ? 'size'
        : null;
  if (input.kind !== 'tensor' && attribute !== null) {
    throw new PythonError('AttributeError', `'${typeName(input)}' object has no attribute '${attribute}'`);
  }
  if (name === 'batch_norm') {
    const wrong = checkComparable(truthy(bound.training) ? '<=' : '<', bound.eps);
    if (wrong !== null) throw wrong;
  }
  if (name === 'group_norm' && (bound.num_groups.kind === 'null' || bound.num_groups.kind === 'string')) {
    throw new PythonError('TypeError', `unsupported operand type(s) for //: 'int' and '${typeName(bound.num_groups)}'`);
  }
}

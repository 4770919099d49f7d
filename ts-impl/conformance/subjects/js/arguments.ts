// A case's arguments in the words of JavaScript: sizes by position, options in camelCase, tensors as arrays. It calls nothing.

import type { Arguments, FunctionName, LayerName, Value } from '../../../../cases/case.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import { bindCall } from '../port-functions.ts';
import { PythonError, tensorOf, Unsupported } from '../port-arguments.ts';
import type { NormParameters } from './contract.ts';
import { ownArray } from './tensor-like.ts';

export interface Construction {
  /** numFeatures; numGroups and numChannels; or normalizedShape. */
  readonly sizes: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** Throws Unsupported for what only Python's arguments can be. */
export function constructionOf(layer: LayerName, args: Arguments): Construction {
  const named = SIZES[layer.replace(/[123]d$/, '')];
  const sizes = named.map((name) => {
    if (args[name] === undefined) throw new Unsupported(`a constructor without ${camelCase(name)}`);
    return plain(args[name]);
  });
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(args)) {
    if (named.includes(name)) continue;
    if (!OPTIONS.has(name)) throw new Unsupported(`the constructor argument ${name}`);
    options[camelCase(name)] = plain(value);
  }
  return { sizes, options };
}

export interface FunctionCall {
  readonly input: Tensor;
  /** Tensors that a gradient is asked for, in the order of the call. */
  readonly leaves: readonly ('input' | 'weight' | 'bias')[];
  readonly tensors: Readonly<Record<'weight' | 'bias' | 'running_mean' | 'running_var', Tensor | null>>;
  readonly parameters: NormParameters;
}

/** A functional call with PyTorch's defaults filled in. Throws Unsupported for what only Python's arguments can be. */
export function functionCallOf(name: FunctionName, args: Arguments): FunctionCall {
  const bound = bind(name, args);
  const input = tensorOf(bound.input);
  if (input === null) throw new Unsupported('a call without an input tensor');
  const of = (parameter: string): Tensor | null => tensorOf(bound[parameter]);
  const tensors = {
    weight: of('weight'),
    bias: of('bias'),
    running_mean: of('running_mean'),
    running_var: of('running_var'),
  };
  const running = {
    runningMean: tensors.running_mean && ownArray(tensors.running_mean),
    runningVar: tensors.running_var && ownArray(tensors.running_var),
  };
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(bound))
    if (!(key in tensors) && key !== 'input') rest[camelCase(key)] = plain(value);
  const parameters = {
    weight: tensors.weight && ownArray(tensors.weight),
    bias: tensors.bias && ownArray(tensors.bias),
    ...(name === 'batch_norm' || name === 'instance_norm' ? running : {}),
    ...rest,
  } as NormParameters; // made of the names of the function's own signature
  const leaves = Object.keys(args).filter((key) => key === 'input' || key === 'weight' || key === 'bias');
  return { input, leaves: leaves.filter((leaf) => tensorOf(args[leaf]) !== null), tensors, parameters };
}

/** A value of Python as JavaScript has it. Throws Unsupported for a tensor. */
export function plain(value: Value): unknown {
  switch (value.kind) {
    case 'null':
      return null;
    case 'bool':
    case 'int':
    case 'float':
    case 'string':
      return value.value;
    case 'list':
      return value.items.map(plain);
    case 'tensor':
      throw new Unsupported('a tensor as an option');
    default:
      return value satisfies never;
  }
}

export function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

// --- internal ---

const SIZES: Readonly<Record<string, readonly string[]>> = {
  BatchNorm: ['num_features'],
  InstanceNorm: ['num_features'],
  GroupNorm: ['num_groups', 'num_channels'],
  LayerNorm: ['normalized_shape'],
  RMSNorm: ['normalized_shape'],
};

const OPTIONS = new Set(['eps', 'momentum', 'affine', 'track_running_stats', 'elementwise_affine', 'bias']);

function bind(name: FunctionName, args: Arguments): Readonly<Record<string, Value>> {
  try {
    return bindCall(name, args);
  } catch (problem) {
    if (problem instanceof PythonError) throw new Unsupported(`what Python refuses by itself: ${problem.message}`);
    throw problem;
  }
}

// One export held as a norm: how an instance is made, and which of a norm's parts it has, learnt from one trial. It judges nothing.

import type { FunctionName, LayerName } from '../../../../cases/case.ts';
import type { FloatDtype } from '../../../tensor/dtype.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import { fromStorage, type Tensor } from '../../../tensor/tensor.ts';
import { camelCase, type Construction } from './arguments.ts';
import type { NormModule, NormSubject } from './contract.ts';
import { type CallNorm, FunctionLayer } from './function-layer.ts';
import { type Form, isFunctionName } from './named-layers.ts';
import { isTensor, isTensorLike } from './tensor-like.ts';

export const STATE_NAMES = ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'] as const;
export type StateName = (typeof STATE_NAMES)[number];

/** Which parts a norm has; what it has not is not asked. Plain data. */
export interface Traits {
  readonly form: Form;
  readonly dtypes: readonly FloatDtype[];
  readonly backward: boolean;
  /** Parameters that it answers gradients for. */
  readonly gradients: readonly string[];
  readonly state: readonly StateName[];
  /** It can be told the mode. */
  readonly mode: boolean;
}

export interface HeldNorm {
  readonly name: string;
  readonly traits: Traits;
  make(layer: LayerName, construction: Construction): NormModule;
  /** Null for a class. */
  readonly callNorm: CallNorm | null;
}

/** What an export is: a class that makes norms, a function, or neither. */
export function formOf(value: unknown): Form | null {
  if (typeof value !== 'function') return null;
  const isClass = /^class\b/.test(Function.prototype.toString.call(value));
  return isClass || typeof value.prototype?.forward === 'function' ? 'class' : 'function';
}

/** Makes one instance and runs it once, to see what it has. What the norm throws on the way is left to the cases to show. */
export async function holdNorm(name: string, layer: LayerName | FunctionName, given: NormSubject): Promise<HeldNorm> {
  const form = formOf(given) ?? 'class';
  const dtypes = dtypesOf(given);
  if (form === 'class') {
    const made = given as unknown as new (...all: readonly unknown[]) => NormModule; // formOf has looked
    const make = (_: LayerName, { sizes, options }: Construction) => new made(...sizes, options);
    const traits = isFunctionName(layer) ? NO_TRAITS : await tryLayer(make(layer, trialOf(layer)), layer, dtypes[0]);
    return { name, traits: { form, dtypes, ...traits }, make, callNorm: null };
  }
  const callNorm = given as unknown as CallNorm; // what it takes beside is its own
  const make = (as: LayerName, construction: Construction) => new FunctionLayer(as, callNorm, construction);
  const as = isFunctionName(layer) ? CALLERS[layer] : layer;
  const traits = await tryLayer(make(as, trialOf(as)), as, dtypes[0]);
  return { name, traits: { form, dtypes, ...traits }, make, callNorm };
}

// --- internal ---

const NO_TRAITS = { backward: false, gradients: [], state: [], mode: false };

const CALLERS: Readonly<Record<FunctionName, LayerName>> = {
  batch_norm: 'BatchNorm1d',
  layer_norm: 'LayerNorm',
  instance_norm: 'InstanceNorm1d',
  group_norm: 'GroupNorm',
  rms_norm: 'RMSNorm',
};

const FLOATS: readonly FloatDtype[] = ['float16', 'bfloat16', 'float32', 'float64'];

function dtypesOf(given: NormSubject): readonly FloatDtype[] {
  const declared = given.dtypes;
  const known = Array.isArray(declared) ? FLOATS.filter((dtype) => declared.includes(dtype)) : [];
  return known.length > 0 ? known : ['float32'];
}

/** With everything switched on that can be, so that every part shows. */
function trialOf(layer: LayerName): Construction {
  if (layer === 'GroupNorm') return { sizes: [1, 2], options: { affine: true } };
  if (layer === 'LayerNorm' || layer === 'RMSNorm') return { sizes: [[2]], options: {} };
  return { sizes: [2], options: layer.startsWith('InstanceNorm') ? { affine: true, trackRunningStats: true } : {} };
}

const SHAPES: Readonly<Record<string, Shape>> = {
  BatchNorm2d: [2, 2, 2, 1],
  BatchNorm3d: [2, 2, 2, 1, 1],
  InstanceNorm2d: [1, 2, 2, 2],
  InstanceNorm3d: [1, 2, 2, 2, 1],
};

function trialInput(layer: LayerName, dtype: FloatDtype): Tensor {
  const shape = SHAPES[layer] ?? [2, 2, 2];
  const values = [1, 2, 4, 3, 0, 5, 2, 1].slice(0, sizeOf(shape));
  if (dtype === 'float32') return fromStorage(dtype, shape, Float32Array.from(values));
  if (dtype === 'float64') return fromStorage(dtype, shape, Float64Array.from(values));
  const one = dtype === 'float16' ? 0x3c00 : 0x3f80; // 1, and its neighbours
  return fromStorage(
    dtype,
    shape,
    Uint16Array.from(values, (value) => one + value),
  );
}

async function tryLayer(
  norm: NormModule,
  layer: LayerName,
  dtype: FloatDtype,
): Promise<Omit<Traits, 'form' | 'dtypes'>> {
  const fields = norm as unknown as Readonly<Record<string, unknown>>; // whatever else the class holds
  const state = STATE_NAMES.filter((name) => isState(fields[camelCase(name)]));
  const mode = typeof norm.train === 'function' ? typeof norm.eval === 'function' : typeof norm.training === 'boolean';
  const { backward, gradients } = await tryBackward(norm, trialInput(layer, dtype), state);
  return { state, mode, backward, gradients };
}

function isState(value: unknown): boolean {
  return isTensorLike(value) || typeof value === 'number' || typeof value === 'bigint';
}

async function tryBackward(
  norm: NormModule,
  input: Tensor,
  state: readonly StateName[],
): Promise<{ readonly backward: boolean; readonly gradients: readonly string[] }> {
  const parameters = state.filter((name) => name === 'weight' || name === 'bias');
  if (typeof norm.backward !== 'function') return { backward: false, gradients: [] };
  try {
    await norm.forward(input);
    // Of a function only its answer tells whether there is a way back.
    if (norm instanceof FunctionLayer && !norm.goesBack) return { backward: false, gradients: [] };
    const gradient = await norm.backward(input);
    return { backward: true, gradients: parameters.filter((name) => givenGradient(norm, gradient, name)) };
  } catch {
    return { backward: true, gradients: parameters };
  }
}

/** What an instance holds where it gives gradients one by one. */
export function givenGradient(norm: NormModule, answer: unknown, name: string): boolean {
  return parameterGradient(norm, answer, name) !== null;
}

/** The gradient of a parameter out of what `backward` answered, or of where it was left; null where there is none. */
export function parameterGradient(norm: NormModule, answer: unknown, name: string): unknown {
  if (isAll(answer)) return answer[name] ?? null;
  const fields = norm as unknown as Readonly<Record<string, unknown>>; // `weightGrad` and `biasGrad` are looked for by name
  return fields[`${name}Grad`] ?? null;
}

/** Whether `backward` answered all gradients, by name. */
export function isAll(answer: unknown): answer is Readonly<Record<string, unknown>> {
  return (
    typeof answer === 'object' && answer !== null && !isTensor(answer) && !Array.isArray(answer) && 'input' in answer
  );
}

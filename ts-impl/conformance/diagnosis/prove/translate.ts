// Between PyTorch's words and the specimen's: a Case put to PyTorch becomes the same question to the specimen, and its answer comes back.

import {
  type Arguments,
  type Case,
  int,
  ints,
  type NamedTensor,
  type Step,
  type Value,
} from '../../../../cases/case.ts';
import { makeStorage } from '../../../tensor/dtype.ts';
import { contiguousStrides, type Shape, sizeOf } from '../../../tensor/shape.ts';
import { contiguous, type Tensor } from '../../../tensor/tensor.ts';
import type { Outcome, StepResult } from '../../outcome.ts';
import type { TensorRoles } from '../measure/measure-roles.ts';
import type { Stance } from '../measure/stance.ts';
import { bufferCount, entryCount } from '../model/model-entries.ts';
import type { Profile } from '../model/profile.ts';

export interface Dictionary {
  /** The specimen's class. */
  readonly className: string;
  readonly stance: Stance;
  readonly profile: Profile;
  /** PyTorch's names of tensors to the specimen's. */
  readonly names: ReadonlyMap<string, string>;
}

export function makeDictionary(className: string, stance: Stance, roles: TensorRoles, profile: Profile): Dictionary {
  const names = new Map<string, string>();
  const add = (torch: string, name: string | null) => name !== null && names.set(torch, name);
  add('weight', roles.weight);
  add('bias', roles.bias);
  if (profile.running !== null) {
    add('running_mean', roles.runningMean);
    add('running_var', roles.runningVar);
  }
  add('num_batches_tracked', roles.counter);
  return { className, stance, profile, names };
}

/** The Case in the specimen's words; null where it has no words for it. */
export function toSpecimen(c: Case, dictionary: Dictionary): Case | null {
  const steps: Step[] = [];
  for (const step of c.steps) {
    const translated = stepToSpecimen(step, dictionary, c);
    if (translated === null) return null;
    if (translated !== 'nothing') steps.push(translated);
    else steps.push({ kind: 'read', what: 'buffers' }); // keeps step numbers the same; answers nothing that is looked at
  }
  return { ...c, steps };
}

/** The specimen's answer in PyTorch's names and shapes; what PyTorch did not answer there, and all texts, are left out. */
export function toTorch(outcome: Outcome, expected: Outcome, dictionary: Dictionary): Outcome {
  if (outcome.kind !== 'returned' && outcome.kind !== 'refused') return outcome;
  const shapes = expected.kind === 'returned' || expected.kind === 'refused' ? expected.steps : [];
  const steps = outcome.steps.map((result, i): StepResult => {
    if (result.kind !== 'returned') return result;
    const like = shapes[i]?.kind === 'returned' ? shapes[i].tensors : [];
    const tensors = torchNames(dictionary).flatMap(([torch, name]): NamedTensor[] => {
      const found = result.tensors.find((t) => t.name === name);
      const other = like.find((t) => t.name === torch);
      if (found === undefined || other === undefined) return [];
      return [{ name: torch, tensor: inShape(found.tensor, other.tensor.shape) }];
    });
    return { kind: 'returned', tensors, texts: {} };
  });
  return { ...outcome, steps };
}

/** PyTorch's answer without what the specimen has no tensor for, and without texts: what is left is compared in full. */
export function withoutUnnamed(outcome: Outcome, dictionary: Dictionary): Outcome {
  if (outcome.kind !== 'returned' && outcome.kind !== 'refused') return outcome;
  const known = new Set(torchNames(dictionary).map(([torch]) => torch));
  const steps = outcome.steps.map((result): StepResult => {
    if (result.kind !== 'returned') return result;
    return { kind: 'returned', tensors: result.tensors.filter((t) => known.has(t.name)), texts: {} };
  });
  return { ...outcome, steps };
}

// --- internal ---

function torchNames(dictionary: Dictionary): [string, string][] {
  const names: [string, string][] = [
    ['output', 'output'],
    ['input.grad', 'input.grad'],
  ];
  const answered = dictionary.profile.gradient?.answered;
  for (const [torch, name] of dictionary.names) {
    names.push([torch, name]);
    if (answered?.includes(`${name}.grad`) ?? true) names.push([`${torch}.grad`, `${name}.grad`]);
  }
  return names;
}

function inShape(t: Tensor, shape: Shape): Tensor {
  return sizeOf(t.shape) === sizeOf(shape) ? { ...contiguous(t), shape, strides: contiguousStrides(shape) } : t;
}

function stepToSpecimen(step: Step, dictionary: Dictionary, c: Case): Step | 'nothing' | null {
  switch (step.kind) {
    case 'construct': {
      const args = constructorArguments(step.arguments, dictionary);
      return args === null ? null : { kind: 'construct', layer: dictionary.className, arguments: args };
    }
    case 'set_tensor': {
      const name = dictionary.names.get(step.name);
      if (name === undefined || step.tensor === null) return 'nothing';
      return { ...step, name, tensor: tensorToSpecimen(step.name, step.tensor, name, dictionary, c) };
    }
    case 'forward':
    case 'backward':
    case 'cast':
    case 'copy':
      return step;
    case 'read':
      return { kind: 'read', what: 'all' };
    default:
      return null;
  }
}

/** PyTorch's options as the specimen's arguments; null where it has none for an option that is given. */
function constructorArguments(given: Arguments, { stance, profile }: Dictionary): Arguments | null {
  const args: Record<string, Value> = { ...stance.arguments };
  const set = (role: string, value: Value) => {
    for (const [name, r] of stance.roles) if (r === role && name in args) args[name] = value;
  };
  for (const [option, value] of Object.entries(given)) {
    switch (option) {
      case 'num_features':
      case 'num_channels':
        set('size', value);
        break;
      case 'normalized_shape':
        if (stance.sizeArguments.length === 0) set('size', sizeArgument(value, stance));
        else setApart(args, value, stance.sizeArguments);
        break;
      case 'num_groups':
        set('groups', value);
        break;
      case 'eps':
        if (profile.epsArgument === null) return null;
        args[profile.epsArgument] = value;
        break;
      case 'momentum':
        if (profile.running?.argument === null || profile.running?.argument === undefined) return null;
        args[profile.running.argument.name] = value;
        break;
      default:
        break; // affine and tracking are what the stance has
    }
  }
  return args;
}

/** normalized_shape as one argument for each of its sizes. */
function setApart(args: Record<string, Value>, value: Value, names: readonly string[]): void {
  if (value.kind !== 'list') return;
  names.forEach((name, i) => {
    args[name] = value.items[i] ?? args[name];
  });
}

function sizeArgument(value: Value, stance: Stance): Value {
  const sizes = value.kind === 'list' ? value.items.map((item) => (item.kind === 'int' ? item.value : 0)) : [];
  const asList = Object.values(stance.arguments).some((v) => v.kind === 'list');
  return asList ? ints(sizes) : int(stance.sizeAxis === 1 ? sizes[0] : sizes[sizes.length - 1]);
}

/** A parameter's values in the specimen's own shape: reshaped, or the entry that stands for each of its own. */
function tensorToSpecimen(torch: string, t: Tensor, name: string, dictionary: Dictionary, c: Case): Tensor {
  const { stance, profile } = dictionary;
  const known = stance.tensors.find((s) => s.name === name)?.shape ?? t.shape;
  const affine = torch === 'weight' ? profile.affine.weight : torch === 'bias' ? profile.affine.bias : null;
  const input = c.steps.find((s) => s.kind === 'forward');
  const inputShape = input?.kind === 'forward' ? input.input.shape : stance.shape;
  const entries = affine === null ? bufferCount(profile, inputShape) : entryCount(affine, profile, inputShape);
  const shape = resized(known, entries, inputShape);
  if (sizeOf(shape) === sizeOf(t.shape)) return inShape(t, shape);
  const plain = contiguous(t);
  const stride = affine?.axes.length === 1 ? strideOf(affine.axes[0], t.shape, inputShape.length) : 0;
  const storage = makeStorage(t.dtype, sizeOf(shape));
  for (let i = 0; i < storage.length; i++) storage[i] = plain.storage[Math.min(i * stride, plain.storage.length - 1)];
  return { dtype: t.dtype, shape, strides: contiguousStrides(shape), offset: 0, storage };
}

/** Elements of a normalized_shape parameter from one step along `axis` of the input to the next. */
function strideOf(axis: number, shape: Shape, rank: number): number {
  return shape.slice(axis - (rank - shape.length) + 1).reduce((n, size) => n * size, 1);
}

/** A tensor's shape as it is in an instance for an input of another size, which has `entries` entries in it. */
function resized(known: Shape, entries: number, input: Shape): Shape {
  if (sizeOf(known) === entries) return known;
  if (known.filter((size) => size !== 1).length === 1) return known.map((size) => (size === 1 ? 1 : entries));
  return known.map((size, i) => (size === 1 ? 1 : input[input.length - known.length + i]));
}

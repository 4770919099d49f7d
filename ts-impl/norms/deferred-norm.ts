// A BatchNorm or InstanceNorm whose number of features may be told by its first input, as in PyTorch's lazy layers. No arithmetic.

import type { FloatDtype } from '../tensor/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { filled } from './parameters.ts';
import { RunningNorm } from './running-norm.ts';
import type { StateDict, StateEntry } from './state-dict.ts';
import { TorchError } from './torch-error.ts';

/** Until they are initialised, parameters and buffers are there but hold nothing: their shape is [0] here and unknown in PyTorch. */
export abstract class DeferredNorm extends RunningNorm {
  /** Of a lazy layer, what its first call has yet to give a size: `weight`, `bias`, `running_mean`, `running_var`. */
  readonly uninitialized: Set<string> = new Set();
  /** The class that it becomes with its first call; null where it is of its final class. */
  private becomes: string | null = null;

  /** For the constructor of a lazy layer: nothing has a size yet. */
  protected defer(becomes: string): void {
    this.becomes = becomes;
    for (const { name } of this.tensors()) if (name !== 'num_batches_tracked') this.uninitialized.add(name);
  }

  /** Every call begins with it: a lazy layer takes the size of axis 1, batched or not, and becomes what it stands for. */
  protected initialize(input: Tensor): void {
    if (this.becomes === null) return;
    if (this.uninitialized.size > 0) this.initializeParameters(input);
    this.className = this.becomes;
    this.becomes = null;
  }

  override resetRunningStats(): void {
    if (this.trackRunningStats && this.uninitialized.has('running_mean'))
      throw uninitialized(METHODS.zero, 'UninitializedBuffer');
    super.resetRunningStats();
  }

  override resetParameters(): void {
    if (this.becomes !== null && (this.uninitialized.size > 0 || this.numFeatures === 0)) return;
    super.resetParameters();
  }

  override assign(name: string, tensor: Tensor | null): boolean {
    this.uninitialized.delete(name);
    return super.assign(name, tensor);
  }

  override clone(): this {
    if (this.uninitialized.has('running_mean') || this.uninitialized.has('running_var')) {
      throw uninitialized(METHODS.deepcopy, 'UninitializedBuffer');
    }
    const copy = super.clone();
    return Object.assign(copy, { uninitialized: new Set(this.uninitialized) });
  }

  /** Only what has a size yet. */
  override stateDict(): StateDict {
    const { entries, version } = super.stateDict();
    return { entries: entries.filter(({ name }) => !this.uninitialized.has(name)), version };
  }

  /** What is loaded has the size that is loaded; the number of features stays unknown. */
  protected override prepareState(state: StateDict): { entries: readonly StateEntry[]; errors: string[] } {
    for (const { name, tensor } of this.tensors()) {
      const found = state.entries.find((entry) => entry.name === name)?.tensor;
      if (found !== undefined && this.uninitialized.has(name)) {
        this.assign(name, filled(found.shape, tensor.dtype as FloatDtype, 0)); // made as a float by the constructor
      }
    }
    return super.prepareState(state);
  }

  private initializeParameters(input: Tensor): void {
    if (input.shape.length < 2) throw new TorchError('IndexError', 'tuple index out of range');
    this.numFeatures = input.shape[1];
    const parameters = this.affine ? (['weight', ...(this.bias === null ? [] : ['bias'])] as const) : [];
    for (const name of parameters) {
      if (!this.uninitialized.has(name)) {
        throw new TorchError('AssertionError', `self.${name} must be an UninitializedParameter`);
      }
      this.materialize(name);
    }
    for (const name of this.trackRunningStats ? (['running_mean', 'running_var'] as const) : []) {
      if (!this.uninitialized.has(name)) {
        const type = this.tensors().some((entry) => entry.name === name) ? 'Tensor' : 'NoneType';
        throw new TorchError('AttributeError', `'${type}' object has no attribute 'materialize'`);
      }
      this.materialize(name);
    }
    super.resetParameters();
  }

  private materialize(name: string): void {
    const own = this.tensors().find((entry) => entry.name === name);
    if (own === undefined) return;
    const frozen = (name === 'weight' || name === 'bias') && !this.requiresGrad[name];
    this.assign(name, filled([this.numFeatures], own.tensor.dtype as FloatDtype, 0)); // made as a float by the constructor
    if (frozen) this.requiresGrad[name as 'weight' | 'bias'] = false; // it is one of these two
  }
}

/** PyTorch's words for touching what has no size yet. */
export function uninitialized(method: string, type: 'UninitializedParameter' | 'UninitializedBuffer'): TorchError {
  return new TorchError(
    'ValueError',
    `Attempted to use an uninitialized parameter in ${method}. This error happens when you are using a \`LazyModule\` or explicitly manipulating \`torch.nn.parameter.${type}\` objects. When using LazyModules Call \`forward\` with a dummy batch to initialize the parameters before calling torch functions`,
  );
}

// --- internal ---

const METHODS = {
  zero: "<method 'zero_' of 'torch._C.TensorBase' objects>",
  deepcopy: '<function Tensor.__deepcopy__>',
} as const;

// What all layers share: mode, parameters and their gradients, the state dict, copying, casting, repr. No arithmetic of a norm.

import type { FloatDtype } from '../tensor/dtype.ts';
import { sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Call, Gradients } from './call.ts';
import { addInto, castTensor, cloneTensor, overwrite } from './parameters.ts';
import { type LoadReport, loadEntries, type StateDict, type StateEntry } from './state-dict.ts';
import { TorchError } from './torch-error.ts';

/** A layer. `forward` records the call, `backward` goes back through the latest one and adds to the parameters' gradients. */
export abstract class Module {
  abstract className: string;
  /** True after construction and `train()`, false after `eval()`. */
  training = true;
  weight: Tensor | null = null;
  bias: Tensor | null = null;
  /** Sums over backward calls; null before the first and after `zeroGrad()`. */
  weightGrad: Tensor | null = null;
  biasGrad: Tensor | null = null;
  /** PyTorch's `weight.requires_grad`: a parameter set to false is frozen and gathers no gradient. */
  readonly requiresGrad = { weight: true, bias: true };
  private latest: Call | null = null;

  /** The metadata version of the state dict. */
  readonly version: number = 1;

  /** The output, of the input's shape. The input is never written, the output never shares its memory. Throws TorchError. */
  forward(input: Tensor): Tensor {
    this.latest = null;
    this.latest = this.call(input);
    return this.latest.output;
  }

  /**
   * The input's gradient for an upstream gradient of the output's shape, through the latest forward; may be repeated. Adds to
   * `weightGrad` and `biasGrad`. Throws TorchError where no forward succeeded.
   */
  backward(gradient: Tensor): Tensor {
    if (this.latest === null) {
      throw new TorchError('RuntimeError', 'backward was called without a forward that returned; call forward first');
    }
    const gradients = this.latest.backward(gradient);
    this.accumulate(gradients);
    return gradients.input;
  }

  /**
   * What PyTorch does in Python before it calls an operator: checks of the input, and the count of batches. `call` begins with it.
   * Throws TorchError.
   */
  begin(_input: Tensor): void {}

  /** What `forward` does, answering the way back too and recording nothing here. Running statistics are updated. */
  abstract call(input: Tensor): Call;

  /** Adds the gradients of a call to the parameters'. */
  accumulate(gradients: Gradients): void {
    if (this.requiresGrad.weight) this.weightGrad = sumOf(this.weightGrad, gradients.weight);
    if (this.requiresGrad.bias) this.biasGrad = sumOf(this.biasGrad, gradients.bias);
  }

  /** Forgets the parameters' gradients. */
  zeroGrad(): void {
    this.weightGrad = null;
    this.biasGrad = null;
  }

  train(mode = true): this {
    this.training = mode;
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  /** Parameters and buffers that exist, in PyTorch's order; the tensors are live. */
  tensors(): StateEntry[] {
    const entries: StateEntry[] = [];
    if (this.weight !== null) entries.push({ name: 'weight', tensor: this.weight });
    if (this.bias !== null) entries.push({ name: 'bias', tensor: this.bias });
    return entries;
  }

  /**
   * Puts another tensor, or none, in the place of a parameter or buffer; its memory is copied. False where there is no such place.
   * A parameter of the same dtype and shape stays the same one with other values, and keeps its gradient; calls made before see them.
   */
  assign(name: string, tensor: Tensor | null): boolean {
    if (name !== 'weight' && name !== 'bias') return false;
    const before = this[name];
    const kept =
      before !== null && tensor !== null && before.dtype === tensor.dtype && sameShape(before.shape, tensor.shape);
    if (kept) {
      overwrite(before, tensor);
      return true;
    }
    this[name] = tensor && cloneTensor(tensor);
    this.requiresGrad[name] = tensor?.dtype !== 'int64';
    if (name === 'weight') this.weightGrad = null;
    else this.biasGrad = null;
    return true;
  }

  /** Copies of parameters and buffers under PyTorch's names, with the metadata version. */
  stateDict(): StateDict {
    const entries = this.tensors().map(({ name, tensor }) => ({ name, tensor: cloneTensor(tensor) }));
    return { entries, version: this.version };
  }

  /**
   * Copies entries into parameters and buffers of the same name, cast to their dtype. A `version` of null is a dict without
   * metadata. Throws TorchError with PyTorch's list of what does not fit; what fits has been loaded by then.
   */
  loadStateDict(state: StateDict, strict = true): LoadReport {
    const prepared = this.prepareState({ ...state, entries: lastOfEach(state.entries) });
    return loadEntries(this.className, this.tensors(), prepared.entries, prepared.errors, strict);
  }

  /** Casts floating parameters, buffers and gradients. */
  to(dtype: FloatDtype): this {
    this.weight = this.weight && castTensor(this.weight, dtype);
    this.bias = this.bias && castTensor(this.bias, dtype);
    this.weightGrad = this.weightGrad && castTensor(this.weightGrad, dtype);
    this.biasGrad = this.biasGrad && castTensor(this.biasGrad, dtype);
    return this;
  }

  /** A layer of the same class and state that shares no memory with this one. As in PyTorch it has no gradients yet. */
  clone(): this {
    const copy: this = Object.assign(Object.create(Object.getPrototypeOf(this)), this, {
      requiresGrad: { ...this.requiresGrad },
    });
    copy.weight = this.weight && cloneTensor(this.weight);
    copy.bias = this.bias && cloneTensor(this.bias);
    copy.zeroGrad();
    return copy;
  }

  /**
   * PyTorch's repr. `written` gives the words of arguments that were written differently than this language can tell, such as
   * `{ momentum: '1' }` for Python's int.
   */
  toString(written: Readonly<Record<string, string>> = {}): string {
    return `${this.className}(${this.extraRepr(written)})`;
  }

  abstract resetParameters(): void;
  protected abstract extraRepr(written: Readonly<Record<string, string>>): string;

  /** What a layer does to a state dict of an older version before it is loaded. */
  protected prepareState(state: StateDict): { entries: readonly StateEntry[]; errors: string[] } {
    return { entries: state.entries, errors: [] };
  }
}

// --- internal ---

/** A dict holds a name once: at its first place, with its last value. */
function lastOfEach(entries: readonly StateEntry[]): readonly StateEntry[] {
  return [...new Map(entries.map((entry) => [entry.name, entry])).values()];
}

function sumOf(sum: Tensor | null, gradient: Tensor | null): Tensor | null {
  if (gradient === null) return sum;
  if (sum === null) return cloneTensor(gradient);
  addInto(sum, gradient);
  return sum;
}

// What BatchNorm and InstanceNorm share: options, parameters (C,), running statistics and their state dict. No arithmetic of a norm.

import type { FloatDtype } from '../tensor/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkSize } from './arguments.ts';
import { Module } from './module.ts';
import { castTensor, cloneTensor, counter, filled, increment, present, refill } from './parameters.ts';
import { pythonBool, pythonFloat } from './python-words.ts';
import type { StateDict, StateEntry } from './state-dict.ts';
import { TorchError } from './torch-error.ts';

export interface RunningOptions {
  readonly eps?: number;
  /** Weight of the new value in the running average; null for the cumulative average. */
  readonly momentum?: number | null;
  readonly affine?: boolean;
  readonly trackRunningStats?: boolean;
  readonly bias?: boolean;
  readonly dtype?: FloatDtype;
}

/** The names of the options. */
export const RUNNING_OPTIONS = ['eps', 'momentum', 'affine', 'trackRunningStats', 'bias', 'dtype'];

export abstract class RunningNorm extends Module {
  numFeatures: number;
  eps: number;
  momentum: number | null;
  affine: boolean;
  trackRunningStats: boolean;
  runningMean: Tensor | null = null; // [C]
  runningVar: Tensor | null = null; // [C]
  numBatchesTracked: Tensor | null = null; // [] int64
  override readonly version = 2;
  protected abstract readonly ranks: readonly number[];

  constructor(numFeatures: number, options: RunningOptions & { affine: boolean; trackRunningStats: boolean }) {
    super();
    const { eps = 1e-5, momentum = 0.1, affine, trackRunningStats, bias = true, dtype = 'float32' } = options;
    // Without parameters and buffers the number is not used, and PyTorch takes None for it.
    if (affine || trackRunningStats || typeof numFeatures !== 'number')
      checkSize('the layer', 'numFeatures', numFeatures);
    this.numFeatures = numFeatures;
    this.eps = eps;
    this.momentum = momentum;
    this.affine = affine;
    this.trackRunningStats = trackRunningStats;
    if (affine) {
      this.weight = filled([numFeatures], dtype, 1);
      if (bias) this.bias = filled([numFeatures], dtype, 0);
    }
    if (trackRunningStats) {
      this.runningMean = filled([numFeatures], dtype, 0);
      this.runningVar = filled([numFeatures], dtype, 1);
      this.numBatchesTracked = counter(0n);
    }
  }

  /** Running mean 0, variance 1, count 0; nothing where none are tracked. */
  resetRunningStats(): void {
    if (!this.trackRunningStats) return;
    refill(present(this.runningMean, 'zero_'), 0);
    refill(present(this.runningVar, 'fill_'), 1);
    refill(present(this.numBatchesTracked, 'zero_'), 0);
  }

  /** Weight 1, bias 0, and the running statistics reset. */
  resetParameters(): void {
    this.resetRunningStats();
    if (!this.affine) return;
    refill(present(this.weight, 'fill_'), 1);
    if (this.bias !== null) refill(this.bias, 0);
  }

  override tensors(): StateEntry[] {
    return [...super.tensors(), ...this.buffers()];
  }

  /** The buffers that exist, live. */
  buffers(): StateEntry[] {
    const entries: StateEntry[] = [];
    if (this.runningMean !== null) entries.push({ name: 'running_mean', tensor: this.runningMean });
    if (this.runningVar !== null) entries.push({ name: 'running_var', tensor: this.runningVar });
    if (this.numBatchesTracked !== null) entries.push({ name: 'num_batches_tracked', tensor: this.numBatchesTracked });
    return entries;
  }

  override assign(name: string, tensor: Tensor | null): boolean {
    const value = tensor && cloneTensor(tensor);
    if (name === 'running_mean') this.runningMean = value;
    else if (name === 'running_var') this.runningVar = value;
    else if (name === 'num_batches_tracked') this.numBatchesTracked = value;
    else return super.assign(name, tensor);
    return true;
  }

  override to(dtype: FloatDtype): this {
    super.to(dtype);
    this.runningMean = this.runningMean && castTensor(this.runningMean, dtype);
    this.runningVar = this.runningVar && castTensor(this.runningVar, dtype);
    return this;
  }

  override clone(): this {
    const copy = super.clone();
    copy.runningMean = this.runningMean && cloneTensor(this.runningMean);
    copy.runningVar = this.runningVar && cloneTensor(this.runningVar);
    copy.numBatchesTracked = this.numBatchesTracked && cloneTensor(this.numBatchesTracked);
    return copy;
  }

  /** Adds one to the count of batches, if there is one. */
  protected countBatch(): void {
    if (this.numBatchesTracked !== null) increment(this.numBatchesTracked);
  }

  /** 1 / count, the weight of the latest batch in the cumulative average; 0 without a count. Throws as Python does for what is no number. */
  protected shareOfBatch(): number {
    if (this.numBatchesTracked === null) return 0;
    const { storage } = castTensor(this.numBatchesTracked, 'float64');
    if (storage.length !== 1) {
      throw new TorchError('ValueError', 'only one element tensors can be converted to Python scalars');
    }
    if (Number(storage[0]) === 0) throw new TorchError('ZeroDivisionError', 'float division by zero');
    return 1 / Number(storage[0]);
  }

  protected extraRepr(written: Readonly<Record<string, string>>): string {
    const words: Record<string, string> = {
      num_features: String(this.numFeatures),
      eps: pythonFloat(this.eps),
      momentum: this.momentum === null ? 'None' : pythonFloat(this.momentum),
      affine: pythonBool(this.affine),
      track_running_stats: pythonBool(this.trackRunningStats),
      ...written,
    };
    return `${words.num_features}, eps=${words.eps}, momentum=${words.momentum}, affine=${words.affine}, bias=${pythonBool(this.bias !== null)}, track_running_stats=${words.track_running_stats}`;
  }

  /** Before version 2 there was no count of batches: the present one stays. */
  protected override prepareState(state: StateDict): { entries: readonly StateEntry[]; errors: string[] } {
    const old = state.version === null || state.version < 2;
    const has = state.entries.some((entry) => entry.name === 'num_batches_tracked');
    if (!old || has || !this.trackRunningStats) return { entries: state.entries, errors: [] };
    const tensor = this.numBatchesTracked ?? counter(0n);
    return { entries: [...state.entries, { name: 'num_batches_tracked', tensor }], errors: [] };
  }
}

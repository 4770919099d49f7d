// A function with its state kept for it, so that it can be put the questions of a layer: parameters, buffers, mode, the count of batches.

import type { LayerName } from '../../../../cases/case.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { Construction } from './arguments.ts';
import type { FloatArray, FunctionAnswer, GradientsLike, NormModule, NormParameters, TensorLike } from './contract.ts';
import { ContractError, isTensor, isTensorLike, ownArray, toTensor } from './tensor-like.ts';

/** The function as its caller sees it. */
export type CallNorm = (input: FloatArray, shape: readonly number[], parameters: NormParameters) => unknown;

/** The output, and the way back where the function answers one. Throws ContractError. */
export function outputOf(answer: unknown): FunctionAnswer {
  if (isTensorLike(answer)) return { output: answer };
  if (typeof answer === 'object' && answer !== null && 'output' in answer) return answer as FunctionAnswer; // its parts are checked where they are used
  const what = answer === null ? 'null' : typeof answer;
  throw new ContractError(`the function answered ${what}, expected the output or { output, backward }`);
}

/** Calls its function as PyTorch's layer of that name calls PyTorch's. */
export class FunctionLayer implements NormModule {
  training = true;
  weight: FloatArray | null = null; // [C], or the elements of normalizedShape
  bias: FloatArray | null = null; // the same
  runningMean: FloatArray | null = null; // [C]
  runningVar: FloatArray | null = null; // [C]
  numBatchesTracked: number | null = null;
  eps: number | null;
  momentum: number | null;
  trackRunningStats: boolean;
  private readonly layer: LayerName;
  private readonly callNorm: CallNorm;
  private readonly sizes: readonly unknown[];
  private latest: NonNullable<FunctionAnswer['backward']> | null = null;

  constructor(layer: LayerName, callNorm: CallNorm, { sizes, options }: Construction) {
    const given: LayerOptions = options; // of a case, which may name other things than numbers: the function's to refuse
    const byDefault = !layer.startsWith('InstanceNorm');
    const features = elementsOf(layer, sizes);
    this.layer = layer;
    this.callNorm = callNorm;
    this.sizes = sizes;
    this.eps = given.eps === undefined ? (layer === 'RMSNorm' ? null : 1e-5) : given.eps;
    this.momentum = given.momentum === undefined ? 0.1 : given.momentum;
    this.trackRunningStats = isRunning(layer) && (given.trackRunningStats ?? byDefault);
    if (given.affine ?? given.elementwiseAffine ?? byDefault) {
      this.weight = new Float32Array(features).fill(1);
      if (given.bias !== false && layer !== 'RMSNorm') this.bias = new Float32Array(features);
    }
    if (this.trackRunningStats) {
      this.runningMean = new Float32Array(features);
      this.runningVar = new Float32Array(features).fill(1);
      this.numBatchesTracked = 0;
    }
  }

  async forward(input: Tensor): Promise<TensorLike> {
    this.latest = null;
    checkRank(this.layer, input.shape.length);
    const shape = isUnbatched(this.layer, input.shape.length) ? [1, ...input.shape] : input.shape;
    const answer = outputOf(await this.callNorm(ownArray(input), shape, this.parameters()));
    this.latest = answer.backward ?? null;
    return withoutShape(answer.output);
  }

  /** Whether the latest call answered a way back. */
  get goesBack(): boolean {
    return this.latest !== null;
  }

  async backward(gradient: Tensor): Promise<GradientsLike> {
    if (this.latest === null) throw new ContractError('the function answered no backward this time');
    const gradients = await this.latest(ownArray(gradient));
    return { ...gradients, input: withoutShape(gradients.input) };
  }

  private parameters(): NormParameters {
    const { weight, bias, eps } = this;
    if (this.layer.startsWith('BatchNorm')) return { weight, bias, eps, ...this.batchParameters() };
    if (this.layer.startsWith('InstanceNorm')) {
      const useInputStats = this.training || !this.trackRunningStats;
      const { runningMean, runningVar } = this;
      return { weight, bias, eps, runningMean, runningVar, momentum: this.momentum ?? 0, useInputStats };
    }
    if (this.layer === 'GroupNorm') return { weight, bias, eps, numGroups: Number(this.sizes[0]) };
    return { weight, bias, eps, normalizedShape: sizesIn(this.sizes[0]) };
  }

  private batchParameters() {
    let momentum = this.momentum ?? 0;
    if (this.training && this.trackRunningStats && this.numBatchesTracked !== null) {
      this.numBatchesTracked++;
      if (this.momentum === null) momentum = 1 / this.numBatchesTracked; // cumulative average
    }
    const training = this.training || (this.runningMean === null && this.runningVar === null);
    const pass = !this.training || this.trackRunningStats;
    return {
      runningMean: pass ? this.runningMean : null,
      runningVar: pass ? this.runningVar : null,
      momentum,
      training,
    };
  }
}

// --- internal ---

interface LayerOptions {
  readonly eps?: number | null;
  readonly momentum?: number | null;
  readonly affine?: boolean;
  readonly elementwiseAffine?: boolean;
  readonly trackRunningStats?: boolean;
  readonly bias?: boolean;
}

/** PyTorch's InstanceNorm layers take one sample without its axis, and call their function with it. */
function isUnbatched(layer: LayerName, rank: number): boolean {
  const spatial = /^InstanceNorm([123])d$/.exec(layer)?.[1];
  return spatial !== undefined && rank === Number(spatial) + 1;
}

/** The elements alone; whoever reads them knows the shape. A tensor of other strides is read in index order. */
function withoutShape(given: TensorLike): TensorLike {
  return isTensor(given) ? (toTensor('output', given, given).storage as FloatArray) : given; // a norm answers no integers
}

/** What PyTorch's layers refuse before they call their function. Throws RangeError. */
function checkRank(layer: LayerName, rank: number): void {
  const spatial = /([123])d$/.exec(layer)?.[1];
  if (spatial === undefined) return;
  const most = Number(spatial) + 2;
  const fewest = layer.startsWith('InstanceNorm') || spatial === '1' ? most - 1 : most;
  if (rank < fewest || rank > most) throw new RangeError(`${layer} takes ${fewest} to ${most} axes, not ${rank}`);
}

function isRunning(layer: LayerName): boolean {
  return layer.startsWith('BatchNorm') || layer.startsWith('InstanceNorm');
}

function elementsOf(layer: LayerName, sizes: readonly unknown[]): number {
  if (layer === 'GroupNorm') return Number(sizes[1]);
  return isRunning(layer) ? Number(sizes[0]) : sizeOf(sizesIn(sizes[0]));
}

function sizesIn(size: unknown): readonly number[] {
  return Array.isArray(size) ? size.map(Number) : [Number(size)];
}

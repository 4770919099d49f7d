// What a norm written in JavaScript has to look like to be held against PyTorch: a class or a function. Types alone.

import type { FloatDtype } from '../../../tensor/dtype.ts';
import type { Shape } from '../../../tensor/shape.ts';
import type { Tensor } from '../../../tensor/tensor.ts';

/** Elements in index order; float16 and bfloat16 come as the raw bits of each element in a Uint16Array. */
export type FloatArray = Float32Array | Float64Array | Uint16Array;

/**
 * A tensor as a norm may answer it: a typed array in index order (its shape is then that of the input, or of the parameter), plain
 * numbers (rounded to the dtype of the input), or a tensor of `normative/tensor`.
 */
export type TensorLike = FloatArray | readonly number[] | Tensor;

/** Gradients of one call; a parameter that is not there may be left out. */
export interface GradientsLike {
  readonly input: TensorLike;
  readonly weight?: TensorLike | null;
  readonly bias?: TensorLike | null;
}

/**
 * An instance of a norm's class. Only `forward` is needed: what is not there is not asked, and the report says so.
 * Every tensor handed over is contiguous and the norm's own to keep.
 */
export interface NormModule {
  /** Input and output of one shape. Throws what it refuses. */
  forward(input: Tensor): TensorLike | Promise<TensorLike>;
  /**
   * Back through the latest forward: the gradients for an upstream gradient of the output's shape, either all of them or the
   * input's alone with the parameters' left in `weightGrad` and `biasGrad`, which are set to null before each call.
   */
  backward?(gradient: Tensor): TensorLike | GradientsLike | Promise<TensorLike | GradientsLike>;
  /** Before a forward in training mode; without it `training` is set. */
  train?(): unknown;
  /** Before a forward in evaluation mode; without it `training` is set. */
  eval?(): unknown;
  training?: boolean;
  /** Parameters and buffers are read and replaced by what is like them: a typed array by a typed array, a tensor by a tensor. */
  weight?: TensorLike | null;
  bias?: TensorLike | null;
  runningMean?: TensorLike | null;
  runningVar?: TensorLike | null;
  numBatchesTracked?: number | bigint | Tensor | null;
}

/**
 * A norm's class. Its constructor takes PyTorch's sizes and then PyTorch's options in camelCase: `(numFeatures, options)`,
 * `(numGroups, numChannels, options)` or `(normalizedShape, options)`. Options that a case does not name are left out, so that the
 * class's own defaults are compared with PyTorch's.
 */
export type NormClass = (abstract new (...sizesAndOptions: never[]) => NormModule) & Declared;

/** Everything a function is called with beside the input; what a kind of norm does not have is left out. */
export interface NormParameters {
  readonly weight: FloatArray | null;
  readonly bias: FloatArray | null;
  /** Null for RMSNorm alone, where it stands for the machine epsilon of the dtype. */
  readonly eps: number | null;
  /** LayerNorm and RMSNorm. */
  readonly normalizedShape?: Shape;
  /** GroupNorm. */
  readonly numGroups?: number;
  /** BatchNorm and InstanceNorm: updated in place, as PyTorch does. Null where none are tracked. */
  readonly runningMean?: FloatArray | null;
  readonly runningVar?: FloatArray | null;
  readonly momentum?: number;
  /** BatchNorm: whether the batch's own statistics are used. */
  readonly training?: boolean;
  /** InstanceNorm: the same under PyTorch's name for it there. */
  readonly useInputStats?: boolean;
}

/** A function may answer its way back beside its output. */
export interface FunctionAnswer {
  readonly output: TensorLike;
  readonly backward?: (gradient: FloatArray) => GradientsLike | Promise<GradientsLike>;
}

/** A norm's function: the input in index order, its shape, the rest by name. Throws what it refuses. */
export type NormFunction = ((
  input: never,
  shape: Shape,
  parameters: never,
) => TensorLike | FunctionAnswer | Promise<TensorLike | FunctionAnswer>) &
  Declared;

/** What may be checked: a class or a function. */
export type NormSubject = NormClass | NormFunction;

interface Declared {
  /** The element types it takes; float32 alone where it does not say. */
  readonly dtypes?: readonly FloatDtype[];
}

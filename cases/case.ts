// The Case: one question to a normalisation layer, as a trajectory of steps. It holds no answer, no side and no tolerance.

import type { Dtype } from '../ts-impl/tensor/dtype.ts';
import type { Tensor } from '../ts-impl/tensor/tensor.ts';

export const LAYERS = [
  'BatchNorm1d',
  'BatchNorm2d',
  'BatchNorm3d',
  'LayerNorm',
  'InstanceNorm1d',
  'InstanceNorm2d',
  'InstanceNorm3d',
  'GroupNorm',
  'RMSNorm',
] as const;
export type LayerName = (typeof LAYERS)[number];

export const FUNCTIONS = ['batch_norm', 'layer_norm', 'instance_norm', 'group_norm', 'rms_norm'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** An argument. Numbers say whether they are Python's int or float, since PyTorch tells 2 from 2.0. */
export type Value =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'tensor'; readonly tensor: Tensor };

export const none: Value = { kind: 'null' };
export const bool = (value: boolean): Value => ({ kind: 'bool', value });
export const int = (value: number): Value => ({ kind: 'int', value });
export const float = (value: number): Value => ({ kind: 'float', value });
export const text = (value: string): Value => ({ kind: 'string', value });
export const list = (items: readonly Value[]): Value => ({ kind: 'list', items });
export const ints = (values: readonly number[]): Value => list(values.map(int));
export const tensorValue = (tensor: Tensor): Value => ({ kind: 'tensor', tensor });

/** Keyword arguments in PyTorch's spelling (`num_features`, `eps`, …), in the order they are passed. */
export type Arguments = Readonly<Record<string, Value>>;

export interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

/**
 * One act on the layer. Names of tensors and attributes are PyTorch's (`weight`, `running_mean`, `momentum`).
 * A step that was refused leaves the layer as PyTorch leaves it, and the steps after it still run; a `backward` whose
 * forward was refused, and every step after a refused `construct`, is not run.
 */
export type Step =
  /** Make the layer. Answers `texts.repr`. Parameters have PyTorch's initial values. Any subject accepts its own class name here. */
  | { readonly kind: 'construct'; readonly layer: string; readonly arguments: Arguments }
  /** Call it. `mode` null leaves the mode as it is. `gradient`: a backward will follow, so the input requires grad. Answers `output`. */
  | {
      readonly kind: 'forward';
      readonly mode: 'train' | 'eval' | null;
      readonly input: Tensor;
      readonly gradient: boolean;
    }
  /**
   * Upstream gradient into the latest forward. Answers `input.grad` and `<parameter>.grad` of each parameter that has one.
   * `accumulate` false clears parameter gradients first; `again` asks the same graph a second time (the first one retained it).
   */
  | { readonly kind: 'backward'; readonly gradient: Tensor; readonly accumulate: boolean; readonly again: boolean }
  /** Answers the layer's tensors as they stand: its buffers, or parameters and buffers. A buffer that is None is left out. */
  | { readonly kind: 'read'; readonly what: 'buffers' | 'all' }
  | { readonly kind: 'set_attribute'; readonly name: string; readonly value: Value }
  /** Replace the values of a parameter or buffer; null sets it to None. */
  | { readonly kind: 'set_tensor'; readonly name: string; readonly tensor: Tensor | null }
  /** Load a state dict. `version` is the metadata version it claims, null for none. Answers `texts.keys`, the report of missing and unexpected keys. */
  | {
      readonly kind: 'load_state';
      readonly entries: readonly NamedTensor[];
      readonly version: number | null;
      readonly strict: boolean;
    }
  /** Answers every entry of the state dict, in its order. */
  | { readonly kind: 'save_state' }
  | { readonly kind: 'cast'; readonly dtype: Dtype }
  /** Go on with a deep copy of the layer. */
  | { readonly kind: 'copy' }
  | { readonly kind: 'reset'; readonly what: 'running_stats' | 'parameters' }
  /**
   * A functional call such as `batch_norm`. Answers `output`, and `running_mean` and `running_var` where they were given.
   * `gradient`: every floating tensor argument but the running ones requires grad, and a `backward` may follow.
   */
  | { readonly kind: 'call'; readonly function: string; readonly arguments: Arguments; readonly gradient: boolean }
  /**
   * Gradients of the gradients: with g_i the gradients of the latest forward or call for `gradient` upstream, the gradients of
   * Σ ⟨vector_i, g_i⟩. `vectors` are named as `backward` names its answers (`input.grad`, `weight.grad`, …). Answers, where there is
   * one, `input.grad2`, `upstream.grad2` (for the upstream gradient) and `<parameter>.grad2`. The layer's own gradients stay as they are.
   */
  | { readonly kind: 'double_backward'; readonly gradient: Tensor; readonly vectors: readonly NamedTensor[] }
  /** Answers a text for each name: an attribute of the layer as Python writes it (`eps`, `training`), or a word of `docs/protocol.md` such as `output.stride`. */
  | { readonly kind: 'inspect'; readonly names: readonly string[] }
  /** An observation on PyTorch's own Python objects, by its name in the oracle; whoever is not PyTorch answers `unsupported`. */
  | { readonly kind: 'probe'; readonly name: string };

export interface Case {
  /** `g1/…` or `x1/…`, of [A-Za-z0-9._=/-] only; `case-id.ts` makes and reads it. */
  readonly id: string;
  /** The PyTorch layer or function in question, for tables and filters. */
  readonly layer: string;
  /** The dtype the question is put in; the truth is the same trajectory with every float tensor in float64. */
  readonly dtype: Dtype;
  /** How the first input lies in memory, in words: contiguous, channels_last, transposed, expanded, sliced. */
  readonly layout: string;
  readonly steps: readonly Step[];
}

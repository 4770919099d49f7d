// What a norm answers to one call: the output, and the way back. Plain data and one function.

import type { Tensor } from '../tensor/tensor.ts';
import type { SecondGradients, Vectors } from './double-backward.ts';

export interface Gradients {
  /** Shaped like the input. */
  readonly input: Tensor;
  /** Shaped like the parameter; null where the call had none. */
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
}

export interface Call {
  /** Shaped like the input, in memory of its own. */
  readonly output: Tensor;
  /** Gradients for an upstream gradient of the output's shape. May be called again; every call answers afresh. */
  backward(gradient: Tensor): Gradients;
  /** The gradients of Σ ⟨vector, gradient⟩ over the vectors given. Absent where it is not known how. */
  readonly doubleBackward?: ((upstream: Tensor, vectors: Vectors) => SecondGradients) | undefined;
}

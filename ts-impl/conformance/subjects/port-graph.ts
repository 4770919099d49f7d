// The port's memory of its latest call: how to go back through it, and the gradients gathered so far. It computes none itself.

import type { Dtype } from '../../tensor/dtype.ts';
import { contiguous, fromStorage, type Tensor } from '../../tensor/tensor.ts';

export type Leaf = 'input' | 'weight' | 'bias';

interface LeafGradients {
  readonly input: Tensor;
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
}

export interface Graph {
  readonly call: { backward(gradient: Tensor): LeafGradients };
  /** The output's dtype. */
  readonly output: Dtype;
  /** False where nothing requires grad. */
  readonly recorded: boolean;
  /** Leaves that are no layer's parameters, in the order they are answered. */
  readonly leaves: readonly Leaf[];
  /** Their gradients, summed over the backwards. A sum is a new tensor, so that answers given before stay as they are. */
  readonly grads: Map<string, Tensor>;
  /** The layer whose parameters the gradients of weight and bias belong to. */
  readonly parameters: { accumulate(gradients: LeafGradients): void } | null;
}

/** One backward through the graph. */
export function goBack(graph: Graph, gradient: Tensor): void {
  const gradients = graph.call.backward(gradient);
  graph.parameters?.accumulate(gradients);
  for (const leaf of graph.leaves) {
    const own = gradients[leaf];
    if (own === null) continue;
    const before = graph.grads.get(leaf);
    graph.grads.set(leaf, before === undefined ? contiguous(own) : sum(before, own));
  }
}

// --- internal ---

function sum(a: Tensor, b: Tensor): Tensor {
  const storage = contiguous(a).storage.slice();
  const addend = contiguous(b).storage;
  for (let i = 0; i < storage.length; i++) storage[i] = Number(storage[i]) + Number(addend[i]);
  return fromStorage(a.dtype, a.shape, storage);
}

// The port's memory of its latest call: how to go back through it, and the gradients gathered so far. It computes none itself.

import { addInto, cloneTensor } from '../../norms/parameters.ts';
import { isDense, withStrides } from '../../tensor/memory-format.ts';
import { contiguous, type Tensor } from '../../tensor/tensor.ts';

export type Leaf = 'input' | 'weight' | 'bias';

interface LeafGradients {
  readonly input: Tensor;
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
}

export interface Graph {
  readonly call: { readonly output: Tensor; backward(gradient: Tensor): LeafGradients };
  /** False where nothing requires grad. */
  readonly recorded: boolean;
  /** Tensors that are no layer's parameters, in the order in which their gradients are answered. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Their gradients, summed over the backwards. A sum is a new tensor, so that answers given before stay as they are. */
  readonly grads: Map<string, Tensor>;
  /** The layer whose parameters the gradients of weight and bias belong to. */
  readonly parameters: { accumulate(gradients: LeafGradients): void } | null;
}

/** One backward through the graph. */
export function goBack(graph: Graph, gradient: Tensor): void {
  const gradients = graph.call.backward(gradient);
  graph.parameters?.accumulate(gradients);
  for (const [leaf, tensor] of graph.inputs) {
    const own = gradients[leaf as Leaf]; // only these are put among the inputs
    if (own === null) continue;
    const before = graph.grads.get(leaf);
    graph.grads.set(leaf, before === undefined ? laidOutAs(tensor, own) : sum(before, own));
  }
}

// --- internal ---

function sum(a: Tensor, b: Tensor): Tensor {
  const total = cloneTensor(a);
  addInto(total, b);
  return withStrides(total, a.strides);
}

/** A gradient as autograd lays it out: a leaf without gaps or overlaps decides the strides, any other gets a contiguous one. */
function laidOutAs(leaf: Tensor, gradient: Tensor): Tensor {
  if (!isDense(leaf)) return contiguous(gradient);
  const fits = leaf.strides.every((stride, axis) => stride === gradient.strides[axis] || leaf.shape[axis] === 1);
  return fits ? gradient : withStrides(gradient, leaf.strides);
}

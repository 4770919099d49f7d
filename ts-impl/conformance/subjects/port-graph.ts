// The port's memory of its latest call: how to go back through it, and the gradients gathered so far. It computes none itself.

import type { NamedTensor } from '../../../cases/case.ts';
import type { Call, Module } from '../../norms/index.ts';
import { addInto, cloneTensor } from '../../norms/parameters.ts';
import { isDense, withStrides } from '../../tensor/memory-format.ts';
import { contiguous, type Tensor } from '../../tensor/tensor.ts';
import { Unsupported } from './port-arguments.ts';
import type { Saved } from './port-versions.ts';

export type Leaf = 'input' | 'weight' | 'bias';

export interface Graph {
  readonly call: Call;
  /** False where nothing requires grad. */
  readonly recorded: boolean;
  /** Tensors that are no layer's parameters, in the order in which their gradients are answered. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Their gradients, summed over the backwards. A sum is a new tensor, so that answers given before stay as they are. */
  readonly grads: Map<string, Tensor>;
  /** The layer whose parameters the gradients of weight and bias belong to, and which parameters it had when the call was made. */
  readonly owner: Module | null;
  readonly held: Readonly<Record<'weight' | 'bias', Tensor | null>>;
  readonly saved: Saved;
  /** Parameters that required no grad when the call was made. */
  readonly frozen: ReadonlySet<Leaf>;
}

/** One backward through the graph. */
export function goBack(graph: Graph, gradient: Tensor): void {
  const gradients = graph.call.backward(gradient);
  const own = (name: 'weight' | 'bias') => (isOwn(graph, graph.owner, name) ? gradients[name] : null);
  graph.owner?.accumulate({ ...gradients, weight: own('weight'), bias: own('bias') });
  for (const [leaf, tensor] of graph.inputs) {
    const own = gradients[leaf as Leaf]; // only these are put among the inputs
    if (own === null) continue;
    const before = graph.grads.get(leaf);
    graph.grads.set(leaf, before === undefined ? laidOutAs(tensor, own) : sum(before, own));
  }
}

/**
 * Gradients of the gradients, whose `vectors` are named as `backward` names its answers. `module` is the layer as it is now. Throws
 * TorchError, and Unsupported for a vector whose gradient does not exist.
 */
export function goBackTwice(
  graph: Graph,
  module: Module | null,
  upstream: Tensor,
  vectors: readonly NamedTensor[],
): readonly NamedTensor[] {
  const { call } = graph;
  if (call.doubleBackward === undefined) throw new Unsupported('the port cannot go back twice through this call');
  const known = LEAVES.filter((leaf) => isTarget(graph, module, leaf));
  const vectorOf = (leaf: Leaf) => vectors.find(({ name }) => name === `${leaf}.grad`)?.tensor ?? null;
  const stray = vectors.find(({ name }) => !known.some((leaf) => name === `${leaf}.grad`));
  if (stray !== undefined) throw new Unsupported(`there is no ${stray.name} to go back through a second time`);
  const seconds = call.doubleBackward(upstream, {
    input: vectorOf('input'),
    weight: vectorOf('weight'),
    bias: vectorOf('bias'),
  });
  const answers: NamedTensor[] = [];
  for (const name of ['input', 'weight', 'upstream'] as const) {
    const tensor = seconds[name];
    if (tensor === null || (name !== 'upstream' && !known.includes(name))) continue;
    answers.push({ name: `${name}.grad2`, tensor: contiguous(tensor) });
  }
  return answers;
}

// --- internal ---

const LEAVES: readonly Leaf[] = ['input', 'weight', 'bias'];

/** Whether gradients with respect to this leaf are asked for. */
function isTarget(graph: Graph, module: Module | null, leaf: Leaf): boolean {
  if (graph.inputs.has(leaf)) return true;
  return leaf !== 'input' && isOwn(graph, module, leaf) && module?.requiresGrad[leaf] === true;
}

/** Whether the call's gradients for a parameter go to this layer: it made the call, with the parameter that it still has, not frozen. */
function isOwn(graph: Graph, module: Module | null, name: 'weight' | 'bias'): boolean {
  const { owner, held, frozen } = graph;
  return module !== null && module === owner && held[name] !== null && held[name] === module[name] && !frozen.has(name);
}

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

// What the port remembers between two steps of a Case, and what it says of what it can't do. It runs no step.

import type { NamedTensor, Value } from '../../../cases/case.ts';
import type { Module } from '../../norms/index.ts';
import { pythonFloat, pythonTuple } from '../../norms/python-words.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import type { StepResult } from '../outcome.ts';
import { pythonText } from './port-arguments.ts';
import type { Graph } from './port-graph.ts';
import type { Plan } from './port-layer.ts';
import type { Versions } from './port-versions.ts';

export interface State {
  readonly dtype: Dtype;
  plan: Plan | null;
  module: Module | null;
  /** The latest forward or call that returned, null after one that was refused. */
  graph: Graph | null;
  /** Of the layer's tensors. */
  versions: Versions;
  /** A cast has given the layer's tensors another dtype since the latest call was made. */
  recast: boolean;
  /** What was warned of so far, `category: message`. */
  readonly warnings: string[];
}

export const NOT_RUN: StepResult = { kind: 'not_run' };

export function returned(
  tensors: readonly NamedTensor[],
  texts: Readonly<Record<string, string>> = NO_TEXTS,
): StepResult {
  return { kind: 'returned', tensors, texts };
}

/** PyTorch's repr, with the words of attributes as Python holds them. */
export function reprOf(plan: Plan, module: Module): string {
  const written: Record<string, string> = {};
  for (const [name, value] of plan.attributes) written[name] = attributeText(plan, name, value, false);
  return module.toString(written);
}

/** An attribute's `str()`, or `repr()` where it stands alone. */
export function attributeText(plan: Plan, name: string, value: Value, inside: boolean): string {
  if (plan.tuples.has(name) && value.kind === 'list') {
    return pythonTuple(value.items.map((item) => pythonText(item, pythonFloat, true)));
  }
  return pythonText(value, pythonFloat, inside);
}

// --- internal ---

const NO_TEXTS = {};

// Steps that behaviours ask for beside those of written-out rows, and the small inputs they share. It holds no behaviour.

import type { Dtype } from '../../ts-impl/tensor/dtype.ts';
import type { Tensor } from '../../ts-impl/tensor/tensor.ts';
import { int, type LayerName, type Step, type Value } from '../case.ts';
import { construct } from '../families/row.ts';
import { numbers } from './write.ts';

/** Two channels of means 3 and 6, biased variances 8/3 and 32/3, unbiased ones 4 and 16: [3, 2]. */
export const X = numbers([1, 2, 3, 6, 5, 10], [3, 2]);

/** Two samples of two channels with means 2, 5, 1, 20 and unbiased variances 1, 13, 3, 300: [2, 2, 3]. */
export const XI = numbers([1, 2, 3, 2, 4, 9, 0, 0, 3, 10, 10, 40], [2, 2, 3]);

/** Parameters and buffers. */
export const READ_ALL: Step = { kind: 'read', what: 'all' };

/** A forward in the mode the layer is in. */
export function forward(input: Tensor, gradient = false): Step {
  return { kind: 'forward', mode: null, input, gradient };
}

export function inspect(...names: string[]): Step {
  return { kind: 'inspect', names };
}

export function probe(name: string): Step {
  return { kind: 'probe', name };
}

export function cast(dtype: Dtype): Step {
  return { kind: 'cast', dtype };
}

export function reset(what: 'running_stats' | 'parameters'): Step {
  return { kind: 'reset', what };
}

/** BatchNorm1d and its like of so many features. */
export function features(layer: LayerName, count: number, more: Readonly<Record<string, Value>> = {}): Step {
  return construct(layer, { num_features: int(count), ...more });
}

export function groups(count: number, channels: number, more: Readonly<Record<string, Value>> = {}): Step {
  return construct('GroupNorm', { num_groups: int(count), num_channels: int(channels), ...more });
}

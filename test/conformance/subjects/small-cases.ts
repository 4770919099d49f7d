// Cases written out by hand, small enough to follow. No generator is involved.

import { type Arguments, type Case, float, int, type Step } from '../../../cases/case.ts';
import { tensor } from '../../../ts-impl/tensor/tensor.ts';

export function caseOf(id: string, steps: readonly Step[], dtype: Case['dtype'] = 'float32'): Case {
  return { id, layer: 'BatchNorm1d', dtype, layout: 'contiguous', steps };
}

export const construct = (layer: string, args: Arguments): Step => ({ kind: 'construct', layer, arguments: args });

/** [2, 1]: 0 and 2, whose mean is 1 and whose biased variance is 1. */
export const forward = (mode: 'train' | 'eval' | null, gradient = false): Step => ({
  kind: 'forward',
  mode,
  input: tensor([0, 2], [2, 1], 'float32'),
  gradient,
});

/** BatchNorm1d of one channel with momentum 0.25, trained once, then asked for its buffers. */
export function batchNormCase(id: string): Case {
  const args = { num_features: int(1), momentum: float(0.25) };
  return caseOf(id, [construct('BatchNorm1d', args), forward('train'), { kind: 'read', what: 'buffers' }]);
}

// Every layer at sizes below, at and above a vector's, in any layout, as cases. They hold no answer.

import { type Case, float, int, ints, type Step } from '../../cases/case.ts';
import type { FloatDtype } from '../../ts-impl/tensor/dtype.ts';
import { type Layout, laidOut, madeUp } from './made-up.ts';

const norm = (layer: string, args: Record<string, number>) => ({
  layer,
  args: Object.fromEntries(Object.entries(args).map(([name, value]) => [name, int(value)])),
});
/** Layers, input shapes, shapes of their parameters. Sizes below, at and above a vector's, and with and without a remainder. */
export const SUBJECTS = [
  ...[
    [7, 3],
    [33, 17],
    [4, 5, 3],
    [3, 8, 19],
  ].map((shape) => ({ ...norm('BatchNorm1d', { num_features: shape[1] }), shape, parameters: [shape[1]] })),
  ...[
    [2, 3, 4, 5],
    [3, 18, 5, 8],
    [5, 9, 1, 1],
  ].map((shape) => ({ ...norm('BatchNorm2d', { num_features: shape[1] }), shape, parameters: [shape[1]] })),
  { ...norm('BatchNorm3d', { num_features: 5 }), shape: [2, 5, 3, 4, 3], parameters: [5] },
  {
    layer: 'InstanceNorm2d',
    args: { num_features: int(9), affine: int(1), track_running_stats: int(1) },
    shape: [5, 9, 4, 3],
    parameters: [9],
  },
  { layer: 'InstanceNorm1d', args: { num_features: int(3), affine: int(1) }, shape: [2, 3, 23], parameters: [3] },
  ...[[3], [8], [37], [4, 70], [3, 5, 9]].map((last) => ({
    layer: 'LayerNorm',
    args: { normalized_shape: ints(last) },
    shape: [3, 4, ...last],
    parameters: last,
  })),
  ...[[6], [33], [4, 20]].map((last) => ({
    layer: 'RMSNorm',
    args: { normalized_shape: ints(last) },
    shape: [5, 3, ...last],
    parameters: last,
  })),
  ...[
    [2, 6, 5],
    [3, 20, 2, 9],
    [2, 34, 3, 3],
    [2, 8, 2, 3, 4],
    [4, 12],
  ].map((shape) => ({
    ...norm('GroupNorm', { num_groups: 2, num_channels: shape[1] }),
    shape,
    parameters: [shape[1]],
  })),
];

/** Train, go back twice, read, eval, go back: values of one seed. `own` is the dtype of weight and bias. */
export function caseFor(
  subject: (typeof SUBJECTS)[number],
  dtype: FloatDtype,
  layout: Layout,
  seed: number,
  own: FloatDtype = dtype,
): Case {
  const { layer, args, shape, parameters } = subject;
  const forward = (mode: 'train' | 'eval', number: number): Step => ({
    kind: 'forward',
    mode,
    input: laidOut(shape, layout, dtype, seed + number),
    gradient: true,
  });
  const back = (number: number, accumulate: boolean): Step => ({
    kind: 'backward',
    gradient: laidOut(shape, number % 2 === 0 ? layout : 'contiguous', dtype, seed + number),
    accumulate,
    again: accumulate,
  });
  const steps: Step[] = [
    { kind: 'construct', layer, arguments: { ...args, eps: float(seed % 2 === 0 ? 1e-5 : 0.01) } },
    { kind: 'set_tensor', name: 'weight', tensor: madeUp(parameters, own, seed + 50) },
  ];
  if (layer !== 'RMSNorm') steps.push({ kind: 'set_tensor', name: 'bias', tensor: madeUp(parameters, own, seed + 51) });
  steps.push(forward('train', 1), back(2, false), back(3, true), { kind: 'read', what: 'all' });
  steps.push(forward('eval', 4), back(5, false), { kind: 'read', what: 'all' });
  return { id: `x/${layer}/${shape.join('x')}/${dtype}/${layout}/${seed}`, layer, dtype, layout, steps };
}

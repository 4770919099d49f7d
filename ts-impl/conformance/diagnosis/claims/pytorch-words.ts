// What PyTorch does, as the end of a sentence on a claim: for each axis and layer, from the axis entries. It decides nothing.

import { AXES } from '../axes/axes.ts';
import type { Axis, AxisValue } from '../axes/axis.ts';
import { layerFor, type NormKind } from '../axes/norm-kind.ts';
import type { Target } from '../axes/target.ts';

/** PyTorch's value on an axis for a kind of layer; null where the axis has no meaning for it. */
export function pytorchValue(id: string, kind: NormKind): AxisValue | null {
  const axis = axisOf(id);
  const value = axis?.pytorch(usualTarget(kind)) ?? null;
  return value === null ? null : (axis?.told?.(value) ?? value);
}

export const axisOf = (id: string): Axis | undefined => AXES.find((axis) => axis.id === id);

/** What PyTorch does there, to stand after "PyTorch". */
export function pytorchDoes(id: string, kind: NormKind): string {
  switch (id) {
    case 'eps.placement':
      return 'adds eps to the variance, inside the root';
    case 'eps.value':
      return kind === 'RMSNorm'
        ? 'takes the machine epsilon of the computation dtype by default'
        : 'has an eps of 1e-5 by default';
    case 'momentum.default':
      return 'has a momentum of 0.1 by default, the share of the new statistic';
    case 'momentum.rule':
      return 'weighs the new statistic with momentum: r ← (1−m)·r + m·s';
    case 'variance.normalization':
      return kind === 'RMSNorm'
        ? 'divides by the root of the mean square'
        : 'normalises with the biased variance (divided by n)';
    case 'variance.running':
      return 'tracks the unbiased variance (divided by n − 1)';
    case 'running.tracked':
      return 'tracks the variance';
    case 'running.initial':
      return 'starts with a running mean of 0 and a running variance of 1';
    case 'running.update-in-eval':
      return 'moves its running statistics in training alone';
    case 'statistics.train':
      return 'normalises with the statistics of the batch in training';
    case 'statistics.eval':
      return kind === 'BatchNorm'
        ? 'normalises with the running statistics in eval'
        : 'normalises with the statistics of the input, in eval as in training';
    case 'affine.form':
      return kind === 'RMSNorm' ? 'has weight·x̂' : 'has weight·x̂ + bias';
    case 'affine.shape':
      return kind === 'LayerNorm' || kind === 'RMSNorm'
        ? 'has one for each element of normalized_shape'
        : 'has one for each channel';
    case 'axes.reduction':
      return REDUCES[kind];
    default:
      return `has ${String(pytorchValue(id, kind))}`;
  }
}

// --- internal ---

const REDUCES: Readonly<Record<NormKind, string>> = {
  BatchNorm: 'takes one statistic for each channel, over all axes but C',
  LayerNorm: 'takes one statistic for each sample, over the axes of normalized_shape, which has no default',
  InstanceNorm: 'takes one statistic for each sample and channel, over the axes of space',
  GroupNorm: 'takes one statistic for each sample and group of channels, over the channels of the group and space',
  RMSNorm: 'takes one statistic over the axes of normalized_shape, which has no default',
};

/** The layer with default options on inputs (N, C, H, W); LayerNorm as notes on images have it, over C, H and W. */
function usualTarget(kind: NormKind): Target {
  return {
    kind,
    layer: layerFor(kind, 4),
    rank: 4,
    normalizedAxes: kind === 'LayerNorm' || kind === 'RMSNorm' ? 3 : 0,
    groups: kind === 'GroupNorm' ? 2 : null,
    tracked: kind === 'BatchNorm',
    affine: true,
    options: {},
  };
}

// Names as people give them: constructor arguments, parameters, buffers. It chooses; it checks no clash beyond its own.

import type { Draw } from '../../../cases/counter.ts';
import type { Point } from './point.ts';

export interface Names {
  readonly subject: string;
  readonly x: string;
  readonly size: string;
  readonly groups: string;
  readonly eps: string;
  readonly momentum: string;
  readonly weight: string;
  readonly bias: string;
  readonly mean: string;
  readonly variance: string;
}

export function drawNames(draw: Draw, { kind, layer, trailing }: Point, index: number): Names {
  const [weight, bias] = draw.pick(PARAMETERS);
  const [mean, variance] = draw.pick(BUFFERS);
  return {
    subject: `${draw.pick(PREFIXES)}${layer}${draw.chance(1, 2) ? '' : draw.pick(['Layer', 'Own', 'V2'])}_${index}`,
    x: draw.pick(['x', 'x', 'input', 'inputs', 'h', 'X']),
    size: draw.pick(trailing > 1 ? ['normalized_shape', 'shape', 'dims'] : SIZES[kind]),
    groups: draw.pick(['num_groups', 'groups', 'n_groups', 'num_blocks']),
    eps: draw.pick(['eps', 'eps', 'epsilon', 'variance_epsilon', 'e']),
    momentum: draw.pick(['momentum', 'momentum', 'mom', 'rate']),
    weight,
    bias,
    mean,
    variance,
  };
}

// --- internal ---

const PREFIXES = ['My', 'Simple', 'Custom', 'Plain', 'Hand', 'Tiny', 'Scratch'];

const PARAMETERS = [
  ['weight', 'bias'],
  ['weight', 'bias'],
  ['gamma', 'beta'],
  ['gamma', 'beta'],
  ['scale', 'shift'],
  ['g', 'b'],
  ['a_2', 'b_2'],
  ['w', 'offset'],
] as const;

const BUFFERS = [
  ['running_mean', 'running_var'],
  ['running_mean', 'running_var'],
  ['moving_mean', 'moving_var'],
  ['moving_mean', 'moving_variance'],
  ['pop_mean', 'pop_var'],
  ['ema_m', 'ema_v'],
  ['avg', 'sq'],
] as const;

const CHANNELS = ['num_features', 'channels', 'c', 'planes', 'dim', 'n_out'];

const SIZES: Readonly<Record<Point['kind'], readonly string[]>> = {
  batch: CHANNELS,
  instance: CHANNELS,
  group: ['num_channels', 'channels', 'c', 'dim'],
  layer: ['dim', 'hidden_size', 'normalized_shape', 'd_model', 'width'],
  rms: ['dim', 'hidden_size', 'd', 'd_model'],
};

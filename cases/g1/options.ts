// The options of a layer or function: drawn, then written as PyTorch's keyword arguments. No sizes are chosen, no values drawn.

import { type Arguments, bool, float, int, ints, none, type Value } from '../case.ts';
import type { Draw } from '../counter.ts';
import { mayTrack, type Norm } from './norm.ts';
import type { Sizes } from './sizes.ts';

/** 'default' leaves the argument out. */
export interface Options {
  /** Null is RMSNorm's own default, machine epsilon. */
  readonly eps: number | null | 'default';
  /** Null is the cumulative average. */
  readonly momentum: number | null | 'default';
  readonly affine: boolean | 'default';
  readonly bias: boolean | 'default';
  readonly trackRunningStats: boolean | 'default';
}

export const EPSILONS = [0, 1e-12, 1e-8, 1e-6, 1e-5, 1e-3, 1e-1] as const;
export const MOMENTA = [0, 0.1, 0.3, 1, null] as const;

/** What a family insists on; a list is drawn from, an absent field is free. */
export interface OptionRule {
  readonly eps?: readonly Options['eps'][];
  readonly momentum?: readonly Options['momentum'][];
  readonly affine?: true;
  readonly tracked?: boolean;
}

export function drawOptions(rule: OptionRule, norm: Norm, functional: boolean, draw: Draw): Options {
  const eps = draw.pick(rule.eps ?? (draw.chance(1, 4) ? ['default' as const] : EPSILONS));
  const momentum = draw.pick(rule.momentum ?? (draw.chance(1, 6) ? ['default' as const] : MOMENTA));
  const track = draw.pick([true, true, 'default', false] as const);
  const options: Options = {
    eps: norm === 'rms' && draw.chance(1, 4) && rule.eps === undefined ? null : eps,
    momentum: functional && momentum === null ? 0.3 : momentum,
    affine: rule.affine ? true : draw.pick([true, true, 'default', false] as const),
    bias: draw.pick(['default', 'default', true, false] as const),
    trackRunningStats: rule.tracked ?? track,
  };
  return mayTrack(norm) ? options : { ...options, momentum: 'default', trackRunningStats: 'default' };
}

/** Whether the layer has a weight; the function is given one. */
export function hasWeight(norm: Norm, options: Options): boolean {
  return options.affine === 'default' ? norm !== 'instance' : options.affine;
}

export function hasBias(norm: Norm, options: Options): boolean {
  return norm !== 'rms' && hasWeight(norm, options) && options.bias !== false;
}

export function isTracked(norm: Norm, options: Options): boolean {
  return options.trackRunningStats === 'default' ? norm === 'batch' : options.trackRunningStats;
}

/** The constructor's arguments, in PyTorch's order. */
export function constructorArguments(norm: Norm, options: Options, sizes: Sizes, draw: Draw): Arguments {
  const args: Record<string, Value> = {};
  switch (norm) {
    case 'batch':
    case 'instance':
      args.num_features = int(sizes.channels);
      break;
    case 'group':
      args.num_groups = int(sizes.groups);
      args.num_channels = int(sizes.channels);
      break;
    case 'layer':
    case 'rms':
      args.normalized_shape =
        sizes.normalizedShape.length === 1 && draw.chance(1, 2)
          ? int(sizes.normalizedShape[0])
          : ints(sizes.normalizedShape);
      break;
    default:
      norm satisfies never;
  }
  if (options.eps !== 'default') args.eps = optionalFloat(options.eps);
  if (options.momentum !== 'default') args.momentum = optionalFloat(options.momentum);
  const affine = norm === 'layer' || norm === 'rms' ? 'elementwise_affine' : 'affine';
  if (options.affine !== 'default') args[affine] = bool(options.affine);
  if (options.trackRunningStats !== 'default') args.track_running_stats = bool(options.trackRunningStats);
  if (options.bias !== 'default' && norm !== 'rms') args.bias = bool(options.bias);
  return args;
}

/** The arguments of a function that are neither tensors nor a mode, by name. */
export function functionArguments(norm: Norm, options: Options, sizes: Sizes): Arguments {
  const args: Record<string, Value> = {};
  if (norm === 'group') args.num_groups = int(sizes.groups);
  if (norm === 'layer' || norm === 'rms') args.normalized_shape = ints(sizes.normalizedShape);
  if (options.momentum !== 'default') args.momentum = optionalFloat(options.momentum);
  if (options.eps !== 'default') args.eps = optionalFloat(options.eps);
  return args;
}

// --- internal ---

function optionalFloat(value: number | null): Value {
  return value === null ? none : float(value);
}

// The cases on which a specimen is held against PyTorch: legal for the layer, small, and made to show conventions. In PyTorch's words.

import { type Arguments, bool, type Case, float, int, ints, type Step } from '../../../../cases/case.ts';
import { withLiteralId } from '../../../../cases/case-id.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import { fromStorage, type Tensor } from '../../../tensor/tensor.ts';
import type { Target } from '../axes/target.ts';
import { noise } from '../measure/noise.ts';
import type { Stance } from '../measure/stance.ts';
import type { Profile } from '../model/profile.ts';

/** What a target's layer is constructed with for inputs of `shape`. Defaults are left out. */
export function layerArguments(target: Target, shape: Shape): Arguments {
  const options: Arguments = Object.fromEntries(
    Object.entries(target.options)
      .filter(([name]) => name !== 'num_groups')
      .map(([name, value]) => [name, typeof value === 'boolean' ? bool(value) : float(value)]),
  );
  switch (target.kind) {
    case 'BatchNorm':
    case 'InstanceNorm':
      return { num_features: int(shape[1]), ...options };
    case 'GroupNorm':
      return { num_groups: int(target.groups ?? 1), num_channels: int(shape[1]), ...options };
    case 'LayerNorm':
    case 'RMSNorm':
      return { normalized_shape: ints(shape.slice(shape.length - target.normalizedAxes)), ...options };
    default:
      return target.kind satisfies never;
  }
}

/** Cases over the input shapes that both PyTorch's layer and the specimen's constructor can mean. */
export function trialCases(target: Target, stance: Stance, profile: Profile): Case[] {
  const hasAffine = profile.affine.form !== 'none' && target.affine;
  const shapes = trialShapes(target, stance);
  const cases = PLAN.flatMap(({ kind, dtype: planned, at: [k, f] }): Case[] => {
    const shape = shapes[k];
    if (shape === undefined) return [];
    const dtype = profile.dtype === 'float64' ? planned : 'float32';
    const spread = SPREADS[f];
    const seed = 1000 + 100 * k + 10 * f;
    const input = (i: number): Tensor =>
      makeTensor(dtype, shape, rounded(noise(seed + i, sizeOf(shape))), spread.sigma, spread.centre);
    const steps: Step[] = [{ kind: 'construct', layer: target.layer, arguments: layerArguments(target, shape) }];
    if (hasAffine && f > 0) steps.push(...affineSteps(target, shape, dtype, seed));
    const rest = kind === 'steps' ? trajectory(target, input) : gradientSteps(shape, dtype, input(5), seed);
    return [trial(target, dtype, [...steps, ...rest])];
  });
  const ids = new Set<string>();
  return cases.map(withLiteralId).filter(({ id }) => !ids.has(id) && ids.add(id));
}

/** A Case without its id; `withLiteralId` gives it one. */
export function trial(target: Target, dtype: 'float32' | 'float64', steps: readonly Step[]): Case {
  return { id: '', layer: target.layer, dtype, layout: 'contiguous', steps };
}

export function makeTensor(
  dtype: 'float32' | 'float64',
  shape: Shape,
  values: ArrayLike<number>,
  sigma = 1,
  centre = 0,
): Tensor {
  const scaled = Float64Array.from(values, (v) => v * sigma + centre);
  return fromStorage(dtype, shape, dtype === 'float64' ? scaled : Float32Array.from(scaled));
}

// --- internal ---

/** To 1/64: few digits make short ids. */
function rounded(values: Float64Array): Float64Array {
  return values.map((v) => Math.round(v * 64) / 64);
}

/** Which case at which shape and spread: both precisions, several steps and gradients, few of each. */
const PLAN: readonly {
  readonly kind: 'steps' | 'gradient';
  readonly dtype: 'float32' | 'float64';
  readonly at: readonly [number, number];
}[] = [
  { kind: 'steps', dtype: 'float64', at: [0, 0] },
  { kind: 'steps', dtype: 'float64', at: [0, 1] },
  { kind: 'steps', dtype: 'float64', at: [0, 2] },
  { kind: 'steps', dtype: 'float64', at: [1, 0] },
  { kind: 'steps', dtype: 'float64', at: [2, 1] },
  { kind: 'steps', dtype: 'float32', at: [0, 0] },
  { kind: 'steps', dtype: 'float32', at: [0, 2] },
  { kind: 'steps', dtype: 'float32', at: [1, 1] },
  { kind: 'gradient', dtype: 'float64', at: [0, 1] },
  { kind: 'gradient', dtype: 'float64', at: [1, 2] },
  { kind: 'gradient', dtype: 'float64', at: [2, 0] },
  { kind: 'gradient', dtype: 'float32', at: [0, 0] },
];

/** Ordinary values, values whose spread is near the square root of PyTorch's eps, and a mean larger than the spread. */
const SPREADS = [
  { sigma: 1, centre: 0.5 },
  { sigma: 2 ** -8, centre: 2 ** -6 },
  { sigma: 2, centre: -5 },
] as const;

function trialShapes(target: Target, stance: Stance): Shape[] {
  const { shape } = stance;
  if (target.normalizedAxes > 0) {
    const trailing = shape.slice(shape.length - target.normalizedAxes);
    const leading = shape.slice(0, shape.length - target.normalizedAxes);
    const wide = target.normalizedAxes > 1 ? trailing.map((n, i) => (i === 0 ? n : Math.min(n, i + 2))) : trailing;
    return [
      [...leading.map((n, axis) => (axis === 0 ? 3 : n)), ...wide],
      [...leading.map((n, axis) => (axis === 0 ? 2 : n)), ...wide],
    ];
  }
  const channels = shape[1];
  const first = stance.sizeAxis === 'last' ? shape[shape.length - 1] : channels;
  const spatial = [3, 4, 2].slice(0, shape.length - 2);
  const distinct = [3, first, ...spatial];
  const small = [2, first, ...spatial.map((_, i) => (i === 0 ? 2 : 1))];
  const shapes: Shape[] = [distinct, shape.length === 2 ? [3, first] : small];
  return stance.coincidence || stance.sizeAxis === 'last'
    ? [...shapes, [3, first, ...spatial.slice(1), first]]
    : shapes;
}

function affineSteps(target: Target, shape: Shape, dtype: 'float32' | 'float64', seed: number): Step[] {
  const channels = shape[1];
  const own = target.normalizedAxes > 0 ? shape.slice(shape.length - target.normalizedAxes) : [channels];
  const weight = rounded(noise(seed + 7, sizeOf(own)));
  const bias = rounded(noise(seed + 8, sizeOf(own)));
  weight[0] = 0;
  const steps: Step[] = [{ kind: 'set_tensor', name: 'weight', tensor: makeTensor(dtype, own, weight) }];
  if (target.kind !== 'RMSNorm') steps.push({ kind: 'set_tensor', name: 'bias', tensor: makeTensor(dtype, own, bias) });
  return steps;
}

const READ: Step = { kind: 'read', what: 'buffers' };

function trajectory(target: Target, input: (i: number) => Tensor): Step[] {
  const forward = (mode: 'train' | 'eval', i: number): Step => ({
    kind: 'forward',
    mode,
    input: input(i),
    gradient: false,
  });
  const read = target.tracked ? [READ] : [];
  return [
    forward('train', 1),
    ...read,
    forward('train', 2),
    ...read,
    forward('eval', 3),
    ...read,
    forward('train', 4),
    ...read,
    forward('eval', 1),
  ];
}

function gradientSteps(shape: Shape, dtype: 'float32' | 'float64', input: Tensor, seed: number): Step[] {
  return [
    { kind: 'forward', mode: 'train', input, gradient: true },
    {
      kind: 'backward',
      gradient: makeTensor(dtype, shape, rounded(noise(seed + 9, sizeOf(shape)))),
      accumulate: false,
      again: false,
    },
  ];
}

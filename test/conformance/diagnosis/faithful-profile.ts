// PyTorch's own conventions for each kind of norm as a profile, and the anatomy of a specimen that has them.

import { float } from '../../../cases/case.ts';
import type { NormKind } from '../../../ts-impl/conformance/diagnosis/axes/norm-kind.ts';
import { defaultTarget, keptAxes } from '../../../ts-impl/conformance/diagnosis/axes/target.ts';
import type { Partition } from '../../../ts-impl/conformance/diagnosis/model/partition.ts';
import {
  type AffineTensor,
  NO_TRAITS,
  type Profile,
  type Running,
} from '../../../ts-impl/conformance/diagnosis/model/profile.ts';
import type { Anatomy } from './model-specimen.ts';

export const KINDS: readonly NormKind[] = ['BatchNorm', 'LayerNorm', 'InstanceNorm', 'GroupNorm', 'RMSNorm'];
export const GROUPS = 3;

/** PyTorch's own conventions for a kind, on inputs of `shape`. */
export function faithful(kind: NormKind, shape: readonly number[]): Profile {
  const rank = shape.length;
  const layered = kind === 'LayerNorm' || kind === 'RMSNorm';
  const axes = layered ? [rank - 1] : [1];
  const tensor = (name: string): AffineTensor => ({ name, shape: [6], axes, perGroup: false, flattened: false });
  const running = faithfulRunning('mu', 'v', 6);
  const target = defaultTarget(kind, { shape } as Profile, GROUPS, 1); // only the shape is looked at
  const members: Partition = {
    kind: 'axes',
    kept: keptAxes(target),
    groups: kind === 'GroupNorm' ? { count: GROUPS, layout: 'contiguous' } : null,
  };
  return {
    shape,
    structure: { members, users: members },
    affine:
      kind === 'InstanceNorm'
        ? { form: 'none', weight: null, bias: null, identity: 1 }
        : kind === 'RMSNorm'
          ? { form: 'weight-only', weight: tensor('w'), bias: null, identity: 1 }
          : { form: 'weight*x+bias', weight: tensor('w'), bias: tensor('b'), identity: 1 },
    scale: {
      outputCentred: kind !== 'RMSNorm',
      varianceCentred: kind !== 'RMSNorm',
      divisor: 'n',
      eps: kind === 'RMSNorm' ? 2 ** -52 : 1e-5,
      placement: 'inside-sqrt',
      statistics: 'batch',
    },
    running: kind === 'BatchNorm' ? running : null,
    gradient: { meanDetached: false, varianceDetached: false },
    layouts: { works: [], fails: [] },
    mutatesInput: false,
    stdout: '',
    epsArgument: 'eps',
    singleValue: null,
    extras: [],
    traits: NO_TRAITS,
    counter: null,
    agreement: 1e-5,
    dtype: 'float64',
    evalIsTrain: kind !== 'BatchNorm',
  };
}

export function anatomyOf(kind: NormKind, profile: Profile): Anatomy {
  const size = { name: kind === 'GroupNorm' ? 'channels' : 'size', hasDefault: false, default: null };
  const signature = kind === 'GroupNorm' ? [size, { name: 'groups', hasDefault: false, default: null }] : [size];
  signature.push({ name: 'eps', hasDefault: true, default: null });
  if (profile.running?.argument) {
    signature.push({
      name: 'momentum',
      hasDefault: true,
      default: float(profile.running.argument.default ?? 0.1) as never,
    }); // a Value or null by type
  }
  const layered = kind === 'LayerNorm' || kind === 'RMSNorm';
  return { profile, signature, sizeAxis: (rank) => (layered ? rank - 1 : 1), ranks: [profile.shape.length] };
}

export const shapeOf = (kind: NormKind) => (kind === 'LayerNorm' || kind === 'RMSNorm' ? [4, 5, 6] : [4, 6, 5, 7]);

/** Running statistics kept as PyTorch keeps them, in buffers of these names. */
export function faithfulRunning(mean: string, variance: string, channels: number): Running {
  return {
    mean,
    variance,
    shape: [channels],
    rule: 'new-weight',
    newShare: 0.1,
    oldShare: 0.9,
    argument: { name: 'momentum', weighs: 'new', default: 0.1 },
    divisor: 'n-1',
    tracked: 'variance',
    floored: false,
    bare: false,
    sums: false,
    swapped: false,
    late: false,
    initial: { mean: 0, variance: 1 },
    updatesInEval: false,
    attached: [],
    evalStatistics: 'running',
    users: { kind: 'axes', kept: [1], groups: null },
    evalReads: 'before',
  };
}

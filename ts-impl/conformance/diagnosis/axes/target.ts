// The target: the PyTorch layer and options that a profile is held against. One file knows which axes PyTorch reduces and keeps.

import type { LayerName } from '../../../../cases/case.ts';
import type { Profile } from '../model/profile.ts';
import type { NormKind } from './norm-kind.ts';
import { layerFor } from './norm-kind.ts';

export interface Target {
  readonly kind: NormKind;
  readonly layer: LayerName;
  readonly rank: number;
  /** Trailing axes in `normalized_shape`; 0 for layers without one. */
  readonly normalizedAxes: number;
  /** Null for layers without groups. */
  readonly groups: number | null;
  readonly tracked: boolean;
  readonly affine: boolean;
  /** Options that are not PyTorch's defaults, for the report. */
  readonly options: Readonly<Record<string, number | boolean>>;
}

/** The layer of a kind with PyTorch's default options, shaped for the profile's input. */
export function defaultTarget(kind: NormKind, profile: Profile, groups: number | null, normalizedAxes: number): Target {
  const rank = profile.shape.length;
  const layered = kind === 'LayerNorm' || kind === 'RMSNorm';
  return {
    kind,
    layer: layerFor(kind, rank),
    rank,
    normalizedAxes: layered ? normalizedAxes : 0,
    groups: kind === 'GroupNorm' ? (groups ?? 1) : null,
    tracked: kind === 'BatchNorm',
    affine: kind !== 'InstanceNorm',
    options: {},
  };
}

/** Every PyTorch layer that this profile might be, for `closest` and `equivalent`. */
export function allTargets(profile: Profile): Target[] {
  const rank = profile.shape.length;
  const channels = profile.shape[1];
  const withAffine = profile.affine.form !== 'none';
  const without: Readonly<Record<string, boolean>> = withAffine ? {} : { affine: false };
  const withoutElementwise: Readonly<Record<string, boolean>> = withAffine ? {} : { elementwise_affine: false };
  const base = { rank, normalizedAxes: 0, groups: null, affine: withAffine } as const;
  const targets: Target[] = [];
  for (const tracked of [true, false]) {
    const track: Readonly<Record<string, boolean>> = tracked ? {} : { track_running_stats: false };
    targets.push({
      ...base,
      kind: 'BatchNorm',
      layer: layerFor('BatchNorm', rank),
      tracked,
      options: { ...without, ...track },
    });
  }
  for (const tracked of [false, true]) {
    if (rank < 3) break;
    const options = { ...(withAffine ? { affine: true } : {}), ...(tracked ? { track_running_stats: true } : {}) };
    targets.push({ ...base, kind: 'InstanceNorm', layer: layerFor('InstanceNorm', rank), tracked, options });
  }
  const trailing = trailingReduced(profile);
  for (const kind of ['LayerNorm', 'RMSNorm'] as const) {
    if (trailing > 0)
      targets.push({
        ...base,
        kind,
        layer: kind,
        normalizedAxes: trailing,
        tracked: false,
        options: withoutElementwise,
      });
  }
  const measured = profile.structure.members.kind === 'axes' ? (profile.structure.members.groups?.count ?? null) : null;
  for (const groups of new Set([1, measured ?? 1, channels])) {
    targets.push({
      ...base,
      kind: 'GroupNorm',
      layer: 'GroupNorm',
      groups,
      tracked: false,
      options: { num_groups: groups, ...without },
    });
  }
  return targets;
}

/** The axes that PyTorch keeps apart: one statistic for each combination of their coordinates (and for each group). */
export function keptAxes(target: Target): number[] {
  switch (target.kind) {
    case 'BatchNorm':
      return [1];
    case 'InstanceNorm':
      return [0, 1];
    case 'GroupNorm':
      return [0];
    case 'LayerNorm':
    case 'RMSNorm':
      return Array.from({ length: target.rank - target.normalizedAxes }, (_, axis) => axis);
    default:
      return target.kind satisfies never;
  }
}

/** How many trailing axes a profile reduces if it reduces trailing axes only; 0 otherwise. */
export function trailingReduced(profile: Profile): number {
  const { members } = profile.structure;
  if (members.kind !== 'axes' || members.groups !== null) return 0;
  const kept = new Set(members.kept);
  const rank = profile.shape.length;
  let count = 0;
  while (count < rank && !kept.has(rank - 1 - count)) count++;
  return kept.size === rank - count ? count : 0;
}

const LETTERS: Readonly<Record<number, readonly string[]>> = {
  1: ['C'],
  2: ['N', 'C'],
  3: ['N', 'C', 'L'],
  4: ['N', 'C', 'H', 'W'],
  5: ['N', 'C', 'D', 'H', 'W'],
};

/** Axes in letters, in the vocabulary's order. */
export function lettersOf(axes: readonly number[], rank: number): string {
  const letters = LETTERS[rank] ?? [];
  return axes.map((axis) => letters[axis] ?? String(axis)).join(',');
}

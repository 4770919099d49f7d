// Axis entries on shapes: which elements share a statistic.

import type { Partition } from '../model/partition.ts';
import type { AffineTensor, Profile } from '../model/profile.ts';
import { taught } from './advice.ts';
import type { Axis, Subject } from './axis.ts';
import { keptAxes, lettersOf, type Target } from './target.ts';

const OUTPUT = { tensors: /^output$/, option: null };

const axesPartition = (kept: readonly number[], groups: number | null): Partition => ({
  kind: 'axes',
  kept,
  groups: groups === null || groups === 1 ? null : { count: groups, layout: 'contiguous' },
});

const withPartition = (profile: Profile, partition: Partition): Profile => ({
  ...profile,
  structure: { members: partition, users: partition },
  running: profile.running === null ? null : { ...profile.running, users: partition },
});

export const sameAxes = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((axis) => b.includes(axis));

/** The word for where channels are read; null where the statistics are PyTorch's or differ in another way. */
export function channelWord(profile: Profile, target: Target): string | null {
  const { members, users } = profile.structure;
  if (members.kind === 'flattened') return 'flattened';
  if (users.kind === 'axes' && !sameAxes(members.kept, users.kept)) return 'broadcast-last';
  const last = profile.shape.length - 1;
  const swap = (to: number) => keptAxes(target).map((axis) => (axis === 1 ? to : axis));
  // Where parameters or buffers lie along axis 1, that is the channels', whatever the statistics run over.
  if (last !== 1 && sameAxes(members.kept, swap(last)) && !parametersLieAlong(profile, 1)) return '-1';
  if (target.kind === 'BatchNorm' && sameAxes(members.kept, [0]) && parametersLieAlong(profile, 0)) return '0';
  return null;
}

/** Whether its parameters, or its buffers, have an entry for each place on an axis: statistics alone say nothing of channels. */
function parametersLieAlong({ affine, running }: Profile, axis: number): boolean {
  const t = affine.weight ?? affine.bias;
  if (t !== null) return sameAxes(t.axes, [axis]);
  return running !== null && running.users.kind === 'axes' && sameAxes(running.users.kept, [axis]);
}

export const channelAxis: Axis = {
  id: 'channel.axis',
  ...taught('channel.axis'),
  level: 'error',
  values: ['1', '-1', '0', 'broadcast-last', 'flattened'],
  about: 'the axis of the input from which channels are read',
  pytorch: (target) => (target.kind === 'BatchNorm' || target.kind === 'InstanceNorm' ? '1' : null),
  measured: ({ profile }, target) => channelWord(profile, target) ?? '1',
  apply: (profile, value, target) => {
    const last = profile.shape.length - 1;
    const at = value === '-1' || value === 'broadcast-last' ? last : Number(value);
    if (value === 'flattened') return withPartition(profile, { kind: 'flattened', channels: profile.shape[1] });
    const kept = keptAxes(target).map((axis) => (axis === 1 ? at : axis));
    const aligned = alignAffine(withPartition(profile, axesPartition(kept, null)), at);
    if (value !== 'broadcast-last') return aligned;
    return { ...aligned, structure: { ...aligned.structure, members: axesPartition(keptAxes(target), null) } };
  },
  shownBy: OUTPUT,
  separatedBy: 'channels with different statistics, all sizes different, then a width equal to the channel count',
  explain: (actual, { profile, stance }) => {
    switch (actual) {
      case '-1':
        return 'Channels are read from the last axis (N, …, C); PyTorch reads them from axis 1 (N, C, …).';
      case '0':
        return 'Channels are read from axis 0; PyTorch reads them from axis 1.';
      case 'flattened':
        return 'The input is reshaped to (-1, C) without moving the channel axis first, so that statistics mix channels.';
      default: {
        const refused = stance.refusals.find((r) => r.shape.length === profile.shape.length);
        const raises =
          refused === undefined ? '' : ` On most shapes that raises (${refused.type}: ${refused.message});`;
        return `Statistics are taken per channel but lined up with the last axis.${raises} where the last size equals the channel count it is silently wrong.`;
      }
    }
  },
  clues: [
    /permute|movedim|transpose|reshape\(-1|view\(-1/,
    /return .*(gamma|weight|scale)/,
    /x\s*-\s*(self\.)?\w*mean/,
  ],
};

/** Parameters of a profile moved from axis 1 (or the last) to `axis`. */
function alignAffine(profile: Profile, axis: number): Profile {
  const move = (t: AffineTensor | null) => (t === null || t.axes.length !== 1 ? t : { ...t, axes: [axis] });
  return {
    ...profile,
    affine: { ...profile.affine, weight: move(profile.affine.weight), bias: move(profile.affine.bias) },
  };
}

export const axesReduction: Axis = {
  id: 'axes.reduction',
  ...taught('axes.reduction'),
  level: 'error',
  values: ['sets of N, C, D, H, W, L', 'all', 'other'],
  about: 'the axes over which one statistic runs',
  pytorch: (target) => reducedWord(keptAxes(target), target.rank, target.groups),
  measured: ({ profile }, target) => {
    if (axesPytorch(target) === null) return null;
    const { members, users } = profile.structure;
    if (target.kind === 'BatchNorm' || target.kind === 'InstanceNorm') {
      if (channelWord(profile, target) !== null) return axesPytorch(target);
    }
    if (members.kind === 'flattened' || users.kind === 'flattened') return 'other';
    if (members.kept.length === 0 && members.groups === null)
      return target.kind === 'LayerNorm' && keptAxes(target).length === 0 ? axesPytorch(target) : 'all';
    const groups = members.groups?.count ?? (target.kind === 'GroupNorm' ? 1 : null);
    const channelsKept = members.kept.includes(1) && target.kind === 'GroupNorm';
    if (channelsKept && target.groups === profile.shape[1] && sameAxes(members.kept, [0, 1]))
      return axesPytorch(target);
    return reducedWord(members.kept, profile.shape.length, channelsKept ? null : groups);
  },
  apply: (profile, value, target) => {
    if (value === 'all') return { ...withPartition(profile, axesPartition([], null)), running: profile.running };
    return withPartition(profile, axesPartition(keptAxes(target), target.groups));
  },
  shownBy: OUTPUT,
  separatedBy: 'every size different, and every sample and channel with statistics of its own',
  told: (value) => String(value).replace(/ in \d+ groups$/, ''),
  explain: (actual, _subject, target) =>
    `One statistic runs over the axes ${actual}, where PyTorch's ${target.layer} runs it over ${axesPytorch(target)}.`,
  clues: [/(mean|var|std)\s*\(.*(dim|axis)?/, /dims?\s*=|axis\s*=/],
};

function axesPytorch(target: Target): string {
  return reducedWord(keptAxes(target), target.rank, target.groups);
}

function reducedWord(kept: readonly number[], rank: number, groups: number | null): string {
  const reduced = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !kept.includes(axis));
  const word = lettersOf(reduced, rank);
  return groups !== null && groups > 1 ? `${word} in ${groups} groups` : word;
}

export const groupsLayout: Axis = {
  id: 'groups.layout',
  ...taught('groups.layout'),
  level: 'error',
  values: ['contiguous', 'interleaved'],
  about: 'which channels make a group',
  pytorch: (target) => (target.kind === 'GroupNorm' ? 'contiguous' : null),
  measured: ({ profile }: Subject) =>
    profile.structure.members.kind === 'axes' ? (profile.structure.members.groups?.layout ?? null) : null,
  apply: (profile, value) => {
    const { members } = profile.structure;
    if (members.kind !== 'axes' || members.groups === null) return profile;
    const layout = value === 'interleaved' ? 'interleaved' : 'contiguous';
    return withPartition(profile, { ...members, groups: { ...members.groups, layout } });
  },
  shownBy: OUTPUT,
  separatedBy: 'channels with different statistics and more than one group',
  explain: () => 'Channel c belongs to group c mod G (interleaved); PyTorch puts neighbouring channels into one group.',
  clues: [/view\(|reshape\(|rearrange|permute/, /group/],
};

export const SHAPE_AXES: readonly Axis[] = [channelAxis, axesReduction, groupsLayout];

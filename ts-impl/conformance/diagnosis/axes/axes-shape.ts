// Axis entries on shapes: which elements share a statistic, which share a parameter, and what the parameters do.

import type { Partition } from '../model/partition.ts';
import type { Affine, AffineForm, AffineTensor, Profile } from '../model/profile.ts';
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

const sameAxes = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((axis) => b.includes(axis));

/** The word for where channels are read; null where the statistics are PyTorch's or differ in another way. */
function channelWord(profile: Profile, target: Target): string | null {
  const { members, users } = profile.structure;
  if (members.kind === 'flattened') return 'flattened';
  if (users.kind === 'axes' && !sameAxes(members.kept, users.kept)) return 'broadcast-last';
  const last = profile.shape.length - 1;
  const swap = (to: number) => keptAxes(target).map((axis) => (axis === 1 ? to : axis));
  if (last !== 1 && sameAxes(members.kept, swap(last))) return '-1';
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

/** The word for which elements share an entry of a parameter. */
function sharedWord(t: AffineTensor, profile: Profile, target: Target): string {
  const last = profile.shape.length - 1;
  if (t.perGroup) return 'G';
  if (target.normalizedAxes > 0) {
    const normalized = Array.from({ length: target.normalizedAxes }, (_, i) => last - target.normalizedAxes + 1 + i);
    if (sameAxes(t.axes, normalized)) return 'normalized_shape';
  }
  if (t.axes.length === 0) return 'scalar';
  if (sameAxes(t.axes, [1])) return 'C';
  return sameAxes(t.axes, [last]) ? 'last-axis' : 'other';
}

export const affineShape: Axis = {
  id: 'affine.shape',
  ...taught('affine.shape'),
  level: 'error',
  values: ['C', 'normalized_shape', 'G', 'last-axis', 'scalar', 'other'],
  about: 'which elements share a weight and a bias',
  pytorch: (target) => (target.normalizedAxes > 0 ? 'normalized_shape' : 'C'),
  measured: ({ profile }, target) => {
    if (target.kind === 'BatchNorm' || target.kind === 'InstanceNorm') {
      if (channelWord(profile, target) !== null) return null;
    }
    const expected = target.normalizedAxes > 0 ? 'normalized_shape' : 'C';
    const words = [profile.affine.weight, profile.affine.bias].flatMap((t) =>
      t === null ? [] : [sharedWord(t, profile, target)],
    );
    if (words.length === 0) return null;
    return words.find((word) => word !== expected) ?? expected;
  },
  apply: null,
  separatedBy: 'weights that are all different',
  explain: (actual, _subject, target) => {
    const usual = target.normalizedAxes > 0 ? 'one for each element of normalized_shape' : 'one for each channel';
    const words: Record<string, string> = {
      C: 'one weight and bias for each channel',
      G: 'one weight and bias for each group',
      'last-axis': 'one weight and bias for each position of the last axis',
      scalar: 'a single weight and bias for all elements',
      normalized_shape: 'one weight and bias for each element of the normalised axes',
    };
    return `There is ${words[String(actual)] ?? 'a weight shared in another way'}, where PyTorch's ${target.layer} has ${usual}.`;
  },
  clues: [/Parameter\(/, /gamma|weight|scale/],
};

export const affineForm: Axis = {
  id: 'affine.form',
  ...taught('affine.form'),
  level: 'error',
  values: ['weight*x+bias', 'one-plus-weight', 'bias-before-weight', 'weight-only', 'bias-only', 'none', 'ignored'],
  about: 'what weight and bias do to the normalised value',
  pytorch: (target) => (target.affine ? (target.kind === 'RMSNorm' ? 'weight-only' : 'weight*x+bias') : 'none'),
  measured: ({ profile }, target) => {
    // InstanceNorm has an affine form only where asked for: having one is a default, not a form.
    if (target.kind === 'InstanceNorm' && !target.affine && profile.affine.form === 'weight*x+bias') return 'none';
    return profile.affine.form;
  },
  apply: (profile, value) => ({ ...profile, affine: withForm(profile.affine, value as AffineForm) }), // one of `values`
  shownBy: OUTPUT,
  separatedBy: 'a weight that is not 1, with negatives and a zero, and a bias that is not 0',
  explain: (actual) => {
    const words: Record<string, string> = {
      'one-plus-weight': 'The output is scaled by 1 + weight: a checkpoint for PyTorch holds weights larger by 1.',
      'bias-before-weight':
        'The bias is added before the weight multiplies: equal while the bias is 0; to convert, multiply the bias by the weight.',
      'weight-only': 'There is a weight but no bias.',
      'bias-only': 'There is a bias but no weight.',
      none: 'There is no weight and no bias.',
      ignored: 'Weight and bias exist but do not enter the output.',
      'weight*x+bias': 'There is a bias, where PyTorch has a weight alone.',
    };
    return words[String(actual)] ?? 'Weight and bias enter the output in another way.';
  },
  clues: [/return .*(gamma|weight|scale|beta|bias|shift)/, /gamma|weight|scale|beta|bias/, /Parameter\(/],
};

/** The affine with another form; tensors that the form leaves out are gone, tensors that it lacks stay out. */
function withForm(affine: Affine, form: AffineForm): Affine {
  switch (form) {
    case 'none':
    case 'ignored':
      return { form, weight: null, bias: null, identity: 1 };
    case 'weight-only':
      return { ...affine, form, bias: null, identity: 1 };
    case 'bias-only':
      return { ...affine, form, weight: null, identity: 1 };
    case 'one-plus-weight':
      return { ...affine, form, identity: 0 };
    case 'weight*x+bias':
    case 'bias-before-weight':
      return { ...affine, form, identity: 1 };
    default:
      return form satisfies never;
  }
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

export const SHAPE_AXES: readonly Axis[] = [channelAxis, axesReduction, groupsLayout, affineForm, affineShape];

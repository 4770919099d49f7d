// Axis entries on running statistics: what the buffers hold, how they take in a batch, and what they keep of its graph.

import type { MomentumRule, Profile, Running } from '../model/profile.ts';
import { taught } from './advice.ts';
import { type Axis, nearlyEqual } from './axis.ts';
import type { Target } from './target.ts';

const withRunning = (profile: Profile, change: Partial<Running>): Profile =>
  profile.running === null ? profile : { ...profile, running: { ...profile.running, ...change } };

/** Buffers that a training step moves, of a layer that has them in PyTorch; null otherwise. */
function movingBuffers(profile: Profile, target: Target): Running | null {
  const { running } = profile;
  return target.tracked && running !== null && running.rule !== 'never-updated' && running.newShare !== 0
    ? running
    : null;
}

const BUFFERS = { tensors: /^running_/, option: null };

export const varianceRunning: Axis = {
  id: 'variance.running',
  ...taught('variance.running'),
  level: 'error',
  values: ['unbiased', 'biased', 'depends-on-rank'],
  about: 'which variance the running variance takes in',
  pytorch: (target) => (target.tracked ? 'unbiased' : null),
  measured: ({ profile }, target) => {
    const running = movingBuffers(profile, target);
    if (running === null) return null;
    if (profile.traits.divisorByRank) return 'depends-on-rank';
    return running.divisor === 'n' ? 'biased' : 'unbiased';
  },
  apply: (profile, value) =>
    value === 'depends-on-rank' ? profile : withRunning(profile, { divisor: value === 'biased' ? 'n' : 'n-1' }),
  shownBy: BUFFERS,
  separatedBy: 'two to eight values per statistic, a variance far from 1 and a momentum far from 0',
  explain: (actual) =>
    actual === 'depends-on-rank'
      ? 'The running variance takes in the unbiased variance at some ranks of the input and the biased one at others; PyTorch always tracks the unbiased one.'
      : 'The running variance takes in the biased variance (n); PyTorch tracks the unbiased one (n − 1), though it normalises with the biased.',
  clues: [/self\.\w*(var|sigma|std|v)\w*\s*([+*]?=|\.(mul_|add_|lerp_|copy_))/, /\.var\(/],
};

export const runningTracked: Axis = {
  id: 'running.tracked',
  ...taught('running.tracked'),
  level: 'error',
  values: ['variance', 'std', 'inverse-std', 'sum-and-factor', 'swapped'],
  about: 'what the second buffer holds',
  pytorch: (target) => (target.tracked ? 'variance' : null),
  measured: ({ profile }, target) => {
    const running = movingBuffers(profile, target);
    if (running === null) return null;
    return running.sums ? 'sum-and-factor' : running.swapped ? 'swapped' : running.tracked;
  },
  apply: (profile, value) =>
    withRunning(profile, {
      tracked: value === 'std' || value === 'inverse-std' ? value : 'variance',
      floored: value === 'inverse-std',
      bare: value === 'inverse-std',
      sums: false, // sums and swapped names are other buffers with the same outputs
      swapped: false,
    }),
  shownBy: BUFFERS,
  separatedBy: 'a variance far from 1',
  explain: (actual) => {
    switch (actual) {
      case 'inverse-std':
        return 'The second buffer tracks 1 / √(variance + eps); PyTorch tracks the variance.';
      case 'sum-and-factor':
        return 'The buffers hold decayed sums, and a third one the factor to divide them by; PyTorch’s hold the averages themselves.';
      case 'swapped':
        return 'The buffer called the mean holds the variance, and the one called the variance the mean.';
      default:
        return 'The second buffer tracks the standard deviation; PyTorch tracks the variance.';
    }
  },
  clues: [/self\.\w*(var|sigma|std)\w*\s*([+*]?=|\.)/, /std\(/],
};

/** Rules under which a start has no meaning: it never shows. */
function isWithoutStart({ rule, late, sums }: Running): boolean {
  return sums || rule === 'zero-debiased' || (late && rule === 'first-step-copies');
}

export const runningInitial: Axis = {
  id: 'running.initial',
  ...taught('running.initial'),
  level: 'error',
  values: ['mean 0, variance 1', 'variance-zero', 'swapped', 'other'],
  about: 'what fresh buffers hold',
  pytorch: (target) => (target.tracked ? 'mean 0, variance 1' : null),
  measured: ({ profile }, target) => {
    if (!target.tracked || profile.running === null) return null;
    if (isWithoutStart(profile.running)) return null;
    const { mean, variance } = profile.running.initial;
    if (mean === 0) return variance === 1 ? 'mean 0, variance 1' : variance === 0 ? 'variance-zero' : 'other';
    return mean === 1 && variance === 0 ? 'swapped' : 'other';
  },
  apply: (profile, value) => {
    const initial = { mean: value === 'swapped' ? 1 : 0, variance: value === 'mean 0, variance 1' ? 1 : 0 };
    return withRunning(profile, { initial });
  },
  separatedBy: 'eval before any training',
  explain: (_actual, { profile }) =>
    `Fresh buffers hold mean ${profile.running?.initial.mean} and variance ${profile.running?.initial.variance}; PyTorch's hold 0 and 1.`,
  clues: [/register_buffer|torch\.(zeros|ones)\(/],
};

export const momentumRule: Axis = {
  id: 'momentum.rule',
  ...taught('momentum.rule'),
  level: 'error',
  values: [
    'new-weight',
    'old-weight',
    'cumulative',
    'zero-debiased',
    'first-step-copies',
    'overwritten',
    'never-updated',
    'other',
  ],
  about: 'how a buffer takes in a new statistic',
  pytorch: (target) => (target.tracked ? 'new-weight' : null),
  measured: ({ profile }, target) => {
    const { running } = profile;
    if (!target.tracked || running === null) return null;
    // Sums over their factor are a debiased average by themselves; what is left is what the argument weighs.
    return running.sums ? (running.argument?.weighs === 'old' ? 'old-weight' : 'new-weight') : running.rule;
  },
  apply: (profile, value) => {
    const rule = value as MomentumRule; // one of `values`
    const share = profile.running?.argument?.default ?? 0.1;
    const newShare = { 'old-weight': 1 - share, overwritten: 1, 'never-updated': 0 }[String(rule)] ?? share;
    const argument = profile.running?.argument ?? null;
    const weighs = rule === 'old-weight' ? 'old' : 'new';
    return withRunning(profile, {
      rule,
      newShare,
      oldShare: 1 - newShare,
      argument: argument === null ? null : { ...argument, weighs },
    });
  },
  shownBy: { ...BUFFERS, option: 'momentum' },
  separatedBy:
    'two steps from a start that is not zero, with the momentum argument varied; three steps for the rules that count',
  explain: (actual, { profile }) => {
    const name = profile.running?.argument?.name ?? 'momentum';
    switch (actual) {
      case 'old-weight':
        return `${name} weighs the old value (r ← m·r + (1−m)·s); PyTorch's weighs the new one (r ← (1−m)·r + m·s), so the same number means the opposite.`;
      case 'cumulative':
        return "The buffers are the plain average over all steps, as with PyTorch's momentum=None.";
      case 'zero-debiased':
        return 'The buffers hold an average that starts at zero and is divided by 1 − decay^k, so that early steps count in full; PyTorch averages from 0 and 1 without it.';
      case 'first-step-copies':
        return 'The first step copies the batch statistics into the buffers, later ones average; PyTorch averages from the first.';
      case 'overwritten':
        return 'Each step overwrites the buffers with the statistics of the batch, whatever the momentum.';
      case 'never-updated':
        return 'Training never updates the buffers.';
      default:
        return 'The buffers take in new statistics by another rule than r ← (1−m)·r + m·s.';
    }
  },
  clues: [/self\.\w*mean\w*\s*([+*]?=|\.(mul_|add_|lerp_|copy_))/, /momentum/, /register_buffer/],
};

export const momentumDefault: Axis = {
  id: 'momentum.default',
  ...taught('momentum.default'),
  level: ({ profile }) => (profile.running?.argument === null ? 'error' : 'note'),
  values: ['number'],
  about: 'the share of the new statistic in a default-constructed layer',
  pytorch: (target) => (target.tracked ? 0.1 : null),
  measured: ({ profile }, target) => {
    const { running } = profile;
    if (!target.tracked || running === null) return null;
    // Under old-weight a constant in the code is the same map as its complement; only an argument tells, and then that is the finding.
    if (running.rule !== 'new-weight' && !(running.sums && running.argument === null)) return null;
    return Number(running.newShare.toPrecision(6));
  },
  apply: (profile, value) => withRunning(profile, { newShare: Number(value), oldShare: 1 - Number(value) }),
  same: (a, b) => a === b || nearlyEqual(Number(a), Number(b)),
  shownBy: BUFFERS,
  separatedBy: 'two steps from a start that is not zero',
  explain: (actual, { profile }) => {
    const where = profile.running?.argument === null ? 'The code has' : 'The default is';
    return `${where} a momentum of ${actual} (the share of the new statistic); PyTorch's default is 0.1.`;
  },
  clues: [/momentum\s*=|decay\s*=/, /self\.\w*mean\w*\s*([+*]?=|\.(mul_|add_|lerp_|copy_))/],
};

export const updateInEval: Axis = {
  id: 'running.update-in-eval',
  ...taught('running.update-in-eval'),
  level: 'error',
  values: ['no', 'yes'],
  about: 'whether an eval step moves the buffers',
  pytorch: (target) => (target.tracked ? 'no' : null),
  measured: ({ profile }, target) =>
    !target.tracked || profile.running === null ? null : profile.running.updatesInEval ? 'yes' : 'no',
  apply: (profile, value) => withRunning(profile, { updatesInEval: value === 'yes' }),
  shownBy: BUFFERS,
  separatedBy: 'the buffers read after an eval step',
  explain: () => 'An eval step moves the running statistics; in PyTorch only training does.',
  clues: [/self\.\w*mean\w*\s*([+*]?=|\.(mul_|add_|lerp_|copy_))/, /self\.training/],
};

export const runningGradient: Axis = {
  id: 'running.gradient',
  ...taught('running.gradient'),
  level: 'error',
  values: ['detached', 'attached'],
  about: 'whether the buffers keep the graph of the steps that made them',
  pytorch: (target) => (target.tracked ? 'detached' : null),
  measured: ({ profile }, target) =>
    !target.tracked || profile.running === null ? null : profile.running.attached.length > 0 ? 'attached' : 'detached',
  apply: null,
  separatedBy: 'a training step with gradients, then another one and its backward',
  explain: (_actual, { profile }) =>
    `After a training step ${profile.running?.attached.join(' and ')} still ${profile.running?.attached.length === 1 ? 'carries' : 'carry'} the graph: memory grows with every step and the backward of the second step raises. Update under torch.no_grad() or detach the statistics.`,
  clues: [/self\.\w*mean\w*\s*([+*]?=|\.(mul_|add_|lerp_|copy_))/],
};

export const BUFFER_AXES: readonly Axis[] = [
  momentumRule,
  momentumDefault,
  varianceRunning,
  runningTracked,
  runningInitial,
  updateInEval,
  runningGradient,
];

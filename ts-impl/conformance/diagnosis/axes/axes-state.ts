// Axis entries on modes and gradients: what training and eval normalise with, and what the gradient flows through.

import type { Profile, Running, StatisticsSource } from '../model/profile.ts';
import { taught } from './advice.ts';
import type { Axis } from './axis.ts';

const withRunning = (profile: Profile, change: Partial<Running>): Profile =>
  profile.running === null ? profile : { ...profile, running: { ...profile.running, ...change } };

export const statisticsTrain: Axis = {
  id: 'statistics.train',
  ...taught('statistics.train'),
  level: 'error',
  values: ['batch', 'running-after-update', 'running-before-update'],
  about: 'what training normalises with',
  pytorch: () => 'batch',
  measured: ({ profile }) => (profile.running === null ? null : profile.scale.statistics),
  apply: (profile, value) => ({ ...profile, scale: { ...profile.scale, statistics: value as StatisticsSource } }), // one of `values`
  separatedBy: 'buffers that are no batch statistics',
  explain: (actual) =>
    actual === 'running-after-update'
      ? 'Training normalises with the running statistics just after they took in the batch; PyTorch normalises with the statistics of the batch.'
      : 'Training normalises with the running statistics as they were before the batch; PyTorch normalises with the statistics of the batch.',
  clues: [/x\s*-\s*self\.\w+/, /self\.\w*mean/],
};

export const statisticsEval: Axis = {
  id: 'statistics.eval',
  ...taught('statistics.eval'),
  level: 'error',
  values: ['running', 'batch'],
  about: 'what eval normalises with',
  pytorch: (target) => (target.tracked ? 'running' : 'batch'),
  measured: ({ profile }) => {
    const word = profile.running?.evalStatistics ?? (profile.evalIsTrain ? 'batch' : 'unknown');
    return word === 'unknown' ? null : word;
  },
  apply: (profile, value) => withRunning(profile, { evalStatistics: value === 'running' ? 'running' : 'batch' }),
  separatedBy: 'a fresh layer in eval, and an eval step after training on other data',
  explain: (actual, { profile }) => {
    if (actual === 'running')
      return 'Eval normalises with running statistics, where PyTorch always uses those of the input.';
    return profile.running === null
      ? 'There are no running statistics: eval normalises with the statistics of its own batch, as with track_running_stats=False.'
      : 'Eval normalises with the statistics of its own batch and leaves the running ones unused; PyTorch uses the running ones.';
  },
  clues: [/self\.training|if .*train/, /def forward|def __call__/],
};

export const untrackedEval: Axis = {
  id: 'statistics.untracked-eval',
  ...taught('statistics.untracked-eval'),
  level: 'error',
  values: ['batch', 'running-initial', 'raises', 'other'],
  about: 'what eval normalises with where there are no running statistics (yet)',
  pytorch: (target) => (target.kind === 'BatchNorm' || target.kind === 'InstanceNorm' ? 'batch' : null),
  measured: ({ profile }) => profile.traits.untrackedEval,
  apply: null,
  separatedBy: 'eval before any training, and with track_running_stats=False where there is such an option',
  explain: (actual, { profile }) => {
    const late = profile.running?.late === true;
    if (late && actual === 'raises')
      return 'Running statistics are made by the first training step: eval before it raises, where PyTorch normalises with mean 0 and variance 1.';
    if (actual === 'raises') return 'Without running statistics eval raises; PyTorch normalises with the batch.';
    return actual === 'running-initial'
      ? 'Without running statistics eval normalises with the buffers as they were made, mean 0 and variance 1; PyTorch normalises with the batch.'
      : 'Without running statistics eval normalises with neither the batch nor the initial buffers.';
  },
  clues: [/track/, /self\.training|if .*train/, /is None/],
};

export const gradientStatistics: Axis = {
  id: 'gradient.statistics',
  ...taught('gradient.statistics'),
  level: 'error',
  values: ['differentiated', 'detached'],
  about: 'whether the gradient flows through mean and variance',
  pytorch: () => 'differentiated',
  measured: ({ profile }) => {
    const { gradient } = profile;
    if (gradient === null || profile.scale.statistics !== 'batch') return null;
    return gradient.meanDetached || gradient.varianceDetached ? 'detached' : 'differentiated';
  },
  apply: (profile, value) => ({
    ...profile,
    gradient: { meanDetached: value === 'detached', varianceDetached: value === 'detached' },
  }),
  shownBy: { tensors: /\.grad$/, option: null },
  separatedBy: 'a random upstream gradient; with a sum as the loss the check is empty',
  explain: (_actual, { profile }) => {
    const { meanDetached, varianceDetached } = profile.gradient ?? {};
    const which = meanDetached && varianceDetached ? 'mean and variance' : meanDetached ? 'the mean' : 'the variance';
    return `No gradient flows through ${which}: the output is right and the input gradient is wrong.`;
  },
  clues: [/detach\(|no_grad|\.data\b|\.item\(/, /mean/],
};

export const STATE_AXES: readonly Axis[] = [statisticsTrain, statisticsEval, untrackedEval, gradientStatistics];

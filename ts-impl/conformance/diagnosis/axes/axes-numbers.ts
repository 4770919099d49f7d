// Axis entries on the arithmetic of one statistic: the mean, the variance and eps.

import type { Profile, Scale } from '../model/profile.ts';
import { axisValue } from '../../report/describe-verdict.ts';
import { taught } from './advice.ts';
import { type Axis, nearlyEqual } from './axis.ts';
import type { Target } from './target.ts';

const OUTPUT = { tensors: /^output$/, option: null };

const withScale = (profile: Profile, change: Partial<Scale>): Profile => ({
  ...profile,
  scale: { ...profile.scale, ...change },
});

const MEANS = {
  yes: [true, true],
  'from-output-only': [true, false],
  'from-variance-only': [false, true],
  no: [false, false],
} as const;

function meanWord(scale: Scale): keyof typeof MEANS {
  if (scale.outputCentred) return scale.varianceCentred ? 'yes' : 'from-output-only';
  return scale.varianceCentred ? 'from-variance-only' : 'no';
}

export const meanSubtracted: Axis = {
  id: 'mean.subtracted',
  ...taught('mean.subtracted'),
  level: 'error',
  values: ['yes', 'no', 'from-output-only', 'from-variance-only'],
  about: 'whether the mean is taken from the output and inside the variance',
  pytorch: (target) => (target.kind === 'RMSNorm' ? 'no' : 'yes'),
  measured: ({ profile }) => (profile.scale.statistics === 'batch' ? meanWord(profile.scale) : null),
  apply: (profile, value) => {
    const [outputCentred, varianceCentred] = MEANS[value as keyof typeof MEANS]; // one of `values`
    return withScale(profile, { outputCentred, varianceCentred });
  },
  shownBy: OUTPUT,
  separatedBy: 'a mean as large as the spread',
  explain: (actual) => {
    switch (actual) {
      case 'yes':
        return 'The mean is subtracted, where PyTorch divides by the root mean square alone.';
      case 'from-output-only':
        return 'The mean is subtracted from the output, but the variance is the mean of the squares of the uncentred input.';
      case 'from-variance-only':
        return 'The variance is taken around the mean, but the mean is not subtracted from the output.';
      default:
        return 'The mean is never subtracted: the input is divided by its root mean square, so a constant shift of the input shows in the output.';
    }
  },
  clues: [/mean\s*\(|\.mean\b|\bmu\b|pow\(2\)|square/],
};

export const varianceNormalization: Axis = {
  id: 'variance.normalization',
  ...taught('variance.normalization'),
  level: 'error',
  values: ['biased', 'unbiased', 'second-moment'],
  about: 'what the sum of squares is divided by before the output is scaled with it',
  pytorch: (target) => (target.kind === 'RMSNorm' ? 'second-moment' : 'biased'),
  measured: ({ profile }, target) => {
    const { scale } = profile;
    if (scale.statistics !== 'batch') return null;
    if (scale.divisor === 'n-1') return 'unbiased';
    return target.kind === 'RMSNorm' ? 'second-moment' : 'biased'; // where squares are centred is mean.subtracted's word
  },
  apply: (profile, value) => withScale(profile, { divisor: value === 'unbiased' ? 'n-1' : 'n' }),
  shownBy: OUTPUT,
  separatedBy: 'two to eight values per statistic',
  explain: () =>
    'The output is divided by the unbiased standard deviation (n − 1, the default of x.var() and x.std()), where PyTorch divides by the biased one (n).',
  clues: [/\.(var|std|var_mean|std_mean)\s*\(|torch\.(var|std)\w*\(|np\.(var|std)\(/, /-\s*1\s*\)/],
};

/** PyTorch's eps for a layer; RMSNorm's is the machine epsilon of the computation dtype (experiments run in float64). */
function defaultEps(target: Target): number {
  return target.kind === 'RMSNorm' ? 2 ** -52 : 1e-5;
}

export const epsValue: Axis = {
  id: 'eps.value',
  ...taught('eps.value'),
  level: 'error',
  values: ['number'],
  about: 'the eps of a default-constructed layer',
  pytorch: defaultEps,
  measured: ({ profile }, target) => {
    const { placement, eps } = profile.scale;
    // Experiments in float32, where float64 is refused, show RMSNorm's epsilon of that dtype.
    const single = target.kind === 'RMSNorm' && profile.dtype === 'float32' && nearlyEqual(eps, 2 ** -23);
    return placement === 'absent' ? null : single ? defaultEps(target) : eps;
  },
  apply: (profile, value) => withScale(profile, { eps: Number(value) }),
  shownBy: OUTPUT,
  separatedBy: 'a spread near the square root of eps',
  explain: (actual, { profile }, target) => {
    const how =
      profile.epsArgument === null ? 'is fixed in the code' : `is the default of the argument ${profile.epsArgument}`;
    const usual = target.kind === 'RMSNorm' ? 'the machine epsilon of the computation dtype' : '1e-5';
    return `eps ${how} at ${axisValue(actual)}, where PyTorch's is ${usual}: inputs with a small spread come out at another scale.`;
  },
  clues: [/\beps\w*\s*(:\s*\w+)?\s*=\s*[\d.]/, /\d(\.\d+)?e-\d+/, /\beps/],
};

export const epsPlacement: Axis = {
  id: 'eps.placement',
  ...taught('eps.placement'),
  level: 'error',
  values: ['inside-sqrt', 'outside-sqrt', 'max', 'squared', 'scaled-by-input', 'absent'],
  about: 'where eps enters the denominator',
  pytorch: () => 'inside-sqrt',
  measured: ({ profile: { scale } }) => (scale.placement === 'max-variance' ? 'max' : scale.placement),
  apply: (profile, value, target) =>
    withScale(profile, {
      placement: value as Scale['placement'], // one of `values`
      scaling: value === 'scaled-by-input' ? { by: 'second-moment', inside: true } : null,
      eps: value === 'absent' ? 0 : profile.scale.eps > 0 ? profile.scale.eps : defaultEps(target),
    }),
  shownBy: OUTPUT,
  separatedBy: 'two spreads, one near eps and one near 1; a constant input shows absent',
  explain: (actual) => {
    switch (actual) {
      case 'outside-sqrt':
        return 'eps is added to the standard deviation, outside the square root; PyTorch adds it to the variance, inside.';
      case 'squared':
        return 'The square of eps is added to the variance; PyTorch adds eps itself, so its 1e-5 counts as 1e-10 here.';
      case 'scaled-by-input':
        return 'eps is multiplied by the size of the input before it is added: however small an input, it comes out at full size, and an input of zeros gives NaN.';
      case 'max':
        return 'The standard deviation is kept from falling below eps with a maximum; PyTorch adds eps to the variance.';
      default:
        return 'There is no eps at all: a constant input divides by zero and gives NaN, and small spreads are blown up.';
    }
  },
  clues: [/sqrt|rsqrt|\*\*\s*-?0?\.5|\.std\(|\/\s*std|pow\(-?0?\.5\)/, /eps/],
};

export const epsZero: Axis = {
  id: 'eps.zero',
  ...taught('eps.zero'),
  level: 'note',
  values: ['honoured', 'replaced-by-default', 'rejected'],
  about: 'what an eps of 0 does',
  pytorch: () => 'honoured',
  measured: ({ profile: { traits } }, target) =>
    // PyTorch's own BatchNorm refuses an eps of 0 in training.
    traits.epsZero === 'rejected' && target.kind === 'BatchNorm' ? 'honoured' : traits.epsZero,
  apply: null,
  separatedBy: 'eps = 0 by argument and a spread near the square root of the default',
  explain: (actual) =>
    actual === 'rejected'
      ? 'An eps of 0 is refused; PyTorch takes it.'
      : 'An eps of 0 is replaced by the default, as by `eps or 1e-5`; PyTorch takes it as it is.',
  clues: [/\beps\w*\s+or\b/, /\beps/],
};

export const varianceAlgorithm: Axis = {
  id: 'variance.algorithm',
  ...taught('variance.algorithm'),
  level: 'error',
  values: ['stable', 'one-pass', 'one-pass-clamped'],
  about: 'how the variance is computed',
  pytorch: (target) => (target.kind === 'RMSNorm' ? null : 'stable'),
  measured: ({ profile }) => profile.traits.algorithm,
  apply: null,
  separatedBy: 'a mean of a thousand spreads or more, in float32',
  explain: (actual) =>
    `The variance is E[x²] − E[x]²${actual === 'one-pass-clamped' ? ', kept from falling below 0' : ''}: where the mean is a thousand times the spread, float32 has nothing left of it${
      actual === 'one-pass-clamped' ? ' and eps alone divides' : ', and a negative one gives NaN'
    }.`,
  clues: [/(pow\(2\)|square\(?\)?|\*\*\s*2|x\s*\*\s*x).*mean|mean.*(pow\(2\)|square|\*\*\s*2)/, /var/],
};

export const NUMBER_AXES: readonly Axis[] = [
  meanSubtracted,
  varianceNormalization,
  epsPlacement,
  epsValue,
  epsZero,
  varianceAlgorithm,
];

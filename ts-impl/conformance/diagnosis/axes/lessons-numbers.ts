// Lessons on the arithmetic of one statistic: mean, variance, eps, precision.

import { type Lesson, train } from './lesson.ts';

const PAIR = { kind: 'numbers', shape: [1, 1, 1, 2], tensor: 'output' } as const;

export const NUMBER_LESSONS: Readonly<Record<string, Lesson>> = {
  'mean.subtracted': {
    what: 'A norm takes the mean away twice: from the numbers it puts out, and inside the variance. RMSNorm does neither, and some layers do one of the two.',
    values: {
      yes: 'the mean is taken from the output and inside the variance',
      no: 'the input is divided by its root mean square; a shift of the input shows in the output',
      'from-output-only': 'the output is centred, but divided by the root of the mean of the uncentred squares',
      'from-variance-only': 'the variance is taken around the mean, but the output is not centred',
    },
    example: {
      ...PAIR,
      layer: 'LayerNorm',
      given: 'LayerNorm of [1, 3]',
      shape: [1, 1, 1, 2],
      acts: [train(1, 3)],
      gives: {
        yes: [-1, 1],
        no: [0.4472, 1.342],
        'from-output-only': [-0.4472, 0.4472],
        'from-variance-only': [1, 3],
      },
    },
  },
  'variance.normalization': {
    what: 'The sum of squared distances from the mean is divided by n, or by n − 1 (Bessel’s correction), before the output is divided by its root. x.var() and x.std() divide by n − 1 unless told otherwise. The gap is one part in n: large for short statistics, invisible for long ones.',
    values: {
      biased: 'divide by n',
      unbiased: 'divide by n − 1; the output is smaller by √((n−1)/n)',
      'second-moment': 'the mean of the uncentred squares, as in RMSNorm',
    },
    example: {
      ...PAIR,
      layer: 'LayerNorm',
      given: 'LayerNorm of [0, 3, 6] (n = 3, mean 3, squares 18)',
      shape: [1, 1, 1, 3],
      acts: [train(0, 3, 6)],
      gives: { biased: [-1.225, 0, 1.225], unbiased: [-1, 0, 1] },
    },
  },
  'eps.value': {
    what: 'The number that keeps the denominator from 0, in a layer made with its defaults. It decides by how much inputs with a spread below √eps are held back.',
    values: { number: 'inputs whose spread is near √eps come out at another scale' },
    example: {
      ...PAIR,
      layer: 'LayerNorm',
      given: 'LayerNorm of [0, 0.002] (variance 1e-6)',
      acts: [train(0, 0.002)],
      gives: { '1e-5': [-0.3015, 0.3015], '1e-3': [-0.0316, 0.0316], '1e-12': [-1, 1] },
    },
  },
  'eps.placement': {
    what: 'Inside the root it adds to the variance, outside to the standard deviation, so that the same number weighs very differently: 1e-5 inside holds back spreads below 0.003, outside only those below 1e-5.',
    values: {
      'inside-sqrt': '√(var + eps)',
      'outside-sqrt': '√var + eps',
      max: 'the larger of √var and eps',
      squared: '√(var + eps²)',
      'scaled-by-input': 'eps is multiplied by a size of the input',
      absent: '√var: a constant input is divided by zero',
    },
    example: {
      ...PAIR,
      layer: 'LayerNorm',
      given: 'LayerNorm with eps=0.5 of [0, 2] (variance 1)',
      options: { eps: 0.5 },
      acts: [train(0, 2)],
      gives: {
        'inside-sqrt': [-0.8165, 0.8165],
        'outside-sqrt': [-0.6667, 0.6667],
        max: [-1, 1],
        squared: [-0.8944, 0.8944],
        absent: [-1, 1],
      },
    },
  },
  'eps.zero': {
    what: 'Whether an eps of 0 is taken at its word. In JavaScript `eps || 1e-5` and in Python `eps or 1e-5` replace it.',
    values: {
      honoured: 'eps is 0',
      'replaced-by-default': 'eps is the default after all',
      rejected: 'the constructor raises',
    },
    example: {
      kind: 'words',
      given: 'LayerNorm with eps=0 of [0, 0.002]',
      gives: { honoured: '[-1, 1]', 'replaced-by-default': '[-0.3015, 0.3015]', rejected: 'an error' },
    },
  },
  'variance.algorithm': {
    what: 'The variance can be taken in two passes (or by Welford’s update), or in one as E[x²] − E[x]². The second loses all digits where the mean is far larger than the spread, and may come out negative.',
    values: {
      stable: 'two passes, or Welford’s update',
      'one-pass': 'E[x²] − E[x]²',
      'one-pass-clamped': 'the same, kept from falling below 0',
    },
    example: {
      kind: 'words',
      given: 'LayerNorm in float32 of [4096, 4097] (variance 0.25; 4096² + 4097² has no room for it)',
      gives: { stable: '[-1, 1]', 'one-pass': '[-158.1, 158.1]', 'one-pass-clamped': '[-158.1, 158.1]' },
    },
  },
  'precision.accumulation': {
    what: 'For float16 and bfloat16 inputs: whether the sums of a statistic are kept in float32, or in the input’s own dtype, where they stop growing.',
    values: {
      'float32-or-wider': 'sums in float32',
      'input-dtype': 'sums in the dtype of the input: a mean over thousands of numbers is off by per cent',
    },
    example: {
      kind: 'words',
      given: 'the sum of 4096 ones in float16, one after another',
      gives: { 'float32-or-wider': '4096', 'input-dtype': '2048, where adding 1 changes nothing any more' },
    },
  },
  'precision.affine': {
    what: 'For float16 and bfloat16 inputs: whether the normalised value is multiplied by weight before it is rounded to the input’s dtype, or after.',
    values: {
      'before-rounding': 'weight multiplies in float32, one rounding at the end',
      'after-rounding': 'rounded, then multiplied and rounded again',
    },
    example: {
      kind: 'words',
      given: 'a normalised value of 1.005 times a weight of 3 in bfloat16 (steps of 1/128 above 1, of 1/64 above 2)',
      gives: {
        'before-rounding': '3.015 is rounded once, to 3.015625',
        'after-rounding': '1.005 becomes 1.0078125, and three times that 3.03125',
      },
    },
  },
};

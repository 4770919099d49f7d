// Sentences that claim nothing wrong of PyTorch's norm though they look like it: loose talk, other methods, other frameworks, denials.

import { describe, expect, it } from 'vitest';
import { told, wrongClaims } from './wrong-claims.ts';

const SILENT: readonly string[] = [
  // loose talk
  'BatchNorm takes the mean over the batch.',
  'BatchNorm stabilises training, and LayerNorm is what transformers use.',
  'BatchNorm normalises the channel dimension.',
  'LayerNorm works on each token by itself.',
  'GroupNorm sits between LayerNorm and InstanceNorm: the mean of one is over C, H, W, of the other over H, W.',
  'LayerNorm centres and scales: z = (x − μ)/σ.',
  'BatchNorm: the mean is taken over N = 32 samples.',
  'The scale of BatchNorm grows with the learning rate, per layer.',
  'BatchNorm normalises over the channel dimension.',
  'Because BatchNorm is done over the C dimension, computing statistics on (N, H, W) slices, it is called spatial.',
  'LayerNorm uses the same gamma and beta for each sample.',
  'LayerNorm multiplies by gamma and adds beta per sample.',
  'BatchNorm averages over H, W and the batch.',
  'LayerNorm: attention weight: (B, H, T, T)',
  'In BatchNorm x.var() uses the unbiased variance by default.',
  'BatchNorm normalises with the biased variance and updates the running averages.',
  'In BatchNorm the running statistics used in inference are updated with momentum.',
  'At inference BatchNorm uses batch statistics that were stored.',
  'At inference BatchNorm uses the statistics of the batches accumulated while training.',
  'BatchNorm keeps running_mean = 0.99 * running_mean + 0.01 * batch_mean with a momentum of 0.01.',
  '## BatchNorm\n\nFor inference the variance is estimated as:\n\n$$\\sigma^2 = \\frac{1}{m-1} \\sum_i (x_i - \\mu)^2$$',
  '## BatchNorm\n\nA common error:\n\n- `y = (x - mean) / sqrt(var)`\n- eps defaults to 1e-3\n\nMistakes like these:\n\n- `y = (x - mean) / (std + eps)`',
  // eps is told of, or left out knowingly
  '## BatchNorm\n\ny = gamma * (x - mean) / sqrt(var) + beta\n\nA small constant is added to the variance for numerical stability.',
  'Formulas leave out eps for brevity.\n\n## LayerNorm\n\ny = (x - mean) / sqrt(var)',
  '## GroupNorm\n\nIgnoring ε, the output is `(x - mean) / sqrt(var)`.',
  '## BatchNorm\n\n`x_hat = (x - mean) / sqrt(var)`, then `x_hat = (x - mean) / sqrt(var + eps)` against division by zero.',
  // other methods
  '## Weight normalisation\n\n$w = g \\frac{v}{\\|v\\|}$, and its variance is unbiased.',
  'Adam updates theta - lr * m / (sqrt(v) + eps), unlike BatchNorm.',
  '## Adam\n\n`m = beta1 * m + (1 - beta1) * g`, eps defaults to 1e-8, momentum defaults to 0.9',
  'BatchNorm follows the softmax `exp(x - max) / sum(exp(x - max))`.',
  'BatchNorm is no z-score: a z-score is (x - mean) / sqrt(var).',
  'Before BatchNorm the dataset is standardised with (x - mean) / sqrt(var).',
  '## SGD and BatchNorm\n\nThe optimizer has momentum = 0.9 by default.',
  'AdaIN replaces the gamma of InstanceNorm by one for each sample.',
  // other frameworks, other times
  'In Keras BatchNorm has momentum 0.99 and epsilon 1e-3 by default.',
  'In TensorFlow `moving_mean = momentum * moving_mean + (1 - momentum) * batch_mean` for BatchNorm.',
  'Flax differs: its BatchNorm tracks the biased running variance.',
  '## Keras\n\nBatchNorm: eps defaults to 1e-3.',
  'Originally BatchNorm was described with (x - mean) / sqrt(var).',
  'The paper on LayerNorm divides by sqrt(var).',
  'Early versions of GroupNorm had an eps of 1e-3 by default.',
  // questions, denials, doubts, suppositions
  'Does BatchNorm use the unbiased variance to normalise?',
  'BatchNorm does not use batch statistics at inference.',
  'LayerNorm never normalises across the batch dimension.',
  'It is a common mistake to write (x - mean) / (std + eps) in LayerNorm.',
  'If BatchNorm used batch statistics at inference, a single image would come out as its bias.',
  'Some implementations of LayerNorm normalise with the unbiased variance.',
  'BatchNorm may be written with momentum * running_mean + (1 - momentum) * batch_mean.',
  'Unlike BatchNorm, LayerNorm normalises across C, H, W.',
  'BatchNorm normalises over N, H, W, while LayerNorm normalises over C, H, W.',
  'LayerNorm has no running mean and variance at test time.',
  'Try an eps of 1e-3 with BatchNorm.',
  'Consider LayerNorm with `gamma[B]`.',
  // letters that nobody has declared, or that mean something else
  'BatchNorm: gamma[N], beta[N].',
  'BatchNorm: `gamma[0]`, `weight[i]`.',
  'LayerNorm over (B, T, D): weight of shape (D,), mean of shape (B, T).',
  'The `mean(N, H, W)` of BatchNorm is cheap.',
  // what the layer is nobody says
  'eps defaults to 1e-3.',
  '# Norms\n\ny = (x - mean) / sqrt(var)',
  'BatchNorm and LayerNorm: y = (x - mean) / sqrt(var)',
  // on the code beside it
  'Our BatchNorm uses batch statistics at inference.',
  '批归一化在测试时使用训练时累积的batch均值的滑动平均。',
  'BatchNorm 在训练时使用batch的均值，而不是滑动平均。',
];

describe('no claim', () => {
  it.each(SILENT)('is taken from: %s', (text) => {
    expect(told(wrongClaims(text))).toEqual([]);
  });
});

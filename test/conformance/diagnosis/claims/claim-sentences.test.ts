// Sentences that claim something of a layer: wrong ones are found with their axis and value, right ones are left alone.

import { describe, expect, it } from 'vitest';
import { findClaims } from '../../../../ts-impl/conformance/diagnosis/claims/find-claims.ts';
import { passagesOf } from '../../../../ts-impl/conformance/diagnosis/claims/passage.ts';
import { told, wrongClaims } from './wrong-claims.ts';

const IMAGES = 'The input has shape (N, C, H, W).\n\n';

/** Text, and what is wrong in it. */
const WRONG: readonly (readonly [text: string, ...wrong: string[]])[] = [
  ['## BatchNorm\n\nOutput: gamma * (x - mean) / sqrt(var) + beta', 'eps.placement absent'],
  ['## Batch normalisation\n\n`y = weight * (x - mean) / (std + eps) + bias`', 'eps.placement outside-sqrt'],
  [
    'LayerNorm computes $y = \\gamma \\cdot \\frac{x - \\mu}{\\sqrt{\\sigma^2} + \\epsilon} + \\beta$.',
    'eps.placement outside-sqrt',
  ],
  ['### GroupNorm\n\n$$\\hat{x}_i = \\frac{x_i - \\mu_g}{\\sqrt{\\sigma_g^2}}$$', 'eps.placement absent'],
  ['### Layer norm\n\n$$\n\\hat{x} = \\dfrac{x-\\mathrm{E}[x]}{\\sqrt{\\mathrm{Var}[x]}}\n$$', 'eps.placement absent'],
  ['InstanceNorm: x̂ = (x − μ) / √σ²', 'eps.placement absent'],
  ['RMSNorm divides: `x / (sqrt(mean(x**2)) + eps)`', 'eps.placement outside-sqrt'],
  ['BatchNorm gives (x - E[x]) / sqrt(Var[x] + eps²).', 'eps.placement squared'],
  ['GroupNorm gives `(x - mean) / max(std, eps)`.', 'eps.placement max'],
  ['For LayerNorm: `(x - x.mean(-1)) / torch.sqrt(x.var(-1) + 1e-3)`', 'eps.value 0.001'],
  [
    '## BatchNorm\n\n`running_mean = momentum * running_mean + (1 - momentum) * batch_mean`',
    'momentum.rule old-weight',
  ],
  ['BatchNorm keeps $\\mu_{running} \\leftarrow m \\mu_{running} + (1 - m) \\mu_{batch}$.', 'momentum.rule old-weight'],
  ['BatchNorm updates `running_var = 0.1 * running_var + 0.9 * batch_var`.', 'momentum.default 0.9'],
  ['## LayerNorm\n\n$\\sigma^2 = \\frac{1}{n-1} \\sum_{i=1}^{n} (x_i - \\mu)^2$', 'variance.normalization unbiased'],
  ['BatchNorm tracks running_var = 1/n Σ(x − μ)² of each batch.', 'variance.running biased'],
  ['LayerNorm returns $(1 + \\gamma) \\hat{x} + \\beta$.', 'affine.form one-plus-weight'],
  ['BatchNorm returns gamma * (x_hat + beta).', 'affine.form bias-before-weight'],
  ['In BatchNorm eps defaults to 1e-3.', 'eps.value 0.001'],
  ['In GroupNorm the default value of eps is $10^{-6}$.', 'eps.value 0.000001'],
  ['## BatchNorm\n\n- momentum (default: 0.9)', 'momentum.default 0.9'],
  ['`nn.LayerNorm` has eps=1e-6 by default.', 'eps.value 0.000001'],
  ['BatchNorm 的 eps 默认为 1e-3。', 'eps.value 0.001'],
  [`${IMAGES}BatchNorm normalises over C, H, W.`, 'axes.reduction C,H,W'],
  [`${IMAGES}BatchNorm takes mean and variance over the axes (H, W).`, 'axes.reduction H,W'],
  [`${IMAGES}LayerNorm normalises over (N, H, W).`, 'axes.reduction N,H,W'],
  [`${IMAGES}InstanceNorm computes its statistics over N, H and W.`, 'axes.reduction N,H,W'],
  [`${IMAGES}GroupNorm averages over [N, C/G, H, W].`, 'axes.reduction N,C,H,W'],
  ['LayerNorm normalises across the batch dimension.', 'axes.reduction N'],
  ['BatchNorm normalises over the channel and spatial dimensions.', 'axes.reduction C,H,W'],
  ['BatchNorm computes mean and variance per sample.', 'axes.reduction C,H,W'],
  ['LayerNorm takes its mean and variance per channel.', 'axes.reduction other'],
  ['层归一化：输入[B,C,H,W]，在[B,H,W]做归一化。', 'axes.reduction N,H,W'],
  [`${IMAGES}LayerNorm normalises over C, H, W. gamma has shape (C,).`, 'affine.shape C'],
  ['Input [B, C, H, W].\n\n- BatchNorm\n  - parameters: gamma[B] beta[B]', 'affine.shape other'],
  ['GroupNorm has γ ∈ ℝ^G and β ∈ ℝ^G.', 'affine.shape G'],
  ['For GroupNorm $\\gamma, \\beta \\in \\mathbb{R}^{G}$.', 'affine.shape G'],
  ['GroupNorm learns one gamma and one beta per group.', 'affine.shape G'],
  ['Each sample has its own gamma and beta in InstanceNorm.', 'affine.shape other'],
  ['LayerNorm has a learnable weight and bias for each sample.', 'affine.shape other'],
  ['InstanceNorm: weight: (B, C)', 'affine.shape other'],
  [`${IMAGES}- GroupNorm\n  - statistics: mean[N] var[N]`, 'axes.reduction other'],
  ['At inference BatchNorm uses batch statistics.', 'statistics.eval batch'],
  ['批归一化在推理时使用当前batch的均值和方差。', 'statistics.eval batch'],
  ['In eval mode BatchNorm normalises with the statistics of the current batch.', 'statistics.eval batch'],
  ['At test time LayerNorm uses its running mean and variance.', 'statistics.eval running'],
  ['In training BatchNorm normalises with the running mean and variance.', 'statistics.train running-after-update'],
  ['BatchNorm updates its running statistics at inference.', 'running.update-in-eval yes'],
  ['BatchNorm normalises with the unbiased variance.', 'variance.normalization unbiased'],
  ['LayerNorm divides by the standard deviation with Bessel’s correction.', 'variance.normalization unbiased'],
  ['The running variance of BatchNorm takes in the biased variance.', 'variance.running biased'],
  ['The running variance of BatchNorm starts at 0.', 'running.initial variance-zero'],
  ['In BatchNorm momentum is the weight of the old running mean.', 'momentum.rule old-weight'],
  [
    'In LayerNorm, if normalized_shape is not given, the last two dimensions are normalised by default.',
    'axes.reduction H,W',
  ],
];

const RIGHT: readonly string[] = [
  '## BatchNorm\n\nOutput: gamma * (x - mean) / sqrt(var + eps) + beta',
  '## LayerNorm\n\n$$y = \\frac{x - \\mathrm{E}[x]}{ \\sqrt{\\mathrm{Var}[x] + \\epsilon}} * \\gamma + \\beta$$',
  'GroupNorm gives `(x - mean) * torch.rsqrt(var + eps)`.',
  'InstanceNorm gives (x − μ)/√(σ² + ε).',
  'BatchNorm gives `(x - mean) / (var + 1e-5) ** 0.5`.',
  'RMSNorm: x / sqrt(mean(x^2) + eps) * weight',
  'BatchNorm updates `running_mean = (1 - momentum) * running_mean + momentum * batch_mean`.',
  'BatchNorm updates `running_mean += momentum * (batch_mean - running_mean)`.',
  'BatchNorm: running_var = 0.9 * running_var + 0.1 * batch_var',
  '## LayerNorm\n\n$\\sigma^2 = \\frac{1}{n} \\sum_{i=1}^{n} (x_i - \\mu)^2$',
  'BatchNorm averages running_var = Σ(x − μ)²/(n − 1) of the batches.',
  'In BatchNorm eps defaults to 1e-5 and momentum defaults to 0.1.',
  'LayerNorm: eps (float, default $10^{-5}$)',
  `${IMAGES}BatchNorm normalises over N, H, W.`,
  `${IMAGES}LayerNorm normalises over C, H, W, and weight has shape (C, H, W).`,
  `${IMAGES}InstanceNorm computes its statistics over H and W.`,
  `${IMAGES}GroupNorm computes its statistics over [C/G, H, W].`,
  'LayerNorm normalises over the features.',
  'BatchNorm normalises over the batch and spatial dimensions.',
  'BatchNorm computes mean and variance per channel.',
  'LayerNorm computes mean and variance for each sample.',
  'Input [B, N, W, H].\n\n- BatchNorm\n  - parameters: gamma[N] beta[N] mean[N] var[N]\n- GroupNorm\n  - statistics: mean[B*g] var[B*g]',
  'For BatchNorm $\\gamma \\in \\mathbb{R}^C$.',
  'GroupNorm learns one gamma and one beta per channel.',
  'LayerNorm has weight and bias of shape (D,).',
  'InstanceNorm: gamma: (1, C, 1, 1)',
  'At inference BatchNorm uses the running mean and variance.',
  'In training BatchNorm normalises with batch statistics and updates the running ones.',
  'BatchNorm normalises with the biased variance.',
  'BatchNorm tracks the unbiased variance in running_var.',
  'In BatchNorm momentum is the weight of the new batch statistic.',
  '批归一化在测试时使用滑动平均的均值和方差。',
];

describe('claims', () => {
  it.each(WRONG)('are found wrong: %s', (text, ...wrong) => {
    expect(told(wrongClaims(text))).toEqual(wrong);
  });

  it.each(RIGHT)('are left alone where they are right, and seen: %s', (text) => {
    expect(findClaims(passagesOf(text), []).length).toBeGreaterThan(0);
    expect(told(wrongClaims(text))).toEqual([]);
  });
});

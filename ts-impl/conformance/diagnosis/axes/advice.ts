// What follows from a convention: what to write to agree with PyTorch, how to convert a trained model, and who does it which way. Words only.

/** `agree`: the change to the code. `convert`: what becomes of a model trained with the other convention. */
export interface Advice {
  readonly agree: string;
  readonly convert: string;
}

export interface Taught {
  readonly advice: Advice;
  /** For a value, the libraries and texts in which it was seen; only values other than PyTorch's. */
  readonly who: Readonly<Record<string, string>>;
}

/** The advice of an axis. Throws for an id without any: an entry that teaches nothing is not finished. */
export function taught(id: string): Taught {
  const [agree, convert, who] = ADVICE[id] ?? [];
  if (agree === undefined || convert === undefined)
    throw new RangeError(`axis ${id} has no advice; give it a row in advice.ts`);
  return { advice: { agree, convert }, who: who ?? {} };
}

// --- internal ---

type Row = readonly [agree: string, convert: string, who?: Readonly<Record<string, string>>];

const NOTHING = 'Nothing in a checkpoint changes.';
const RETRAIN =
  'No change of the parameters makes up for it: fine-tune, or keep the old layer for the old checkpoints.';
const REESTIMATE =
  'Estimate the running statistics anew: some hundred training batches in train mode, without optimiser steps.';

const ADVICE: Readonly<Record<string, Row>> = {
  'channel.axis': [
    'Take statistics over every axis but 1 and shape parameters as (1, C, 1, …), or move the axis with movedim before and after.',
    'Parameters and buffers keep their values; the input has to be permuted instead.',
    { '-1': 'TensorFlow, Keras, Flax, MLX', 'broadcast-last': 'code that leaves out a view(1, -1, 1, 1)' },
  ],
  'axes.reduction': [
    'Give mean and var the axes that PyTorch reduces: all but C for BatchNorm, the trailing axes of normalized_shape for LayerNorm, all but N and C for InstanceNorm.',
    RETRAIN,
    { C: 'ConvNeXt and other "LayerNorm2d" classes', 'C,H,W': 'layer norm for images as GroupNorm(1, C)' },
  ],
  'groups.layout': [
    'Reshape to (N, G, C / G, …): neighbouring channels make a group.',
    'Permute the channels of the weights before and after the layer: c becomes (c mod G) · (C / G) + floor(c / G).',
    { interleaved: 'MLX (without pytorch_compatible)' },
  ],
  'affine.form': [
    'Multiply the normalised value by weight and add bias, both with an effect: weight * x_hat + bias.',
    'one-plus-weight: save 1 + weight as the weight. bias-before-weight: save weight · bias as the bias. A missing weight is ones, a missing bias zeros.',
    {
      'one-plus-weight': 'Gemma, some RMSNorm ports',
      'forced-one': 'MXNet with fix_gamma',
      'weight-only': 'T5, LayerNorm(bias=False)',
    },
  ],
  'affine.shape': [
    'Make weight and bias as PyTorch does: (C,) for BatchNorm, InstanceNorm and GroupNorm, normalized_shape for LayerNorm and RMSNorm.',
    'Where a parameter is shared by more elements than in PyTorch, repeat its entries; the other way round there is no exact conversion.',
    { G: 'ONNX GroupNormalization 18', C: '"LayerNorm2d" classes of vision models' },
  ],
  'affine.default': [
    'Let the option default as in PyTorch: on, but off for InstanceNorm.',
    'Pass the option by name where layers are made.',
    { opposite: 'InstanceNorm of tinygrad, burn and Flax has parameters by default' },
  ],
  'mean.subtracted': [
    'Subtract the mean from the output and inside the variance alike; RMSNorm does neither.',
    RETRAIN,
    { no: 'RMSNorm, and T5 under the name LayerNorm' },
  ],
  'variance.normalization': [
    'Pass unbiased=False (correction=0) to var or std.',
    'Outputs grow by √(n/(n−1)) with PyTorch: multiply the weight by √((n−1)/n) where n is fixed.',
    { unbiased: 'the Annotated Transformer and many tutorials, through the default of x.var() and x.std()' },
  ],
  'eps.placement': [
    'Add eps to the variance and take the root of the sum: rsqrt(var + eps).',
    'Alike where the spread is far above eps; check layers whose inputs are small or constant.',
    {
      'outside-sqrt': 'the Annotated Transformer, transformers.js',
      absent: 'js-pytorch, formulas in lecture notes',
      max: 'code with clamp(min=eps)',
    },
  ],
  'eps.value': [
    'Make 1e-5 the default (None for RMSNorm), or pass eps where layers are made.',
    'Load old checkpoints with their own eps: PyTorch’s layers take it as an argument.',
    { '0.001': 'Keras, TensorFlow, MXNet', '0.000001': 'Flax, Llama, ConvNeXt', '1e-12': 'BERT', '0.00002': 'Chainer' },
  ],
  'eps.zero': [
    'Replace the default only where the argument is missing (eps is None), not where it is 0.',
    NOTHING,
    { 'replaced-by-default': 'tensor-js (`attr || 1e-5`)', rejected: 'shumai' },
  ],
  'variance.algorithm': [
    'Subtract the mean first and average the squares of what is left, or use Welford’s update.',
    NOTHING,
    {
      'one-pass': 'Jittor, jax.nn.standardize',
      'one-pass-clamped': 'Flax with use_fast_variance, Keras’s GroupNormalization',
    },
  ],
  'precision.accumulation': [
    'Compute statistics in float32 for float16 and bfloat16 inputs (x.float()) and cast the result back.',
    NOTHING,
    { 'input-dtype': 'hand-written layers without a cast' },
  ],
  'precision.affine': [
    'Multiply by weight before casting back to the input’s dtype.',
    NOTHING,
    { 'after-rounding': 'Llama and T5 in transformers, candle' },
  ],
  'statistics.train': [
    'In train mode normalise with the statistics of the batch; move the buffers beside it.',
    RETRAIN,
    { 'running-after-update': 'lecture notes that share one line between train and eval' },
  ],
  'statistics.eval': [
    'Keep running_mean and running_var as buffers and normalise with them when self.training is False; or use track_running_stats=False in PyTorch.',
    REESTIMATE,
    { batch: 'code without running statistics; ONNX BatchNormalization in training mode' },
  ],
  'statistics.untracked-eval': [
    'Without running statistics normalise with the batch in eval too; make buffers in the constructor, not in the first step.',
    NOTHING,
    { raises: 'buffers that are None until the first step' },
  ],
  'momentum.rule': [
    'Write running = (1 − momentum) · running + momentum · new, once for each training step.',
    'old-weight: pass 1 − momentum; the buffers keep their values. Other rules: keep the buffers, which are averages all the same.',
    {
      'old-weight': 'TensorFlow, Keras, Flax, Paddle, MXNet, ONNX',
      cumulative: 'PyTorch itself with momentum=None',
      'zero-debiased': 'Haiku, Sonnet',
      'first-step-copies': 'Equinox',
    },
  ],
  'momentum.default': [
    'Make 0.1 the default share of the new statistic, or pass momentum where layers are made.',
    NOTHING,
    { '0.01': 'Keras, Flax (as 0.99)', '0.03': 'EfficientNet and MobileNet code' },
  ],
  'variance.running': [
    'Give the running variance the unbiased variance: var · n / (n − 1).',
    'Multiply the running variance by n / (n − 1) with the n of training.',
    {
      biased: 'Keras 3, Flax, Haiku, Equinox, ONNX 14 and 15, ONNX Runtime on CPU, TensorFlow.js, burn',
      'depends-on-rank': 'tf_keras, whose fused kernel takes four axes only',
      'depends-on-device': 'MXNet',
    },
  ],
  'running.tracked': [
    'Track the mean and the variance themselves, the variance in running_var.',
    'std: square the buffer. inverse-std: r ← r⁻². sum-and-factor: divide both sums by the factor. swapped: exchange the names.',
    { std: 'Keras’s renorm, variants of CS231n', 'inverse-std': 'Lasagne', 'sum-and-factor': 'Caffe' },
  ],
  'running.initial': [
    'Start running_mean at 0 and running_var at 1.',
    'A trained buffer has forgotten its start; check layers that saw few steps.',
    { 'variance-zero': 'code that makes both buffers with zeros' },
  ],
  'running.update-in-eval': [
    'Move the buffers only if self.training.',
    REESTIMATE,
    { yes: 'code that updates before it asks for the mode' },
  ],
  'running.gradient': [
    'Update under torch.no_grad(), or with mean.detach() and var.detach().',
    NOTHING,
    { attached: 'code that assigns self.running_mean = … in forward' },
  ],
  'gradient.statistics': [
    'Leave the statistics that normalise in the graph; detach only what goes into the buffers.',
    RETRAIN,
    { detached: 'code that computes the statistics under torch.no_grad()' },
  ],
  'weight.initial': [
    'Initialise weight with ones and bias with zeros.',
    NOTHING,
    { uniform: 'PyTorch before 1.2, tch-rs', zeros: 'the last norm of a residual block, by intent' },
  ],
  'input.layout': [
    'Use reshape in place of view, or permute first.',
    NOTHING,
    { 'contiguous-only': 'code with x.view(…)' },
  ],
  'input.mutated': ['Write x = x − mean in place of x -= mean.', NOTHING],
  'input.rank': ['Take the ranks that PyTorch’s layer takes, and refuse others.', NOTHING],
  'input.dtype': ['Make tensors in the input’s dtype; float32 and float64 both work in PyTorch.', NOTHING],
  'single-value.train': [
    'Refuse a batch with one value per statistic, as PyTorch does.',
    NOTHING,
    { nan: 'x.var() with the default n − 1', zero: 'tinygrad, jsgrad' },
  ],
  'state.keys': [
    'Register a tensor for each role: parameters and register_buffer, nothing else.',
    'Rename or drop keys when loading.',
  ],
  'state.batches-tracked': [
    'Register num_batches_tracked (int64) and add 1 in each training step.',
    'Load with strict=False, or put the key in.',
  ],
  stdout: ['Take the print out.', NOTHING],
  errors: ['Refuse the calls that PyTorch refuses, and no others.', NOTHING],
};

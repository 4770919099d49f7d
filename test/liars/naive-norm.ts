// A BatchNorm1d on (N, C) as someone might write it in float32, right or with one convention flipped. It answers its own cases only.

import { type Case, float, int } from '../../cases/case.ts';
import { suite } from '../../cases/suites.ts';
import { type Answer, outcomeOf, type StepResult } from '../../ts-impl/conformance/outcome.ts';
import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';
import { contiguous, type Tensor, tensor } from '../../ts-impl/tensor/tensor.ts';

export interface Flips {
  /** Divide by n − 1 to normalise. */
  readonly unbiased?: boolean;
  /** Track the biased variance. */
  readonly runningBiased?: boolean;
  readonly momentumSwapped?: boolean;
  readonly epsOutside?: boolean;
  /** Times this. */
  readonly epsFactor?: number;
  /** Normalise with the running statistics in training. */
  readonly trainRunning?: boolean;
  /** Normalise with the batch in eval. */
  readonly evalBatch?: boolean;
}

/** Two-dimensional inputs of the suite put to BatchNorm1d(C, momentum 0.25): train, train, eval, buffers. */
export function naiveCases(): Case[] {
  const cases: Case[] = [];
  for (const c of suite('standard')) {
    const input = c.steps.find((s) => s.kind === 'forward')?.input;
    if (input === undefined || input.dtype !== 'float32' || input.shape.length !== 2 || input.shape[0] < 2) continue;
    if (/huge|non-finite|subnormal|refusals|empty|edges/.test(c.id)) continue;
    const forward = (mode: 'train' | 'eval') => ({ kind: 'forward', mode, input, gradient: false }) as const;
    cases.push({
      id: `x1/naive-${cases.length}`,
      layer: 'BatchNorm1d',
      dtype: 'float32',
      layout: c.layout,
      steps: [
        {
          kind: 'construct',
          layer: 'BatchNorm1d',
          arguments: { num_features: int(input.shape[1]), momentum: float(0.25) },
        },
        forward('train'),
        forward('train'),
        forward('eval'),
        { kind: 'read', what: 'buffers' },
      ],
    });
  }
  return cases;
}

export function naiveNorm(flips: Flips): Subject {
  return {
    name: 'naive',
    kind: 'js',
    version: null,
    capabilities: {},
    batch: { cases: 16, window: 1 },
    ask: async (cases) => cases.map((c) => answerCase(c, flips)),
    close: async () => {},
  };
}

// --- internal ---

const EPS = 1e-5;
const MOMENTUM = 0.25;
const f = Math.fround;

function answerCase(c: Case, flips: Flips): Answer {
  let mean: number[] = [];
  let variance: number[] = [];
  let count = 0;
  const steps = c.steps.map((step): StepResult => {
    if (step.kind === 'construct') {
      const features = step.arguments.num_features;
      const C = features.kind === 'int' ? features.value : 0;
      mean = new Array(C).fill(0);
      variance = new Array(C).fill(1);
      const repr = `BatchNorm1d(${C}, eps=1e-05, momentum=0.25, affine=True, bias=True, track_running_stats=True)`;
      return { kind: 'returned', tensors: [], texts: { repr } };
    }
    if (step.kind !== 'forward') {
      const tensors = [
        { name: 'running_mean', tensor: tensor(mean, [mean.length], 'float32') },
        { name: 'running_var', tensor: tensor(variance, [mean.length], 'float32') },
        { name: 'num_batches_tracked', tensor: tensor([count], [], 'int64') },
      ];
      return { kind: 'returned', tensors, texts: {} };
    }
    const training = step.mode === 'train';
    const moments = momentsOf(step.input);
    const n = step.input.shape[0];
    const fromBatch = training ? flips.trainRunning !== true : flips.evalBatch === true;
    const usedMean = fromBatch ? moments.mean : mean;
    const usedVariance = fromBatch ? moments.variance.map((v) => f(flips.unbiased ? (v * n) / (n - 1) : v)) : variance;
    const output = normalise(step.input, usedMean, usedVariance, flips);
    if (training) {
      count++;
      const factor = flips.momentumSwapped ? 1 - MOMENTUM : MOMENTUM;
      mean = mean.map((m, i) => f(f((1 - factor) * m) + f(factor * moments.mean[i])));
      const tracked = moments.variance.map((v) => f(flips.runningBiased ? v : (v * n) / (n - 1)));
      variance = variance.map((v, i) => f(f((1 - factor) * v) + f(factor * tracked[i])));
    }
    return { kind: 'returned', tensors: [{ name: 'output', tensor: output }], texts: {} };
  });
  return { outcome: outcomeOf(steps), truth: null };
}

/** Column by column in two passes. */
function momentsOf(input: Tensor): { mean: number[]; variance: number[] } {
  const [N, C] = input.shape;
  const x = contiguous(input).storage as Float32Array; // naiveCases chose float32
  const mean: number[] = [];
  const variance: number[] = [];
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let n = 0; n < N; n++) sum = f(sum + x[n * C + c]);
    mean[c] = f(sum / N);
    let squares = 0;
    for (let n = 0; n < N; n++) squares = f(squares + f(f(x[n * C + c] - mean[c]) ** 2));
    variance[c] = f(squares / N);
  }
  return { mean, variance };
}

function normalise(input: Tensor, mean: readonly number[], variance: readonly number[], flips: Flips): Tensor {
  const [N, C] = input.shape;
  const x = contiguous(input).storage as Float32Array; // naiveCases chose float32
  const eps = EPS * (flips.epsFactor ?? 1);
  const y = new Float32Array(N * C); // [N, C]
  for (let i = 0; i < y.length; i++) {
    const c = i % C;
    const root = flips.epsOutside ? f(Math.sqrt(variance[c])) + eps : Math.sqrt(variance[c] + eps);
    y[i] = f(f(x[i] - mean[c]) / f(root));
  }
  return tensor(y, [N, C], 'float32');
}

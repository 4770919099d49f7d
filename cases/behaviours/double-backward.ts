// Gradients of gradients: what double backward answers, against the closed-form gradients differentiated numerically in float64.

import { float, type Step } from '../case.ts';
import { evaluate, setTensor, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import type { Claim } from './claim.ts';
import {
  type Affine,
  channelSets,
  type Gradients,
  normalisedGradients,
  rootMeanSquaredGradients,
  rowSets,
  type Running,
} from './closed-forms.ts';
import { values, words } from './say.ts';
import { affine, rows, TRUE } from './short.ts';
import { features, groups, probe } from './steps.ts';
import { type AskedIn, behaviour, numbers } from './write.ts';

const EPS = 1e-3;
const SHAPE = [2, 4, 3];
/** Eighths in no order: [2, 4, 3]. */
const spread = (factor: number, modulus: number) =>
  Array.from({ length: 24 }, (_, i) => (((i * factor) % modulus) - modulus / 2) / 8);
const X = spread(7, 23);
const UPSTREAM = spread(5, 19);
const VECTOR = spread(11, 17);
const BY_CHANNEL = { weight: [0.5, -2, 1.25, 3], vector: [1, -0.5, 2, 0.25] };
const BY_PLACE = { weight: [0.5, -2, 1.25], vector: [1, -0.5, 2] };
const RUNNING: Running = { mean: [0.5, -1, 2, 0], variance: [1, 4, 0.25, 2] };

type Parameters = typeof BY_CHANNEL;
/** The gradients of a layer's input and parameters, for an input, an upstream gradient and weights. */
type Form = (x: readonly number[], upstream: readonly number[], weight: readonly number[]) => Gradients;

interface Layer {
  readonly parameters: Parameters;
  readonly bias: boolean;
  readonly form: Form;
  readonly steps: readonly Step[];
}

const wide = (list: readonly number[], shape: readonly number[] = SHAPE) => numbers(list, shape, 'float64');
const eps = { eps: float(EPS) };
const affineOf = (weight: readonly number[]): Affine => ({ weight, bias: null });
const set = ({ weight }: Parameters) =>
  affine(
    wide(weight, [weight.length]),
    wide(
      weight.map(() => 0.5),
      [weight.length],
    ),
  );
const formOf =
  (sets: ReturnType<typeof rowSets>, running?: Running): Form =>
  (x, upstream, weight) =>
    normalisedGradients(x, upstream, sets, EPS, affineOf(weight), running);

const LAYERS: Readonly<Record<string, Layer>> = {
  batch: {
    parameters: BY_CHANNEL,
    bias: true,
    form: formOf(channelSets('batch', SHAPE)),
    steps: [features('BatchNorm1d', 4, eps), ...set(BY_CHANNEL), train(wide(X), true)],
  },
  'batch-eval': {
    parameters: BY_CHANNEL,
    bias: true,
    form: formOf(channelSets('batch', SHAPE), RUNNING),
    steps: [
      features('BatchNorm1d', 4, eps),
      ...set(BY_CHANNEL),
      setTensor('running_mean', wide(RUNNING.mean, [4])),
      setTensor('running_var', wide(RUNNING.variance, [4])),
      evaluate(wide(X), true),
    ],
  },
  instance: {
    parameters: BY_CHANNEL,
    bias: true,
    form: formOf(channelSets('instance', SHAPE)),
    steps: [features('InstanceNorm1d', 4, { ...eps, affine: TRUE }), ...set(BY_CHANNEL), train(wide(X), true)],
  },
  layer: {
    parameters: BY_PLACE,
    bias: true,
    form: formOf(rowSets(8, 3)),
    steps: [rows('LayerNorm', 3, eps), ...set(BY_PLACE), train(wide(X), true)],
  },
  group: {
    parameters: BY_CHANNEL,
    bias: true,
    form: formOf(channelSets({ groups: 2 }, SHAPE)),
    steps: [groups(2, 4, eps), ...set(BY_CHANNEL), train(wide(X), true)],
  },
  rms: {
    parameters: BY_PLACE,
    bias: false,
    form: (x, upstream, weight) => rootMeanSquaredGradients(x, upstream, rowSets(8, 3), EPS, affineOf(weight)),
    steps: [rows('RMSNorm', 3, eps), set(BY_PLACE)[0], train(wide(X), true)],
  },
};

export const DOUBLE_BACKWARD: readonly Behaviour[] = [
  behaviour('B-165', {
    layers: ['BatchNorm1d', 'BatchNorm2d', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'every layer can be differentiated twice, and PyTorch’s own check of that passes',
    ask: () => ({
      ...Object.fromEntries(Object.entries(LAYERS).map(([name, layer]) => [name, asked(layer)])),
      checked: { layer: 'BatchNorm1d', steps: [probe('second-derivatives')] },
    }),
    claims: () => [
      ...Object.entries(LAYERS).flatMap(([name, layer]) => second(name, layer)),
      ...['BatchNorm1d', 'BatchNorm1d.eval', 'BatchNorm2d', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm'].map(
        (name) => words(`checked:0 ${name}`, 'True'),
      ),
    ],
  }),
];

// --- internal ---

function asked({ steps, parameters: { vector }, bias }: Layer): AskedIn {
  const own = wide(vector, [vector.length]);
  const vectors = [
    { name: 'input.grad', tensor: wide(VECTOR) },
    { name: 'weight.grad', tensor: own },
    ...(bias ? [{ name: 'bias.grad', tensor: own }] : []),
  ];
  return { dtype: 'float64', steps: [...steps, { kind: 'double_backward', gradient: wide(UPSTREAM), vectors }] };
}

/** The derivatives of Σ ⟨vector, gradient⟩ by input, upstream gradient and weight. */
function second(name: string, { form, parameters, bias, steps }: Layer): Claim[] {
  const { weight, vector } = parameters;
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const total = ({ input, weight: dw, bias: db }: Gradients) =>
    dot(VECTOR, input) + dot(vector, dw) + (bias ? dot(vector, db) : 0);
  const at = `${name}:${steps.length}`;
  return [
    values(
      `${at} input.grad2`,
      derivative((x) => total(form(x, UPSTREAM, weight)), X),
      1e-8,
    ),
    values(
      `${at} upstream.grad2`,
      derivative((g) => total(form(X, g, weight)), UPSTREAM),
      1e-8,
    ),
    values(
      `${at} weight.grad2`,
      derivative((w) => total(form(X, UPSTREAM, w)), weight),
      1e-8,
    ),
  ];
}

/** Central differences of fourth order. */
function derivative(f: (at: readonly number[]) => number, at: readonly number[]): number[] {
  const h = 2 ** -10;
  return at.map((value, i) => {
    const by = (d: number) => f(at.with(i, value + d));
    return (by(-2 * h) - 8 * by(-h) + 8 * by(h) - by(2 * h)) / (12 * h);
  });
}

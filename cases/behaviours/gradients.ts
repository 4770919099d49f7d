// Gradients by closed form: every layer's backward in float64 against the sums it stands for.

import { float, type Step } from '../case.ts';
import { backward, evaluate, READ, setTensor, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import type { Claim } from './claim.ts';
import {
  type Affine,
  channelSets,
  type Gradients,
  normalised,
  normalisedGradients,
  rootMeanSquared,
  rootMeanSquaredGradients,
  rowSets,
  type Running,
  runningAfter,
  type Sets,
} from './closed-forms.ts';
import { values } from './say.ts';
import { affine, FALSE, flat, rows, TRUE } from './short.ts';
import { features, groups } from './steps.ts';
import { type AskedIn, behaviour, drawn, numbers } from './write.ts';

const EPS = 1e-5;
const SMALL = 1e-12;
const SHAPE = [3, 4, 5];
const X = drawn(148, SHAPE, 'float64');
const G = drawn(149, SHAPE, 'float64', 'set-statistics');
const WEIGHT = [0.5, -2, 1.25, 3];
const BIAS = [0.1, -0.2, 4, 0];
const PARAMETERS: Affine = { weight: WEIGHT, bias: BIAS };
const RUNNING: Running = { mean: [0.5, -1, 2, 0], variance: [1, 4, 0.25, 2] };

const wide = (list: readonly number[], shape: readonly number[] = [list.length]) => numbers(list, shape, 'float64');
const weighted = affine(wide(WEIGHT), wide(BIAS));
const given = [setTensor('running_mean', wide(RUNNING.mean)), setTensor('running_var', wide(RUNNING.variance))];
const asked = (...steps: readonly Step[]): AskedIn => ({ dtype: 'float64', steps });
const back = backward(G);

/** The three gradients of a backward at `step`, none of them further off than 1e-12 in every unit of its size. */
const gradients = (step: string, { input, weight, bias }: Gradients): Claim[] => [
  values(`${step} input.grad`, input, SMALL),
  values(`${step} weight.grad`, weight, 100 * SMALL),
  values(`${step} bias.grad`, bias, 100 * SMALL),
];

const closed = (sets: Sets, running?: Running) => ({
  output: normalised(flat(X), sets, EPS, PARAMETERS, running),
  gradients: normalisedGradients(flat(X), flat(G), sets, EPS, PARAMETERS, running),
});

const BATCH = channelSets('batch', SHAPE);
const INSTANCE = channelSets('instance', SHAPE);
const PAIRS = channelSets({ groups: 2 }, SHAPE);
const ROWS = rowSets(3, 20);
const ROW_WEIGHT = flat(drawn(151, [20], 'float64'));
const ROW_BIAS = flat(drawn(152, [20], 'float64'));
const ROW_PARAMETERS: Affine = { weight: ROW_WEIGHT, bias: ROW_BIAS };

const tracking = (track: boolean) =>
  features('InstanceNorm1d', 4, { affine: TRUE, track_running_stats: track ? TRUE : FALSE });

export const GRADIENTS: readonly Behaviour[] = [
  behaviour('B-148', {
    layers: ['BatchNorm1d'],
    line: 'BatchNorm in training: r·(gw − mean gw − x̂·mean gw·x̂), Σ g·x̂ and Σ g',
    ask: () => asked(features('BatchNorm1d', 4), ...weighted, train(X, true), back),
    claims: () => [values('3 output', closed(BATCH).output, SMALL), ...gradients('4', closed(BATCH).gradients)],
  }),
  behaviour('B-149', {
    layers: ['BatchNorm1d'],
    line: 'BatchNorm in eval: g·w·r, Σ g·(x − mean)·r and Σ g, with the running statistics and no mean terms',
    ask: () => asked(features('BatchNorm1d', 4), ...weighted, ...given, evaluate(X, true), back),
    claims: () => [
      values('5 output', closed(BATCH, RUNNING).output, SMALL),
      ...gradients('6', closed(BATCH, RUNNING).gradients),
    ],
  }),
  behaviour('B-150', {
    layers: ['InstanceNorm1d'],
    line: 'InstanceNorm goes by its input in all but eval with tracking, where it goes by the running statistics',
    ask: () => ({
      'plain-training': asked(tracking(false), ...weighted, train(X, true), back),
      'plain-evaluating': asked(tracking(false), ...weighted, evaluate(X, true), back),
      'tracking-training': asked(tracking(true), ...weighted, ...given, train(X, true), back, READ),
      'tracking-evaluating': asked(tracking(true), ...weighted, ...given, evaluate(X, true), back),
    }),
    claims: () => [
      values('plain-training:3 output', closed(INSTANCE).output, SMALL),
      ...gradients('plain-training:4', closed(INSTANCE).gradients),
      ...gradients('plain-evaluating:4', closed(INSTANCE).gradients),
      ...gradients('tracking-training:6', closed(INSTANCE).gradients),
      values('tracking-training:7 running_mean', runningAfter(flat(X), INSTANCE, RUNNING, 0.1).mean, SMALL),
      values('tracking-training:7 running_var', runningAfter(flat(X), INSTANCE, RUNNING, 0.1).variance, SMALL),
      values('tracking-evaluating:5 output', closed(BATCH, RUNNING).output, SMALL),
      ...gradients('tracking-evaluating:6', closed(BATCH, RUNNING).gradients),
    ],
  }),
  behaviour('B-151', {
    layers: ['LayerNorm'],
    line: 'LayerNorm over two axes: the form of BatchNorm over its rows, weight and bias summed over the leading axis',
    ask: () =>
      asked(
        rows('LayerNorm', [4, 5]),
        ...affine(wide(ROW_WEIGHT, [4, 5]), wide(ROW_BIAS, [4, 5])),
        train(X, true),
        back,
      ),
    claims: () => [
      values('3 output', normalised(flat(X), ROWS, EPS, ROW_PARAMETERS), SMALL),
      ...gradients('4', normalisedGradients(flat(X), flat(G), ROWS, EPS, ROW_PARAMETERS)),
    ],
  }),
  behaviour('B-152', {
    layers: ['GroupNorm'],
    line: 'GroupNorm: the same over its groups, with the weights of the channels inside the means',
    ask: () => asked(groups(2, 4), ...weighted, train(X, true), back),
    claims: () => [values('3 output', closed(PAIRS).output, SMALL), ...gradients('4', closed(PAIRS).gradients)],
  }),
  behaviour('B-153', {
    layers: ['RMSNorm'],
    line: 'RMSNorm: r·(gw − x̂·mean gw·x̂) and Σ g·x̂, with no mean of the gradient',
    ask: () =>
      asked(
        rows('RMSNorm', [4, 5], { eps: float(EPS) }),
        setTensor('weight', wide(ROW_WEIGHT, [4, 5])),
        train(X, true),
        back,
      ),
    claims: () => [
      values('2 output', rootMeanSquared(flat(X), ROWS, EPS, { weight: ROW_WEIGHT, bias: null }), SMALL),
      ...rms(rootMeanSquaredGradients(flat(X), flat(G), ROWS, EPS, ROW_PARAMETERS)),
    ],
  }),
];

// --- internal ---

function rms({ input, weight }: Gradients): Claim[] {
  return [values('3 input.grad', input, SMALL), values('3 weight.grad', weight, 100 * SMALL)];
}

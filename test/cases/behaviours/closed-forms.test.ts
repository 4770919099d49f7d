// The closed forms that claims state: worked out by hand, and gradients against differences of the forward.

import { describe, expect, test } from 'vitest';
import {
  type Affine,
  channelSets,
  normalised,
  normalisedGradients,
  PLAIN,
  rootMeanSquared,
  rootMeanSquaredGradients,
  rowSets,
  type Running,
  runningAfter,
} from '../../../cases/behaviours/closed-forms.ts';

const SHAPE = [2, 4, 3];
const spread = (factor: number) => Array.from({ length: 24 }, (_, i) => (((i * factor) % 23) - 11) / 8);
const X = spread(7);
const G = spread(5);
const PARAMETERS: Affine = { weight: [0.5, -2, 1.25, 3], bias: [1, 2, 3, 4] };
const RUNNING: Running = { mean: [0.5, -1, 2, 0], variance: [1, 4, 0.25, 2] };
const EPS = 1e-2;

/** Σ g·y differentiated by each of `at`. */
function differences(forward: (at: readonly number[]) => number[], at: readonly number[]): number[] {
  const h = 2 ** -10;
  const total = (list: readonly number[]) => forward(list).reduce((sum, y, i) => sum + y * G[i], 0);
  return at.map((value, i) => (total(at.with(i, value + h)) - total(at.with(i, value - h))) / (2 * h));
}

const near = (list: readonly number[]) => list.map((value) => expect.closeTo(value, 4));

describe('sets', () => {
  test('are channels, planes or groups of [N, C, S], and rows of [N, W]', () => {
    const { set: channels, parameter } = channelSets('batch', [2, 2, 2]);
    expect(channels).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    expect(parameter).toEqual(channels);
    expect(channelSets('instance', [2, 2, 2]).set).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(channelSets({ groups: 2 }, [1, 4, 1]).set).toEqual([0, 0, 1, 1]);
    expect(channelSets({ groups: 1 }, [2, 2]).set).toEqual([0, 0, 1, 1]);
    expect(rowSets(2, 3)).toEqual({ set: [0, 0, 0, 1, 1, 1], parameter: [0, 1, 2, 0, 1, 2] });
  });
});

describe('forward', () => {
  test('uses the biased variance, or what it is given', () => {
    const sets = channelSets('batch', [3, 1]);
    expect(normalised([1, 3, 5], sets, 0, PLAIN)).toEqual([-2, 0, 2].map((d) => d * (1 / Math.sqrt(8 / 3))));
    expect(normalised([1, 3, 5], sets, 1, { weight: [2], bias: [10] }, { mean: [1], variance: [3] })).toEqual([
      10, 12, 14,
    ]);
    expect(rootMeanSquared([3, 4], rowSets(1, 2), 0, { weight: [1, 10], bias: null })).toEqual(
      near([3, 40].map((x) => x / Math.sqrt(12.5))),
    );
  });

  test('running statistics take the unbiased variance, averaged over samples', () => {
    const before = { mean: [0, 0], variance: [1, 1] };
    const XI = [1, 2, 3, 2, 4, 9, 0, 0, 3, 10, 10, 40];
    const after = runningAfter(XI, channelSets('instance', [2, 2, 3]), before, 0.1);
    expect(after.mean).toEqual(near([0.15, 1.25]));
    expect(after.variance).toEqual(near([1.1, 16.55]));
    const batch = runningAfter([1, 2, 3, 6, 5, 10], channelSets('batch', [3, 2]), before, 0.1);
    expect(batch.mean).toEqual(near([0.3, 0.6]));
    expect(batch.variance).toEqual(near([1.3, 2.5]));
  });
});

describe('gradients are the slopes of the forward', () => {
  const forms = {
    batch: { sets: channelSets('batch', SHAPE), running: undefined },
    eval: { sets: channelSets('batch', SHAPE), running: RUNNING },
    instance: { sets: channelSets('instance', SHAPE), running: undefined },
    group: { sets: channelSets({ groups: 2 }, SHAPE), running: undefined },
  };
  for (const [name, { sets, running }] of Object.entries(forms)) {
    test(name, () => {
      const found = normalisedGradients(X, G, sets, EPS, PARAMETERS, running);
      const { weight, bias } = PARAMETERS;
      expect(found.input).toEqual(near(differences((x) => normalised(x, sets, EPS, PARAMETERS, running), X)));
      expect(found.weight).toEqual(
        near(differences((w) => normalised(X, sets, EPS, { weight: w, bias }, running), weight ?? [])),
      );
      expect(found.bias).toEqual(
        near(differences((b) => normalised(X, sets, EPS, { weight, bias: b }, running), bias ?? [])),
      );
    });
  }

  test('rms', () => {
    const sets = rowSets(8, 3);
    const weight = [0.5, -2, 1.25];
    const found = rootMeanSquaredGradients(X, G, sets, EPS, { weight, bias: null });
    expect(found.input).toEqual(near(differences((x) => rootMeanSquared(x, sets, EPS, { weight, bias: null }), X)));
    expect(found.weight).toEqual(
      near(differences((w) => rootMeanSquared(X, sets, EPS, { weight: w, bias: null }), weight)),
    );
  });
});

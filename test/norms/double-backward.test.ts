// Gradients of gradients: against central differences of the gradients, and against live PyTorch in float64 and float32.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Arguments,
  bool,
  type Case,
  int,
  ints,
  type NamedTensor,
  none,
  type Step,
  tensorValue,
} from '../../cases/case.ts';
import { generate } from '../../cases/g1/generate.ts';
import type { Answer, StepResult } from '../../ts-impl/conformance/outcome.ts';
import { type Oracle, startOracle } from '../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../ts-impl/conformance/subjects/port.ts';
import type { Call } from '../../ts-impl/norms/call.ts';
import { BatchNorm1d, GroupNorm, groupNorm, layerNorm, type Module, type Vectors } from '../../ts-impl/norms/index.ts';
import { fromStorage, type Tensor, tensor } from '../../ts-impl/tensor/tensor.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../conformance/subjects/live-python.ts';
import { caseOf } from '../conformance/subjects/small-cases.ts';
import { EXAMPLES, LAYOUTS, laidOut, madeUp, valuesOf } from './made-up.ts';

/** ⟨u, dx⟩ + ⟨p, dw⟩ + ⟨q, db⟩ of a layer left as it was. */
function pairing(layer: Module, input: Tensor, upstream: Tensor, vectors: Vectors): number {
  const gradients = layer.clone().call(input).backward(upstream);
  let sum = 0;
  for (const name of ['input', 'weight', 'bias'] as const) {
    const [vector, gradient] = [vectors[name], gradients[name]];
    if (vector === null || gradient === null) continue;
    const values = valuesOf(gradient);
    valuesOf(vector).forEach((v, i) => {
      sum += v * values[i];
    });
  }
  return sum;
}

/** The derivative of `at` in each element of `t`, by central differences. */
function slopes(t: Tensor, at: (moved: Tensor) => number): number[] {
  const step = 1e-5;
  const values = valuesOf(t);
  return values.map((_, i) => {
    const moved = (by: number) => {
      const copy = Float64Array.from(values);
      copy[i] += by;
      return at(fromStorage('float64', t.shape, copy));
    };
    return (moved(step) - moved(-step)) / (2 * step);
  });
}

function expectClose(actual: Tensor | null, expected: readonly number[]): void {
  const values = actual === null ? expected.map(() => 0) : valuesOf(actual);
  expect(values.length).toBe(expected.length);
  const most = Math.max(1, ...expected.map(Math.abs));
  values.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThan(1e-6 * most);
  });
}

function vectorsOf(layer: Module, shape: readonly number[], which: 'all' | 'input' | 'parameters'): Vectors {
  const of = (t: Tensor | null, seed: number) => (t && which !== 'input' ? madeUp(t.shape, 'float64', seed) : null);
  return {
    input: which === 'parameters' ? null : madeUp(shape, 'float64', 11),
    weight: of(layer.weight, 12),
    bias: of(layer.bias, 13),
  };
}

describe.each(EXAMPLES)('$name against differences', ({ shape, make }) => {
  const input = madeUp(shape, 'float64', 5);
  const upstream = madeUp(shape, 'float64', 6);

  test.each([
    ['train', 'all'],
    ['train', 'input'],
    ['train', 'parameters'],
    ['eval', 'all'],
    ['eval', 'input'],
  ] as const)('%s, vectors for %s', (mode, which) => {
    const layer = make('float64').train(mode === 'train');
    const vectors = vectorsOf(layer, shape, which);
    const second = layer.clone().call(input).doubleBackward?.(upstream, vectors);
    if (second === undefined) throw new Error('there is no way back twice');
    expectClose(
      second.input,
      slopes(input, (x) => pairing(layer, x, upstream, vectors)),
    );
    expectClose(
      second.upstream,
      slopes(upstream, (g) => pairing(layer, input, g, vectors)),
    );
    if (layer.weight === null) {
      expect(second.weight).toBeNull();
      return;
    }
    const withWeight = (weight: Tensor) => {
      const other = layer.clone();
      other.assign('weight', weight);
      return pairing(other, input, upstream, vectors);
    };
    expectClose(second.weight, slopes(layer.weight, withWeight));
  });

  test('the layout of the input makes no difference', () => {
    const layer = make('float64');
    const vectors = vectorsOf(layer, shape, 'all');
    for (const layout of LAYOUTS) {
      if (layout === 'expanded' || (layout === 'channels_last' && shape.length < 4)) continue;
      const laid = laidOut(shape, layout, 'float64', 5);
      const plain = fromStorage('float64', shape, Float64Array.from(valuesOf(laid)));
      const [a, b] = [laid, plain].map((x) => layer.clone().call(x).doubleBackward?.(upstream, vectors));
      for (const name of ['input', 'weight', 'upstream'] as const) {
        const [left, right] = [a?.[name] ?? null, b?.[name] ?? null];
        expect(left === null).toBe(right === null);
        if (left !== null && right !== null) expect(valuesOf(left)).toEqual(valuesOf(right));
      }
    }
  });
});

// --- against live PyTorch ---

const CASES: readonly Case[] = Array.from({ length: 132 }, (_, index) => generate('double-backward', 3, index));

function twice(c: Case, answer: Answer | null): readonly (readonly NamedTensor[])[] {
  const outcome = answer?.outcome;
  if (outcome?.kind !== 'returned') throw new Error(`${c.id}: ${JSON.stringify(outcome).slice(0, 400)}`);
  const results: StepResult[] = outcome.steps.filter((_, i) => c.steps[i].kind === 'double_backward');
  return results.map((result) => (result.kind === 'returned' ? result.tensors : []));
}

/** The largest error of a tensor in units of its largest element. */
function error(actual: Tensor, expected: Tensor): number {
  const values = valuesOf(expected);
  const most = Math.max(Number.MIN_VALUE, ...values.map(Math.abs));
  return Math.max(0, ...valuesOf(actual).map((value, i) => Math.abs(value - values[i]) / most));
}

let oracle: Oracle | null = null;
beforeAll(async () => {
  if (hasPython) oracle = await startOracle({ python: PYTHON });
});
afterAll(() => oracle?.close());

const port = makePort();

describe.skipIf(!hasPython)(`live PyTorch${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test.each([
    ['float64', 1e-12],
    ['float32', 1e-6],
  ] as const)('in %s the port is within %s of the truth, and answers the same tensors', async (dtype, most) => {
    const cases = CASES.filter((c) => c.dtype === dtype);
    expect(cases.length).toBeGreaterThan(15);
    const live = (await oracle?.ask(cases, { truth: true })) ?? [];
    const own = await port.ask(cases, { truth: false });
    let looked = 0;
    cases.forEach((c, i) => {
      const plain = twice(c, live[i]);
      const truth = twice(c, { outcome: live[i].truth ?? live[i].outcome, truth: null });
      twice(c, own[i]).forEach((tensors, k) => {
        const names = (list: readonly NamedTensor[]) => list.map(({ name }) => name).sort();
        expect(names(tensors), c.id).toEqual(names(plain[k]));
        for (const { name, tensor: t } of tensors) {
          const [same, right] = [plain[k], truth[k]].map((list) => list.find((entry) => entry.name === name)?.tensor);
          if (same === undefined || right === undefined) throw new Error(`${c.id}: no ${name}`);
          expect([t.dtype, ...t.shape], `${c.id} ${name}`).toEqual([same.dtype, ...same.shape]);
          expect(error(t, right), `${c.id} ${name}`).toBeLessThan(most);
          looked++;
        }
      });
    });
    expect(looked).toBeGreaterThan(50);
  });

  test('vectors for the parameters alone, a frozen weight, and what nothing depends on', async () => {
    const first = CASES.find((c) => c.layer === 'LayerNorm' && c.steps.some((s) => vectorNames(s).length === 3));
    if (first === undefined) throw new Error('no LayerNorm with weight and bias among the cases');
    const only = (keep: readonly string[]): Case => ({
      ...first,
      steps: first.steps.map((s) =>
        s.kind === 'double_backward' ? { ...s, vectors: s.vectors.filter(({ name }) => keep.includes(name)) } : s,
      ),
    });
    const frozen: Case = {
      ...only(['input.grad']),
      steps: only(['input.grad']).steps.flatMap((s): Step[] =>
        s.kind === 'construct'
          ? [s, { kind: 'set_attribute', name: 'weight.requires_grad', value: { kind: 'bool', value: false } }]
          : [s],
      ),
    };
    const cases = [only(['weight.grad']), only(['bias.grad']), frozen];
    const live = (await oracle?.ask(cases, { truth: false })) ?? [];
    const own = await port.ask(cases, { truth: false });
    const names = cases.map((c, i) =>
      [live[i], own[i]].map((a) =>
        twice(c, a)[0]
          .map(({ name }) => name)
          .sort(),
      ),
    );
    for (const [theirs, ours] of names) expect(ours).toEqual(theirs);
    expect(names.map(([theirs]) => theirs)).toEqual([
      ['input.grad2', 'upstream.grad2'],
      ['upstream.grad2'],
      ['input.grad2', 'upstream.grad2'],
    ]);
  });

  test('a bias without a weight is as PyTorch has it: refused beside an input, ignored alone', async () => {
    const x = madeUp([3, 4, 5], 'float32', 1);
    const b = madeUp([4], 'float32', 2);
    const args: readonly (readonly [string, Arguments])[] = [
      [
        'batch_norm',
        { input: tensorValue(x), running_mean: none, running_var: none, bias: tensorValue(b), training: bool(true) },
      ],
      ['instance_norm', { input: tensorValue(x), bias: tensorValue(b) }],
      ['group_norm', { input: tensorValue(x), num_groups: int(2), bias: tensorValue(b) }],
      [
        'layer_norm',
        { input: tensorValue(madeUp([3, 4], 'float32', 1)), normalized_shape: ints([4]), bias: tensorValue(b) },
      ],
    ];
    const cases = args.flatMap(([name, given]) => {
      const input = given.input.kind === 'tensor' ? given.input.tensor : x;
      const vectors = [
        { name: 'input.grad', tensor: input },
        { name: 'bias.grad', tensor: b },
      ];
      return [vectors, vectors.slice(0, 1), vectors.slice(1)].map(
        (some): Case => ({
          ...caseOf(`${name}/${some.length}`, [
            { kind: 'call', function: name, arguments: given, gradient: true },
            { kind: 'double_backward', gradient: input, vectors: some },
          ]),
          layer: name,
        }),
      );
    });
    const live = (await oracle?.ask(cases, { truth: false })) ?? [];
    const own = await port.ask(cases, { truth: false });
    const said = ({ outcome }: Answer) =>
      'steps' in outcome
        ? outcome.steps.map((s) => (s.kind === 'returned' ? s.tensors.map(({ name }) => name).sort() : ending(s)))
        : outcome;
    expect(own.map(said)).toEqual(live.map(said));
    expect(JSON.stringify(own.map(said))).toContain("argument #1 'other'");
    expect(JSON.stringify(own.map(said))).toContain("shape '[0]' is invalid");
  });

  test('of a call without gradient it is refused in the same words; without any call it is not run', async () => {
    const c = CASES.find((one) => one.layer === 'RMSNorm');
    if (c === undefined) throw new Error('no RMSNorm among the cases');
    const steps = c.steps.filter((s) => s.kind !== 'backward' && s.kind !== 'read');
    const cases: Case[] = [
      { ...c, steps: steps.map((s) => (s.kind === 'forward' ? { ...s, gradient: false } : s)) },
      { ...c, steps: steps.filter((s) => s.kind !== 'forward') },
    ];
    const live = (await oracle?.ask(cases, { truth: false })) ?? [];
    const own = await port.ask(cases, { truth: false });
    const kinds = (answer: Answer) => ('steps' in answer.outcome ? answer.outcome.steps.map(ending) : answer.outcome);
    expect(own.map(kinds)).toEqual(live.map(kinds));
    expect(JSON.stringify(own.map(kinds))).toContain('does not require grad');
  });
});

function vectorNames(step: Step): readonly string[] {
  return step.kind === 'double_backward' ? step.vectors.map(({ name }) => name) : [];
}

function ending(step: StepResult): string {
  return step.kind === 'refused' ? `${step.type}: ${step.message}` : step.kind;
}

function secondOf(call: Call, upstream: Tensor, vectors: Vectors) {
  if (call.doubleBackward === undefined) throw new Error('it has no way back twice');
  return call.doubleBackward(upstream, vectors);
}

describe('what is answered, and as what', () => {
  const none3 = { input: null, weight: null, bias: null };
  const x = madeUp([2, 3, 4], 'float32');
  const vector = madeUp([3], 'float32', 5);

  test('in the dtype of what it is a gradient of', () => {
    const second = secondOf(new GroupNorm(1, 3).call(x), x, { input: x, weight: vector, bias: vector });
    expect([second.input?.dtype, second.weight?.dtype, second.upstream?.dtype]).toEqual(Array(3).fill('float32'));
  });

  test('null where nothing depends on it', () => {
    const call = new GroupNorm(1, 3).call(x);
    expect(secondOf(call, x, { ...none3, weight: vector })).toMatchObject({
      weight: null,
      input: { shape: [2, 3, 4] },
    });
    expect(secondOf(call, x, { ...none3, bias: vector })).toMatchObject({ weight: null, input: null });
    const still = new BatchNorm1d(3).eval().call(x);
    expect(secondOf(still, x, { ...none3, input: x })).toMatchObject({ input: null, weight: { shape: [3] } });
    expect(secondOf(still, x, { ...none3, weight: vector }).input).not.toBeNull();
    const trained = new BatchNorm1d(3).call(x);
    expect(secondOf(trained, x, { ...none3, input: x }).input).not.toBeNull();
  });

  test('a vector of a bias that has no weight beside it', () => {
    const ofRow = madeUp([4], 'float32', 5);
    const call = layerNorm(x, [4], null, ofRow);
    expect(secondOf(call, x, { ...none3, bias: ofRow })).toEqual({ input: null, weight: null, upstream: null });
    const problem = (() => {
      try {
        return secondOf(call, x, { ...none3, input: x, bias: ofRow });
      } catch (error) {
        return error;
      }
    })();
    expect(problem).toMatchObject({ type: 'RuntimeError', message: expect.stringContaining('but got None') });
    expect(secondOf(call, x, { ...none3, input: x }).upstream).not.toBeNull();
    const groups = groupNorm(x, 1, null, vector);
    expect(() => secondOf(groups, x, { ...none3, bias: vector })).toThrow("shape '[0]' is invalid for input of size 3");
    expect(secondOf(groupNorm(x, 1, vector, null), x, { ...none3, input: x }).upstream).not.toBeNull();
    expect(secondOf(groupNorm(x, 1), x, { ...none3, input: x }).upstream).not.toBeNull();
  });

  test('a far mean costs no digits', () => {
    const near = tensor([1, -2, 3, 0.5, -1, 4, 2, -3], [2, 4], 'float64');
    const far = tensor(
      valuesOf(near).map((v) => v + 2 ** 24),
      [2, 4],
      'float64',
    );
    const g = madeUp([2, 4], 'float64', 3);
    const [a, b] = [near, far].map((t) => secondOf(layerNorm(t, [4]), g, { ...none3, input: near }));
    expectClose(b.input, a.input ? valuesOf(a.input) : []);
    expectClose(b.upstream, a.upstream ? valuesOf(a.upstream) : []);
  });
});

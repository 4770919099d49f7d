// The judge: endings, names, texts, tensors and what a verdict is made of; and that each planted fault turns it red.

import { describe, expect, test } from 'vitest';
import { judge } from '../../../ts-impl/conformance/judge/judge.ts';
import type { Answer, StepResult } from '../../../ts-impl/conformance/outcome.ts';
import { differencesOf } from '../../../ts-impl/conformance/report/describe-verdict.ts';
import { tensor } from '../../../ts-impl/tensor/tensor.ts';
import { answer, caseOf, float32, float64, oneForward, refused, returned } from './hand-made.ts';

const question = oneForward(float32([0, 2, 1, 5], [2, 2]));
const made = returned({}, { repr: 'BatchNorm1d(2)' });
const output = returned({ output: float32([-1, -1, 1, 1], [2, 2]) });
const honest = answer([made, output]);
const ranks = (n: number) => ({ kind: 'ulp', ranks: n }) as const;

function judged(actual: Answer, expected: Answer = honest) {
  return judge(question, expected, actual, { kind: 'bound' });
}

describe('agreement', () => {
  test('the same bytes are identical', () => {
    expect(judged(honest)).toMatchObject({ case: 'x1/test', kind: 'identical', problems: [] });
    expect(judged(honest).tensors).toMatchObject([
      { step: 1, tensor: 'output', elements: 4, identical: 4, direction: 'forward' },
    ]);
  });

  test('a rounding apart is within', () => {
    const near = answer([made, returned({ output: float32([-1, -1, 1, 1 + 2 ** -22], [2, 2]) })]);
    expect(judged(near)).toMatchObject({ kind: 'within', problems: [] });
    expect(judge(question, honest, near, ranks(2)).kind).toBe('within');
    expect(judge(question, honest, near, ranks(1)).kind).toBe('differs');
  });

  test('a refusal by both with the same type and text is identical', () => {
    const no = refused('ValueError', 'expected 2D or 3D input (got 4D input)');
    expect(judged(answer([made, no]), answer([made, no]))).toMatchObject({ kind: 'identical', tensors: [] });
  });
});

/** Each fault as the answer that has it, the verdict it must get and a word of the message. */
const faults: [string, readonly StepResult[], string, RegExp][] = [
  [
    'a wrong value',
    [made, returned({ output: float32([-1, -1, 1, 2], [2, 2]) })],
    'differs',
    /output: 1 of 4 elements differ, worst at \[1, 1\]: expected 1, got 2/,
  ],
  ['NaN', [made, returned({ output: float32([Number.NaN, -1, 1, 1], [2, 2]) })], 'differs', /expected -1, got NaN/],
  ['a missing tensor', [made, returned({})], 'differs', /output is missing/],
  ['another name', [made, returned({ y: float32([-1, -1, 1, 1], [2, 2]) })], 'differs', /output is missing/],
  [
    'an extra tensor',
    [made, returned({ output: float32([-1, -1, 1, 1], [2, 2]), mean: float32([1]) })],
    'differs',
    /mean was answered but not expected/,
  ],
  [
    'another dtype',
    [made, returned({ output: float64([-1, -1, 1, 1], [2, 2]) })],
    'differs',
    /output is float64, expected float32/,
  ],
  [
    'another shape',
    [made, returned({ output: float32([-1, -1, 1, 1], [4]) })],
    'differs',
    /output has shape \[4\], expected \[2, 2\]/,
  ],
  [
    'another repr',
    [returned({}, { repr: 'BatchNorm1d(3)' }), output],
    'differs',
    /repr is "BatchNorm1d\(3\)", expected "BatchNorm1d\(2\)"/,
  ],
  ['a missing repr', [returned({}), output], 'differs', /repr is missing/],
  [
    'an extra text',
    [made, returned({ output: float32([-1, -1, 1, 1], [2, 2]) }, { stdout: 'hello' })],
    'differs',
    /stdout was answered but not expected: "hello"/,
  ],
  ['a refusal of its own', [made, refused('ValueError', 'no')], 'refused', /expected an answer, got ValueError: "no"/],
  ['a step that is not run', [made, { kind: 'not_run' }], 'refused', /got a step that is not run/],
];

describe('each planted fault is seen', () => {
  test.each(faults)('%s', (_, steps, kind, words) => {
    const verdict = judged(answer(steps));
    expect(verdict.kind).toBe(kind);
    const messages = differencesOf(verdict).map(({ message }) => message);
    expect(messages.length).toBeGreaterThan(0);
    expect(messages.join('\n')).toMatch(words);
  });

  test.each([
    ['an answer', output],
    ['another type', refused('RuntimeError', 'no')],
    ['another text', refused('ValueError', 'no.')],
  ])('%s where PyTorch refuses', (_, step) => {
    const verdict = judged(answer([made, step]), answer([made, refused('ValueError', 'no')]));
    expect(verdict.kind).toBe('refused');
    expect(verdict.problems).toMatchObject([{ step: 1, tensor: 'refusal' }]);
  });

  test('in a step after a refusal that both made', () => {
    const steps = (last: number) => [made, refused('ValueError', 'no'), returned({ running_mean: float32([last]) })];
    const longer = caseOf([...question.steps, { kind: 'read', what: 'buffers' }]);
    const verdict = judge(longer, answer(steps(1)), answer(steps(2)), { kind: 'bound' });
    expect(verdict).toMatchObject({
      kind: 'differs',
      tensors: [{ step: 2, tensor: 'running_mean', direction: 'buffers' }],
    });
  });

  test('a counter off by one, and a parameter off by one ULP', () => {
    const reading = caseOf([question.steps[0], { kind: 'read', what: 'all' }]);
    const state = (count: number, weight: number) =>
      answer([made, returned({ num_batches_tracked: tensor([count], [], 'int64'), weight: float32([weight, 1]) })]);
    const judgeState = (actual: Answer) => judge(reading, state(3, 1), actual, { kind: 'bound' }).kind;
    expect(judgeState(state(3, 1))).toBe('identical');
    expect(judgeState(state(4, 1))).toBe('differs');
    expect(judgeState(state(3, 1 + 2 ** -23))).toBe('differs');
  });
});

describe('no verdict', () => {
  const lost: Answer = { outcome: { kind: 'undecided', reason: { kind: 'timeout', message: 'silent' } }, truth: null };
  const missing: Answer = { outcome: { kind: 'unsupported', reason: 'float16' }, truth: null };

  test('undecided on either side is undecided, before all else', () => {
    expect(judged(lost)).toMatchObject({
      kind: 'undecided',
      problems: [{ message: expect.stringMatching(/subject.*timeout.*silent/) }],
    });
    expect(judged(missing, lost)).toMatchObject({
      kind: 'undecided',
      problems: [{ message: expect.stringMatching(/oracle/) }],
    });
  });

  test('unsupported on either side is unsupported', () => {
    expect(judged(missing).kind).toBe('unsupported');
    expect(judged(honest, missing).kind).toBe('unsupported');
  });

  test('another number of steps is undecided', () => {
    expect(judged(answer([made]))).toMatchObject({ kind: 'undecided' });
  });

  test('nothing to compare is no agreement', () => {
    const nothing = answer([returned({}), returned({})]);
    expect(judged(nothing, nothing)).toMatchObject({
      kind: 'undecided',
      problems: [{ message: expect.stringMatching(/nothing was compared/) }],
    });
  });
});

describe('truth', () => {
  const near = answer([made, returned({ output: float32([-1, -1, 1, 1 + 2 ** -22], [2, 2]) })]);

  test('says who is nearer', () => {
    const told = answer([made, output], [made, returned({ output: float64([-1, -1, 1, 1 + 2 ** -22], [2, 2]) })]);
    expect(judged(near, told).tensors[0].worst?.nearer).toBe('subject');
    expect(judged(near).tensors[0].worst?.nearer).toBeNull();
  });

  test('is worked out where the case is float64 itself: PyTorch in float64 is no judge of its like', () => {
    const x = float64([0.1, 0.2, 0.3, 0.7], [2, 2]);
    const c = { ...oneForward(x), dtype: 'float64' } as const;
    // Two rows: a normalised value is ±(x₁ − x₀)/2·r, in exact arithmetic 0.99950037468777… and 0.99992000959872…
    const right = [-0.9995003746877732, -0.99992000959872, 0.9995003746877732, 0.99992000959872];
    const nudged = right.map((y) => y * (1 + 2 ** -44));
    const of = (values: readonly number[]) => [made, returned({ output: float64(values, [2, 2]) })];
    expect(judge(c, answer(of(right), of(right)), answer(of(nudged)), ranks(1e6)).tensors[0].worst?.nearer).toBe(
      'oracle',
    );
    expect(judge(c, answer(of(nudged), of(nudged)), answer(of(right)), ranks(1e6)).tensors[0].worst?.nearer).toBe(
      'subject',
    );
    expect(judge(c, answer(of(right)), answer(of(nudged)), ranks(1e6)).tensors[0].worst?.nearer).toBeNull();
  });
});

test('mode and direction follow the steps', () => {
  const x = float32([1, 2, 3, 4], [2, 2]);
  const c = caseOf([
    question.steps[0],
    { kind: 'forward', mode: 'eval', input: x, gradient: true },
    { kind: 'backward', gradient: x, accumulate: false, again: false },
    { kind: 'forward', mode: null, input: x, gradient: false },
    { kind: 'save_state' },
  ]);
  const a = answer([
    made,
    returned({ output: x }),
    returned({ 'input.grad': x }),
    returned({ output: x }),
    returned({ running_mean: float32([0, 0]) }),
  ]);
  expect(judge(c, a, a, { kind: 'torch' }).tensors.map(({ direction, mode }) => [direction, mode])).toEqual([
    ['forward', 'eval'],
    ['backward', 'eval'],
    ['forward', 'eval'],
    ['buffers', 'eval'],
  ]);
});

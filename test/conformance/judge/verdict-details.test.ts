// A verdict word for word: why there is none, what each problem says, which mode and direction a tensor is of, which truth is asked. Made to kill mutants.

import { describe, expect, test } from 'vitest';
import { bool, type Case, type Step, tensorValue } from '../../../cases/case.ts';
import { judge } from '../../../ts-impl/conformance/judge/judge.ts';
import {
  BOUND_ROWS,
  DEFAULT_TOLERANCE,
  parseTolerance,
  TORCH_ROWS,
  unitRoundoff,
} from '../../../ts-impl/conformance/judge/tolerance.ts';
import type { Answer, Outcome, StepResult } from '../../../ts-impl/conformance/outcome.ts';
import { fromStorage, tensor } from '../../../ts-impl/tensor/tensor.ts';
import { answer, caseOf, float32, float64, oneForward, refused, returned } from './hand-made.ts';

const x = float32([0, 2, 1, 5], [2, 2]);
const question = oneForward(x);
const made = returned({}, { repr: 'BatchNorm1d(2)' });
const output = returned({ output: float32([-1, -1, 1, 1], [2, 2]) });
const exactly = { kind: 'ulp', ranks: 0 } as const;

const judged = (actual: Answer, expected: Answer = answer([made, output]), c: Case = question) =>
  judge(c, expected, actual, exactly);

describe('no verdict, and why', () => {
  const lost: Outcome = { kind: 'undecided', reason: { kind: 'memory', message: 'too much' } };
  const unable: Outcome = { kind: 'unsupported', reason: 'float16' };
  const of = (outcome: Outcome): Answer => ({ outcome, truth: null });
  test.each<[string, Answer, Answer, string, string]>([
    [
      'the oracle is lost',
      of(lost),
      answer([made, output]),
      'undecided',
      'the oracle gave no answer (memory): too much',
    ],
    [
      'the subject is lost',
      answer([made, output]),
      of(lost),
      'undecided',
      'the subject gave no answer (memory): too much',
    ],
    ['both are lost', of(lost), of(lost), 'undecided', 'the oracle gave no answer (memory): too much'],
    [
      'the oracle is unable',
      of(unable),
      answer([made, output]),
      'unsupported',
      'the oracle does not support it: float16',
    ],
    [
      'the subject is unable',
      answer([made, output]),
      of(unable),
      'unsupported',
      'the subject does not support it: float16',
    ],
    [
      'the subject is lost where the oracle is unable',
      of(unable),
      of(lost),
      'undecided',
      'the subject gave no answer (memory): too much',
    ],
    [
      'a step too few',
      answer([made, output]),
      answer([made]),
      'undecided',
      '2 steps were asked; the oracle answered 2, the subject 1',
    ],
    [
      'a step too few of the oracle',
      answer([made]),
      answer([made, output]),
      'undecided',
      '2 steps were asked; the oracle answered 1, the subject 2',
    ],
    [
      'a step too many of both',
      answer([made, output, output]),
      answer([made, output, output]),
      'undecided',
      '2 steps were asked; the oracle answered 3, the subject 3',
    ],
    [
      'nothing',
      answer([returned({}), returned({})]),
      answer([returned({}), returned({})]),
      'undecided',
      'nothing was compared: neither side answered a tensor, a text or a refusal',
    ],
    [
      'no step run',
      answer([{ kind: 'not_run' }, { kind: 'not_run' }]),
      answer([{ kind: 'not_run' }, { kind: 'not_run' }]),
      'undecided',
      'nothing was compared: neither side answered a tensor, a text or a refusal',
    ],
  ])('%s', (_, expected, actual, kind, message) => {
    const problems = [{ step: 0, tensor: '-', message }];
    expect(judged(actual, expected)).toEqual({ case: 'x1/test', kind, tensors: [], problems });
  });
});

describe('each problem, word for word', () => {
  const y = float32([-1, -1, 1, 1], [2, 2]);
  test.each<[StepResult, StepResult, string, object]>([
    [returned({ output: y }), returned({}), 'differs', { step: 1, tensor: 'output', message: 'output is missing' }],
    [
      returned({}),
      returned({ output: y }),
      'differs',
      { step: 1, tensor: 'output', message: 'output was answered but not expected' },
    ],
    [
      returned({ output: y }),
      returned({ output: float64([-1, -1, 1, 1], [2, 2]) }),
      'differs',
      { step: 1, tensor: 'output', message: 'output is float64, expected float32' },
    ],
    [
      returned({ output: y }),
      returned({ output: float32([-1, -1, 1, 1], [1, 4]) }),
      'differs',
      { step: 1, tensor: 'output', message: 'output has shape [1, 4], expected [2, 2]' },
    ],
    [
      returned({}, { keys: 'a' }),
      returned({}),
      'differs',
      { step: 1, tensor: 'keys', message: 'keys is missing, expected "a"' },
    ],
    [
      returned({}, { keys: 'a' }),
      returned({}, { keys: 'b' }),
      'differs',
      { step: 1, tensor: 'keys', message: 'keys is "b", expected "a"' },
    ],
    [
      returned({}),
      returned({}, { stdout: 'hm' }),
      'differs',
      { step: 1, tensor: 'stdout', message: 'stdout was answered but not expected: "hm"' },
    ],
    [
      refused('ValueError', 'no'),
      returned({ output: y }),
      'refused',
      { step: 1, tensor: 'refusal', message: 'expected ValueError: "no", got an answer' },
    ],
    [
      { kind: 'not_run' },
      refused('ValueError', 'no'),
      'refused',
      { step: 1, tensor: 'refusal', message: 'expected a step that is not run, got ValueError: "no"' },
    ],
  ])('%#', (expected, actual, kind, problem) => {
    const verdict = judged(answer([made, actual]), answer([made, expected]));
    expect(verdict).toEqual({ case: 'x1/test', kind, tensors: [], problems: [problem] });
  });

  test('a refusal that both make is identical, alone', () => {
    const no = answer([refused('ValueError', 'no'), { kind: 'not_run' }]);
    expect(judged(no, no)).toEqual({ case: 'x1/test', kind: 'identical', tensors: [], problems: [] });
  });

  test('a text that both answer is identical, alone', () => {
    const word = answer([made, returned({})]);
    expect(judged(word, word).kind).toBe('identical');
  });

  test('a tensor that both answer is identical, alone', () => {
    const mute = answer([returned({}), output]);
    expect(judged(mute, mute).kind).toBe('identical');
  });

  test('an element apart among identical tensors is within, or differs', () => {
    const two = (v: number) => answer([made, returned({ output: float32([1, 1], [2]), mean: float32([v], [1]) })]);
    expect(judge(question, two(1), two(1 + 2 ** -23), { kind: 'ulp', ranks: 1 }).kind).toBe('within');
    expect(judged(two(1 + 2 ** -23), two(1)).kind).toBe('differs');
  });
});

describe('mode and direction', () => {
  const call = (args: Record<string, boolean>): Step => ({
    kind: 'call',
    function: 'batch_norm',
    arguments: { input: tensorValue(x), ...Object.fromEntries(Object.entries(args).map(([k, v]) => [k, bool(v)])) },
    gradient: false,
  });
  const seen = (steps: readonly Step[], tensors: readonly string[]) => {
    const given = answer(tensors.map((name) => returned({ [name]: x })));
    return judge(caseOf(steps), given, given, exactly).tensors.map(({ mode, direction }) => `${mode} ${direction}`);
  };
  const forward = (mode: 'train' | 'eval' | null): Step => ({ kind: 'forward', mode, input: x, gradient: true });
  const backward: Step = { kind: 'backward', gradient: x, accumulate: false, again: false };

  test('a forward without a mode keeps it', () => {
    const steps = [
      forward(null),
      forward('eval'),
      forward(null),
      backward,
      forward('train'),
      { kind: 'save_state' } as const,
    ];
    expect(seen(steps, ['output', 'output', 'output', 'input.grad', 'output', 'weight'])).toEqual([
      'train forward',
      'eval forward',
      'eval forward',
      'eval backward',
      'train forward',
      'train buffers',
    ]);
  });

  test('a call has the mode of its flag, train without one', () => {
    const steps = [
      call({ training: false }),
      call({}),
      call({ use_input_stats: false }),
      call({ training: true }),
      call({ use_input_stats: true }),
    ];
    expect(seen(steps, ['output', 'output', 'running_mean', 'output', 'output'])).toEqual([
      'eval forward',
      'train forward',
      'eval buffers',
      'train forward',
      'train forward',
    ]);
  });
});

describe('the truth that is asked', () => {
  const near = answer([made, returned({ output: float32([-1, -1, 1, 1 + 2 ** -22], [2, 2]) })]);
  const told = (step: StepResult) => answer([made, output], [made, step]);
  const nearer = (expected: Answer) =>
    judge(question, expected, near, { kind: 'ulp', ranks: 9 }).tensors[0].worst?.nearer;

  test('is the float64 answer of the same name and shape', () => {
    expect(nearer(told(returned({ output: float64([-1, -1, 1, 1], [2, 2]) })))).toBe('oracle');
    expect(nearer(told(returned({ output: float64([-1, -1, 1, 2], [2, 2]) })))).toBe('subject');
  });

  test('is read through its strides', () => {
    const across = { ...fromStorage('float64', [2, 2], Float64Array.of(-1, 1, -1, 2)), strides: [1, 2] };
    expect(nearer(told(returned({ output: across })))).toBe('subject');
  });

  test('is none for whole numbers', () => {
    const reading = caseOf([question.steps[0], { kind: 'read', what: 'buffers' }]);
    const count = (n: number) => returned({ num_batches_tracked: tensor([n], [], 'int64') });
    const verdict = judge(reading, answer([made, count(1)], [made, count(1)]), answer([made, count(2)]), exactly);
    expect(verdict.tensors[0].worst).toMatchObject({ nearer: null, oracleError: null });
  });
});

describe('the tolerance', () => {
  test('is the bound by default', () => expect(DEFAULT_TOLERANCE).toEqual({ kind: 'bound' }));

  test('is read whole', () => {
    expect(parseTolerance('ulp:12')).toEqual({ kind: 'ulp', ranks: 12 });
    expect(parseTolerance(`ulp:${'9'.repeat(15)}`)).toEqual({ kind: 'ulp', ranks: 999999999999999 });
    for (const words of ['ulp:4 ', ' ulp:4', 'xulp:4', 'ulp:4x', `ulp:${'9'.repeat(16)}`, 'bounds', 'torch ']) {
      expect(() => parseTolerance(words)).toThrow(
        `tolerance is "${words}", expected bound, torch or ulp:N with a whole number N, such as ulp:4`,
      );
    }
  });

  test('has half an epsilon for each type, none for whole numbers', () => {
    expect((['float16', 'bfloat16', 'float32', 'float64', 'int64'] as const).map(unitRoundoff)).toEqual([
      2 ** -11,
      2 ** -8,
      2 ** -24,
      2 ** -53,
      0,
    ]);
  });

  test('gives the reason of each row', () => {
    expect(Object.values(TORCH_ROWS).map(({ reason }) => reason.split(' ')[0])).toEqual([
      'assert_close',
      'assert_close',
      'assert_close',
      'assert_close',
      'whole',
    ]);
    expect(BOUND_ROWS.exact).toMatchObject({ absolute: 0, relative: 0, reason: expect.stringMatching(/^stored/) });
    expect(BOUND_ROWS.unconditioned.reason).toMatch(/assert_close/);
    expect(BOUND_ROWS.overflowed).toMatchObject({ roundings: 64, reason: expect.stringMatching(/^a statistic/) });
  });
});

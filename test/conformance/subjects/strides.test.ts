// Strides of outputs and input gradients, in every layout: the port says what live PyTorch says.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Case, Step } from '../../../cases/case.ts';
import { generate } from '../../../cases/g1/generate.ts';
import { type Oracle, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../../ts-impl/conformance/subjects/port.ts';
import { hasPython, NO_PYTHON, PYTHON } from './live-python.ts';

let oracle: Oracle | null = null;
beforeAll(async () => {
  if (hasPython) oracle = await startOracle({ python: PYTHON });
});
afterAll(() => oracle?.close());

/** The case with a look at the strides after each forward, call and backward. */
function inspected(c: Case): Case {
  const steps = c.steps.flatMap((step): Step[] => {
    if (step.kind === 'backward') return [step, { kind: 'inspect', names: ['input.grad.stride'] }];
    if (step.kind !== 'forward' && step.kind !== 'call') return [step];
    return [step, { kind: 'inspect', names: ['output.stride', 'output.memory_format', 'output.requires_grad'] }];
  });
  return { ...c, steps };
}

const CASES = [
  ...Array.from({ length: 330 }, (_, index) => inspected(generate('grid', 11, index))),
  ...Array.from({ length: 110 }, (_, index) => inspected(generate('strided', 11, index))),
];

describe.skipIf(!hasPython)(`live PyTorch${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test('has the strides that the port says', async () => {
    const live = (await oracle?.ask(CASES, { truth: false })) ?? [];
    const own = await makePort().ask(CASES, { truth: false });
    const texts = ({ outcome }: (typeof own)[number]): unknown =>
      'steps' in outcome ? outcome.steps.map((s) => (s.kind === 'returned' ? s.texts : s)) : outcome;
    let looked = 0;
    CASES.forEach((c, i) => {
      expect(texts(own[i]), c.id).toEqual(texts(live[i]));
      looked += c.steps.filter(({ kind }) => kind === 'inspect').length;
    });
    expect(looked).toBeGreaterThan(1000);
    const said = new Set(
      live.map((answer) => /"output.memory_format":"(\w+)"/.exec(JSON.stringify(texts(answer)))?.[1]),
    );
    expect(said).toContain('contiguous');
    expect(said).toContain('channels_last');
    expect(said).toContain('channels_last_3d');
  });
});

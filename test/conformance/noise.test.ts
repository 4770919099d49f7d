// PyTorch's own noise: what moves between two askings is counted, and a case laid out otherwise holds the same values.

import { expect, test } from 'vitest';
import { NoiseSample, relayCase } from '../../ts-impl/conformance/noise.ts';
import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';
import { contiguous } from '../../ts-impl/tensor/tensor.ts';
import { answer, float32, oneForward, returned } from './judge/hand-made.ts';

const c = oneForward(float32([1, 2, 3, 4, 5, 6], [3, 2]));
const answering = (values: readonly number[]): Subject => ({
  name: 'made up',
  kind: 'oracle',
  version: null,
  capabilities: {},
  batch: { cases: 8, window: 1 },
  ask: async (cases) => cases.map(() => answer([returned({}), returned({ output: float32(values, [3, 2]) })])),
  close: async () => {},
});

test('a case laid out otherwise has the same values and other strides', () => {
  const step = relayCase(c)?.steps[1];
  const input = step?.kind === 'forward' ? step.input : null;
  expect(input?.strides).toEqual([1, 3]);
  expect(input === null ? [] : [...(contiguous(input).storage as Float32Array)]).toEqual([1, 2, 3, 4, 5, 6]); // made as float32
});

test('elements that move are counted, for threads and for layouts', async () => {
  const sample = new NoiseSample(1, 1);
  const [expected] = await answering([1, 2, 3, 4, 5, 8]).ask([c], { truth: false });
  sample.add({
    case: c,
    expected,
    actual: expected,
    verdict: { case: c.id, kind: 'identical', tensors: [], problems: [] },
  });
  const threaded = { oracle: answering([1, 2, 3, 4, 5, 8]), threads: 2 };
  expect(await sample.measure(answering([1, 2, 3, 4, 5, 6]), threaded)).toEqual([
    { threads: 2, cases: 1, elements: 6, movedElements: 0, largest: null },
    {
      threads: null,
      cases: 1,
      elements: 6,
      movedElements: 1,
      largest: { relative: 0.25, case: c.id, step: 1, tensor: 'output' },
    },
  ]);
});

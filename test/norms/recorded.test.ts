// The port over recorded answers of PyTorch, bit for bit and without Python; and the recorded answers against the live oracle.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Oracle, startOracle } from '../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../ts-impl/conformance/subjects/port.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../conformance/subjects/live-python.ts';
import { readAnswers } from './recorded/answers.ts';
import { caseOf, groupOf } from './recorded/chosen.ts';
import { digestOf } from './recorded/digest.ts';

const recorded = readAnswers();
const groups = new Map<string, string[]>();
for (const id of Object.keys(recorded.answers)) {
  const group = groups.get(groupOf(id));
  if (group === undefined) groups.set(groupOf(id), [id]);
  else group.push(id);
}

test('there is something recorded, of every layer and function', () => {
  expect(Object.keys(recorded.answers).length).toBeGreaterThan(1500);
  expect(groups.size).toBeGreaterThan(100);
});

describe('the port answers as recorded', () => {
  const port = makePort();
  test.each([...groups])('%s', async (_, ids) => {
    const answers = await port.ask(ids.map(caseOf), { truth: false });
    for (const [i, id] of ids.entries()) expect(digestOf(answers[i].outcome), id).toEqual(recorded.answers[id]);
  });
});

describe.skipIf(!hasPython)(`live${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await startOracle({ python: PYTHON });
  });
  afterAll(() => oracle.close());

  test('the recorded answers are what PyTorch says (if it moved: `npm run record`)', async () => {
    const ids = Object.keys(recorded.answers);
    const answers = await oracle.ask(ids.map(caseOf), { truth: false });
    expect(releaseOf(oracle.version ?? '')).toBe(releaseOf(recorded.torch));
    for (const [i, id] of ids.entries()) expect(digestOf(answers[i].outcome), id).toEqual(recorded.answers[id]);
  }, 120_000);
});

test('a digest tells one bit, a sign of zero, a name and a word, and no NaN from another', () => {
  const of = (storage: Float32Array | Float64Array, name = 'output', repr = 'a') =>
    digestOf({
      kind: 'returned',
      steps: [
        {
          kind: 'returned',
          tensors: [
            {
              name,
              tensor: {
                dtype: storage instanceof Float32Array ? 'float32' : 'float64',
                shape: [storage.length],
                strides: [1],
                offset: 0,
                storage,
              },
            },
          ],
          texts: { repr },
        },
      ],
    });
  const one = of(Float32Array.of(1, 2));
  const nan = new Float32Array(Uint32Array.of(0xffc00001, 0x40000000).buffer);
  expect(of(Float32Array.of(1, 2))).toEqual(one);
  expect(of(nan)).toEqual(of(Float32Array.of(Number.NaN, 2)));
  for (const other of [
    of(Float32Array.of(1, 2 + 2 ** -22)),
    of(Float32Array.of(2, 1)),
    of(Float64Array.of(1, 2)),
    of(Float32Array.of(1, 2), 'input.grad'),
    of(Float32Array.of(1, 2), 'output', 'b'),
  ])
    expect(other).not.toEqual(one);
  expect(of(Float32Array.of(0))).not.toEqual(of(Float32Array.of(-0)));
});

// --- internal ---

/** `2.13.0` of `2.13.0+cpu`: builds of one release. */
function releaseOf(version: string): string {
  return version.split('+')[0];
}

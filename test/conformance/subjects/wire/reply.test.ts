// Replies are believed only after the schema, the number of payload frames and the place of every tensor were checked.

import { describe, expect, test } from 'vitest';
import type { Plain, PlainMap } from '../../../../cases/serialise.ts';
import { encodeHeader, ProtocolError } from '../../../../ts-impl/conformance/subjects/wire/header.ts';
import { decodeReply } from '../../../../ts-impl/conformance/subjects/wire/reply.ts';

/** [name, dtype, shape, at] */
const TENSOR = ['output', 'float32', [2], 0];

function answer(tensor: Plain, extra: PlainMap = {}): PlainMap {
  const step = { kind: 'returned', tensors: [tensor], texts: {} };
  const outcome = { kind: 'returned', steps: [step] };
  return {
    protocol: 1,
    kind: 'answer',
    sequence: 7,
    nonce: 'n7',
    answers: [{ outcome, truth: null, ...extra }],
    sizes: [8],
  };
}

const decode = (header: PlainMap, ...payloads: Uint8Array[]) => decodeReply([encodeHeader(header), ...payloads]);

describe('decodeReply', () => {
  test('reads the tensors of an answer', () => {
    const payload = new Uint8Array(new Float32Array([1.5, -0]).buffer);
    const reply = decode(answer(TENSOR), payload);
    expect(reply).toEqual({
      kind: 'answer',
      sequence: 7,
      nonce: 'n7',
      answers: [
        {
          outcome: {
            kind: 'returned',
            steps: [
              {
                kind: 'returned',
                texts: {},
                tensors: [
                  {
                    name: 'output',
                    tensor: {
                      dtype: 'float32',
                      shape: [2],
                      strides: [1],
                      offset: 0,
                      storage: new Float32Array([1.5, -0]),
                    },
                  },
                ],
              },
            ],
          },
          truth: null,
        },
      ],
    });
  });

  test.each([
    ['past the end', ['output', 'float32', [3], 0]],
    ['at a byte that is no multiple of 8', ['output', 'float32', [1], 4]],
  ])('makes an answer undecided whose tensor lies %s', (_, tensor) => {
    const reply = decode(answer(tensor), new Uint8Array(8));
    const outcome = reply.kind === 'answer' ? reply.answers[0].outcome : null;
    expect(outcome).toMatchObject({ kind: 'undecided', reason: { kind: 'protocol' } });
  });

  test.each<[string, PlainMap]>([
    ['another protocol', { ...answer(TENSOR), protocol: 2 }],
    ['no kind', { protocol: 1, sequence: 1 }],
    ['an unknown kind', { protocol: 1, kind: 'gossip' }],
    ['a field too many', { ...answer(TENSOR), extra: 1 }],
    ['a field too few', { protocol: 1, kind: 'answer', sequence: 7, nonce: 'n7' }],
    ['no nonce', { protocol: 1, kind: 'answer', sequence: 7, answers: [], sizes: [] }],
    ['an unknown dtype', answer(['output', 'float8', [2], 0])],
    ['a negative size', answer(['output', 'float32', [-1], 0])],
    [
      'a truth that is missing',
      { protocol: 1, kind: 'answer', sequence: 7, nonce: 'n7', answers: [{ outcome: {} }], sizes: [8] },
    ],
    ['a field too many deep inside', answer([...TENSOR, 'x'])],
    ['a text that is none', answer([3, 'float32', [2], 0])],
  ])('refuses a header with %s', (_, header) => {
    expect(() => decode(header, new Uint8Array(8))).toThrow(ProtocolError);
  });

  test('names the place that breaks the schema', () => {
    expect(() => decode(answer(['output', 'float8', [2], 0]), new Uint8Array(8))).toThrow(
      'reply/answers/0/outcome/steps/0/tensors/0/1',
    );
  });

  test.each([[[]], [[new Uint8Array(8), new Uint8Array(8)]]])(
    'refuses %j payload frames for one answer',
    (payloads) => {
      expect(() => decode(answer(TENSOR), ...payloads)).toThrow(`${payloads.length} payload frames, expected 1`);
    },
  );

  test.each<[string, number[]]>([
    ['are too few', []],
    ['add up to less than the payload', [0]],
    ['reach past the payload', [16]],
  ])('refuses sizes that %s', (_, sizes) => {
    expect(() => decode({ ...answer(TENSOR), sizes }, new Uint8Array(8))).toThrow(ProtocolError);
  });

  test('reads a payload that lies at an odd place in memory', () => {
    const memory = new Uint8Array(9);
    memory.set(new Uint8Array(new Float32Array([1.5, -0]).buffer), 1);
    const reply = decode(answer(TENSOR), memory.subarray(1));
    const outcome = reply.kind === 'answer' ? reply.answers[0].outcome : null;
    const step = outcome?.kind === 'returned' ? outcome.steps[0] : null;
    expect(step?.kind === 'returned' ? step.tensors[0].tensor.storage : null).toEqual(new Float32Array([1.5, -0]));
  });

  test('refuses a message without a frame', () => {
    expect(() => decodeReply([])).toThrow('no frame');
  });
});

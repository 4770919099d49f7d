// The live oracle under garbage, short, oversize and outdated messages: each gets an error that names what is wrong, and it lives on.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Dealer } from 'zeromq';
import type { Plain, PlainMap } from '../../cases/serialise.ts';
import { encodeCase } from '../../cases/serialise.ts';
import { type PythonProcess, startPython } from '../../ts-impl/conformance/subjects/process.ts';
import { encodeHeader } from '../../ts-impl/conformance/subjects/wire/header.ts';
import { decodeReply, type Reply } from '../../ts-impl/conformance/subjects/wire/reply.ts';
import { encodeHello } from '../../ts-impl/conformance/subjects/wire/request.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../conformance/subjects/live-python.ts';
import { batchNormCase } from '../conformance/subjects/small-cases.ts';

const FRAME_LIMIT = 4096;

let oracle: PythonProcess;
let socket: Dealer;

beforeAll(async () => {
  if (!hasPython) return;
  const limits = ['--max-frame-bytes', String(FRAME_LIMIT), '--max-header-bytes', String(FRAME_LIMIT)];
  oracle = await startPython({
    python: PYTHON,
    args: ['--endpoint', 'tcp://127.0.0.1:0', ...limits],
    readyTimeoutMs: 60_000,
  });
  socket = new Dealer({ linger: 0, receiveTimeout: 10_000 });
  socket.connect(String(oracle.ready.endpoint));
});
afterAll(async () => {
  socket?.close();
  await oracle?.end();
});

async function ask(...frames: Uint8Array[]): Promise<Reply> {
  await socket.send(frames);
  return decodeReply(await socket.receive());
}

async function livesOn(): Promise<void> {
  expect(await ask(...encodeHello())).toMatchObject({ kind: 'welcome', subject: 'torch' });
}

const good = encodeCase(batchNormCase('good'));
const askHeader = (cases: readonly Plain[]): PlainMap => ({
  protocol: 1,
  kind: 'ask',
  sequence: 5,
  nonce: 'n5',
  truth: false,
  cases,
  sizes: cases.map(() => good.payload.length),
});

describe.skipIf(!hasPython)(`a bad message${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test.each<[string, Uint8Array[], PlainMap]>([
    ['an empty frame', [new Uint8Array(0)], { reason: 'garbage', sequence: null }],
    ['a frame of garbage', [new Uint8Array([0xc1, 1, 2, 3])], { reason: 'garbage', sequence: null }],
    ['a number for a header', [new Uint8Array([7])], { reason: 'garbage', message: 'the header is 7, expected a map' }],
    ['a header cut short', [encodeHeader(askHeader([])).subarray(0, 9)], { reason: 'garbage', sequence: null }],
    ['two headers in one', [Buffer.concat([encodeHello()[0], encodeHello()[0]])], { reason: 'garbage' }],
    ['no protocol', [encodeHeader({ kind: 'hello' })], { reason: 'protocol' }],
    [
      'another version',
      [encodeHeader({ protocol: 2, kind: 'hello' })],
      { reason: 'protocol', message: 'request.protocol is 2, but this side speaks 1' },
    ],
    [
      'an unknown kind',
      [encodeHeader({ protocol: 1, kind: 'sing', sequence: 1, nonce: 'n1' })],
      { reason: 'malformed', sequence: 1, nonce: 'n1' },
    ],
    [
      'no nonce',
      [encodeHeader({ protocol: 1, kind: 'load', sequence: 3, file: 'a.py', blocks: [] })],
      { reason: 'malformed', sequence: null, nonce: null },
    ],
    [
      'a nonce as long as a letter',
      [encodeHeader({ ...askHeader([]), nonce: 'n'.repeat(65) })],
      { reason: 'malformed', message: 'request.nonce has 65 characters; the limit is 64' },
    ],
    ['a key too many', [encodeHeader({ ...askHeader([]), more: 1 })], { reason: 'malformed', sequence: 5 }],
    [
      'a forbidden key',
      [encodeHeader(JSON.parse('{"protocol":1,"kind":"hello","__proto__":{"a":1}}') as PlainMap)],
      { reason: 'malformed' },
    ],
    [
      'a payload too few',
      [encodeHeader(askHeader([good.header]))],
      { reason: 'malformed', sequence: 5, message: 'the message has 0 payload frames, expected 1' },
    ],
    ['a payload too many', [...encodeHello(), new Uint8Array(8)], { reason: 'malformed' }],
    [
      'a size too few',
      [encodeHeader({ ...askHeader([good.header]), sizes: [] }), good.payload],
      { reason: 'malformed', sequence: 5, message: 'request.sizes has 0 numbers for 1 cases' },
    ],
    [
      'sizes that are not the payload’s',
      [encodeHeader({ ...askHeader([good.header]), sizes: [2 ** 40] }), good.payload],
      { reason: 'malformed', sequence: 5, message: `request.sizes add up to ${2 ** 40}, but the payload has 8 bytes` },
    ],
    ['cases that are no list', [encodeHeader({ ...askHeader([]), cases: 'all' })], { reason: 'malformed' }],
    [
      'an oversize header',
      [encodeHeader(askHeader([{ note: 'x'.repeat(FRAME_LIMIT) }])), new Uint8Array(0)],
      { reason: 'oversize' },
    ],
    [
      'an oversize payload',
      [encodeHeader(askHeader([good.header])), new Uint8Array(FRAME_LIMIT + 1)],
      { reason: 'oversize', message: `frame 1 has ${FRAME_LIMIT + 1} bytes; the limit is ${FRAME_LIMIT}` },
    ],
    [
      'code to load',
      [encodeHeader({ protocol: 1, kind: 'load', sequence: 3, nonce: 'n3', file: 'a.py', blocks: [] })],
      {
        reason: 'unsupported',
        sequence: 3,
        message: 'torch loads no code',
      },
    ],
  ])('of %s gets an error', async (_, frames, expected) => {
    expect(await ask(...frames)).toMatchObject({ kind: 'error', ...expected });
    await livesOn();
  });
});

/** [dtype, shape, strides, offset, elements, at] */
const tensorAt = (at: number, shape: readonly Plain[], strides = [1, 1]): Plain => [
  'float32',
  shape,
  strides,
  0,
  2,
  at,
];
const forward = { kind: 'forward', mode: 'train', input: tensorAt(0, [2, 1]), gradient: false };
const withSteps = (...steps: Plain[]): PlainMap => ({ ...good.header, steps });

describe.skipIf(!hasPython)(`a bad case${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test.each<[string, Plain, string]>([
    ['is no map', 7, 'case is 7, expected a map'],
    ['lacks a key', { id: 'x' }, 'case has the keys id; expected exactly dtype, id, layer, layout, steps'],
    ['has no such dtype', { ...good.header, dtype: 'float8' }, "case.dtype is 'float8', expected one of"],
    ['has an unknown step', withSteps({ kind: 'dance' }), "case.steps[0].kind is 'dance', which is no step"],
    [
      'reaches past its memory',
      withSteps({ ...forward, input: tensorAt(0, [3, 1]) }),
      'case.steps[0].input reaches element 2, but its memory holds 2',
    ],
    [
      'lies outside the payload',
      withSteps({ ...forward, input: tensorAt(8, [2, 1]) }),
      'case.steps[0].input lies at byte 8 with 2 elements, outside the payload of 8 bytes',
    ],
    [
      'is larger than the limit by strides of 0',
      withSteps({ ...forward, input: tensorAt(0, [1 << 20, 1 << 10], [0, 0]) }),
      'elements; the limit is',
    ],
    [
      'has a tensor with a field too few',
      withSteps({ ...forward, input: ['float32', [2, 1]] }),
      "case.steps[0].input is ['float32', [2, 1]], expected a list of dtype, shape, strides, offset, elements, at",
    ],
    ['counts in strings', withSteps({ ...forward, input: tensorAt(0, ['2', 1]) }), 'expected whole numbers'],
    [
      'sets an attribute of Python’s own',
      withSteps({ kind: 'set_attribute', name: '__class__', value: null }),
      "case.steps[0].name is '__class__'",
    ],
    [
      'gives an argument twice',
      withSteps({ kind: 'construct', layer: 'LayerNorm', arguments: [1, 2].map(() => ({ name: 'eps', value: null })) }),
      "case.steps[0].arguments[1].name is 'eps', which is given twice",
    ],
    [
      'has a float of 4 bytes',
      withSteps({ kind: 'set_attribute', name: 'eps', value: { float: new Uint8Array(4) } }),
      'case.steps[0].value.float is 4 raw bytes, expected 8 raw bytes',
    ],
  ])('that %s is undecided with its place, and its neighbour is answered', async (_, header, words) => {
    const reply = await ask(
      encodeHeader(askHeader([header, good.header])),
      Buffer.concat([good.payload, good.payload]),
    );
    if (reply.kind !== 'answer') throw new Error(JSON.stringify(reply));
    const [bad, neighbour] = reply.answers.map(({ outcome }) => outcome);
    expect(bad).toMatchObject({ kind: 'undecided', reason: { kind: 'protocol' } });
    expect(JSON.stringify(bad)).toContain(words);
    expect(neighbour.kind).toBe('returned');
  });

  test.each<[string, Plain, string]>([
    ['layer', { kind: 'construct', layer: 'Linear', arguments: [] }, 'has no layer Linear'],
    ['function', { kind: 'call', function: 'eval', arguments: [], gradient: false }, 'has no function eval'],
    [
      'size',
      { kind: 'construct', layer: 'BatchNorm1d', arguments: [{ name: 'num_features', value: { int: 2 ** 40 } }] },
      'over this oracle’s limit'.replace('’', "'"),
    ],
  ])('with an unknown %s is unsupported', async (_, step, words) => {
    const reply = await ask(encodeHeader(askHeader([withSteps(step)])), good.payload);
    expect(reply).toMatchObject({ kind: 'answer', answers: [{ outcome: { kind: 'unsupported' } }] });
    expect(JSON.stringify(reply)).toContain(words);
  });

  test('whatever is changed in it, gets one answer, and it lives on', async () => {
    await fc.assert(
      fc.asyncProperty(mutated(good.header), async (header) => {
        const reply = await ask(encodeHeader(askHeader([header])), good.payload);
        expect(reply).toMatchObject({ kind: 'answer', answers: [{ truth: null }] });
      }),
      { numRuns: 300 },
    );
    await livesOn();
  });
});

/** The header with one of its values, anywhere, replaced by something else. */
function mutated(header: Plain): fc.Arbitrary<Plain> {
  const strange: fc.Arbitrary<Plain> = fc.oneof(
    fc.constantFrom<Plain>(null, true, '', 'float64', 'weight', [], {}, 0, 1, -1, 2 ** 31, 2 ** 53 - 1),
    fc.string(),
    fc.integer(),
    fc.uint8Array({ maxLength: 16 }),
  );
  return fc
    .tuple(fc.constantFrom(...placesOf(header)), strange)
    .map(([place, value]) => replaced(header, place, value));
}

type Place = readonly (string | number)[];

function placesOf(plain: Plain): Place[] {
  if (typeof plain !== 'object' || plain === null || plain instanceof Uint8Array) return [[]];
  const inner = Object.entries(plain).flatMap(([key, item]) =>
    placesOf(item as Plain).map((place) => [Array.isArray(plain) ? Number(key) : key, ...place]),
  );
  return [[], ...inner];
}

function replaced(plain: Plain, [key, ...rest]: Place, value: Plain): Plain {
  if (key === undefined) return value;
  const copy = (Array.isArray(plain) ? [...plain] : { ...(plain as PlainMap) }) as Record<string | number, Plain>; // placesOf found it there
  copy[key] = replaced(copy[key], rest, value);
  return copy as unknown as Plain; // a copy of a Plain
}

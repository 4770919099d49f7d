// Cases as header and payload: the round trip, and the place named in every complaint.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Case, float, int, type Step, type Value } from '../../cases/case.ts';
import { FAMILY_NAMES, generate } from '../../cases/g1/generate.ts';
import { asMap, type Plain } from '../../cases/header.ts';
import { packHeader, unpackHeader } from '../../cases/packed-header.ts';
import { decodeCase, encodeCase, MalformedHeader } from '../../cases/serialise.ts';
import { cases, expectSame } from './arbitrary-cases.ts';

describe('encodeCase and decodeCase', () => {
  test('are inverse for any case', () => {
    fc.assert(
      fc.property(cases, (c) => {
        const { header, payload } = encodeCase(c);
        const back = decodeCase(unpackHeader(packHeader(header)), payload);
        expect(back.id).toBe(c.id);
        expect(back.layout).toBe(c.layout);
        expect(back.steps.map((step) => step.kind)).toEqual(c.steps.map((step) => step.kind));
        expectSame(back, c);
      }),
    );
  });

  test('are inverse for every family', () => {
    for (const family of FAMILY_NAMES) {
      for (let index = 0; index < 5; index++) {
        const c = generate(family, 3, index);
        const { header, payload } = encodeCase(c);
        const back = decodeCase(header, payload);
        expect(back.id).toBe(c.id);
        expectSame(back, c);
      }
    }
  });

  test('keep −0, NaN and 1.0 apart from 0, null and 1', () => {
    const step = (value: Value): Step => ({ kind: 'set_attribute', name: 'eps', value });
    const c: Case = {
      id: 'x1/none',
      layer: 'LayerNorm',
      dtype: 'float32',
      layout: 'contiguous',
      steps: [step(float(-0)), step(float(Number.NaN)), step(float(1)), step(int(1))],
    };
    const { header, payload } = encodeCase(c);
    const back = decodeCase(unpackHeader(packHeader(header)), payload);
    expect(back.steps).toStrictEqual(c.steps);
    expect(Object.is(floatSet(back.steps[0]), -0)).toBe(true);
  });
});

describe('decodeCase', () => {
  const { header, payload } = encodeCase(generate('ordinary', 0, 0));
  const map = asMap(header, 'case');

  const broken: readonly [string, Plain, Uint8Array, RegExp][] = [
    ['no map', 'text', payload, /case is "text", expected a map/],
    ['a missing id', { ...map, id: undefined as unknown as Plain }, payload, /case\.id is missing/], // deliberately broken
    ['an unknown dtype', { ...map, dtype: 'float8' }, payload, /case\.dtype is "float8", expected one of float16/],
    ['steps that are no list', { ...map, steps: {} }, payload, /case\.steps is \{\}, expected a list/],
    [
      'an unknown step',
      { ...map, steps: [{ kind: 'jump' }] },
      payload,
      /case\.steps\[0\]\.kind is "jump", which is no step/,
    ],
    ['a short payload', header, payload.subarray(0, 8), /outside the payload of 8 bytes/],
  ];

  test.each(broken)('names the place of %s', (_, plain, bytes, message) => {
    expect(() => decodeCase(plain, bytes)).toThrow(MalformedHeader);
    expect(() => decodeCase(plain, bytes)).toThrow(message);
  });

  test('refuses a tensor that reaches past its memory', () => {
    const input = ['float32', [3], [2], 0, 4, 0]; // dtype, shape, strides, offset, elements, at
    const steps = [{ kind: 'forward', mode: null, input, gradient: false }];
    expect(() => decodeCase({ ...map, steps }, new Uint8Array(16))).toThrow(
      /reaches element 4, but its memory holds 4/,
    );
  });
});

function floatSet(step: Step): number {
  if (step.kind !== 'set_attribute' || step.value.kind !== 'float') throw new Error('the step sets no float');
  return step.value.value;
}

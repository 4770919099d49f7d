// LayerNorm, GroupNorm and RMSNorm in float16 and bfloat16 against the live oracle, bit for bit: sizes about the vectors', layouts, odd values, refusals.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Arguments, type Case, float, int, ints, type Step, tensorValue } from '../../cases/case.ts';
import { type Oracle, startOracle } from '../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../ts-impl/conformance/subjects/port.ts';
import { DTYPES, type Dtype, type FloatDtype, type HalfDtype } from '../../ts-impl/tensor/dtype.ts';
import { sizeOf } from '../../ts-impl/tensor/shape.ts';
import { type Tensor, tensor } from '../../ts-impl/tensor/tensor.ts';
import { toChannelsLast } from '../../ts-impl/tensor/memory-format.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../conformance/subjects/live-python.ts';
import { type Difference, differences } from './differences.ts';
import { LAYOUTS, laidOut, madeUp, valuesOf } from './made-up.ts';
import { caseFor, SUBJECTS } from './parity-cases.ts';

let oracle: Oracle;
const port = makePort();
beforeAll(async () => {
  if (hasPython) oracle = await startOracle({ python: PYTHON });
});
afterAll(() => oracle?.close());

async function compare(cases: readonly Case[]): Promise<{ found: Difference[]; elements: number }> {
  const [theirs, ours] = await Promise.all([oracle.ask(cases, { truth: false }), port.ask(cases, { truth: false })]);
  const all = cases.map((c, i) => differences(c.id, theirs[i].outcome, ours[i].outcome));
  return { found: all.flatMap((one) => one.found), elements: all.reduce((sum, one) => sum + one.elements, 0) };
}

type Norm = 'layer_norm' | 'group_norm' | 'rms_norm';

/** A call of a function and one way back. */
function callCase(name: Norm, id: string, args: Arguments, gradient: Tensor): Case {
  const steps: Step[] = [
    { kind: 'call', function: name, arguments: args, gradient: true },
    { kind: 'backward', gradient, accumulate: false, again: false },
  ];
  return { id: `x/${name}/${id}`, layer: name, dtype: 'float16', layout: 'contiguous', steps };
}

function argumentsOf(
  name: Norm,
  input: Tensor,
  own: FloatDtype,
  groups: number,
  last: number,
  affine: string,
): Arguments {
  const shape = name === 'group_norm' ? [input.shape[1]] : input.shape.slice(last);
  return {
    input: tensorValue(input),
    ...(name === 'group_norm' ? { num_groups: int(groups) } : { normalized_shape: ints(shape) }),
    ...(affine.includes('w') ? { weight: tensorValue(madeUp(shape, own, 31)) } : {}),
    ...(affine.includes('b') && name !== 'rms_norm' ? { bias: tensorValue(madeUp(shape, own, 32)) } : {}),
  };
}

/** x·factor + shift of the made-up values; `odd` puts NaN, infinities, the largest numbers and both zeros among them. */
function valued(shape: readonly number[], dtype: HalfDtype, seed: number, factor: number, shift: number, odd: boolean) {
  const values = valuesOf(madeUp(shape, 'float64', seed)).map((v) => v * factor + shift);
  const strange = [60000, Number.NaN, -60000, Number.POSITIVE_INFINITY, 0, -0, 2 ** -24, Number.NEGATIVE_INFINITY];
  if (odd) for (let i = 0; i < values.length; i += 7) values[i] = strange[(i + seed) % strange.length];
  return tensor(values, shape, dtype);
}

/** Below, at and above a register of 8 and a vector of 16, a chunk of 16 vectors, and several levels of chunks. */
const SIZES = [1, 2, 5, 8, 9, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33, 48, 100, 255, 256, 257, 513, 1100, 4099];
const GROUPS = [
  [2, 1, 1, 2],
  [2, 2, 3, 5],
  [1, 3, 5, 33],
  [3, 1, 8, 17],
  [2, 2, 9, 16],
  [1, 2, 15, 9],
  [2, 1, 16, 31],
  [1, 2, 17, 48],
  [2, 1, 24, 7],
  [1, 1, 29, 20],
  [1, 2, 33, 12],
  [1, 1, 41, 3],
  [150, 1, 32, 2],
]; // N, G, channels of a group, pixels
/** Pixels from which channels-last kernels go another way, and one less. */
const LARGE = [
  [1, 2, 17, 1023],
  [1, 2, 17, 1024],
  [1, 1, 9, 2047],
  [1, 2, 17, 2048],
];

/** What values are made of, and eps. Where products of bfloat16 leave the range of float32, it shows which are fused. */
interface Kind {
  readonly factor: number;
  readonly shift: number;
  readonly odd: boolean;
  readonly eps: number;
}

function kindsOf(dtype: HalfDtype): Kind[] {
  return [
    { factor: 1, shift: 0, odd: false, eps: 1e-5 },
    { factor: 1, shift: dtype === 'float16' ? 300 : 30, odd: false, eps: 1e-5 },
    { factor: dtype === 'float16' ? 2 ** -9 : 2 ** -69, shift: 0, odd: false, eps: 0 },
    { factor: 1, shift: 0, odd: true, eps: 1e-5 },
  ];
}

function* callsIn(dtype: HalfDtype, mixed: boolean): Generator<Case> {
  const own = mixed ? 'float32' : dtype;
  for (const [k, { factor, shift, odd, eps }] of kindsOf(dtype).entries()) {
    const input = (shape: readonly number[], seed: number) => valued(shape, dtype, seed, factor, shift, odd);
    const upstream = (shape: readonly number[], seed: number) => valued(shape, dtype, seed + 1, factor, 0, false);
    for (const affine of mixed ? ['wb', 'w'] : ['wb', 'w', 'b', '']) {
      const id = `${dtype}/${own}/${k}/${affine}`;
      for (const D of SIZES) {
        const shape = [D < 1000 ? 4 : 2, D];
        for (const name of ['layer_norm', 'rms_norm'] as const) {
          const args = { ...argumentsOf(name, input(shape, D), own, 1, 1, affine), eps: float(eps) };
          yield callCase(name, `${id}/${D}`, args, upstream(shape, D));
        }
      }
      for (const [N, G, D, S] of (k === 1 || k === 2) && affine === 'wb' ? [...GROUPS, ...LARGE] : GROUPS) {
        const shape = [N, G * D, S, 1];
        for (const lay of [(t: Tensor) => t, toChannelsLast]) {
          const args = { ...argumentsOf('group_norm', lay(input(shape, D)), own, G, 2, affine), eps: float(eps) };
          yield callCase('group_norm', `${id}/${shape.join('x')}/${G}/${lay.name}`, args, lay(upstream(shape, S)));
        }
      }
    }
  }
}

describe.skipIf(!hasPython)(`live${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  for (const dtype of ['float16', 'bfloat16'] as const) {
    for (const mixed of [false, true]) {
      const own = mixed ? 'float32' : dtype;
      test(`${dtype} with ${own} parameters, sizes and values: identical bits`, async () => {
        const { found, elements } = await compare([...callsIn(dtype, mixed)]);
        expect(elements).toBeGreaterThan(200_000);
        expect(found).toEqual([]);
      });

      test.each(LAYOUTS)(`${dtype} layers with ${own} parameters, %s: identical bits`, async (layout) => {
        const subjects = SUBJECTS.filter(({ layer }) => /^(Layer|Group|RMS)Norm$/.test(layer));
        const cases = subjects.flatMap((subject) =>
          [1, 2].map((seed) => caseFor(subject, dtype, layout, 100 * seed, own)),
        );
        const { found, elements } = await compare(cases);
        expect(elements).toBeGreaterThan(20_000);
        expect(found).toEqual([]);
      });
    }
  }

  test.each(['layer_norm', 'group_norm', 'rms_norm'] as const)(
    '%s: every mix of dtypes, refusals of either direction with their words',
    async (name) => {
      const cases: Case[] = [];
      const none = [...DTYPES, null];
      for (const dtype of DTYPES) {
        for (const weight of none) {
          for (const bias of name === 'rms_norm' ? [null] : none) {
            const id = `${dtype}/${weight}/${bias}`;
            cases.push(
              mixCase(name, id, [2, 4, 3], dtype, weight, bias),
              mixCase(name, `0/${id}`, [0, 4, 3], dtype, weight, bias),
            );
          }
        }
      }
      const { found } = await compare(cases);
      expect(found).toEqual([]);
    },
  );

  test('a root mean square of one value keeps the signs of zeros', async () => {
    const numbers = [0, -0, 2 ** -14, -1, 3, -(2 ** -14)];
    const pairs = numbers.flatMap((x) => numbers.map((g) => [x, g]));
    const cases = (['float16', 'bfloat16', 'float32', 'float64'] as const).map((dtype) => {
      const [x, g] = [0, 1].map((side) =>
        tensor(
          pairs.map((pair) => pair[side]),
          [pairs.length, 1],
          dtype,
        ),
      ); // [36, 1]
      return callCase('rms_norm', `zeros/${dtype}`, argumentsOf('rms_norm', x, dtype, 1, 1, ''), g);
    });
    const { found, elements } = await compare(cases);
    expect(elements).toBe(2 * 4 * pairs.length);
    expect(found).toEqual([]);
  });

  test('eps below zero, zero, infinite and none', async () => {
    const cases: Case[] = [];
    for (const dtype of ['float16', 'bfloat16'] as const) {
      for (const eps of [-1, -1e-6, -0, 0, 1e-45, 1e300, Number.POSITIVE_INFINITY, Number.NaN]) {
        for (const name of ['layer_norm', 'group_norm', 'rms_norm'] as const) {
          const args = argumentsOf(name, madeUp([3, 4, 9], dtype, 5), dtype, 2, 2, 'wb');
          const gradient = laidOut([3, 4, 9], 'transposed', dtype, 6);
          cases.push(callCase(name, `${dtype}/${eps}`, { ...args, eps: float(eps) }, gradient));
        }
      }
    }
    const { found, elements } = await compare(cases);
    expect(elements).toBeGreaterThan(10_000);
    expect(found).toEqual([]);
  });
});

function mixCase(
  name: Norm,
  id: string,
  shape: readonly number[],
  dtype: Dtype,
  weight: Dtype | null,
  bias: Dtype | null,
): Case {
  const own = name === 'group_norm' ? [shape[1]] : shape.slice(2);
  const whole = (of: readonly number[], as: Dtype) => tensorValue(tensor(Array(sizeOf(of)).fill(3), of, as));
  const args = {
    input: tensorValue(
      tensor(
        Array.from({ length: sizeOf(shape) }, (_, i) => i % 5),
        shape,
        dtype,
      ),
    ),
    ...(name === 'group_norm' ? { num_groups: int(2) } : { normalized_shape: ints(own) }),
    ...(weight === null ? {} : { weight: whole(own, weight) }),
    ...(bias === null ? {} : { bias: whole(own, bias) }),
  };
  return callCase(name, id, args, madeUp(shape, dtype === 'int64' ? 'float32' : dtype, 3));
}

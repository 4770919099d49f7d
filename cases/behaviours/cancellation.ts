// What large means and constants leave of float32's digits, layer by layer and memory format by memory format.

import { toChannelsLast } from '../../ts-impl/tensor/memory-format.ts';
import { transpose } from '../../ts-impl/tensor/views.ts';
import type { Tensor } from '../../ts-impl/tensor/tensor.ts';
import type { Step } from '../case.ts';
import { setTensor, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { channelSets, normalised, PLAIN } from './closed-forms.ts';
import { apart, element, every, largest, other, same, values } from './say.ts';
import { affine, FALSE, flat, rows } from './short.ts';
import { features, groups } from './steps.ts';
import { type AskedIn, behaviour, drawn, filled, numbers } from './write.ts';

const SHAPE = [4, 4, 5, 5];
const CONSTANTS = { 'one-tenth': 0.1, 'ten-thousand': 1e4 + 0.1, 'ten-million': 1e7 };
/** Standard deviation 1 about 0. */
const NORMAL = flat(drawn(180, SHAPE, 'float32', 'set-statistics'));

const constant = (value: number, shape: readonly number[] = SHAPE) => filled(value, shape);

/** Numbers of mean 0 and standard deviation 1 in every plane, then moved. */
const about = (mean: number): Tensor => {
  const unit = normalised(NORMAL, channelSets('instance', SHAPE), 0, PLAIN);
  return numbers(
    unit.map((value) => value + mean),
    SHAPE,
  );
};
const widened = (x: Tensor): Tensor => numbers(flat(x), x.shape, 'float64');

interface Grown {
  readonly layer: Step;
  readonly layout: (x: Tensor) => Tensor;
  /** By mean 1e3, 1e4 and 1e6, from the least to the most it may be off. */
  readonly off: readonly (readonly [number, number])[];
}

const asIs = (x: Tensor) => x;
const GROWTH: Readonly<Record<string, Grown>> = {
  batch: {
    layer: features('BatchNorm2d', 4),
    layout: asIs,
    off: [
      [1e-5, 2e-4],
      [1e-4, 2e-3],
      [0.01, 0.2],
    ],
  },
  instance: {
    layer: features('InstanceNorm2d', 4),
    layout: asIs,
    off: [
      [1e-5, 2e-4],
      [1e-4, 2e-3],
      [0.01, 0.2],
    ],
  },
  layer: {
    layer: rows('LayerNorm', [4, 5, 5]),
    layout: asIs,
    off: [
      [1e-5, 3e-4],
      [1e-4, 3e-3],
      [0.01, 0.3],
    ],
  },
  group: {
    layer: groups(2, 4),
    layout: asIs,
    off: [
      [1e-5, 3e-4],
      [1e-4, 4e-3],
      [0.01, 0.3],
    ],
  },
  rms: {
    layer: rows('RMSNorm', [4, 5, 5]),
    layout: asIs,
    off: [
      [1e-9, 4e-7],
      [1e-9, 4e-7],
      [1e-9, 4e-7],
    ],
  },
};
const MEANS = { thousand: 1e3, 'ten-thousand': 1e4, million: 1e6 };

export const CANCELLATION: readonly Behaviour[] = [
  behaviour('B-177', {
    layers: ['BatchNorm2d', 'InstanceNorm2d'],
    line: 'a constant does not normalise to 0: 0.1 leaves 2.9e-7, 1e4 + 0.1 leaves 0.026 and 1e7 leaves −105.14453125',
    ask: () => ({
      ...asked('batch', features('BatchNorm2d', 4)),
      ...asked('instance', features('InstanceNorm2d', 4)),
    }),
    claims: () =>
      ['batch', 'instance'].flatMap((name) => [
        values(`${name}-ten-million:1 output`, Array<number>(400).fill(-105.14453125)),
        largest(`${name}-ten-thousand:1 output`, 0.026, 0.0262),
        largest(`${name}-one-tenth:1 output`, 2.9e-7, 2.92e-7),
      ]),
  }),
  behaviour('B-178', {
    layers: ['LayerNorm'],
    line: 'LayerNorm of a constant, however large, is exactly the bias',
    ask: () =>
      asked('layer', rows('LayerNorm', 5), [
        setTensor('bias', numbers([1, 2, 3, 4, 5], [5])),
        setTensor('weight', numbers([2, -3, 7, 0.1, 100], [5])),
      ]),
    claims: () =>
      Object.keys(CONSTANTS).map((name) =>
        values(
          `layer-${name}:3 output`,
          Array.from({ length: 400 }, (_, i) => 1 + (i % 5)),
        ),
      ),
  }),
  behaviour('B-179', {
    layers: ['GroupNorm'],
    line: 'GroupNorm of a constant is noisy with weight and bias, −105.14453125 for 1e7, and exactly 0 without',
    ask: () => ({ ...asked('group', groups(2, 4)), ...asked('plain', groups(2, 4, { affine: FALSE })) }),
    claims: () => [
      values('group-ten-million:1 output', Array<number>(400).fill(-105.14453125)),
      ...Object.keys(CONSTANTS).map((name) => every(`plain-${name}:1 output`, 'zero')),
    ],
  }),
  behaviour('B-180', {
    layers: ['BatchNorm2d', 'InstanceNorm2d', 'LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'errors grow with the mean over the deviation: about 5e-5, 1e-3 and 0.1 at means 1e3, 1e4 and 1e6; RMSNorm’s stay at 1e-7',
    ask: () =>
      Object.fromEntries(
        Object.entries(GROWTH).flatMap(([name, { layer }]) =>
          Object.entries(MEANS).flatMap(([size, mean]) => {
            const x = about(mean);
            return [
              [`${name}-${size}`, [layer, train(x)]],
              [`${name}-${size}-float64`, { dtype: 'float64', steps: [layer, train(widened(x))] } satisfies AskedIn],
            ];
          }),
        ),
      ),
    claims: () =>
      Object.entries(GROWTH).flatMap(([name, { off }]) =>
        Object.keys(MEANS).map((size, i) =>
          apart(`${name}-${size}:1 output`, `${name}-${size}-float64:1 output`, off[i][0], off[i][1]),
        ),
      ),
  }),
  behaviour('B-181', {
    layers: ['GroupNorm'],
    line: 'GroupNorm in channels_last takes the variance from squares: at a mean of 1e4 nothing is left, and outputs reach 1,000',
    ask: () => ({
      last: { layout: 'channels_last', steps: [groups(2, 4), train(toChannelsLast(about(1e4)))] },
      first: [groups(2, 4), train(about(1e4))],
      'last-ordinary': { layout: 'channels_last', steps: [groups(2, 4), train(toChannelsLast(about(0)))] },
      'first-ordinary': [groups(2, 4), train(about(0))],
    }),
    claims: () => [
      largest('last:1 output', 300, 5000),
      largest('first:1 output', 2, 5),
      same('last-ordinary:1 output', 'first-ordinary:1 output', 2e-6),
      largest('last-ordinary:1 output', 2, 5),
    ],
  }),
  behaviour('B-182', {
    layers: ['BatchNorm2d'],
    line: 'BatchNorm in channels_last sums in float32: a constant 1e4 + 0.1 leaves 0.78 where sums in float64 leave 0.026',
    ask: () => ({
      last: {
        layout: 'channels_last',
        steps: [features('BatchNorm2d', 3), train(toChannelsLast(constant(1e4 + 0.1, [4, 3, 8, 8])))],
      },
      first: [features('BatchNorm2d', 3), train(constant(1e4 + 0.1, [4, 3, 8, 8]))],
    }),
    claims: () => [
      element('last:1 output', 0, 0.7829360365867615, 1e-9),
      largest('last:1 output', 0.78, 0.79),
      largest('first:1 output', 0.026, 0.0262),
    ],
  }),
  behaviour('B-183', {
    layers: ['BatchNorm1d'],
    line: 'BatchNorm of a strided input subtracts first and scales then: other bits, within 5e-7 on ordinary values',
    ask: () => ({
      strided: {
        layout: 'transposed',
        steps: [
          features('BatchNorm1d', 4),
          ...parameters(),
          train(transpose(numbers(flat(ordinary()), [3, 7, 4]), 1, 2)),
        ],
      },
      contiguous: [
        features('BatchNorm1d', 4),
        ...parameters(),
        train(numbers(transposed(flat(ordinary())), [3, 4, 7])),
      ],
    }),
    claims: () => [
      other('strided:3 output', 'contiguous:3 output'),
      apart('strided:3 output', 'contiguous:3 output', 1e-8, 5e-7),
      values(
        'strided:3 output',
        normalised(transposed(flat(ordinary())), channelSets('batch', [3, 4, 7]), 1e-5, {
          weight: [1, -0.5, 0.75, 1.25],
          bias: [0.5, 0, -0.25, 0.125],
        }),
        2e-6,
      ),
    ],
  }),
];

// --- internal ---

function asked(name: string, layer: Step, more: readonly Step[] = []): Record<string, readonly Step[]> {
  return Object.fromEntries(
    Object.entries(CONSTANTS).map(([size, value]) => [`${name}-${size}`, [layer, ...more, train(constant(value))]]),
  );
}

function parameters(): readonly Step[] {
  return affine(numbers([1, -0.5, 0.75, 1.25], [4]), numbers([0.5, 0, -0.25, 0.125], [4]));
}

/** [3, 7, 4] */
function ordinary(): Tensor {
  return numbers(normalised(flat(drawn(183, [3, 7, 4])), channelSets('instance', [3, 7, 4]), 0, PLAIN), [3, 7, 4]);
}

/** [3, 7, 4] as [3, 4, 7]. */
function transposed(list: readonly number[]): number[] {
  return list.map((_, i) => {
    const [n, c, s] = [Math.floor(i / 28), Math.floor(i / 7) % 4, i % 7];
    return list[n * 28 + s * 4 + c];
  });
}

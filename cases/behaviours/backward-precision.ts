// Where a gradient's memory and type show: expanded upstream gradients, half-precision sums, dtypes, and one that is wrong.

import { expand } from '../../ts-impl/tensor/views.ts';
import type { Step } from '../case.ts';
import { backward, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { dtype, same, values } from './say.ts';
import { affine, halves, rows, TRUE } from './short.ts';
import { features, groups, probe } from './steps.ts';
import { behaviour, drawn, filled, numbers } from './write.ts';

const ones = (...sizes: number[]) => filled(1, sizes);

/** One value a channel, repeated over [2, 4, 3, 3] with stride 0, and in memory of its own. */
const BY_CHANNEL = [1, -2, 0.5, 1.5];
const REPEATED = expand(numbers(BY_CHANNEL, [1, 4, 1, 1]), [2, 4, 3, 3]);
const COPIED = numbers(
  Array.from({ length: 72 }, (_, i) => BY_CHANNEL[Math.floor(i / 9) % 4]),
  [2, 4, 3, 3],
);
const LAYERS: Readonly<Record<string, Step>> = {
  batch: features('BatchNorm2d', 4),
  instance: features('InstanceNorm2d', 4, { affine: TRUE }),
  layer: rows('LayerNorm', 3),
  group: groups(2, 4),
  rms: rows('RMSNorm', 3),
};

const ROWS = 4096;
const half = (type: 'float16' | 'bfloat16', rowCount: number) => ({
  input: halves(
    Array.from({ length: rowCount * 4 }, (_, i) => ((i * 7) % 11) - 5),
    [rowCount, 4],
    type,
  ),
  ones: halves(Array<number>(rowCount * 4).fill(1), [rowCount, 4], type),
});
const stalling = (type: 'float16' | 'bfloat16', layer: Step) => {
  const { input, ones: upstream } = half(type, ROWS);
  return { dtype: type, steps: [layer, train(input, true), backward(upstream)] };
};

const FLOAT32 = { dtype: { kind: 'string', value: 'float32' } } as const;
/** Layers of float32 for an input in bfloat16. */
const MIXED: Readonly<Record<string, Step>> = {
  batch: features('BatchNorm1d', 4, FLOAT32),
  layer: rows('LayerNorm', 4, FLOAT32),
  group: groups(2, 4, FLOAT32),
  rms: rows('RMSNorm', 4, FLOAT32),
};

export const BACKWARD_PRECISION: readonly Behaviour[] = [
  behaviour('B-166', {
    layers: ['LayerNorm'],
    line: 'over one value of 1e6 the forward is exact and the gradient of the weight, which should be 0, is 7.2',
    ask: () => [
      rows('LayerNorm', 1),
      ...affine(numbers([2], [1]), numbers([3], [1])),
      train(numbers([1e6], [1, 1]), true),
      backward(ones(1, 1)),
    ],
    claims: () => [
      values('3 output', [3]),
      values('4 weight.grad', [7.203125]),
      values('4 input.grad', [0]),
      values('4 bias.grad', [1]),
    ],
  }),
  behaviour('B-167', {
    layers: ['BatchNorm1d', 'BatchNorm2d', 'LayerNorm', 'GroupNorm', 'InstanceNorm2d', 'RMSNorm'],
    line: 'an upstream gradient expanded over memory gives what its copy gives, within 1e-7',
    ask: () =>
      Object.fromEntries(
        Object.entries(LAYERS).flatMap(([name, layer]) => [
          [name, [layer, train(drawn(167, [2, 4, 3, 3]), true), backward(REPEATED)]],
          [`${name}-copied`, [layer, train(drawn(167, [2, 4, 3, 3]), true), backward(COPIED)]],
        ]),
      ),
    claims: () =>
      Object.keys(LAYERS).flatMap((name) => [
        same(`${name}:2 input.grad`, `${name}-copied:2 input.grad`, 1e-7),
        same(`${name}:2 weight.grad`, `${name}-copied:2 weight.grad`, 1e-5),
        ...(name === 'layer' || name === 'rms' ? [] : [values(`${name}:2 bias.grad`, [18, -36, 9, 27], 1e-5)]),
      ]),
  }),
  behaviour('B-168', {
    layers: ['LayerNorm', 'GroupNorm', 'BatchNorm1d'],
    line: 'LayerNorm adds up the gradient of its bias in the input’s half type and stalls, at 256 in bfloat16; others do not',
    ask: () => ({
      bfloat16: stalling('bfloat16', rows('LayerNorm', 4)),
      float16: stalling('float16', rows('LayerNorm', 4)),
      'mixed-bfloat16': stalling('bfloat16', MIXED.layer),
      group: stalling('bfloat16', groups(2, 4)),
      batch: stalling('bfloat16', features('BatchNorm1d', 4)),
      threads: { layer: 'LayerNorm', steps: [probe('threads-bias-gradient')] },
    }),
    claims: () => [
      values('bfloat16:2 bias.grad', [256, 256, 256, 256]),
      values('float16:2 bias.grad', [2048, 2048, 2048, 2048]),
      values('mixed-bfloat16:2 bias.grad', [256, 256, 256, 256]),
      dtype('mixed-bfloat16:2 bias.grad', 'float32'),
      values('group:2 bias.grad', [4096, 4096, 4096, 4096]),
      values('batch:2 bias.grad', [4096, 4096, 4096, 4096]),
      values('threads:0 one', [256, 256, 256, 256]),
      values('threads:0 two', [512, 512, 512, 512]),
    ],
  }),
  behaviour('B-169', {
    layers: ['BatchNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'the gradient of the input has the input’s dtype, those of the parameters have theirs',
    ask: () =>
      Object.fromEntries(
        Object.entries(MIXED).map(([name, layer]) => {
          const { input, ones: upstream } = half('bfloat16', 3);
          return [name, { dtype: 'bfloat16' as const, steps: [layer, train(input, true), backward(upstream)] }];
        }),
      ),
    claims: () =>
      Object.keys(MIXED).flatMap((name) => [
        dtype(`${name}:1 output`, 'bfloat16'),
        dtype(`${name}:2 input.grad`, 'bfloat16'),
        dtype(`${name}:2 weight.grad`, 'float32'),
        ...(name === 'rms'
          ? []
          : [dtype(`${name}:2 bias.grad`, 'float32'), values(`${name}:2 bias.grad`, [3, 3, 3, 3])]),
      ]),
  }),
];

// Ranks and shapes of inputs: which are taken, what they mean, and in what words the others are refused.

import { bool, int, ints, type Step } from '../case.ts';
import { backward, call, construct, READ, setTensor, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { refuses, returns, same, shape, values } from './say.ts';
import { features, forward, groups, probe, XI } from './steps.ts';
import { behaviour, drawn, filled, numbers } from './write.ts';

const AFFINE = { affine: bool(true) };
const ln = (...sizes: number[]) => construct('LayerNorm', { normalized_shape: ints(sizes) });
const rms = (...sizes: number[]) => construct('RMSNorm', { normalized_shape: ints(sizes) });
/** A forward of an input of this shape. */
const of = (...sizes: number[]): Step => forward(drawn(29, sizes));

const expected = (ranks: string, came: number) => `expected ${ranks} input (got ${came}D input)`;
/** One layer asked one shape after another; the refused ones leave it as it is. */
const rankClaims = (ranks: string, refused: readonly (readonly [step: string, rank: number])[]) =>
  refused.map(([step, rank]) => refuses(step, 'ValueError', expected(ranks, rank)));

const MISMATCH = (layer: string) =>
  layer === 'RMSNorm'
    ? 'Given normalized_shape=[5], expected input with shape [*5], but got input of size[2, 4]'
    : 'Given normalized_shape=[5], expected input with shape [*, 5], but got input of size[2, 4]';

export const RANKS: readonly Behaviour[] = [
  behaviour('B-029', {
    layers: ['BatchNorm1d'],
    line: 'takes (N, C) and (N, C, L) and no other rank',
    ask: [features('BatchNorm1d', 3), of(4, 3), of(4, 3, 5), of(3), of(4, 3, 5, 2)],
    claims: [
      shape('1 output', 4, 3),
      shape('2 output', 4, 3, 5),
      ...rankClaims('2D or 3D', [
        ['3', 1],
        ['4', 4],
      ]),
    ],
  }),
  behaviour('B-030', {
    layers: ['BatchNorm2d'],
    line: 'takes rank 4 alone',
    ask: [features('BatchNorm2d', 3), of(2, 3, 4, 5), of(3, 4, 5), of(2, 3, 4, 5, 6)],
    claims: [
      shape('1 output', 2, 3, 4, 5),
      ...rankClaims('4D', [
        ['2', 3],
        ['3', 5],
      ]),
    ],
  }),
  behaviour('B-031', {
    layers: ['BatchNorm3d'],
    line: 'takes rank 5 alone',
    ask: [features('BatchNorm3d', 3), of(2, 3, 4, 5, 2), of(3, 4, 5, 2), of(2, 3)],
    claims: [
      shape('1 output', 2, 3, 4, 5, 2),
      ...rankClaims('5D', [
        ['2', 4],
        ['3', 2],
      ]),
    ],
  }),
  behaviour('B-032', {
    layers: ['BatchNorm1d'],
    line: 'axis 1 of rank 3 is the channels, never the last axis',
    ask: [features('BatchNorm1d', 10), of(4, 7, 10)],
    claims: [refuses('1', 'RuntimeError', 'running_mean should contain 7 elements not 10')],
  }),
  behaviour('B-033', {
    layers: ['BatchNorm1d'],
    line: 'a 2-D input is (N, C), never an unbatched (C, L)',
    ask: [features('BatchNorm1d', 3), of(3, 10)],
    claims: [refuses('1', 'RuntimeError', 'running_mean should contain 10 elements not 3')],
  }),
  behaviour('B-034', {
    layers: ['BatchNorm1d'],
    line: '(N, C) gives the same bits as (N, C, 1)',
    ask: {
      flat: [features('BatchNorm1d', 5), train(drawn(34, [9, 5])), READ],
      'one-long': [
        features('BatchNorm1d', 5),
        train({ ...drawn(34, [9, 5]), shape: [9, 5, 1], strides: [5, 1, 1] }),
        READ,
      ],
    },
    claims: [
      same('flat:1 output', 'one-long:1 output'),
      same('flat:2 running_mean', 'one-long:2 running_mean'),
      same('flat:2 running_var', 'one-long:2 running_var'),
      shape('one-long:1 output', 9, 5, 1),
    ],
  }),
  behaviour('B-035', {
    layers: ['InstanceNorm1d'],
    line: 'rank 2 means (C, L), rank 3 (N, C, L)',
    ask: {
      two: [features('InstanceNorm1d', 2), train(numbers([1, 2, 3, 2, 4, 9], [2, 3]))],
      three: [features('InstanceNorm1d', 2), train(XI)],
      one: [features('InstanceNorm1d', 2), of(2)],
      four: [features('InstanceNorm1d', 2), of(2, 2, 3, 4)],
    },
    claims: [
      values('two:1 output', [-1.2247, 0, 1.2247, -1.019, -0.3397, 1.3587], 1e-4),
      shape('three:1 output', 2, 2, 3),
      refuses('one:1', 'ValueError', expected('2D or 3D', 1)),
      refuses('four:1', 'ValueError', expected('2D or 3D', 4)),
    ],
  }),
  behaviour('B-036', {
    layers: ['InstanceNorm2d', 'InstanceNorm3d'],
    line: 'InstanceNorm2d takes ranks 3 and 4, InstanceNorm3d 4 and 5, and the refusal names both',
    ask: {
      '2d': [features('InstanceNorm2d', 3), of(3, 4, 5), of(2, 3, 4, 5), of(4, 5), of(2, 3, 4, 5, 2)],
      '3d': [features('InstanceNorm3d', 3), of(3, 4, 5, 2), of(2, 3, 4, 5, 2), of(3, 4, 5)],
    },
    claims: [
      shape('2d:1 output', 3, 4, 5),
      shape('2d:2 output', 2, 3, 4, 5),
      ...rankClaims('3D or 4D', [
        ['2d:3', 2],
        ['2d:4', 5],
      ]),
      shape('3d:1 output', 3, 4, 5, 2),
      shape('3d:2 output', 2, 3, 4, 5, 2),
      ...rankClaims('4D or 5D', [['3d:3', 3]]),
    ],
  }),
  behaviour('B-037', {
    layers: ['InstanceNorm1d', 'InstanceNorm2d'],
    line: 'an unbatched input gives the bits of a batch of one',
    ask: {
      unbatched: [...instance(), train(drawn(37, [3, 4, 5]), true), backward(drawn(38, [3, 4, 5])), READ],
      batched: [
        ...instance(),
        train(batched(drawn(37, [3, 4, 5])), true),
        backward(batched(drawn(38, [3, 4, 5]))),
        READ,
      ],
    },
    claims: [
      same('unbatched:4 output', 'batched:4 output'),
      same('unbatched:5 input.grad', 'batched:5 input.grad'),
      same('unbatched:5 weight.grad', 'batched:5 weight.grad'),
      same('unbatched:6 running_var', 'batched:6 running_var'),
      shape('unbatched:4 output', 3, 4, 5),
      shape('batched:4 output', 1, 3, 4, 5),
    ],
  }),
  behaviour('B-038', {
    layers: ['LayerNorm'],
    line: 'takes any number of leading axes, none included',
    ask: [ln(3, 4), of(3, 4), of(2, 3, 4), of(2, 1, 2, 2, 3, 4), forward(filled(2, [3, 4]))],
    claims: [
      shape('1 output', 3, 4),
      shape('2 output', 2, 3, 4),
      shape('3 output', 2, 1, 2, 2, 3, 4),
      values(
        '4 output',
        Array.from({ length: 12 }, () => 0),
      ),
    ],
  }),
  behaviour('B-039', {
    layers: ['LayerNorm'],
    line: 'trailing sizes that do not match are refused with the whole input size, without a space before it',
    ask: [ln(5), of(2, 4)],
    claims: [refuses('1', 'RuntimeError', MISMATCH('LayerNorm'))],
  }),
  behaviour('B-040', {
    layers: ['LayerNorm'],
    line: 'a rank below that of normalized_shape is refused in the same words',
    ask: [ln(3, 4), of(4)],
    claims: [
      refuses(
        '1',
        'RuntimeError',
        'Given normalized_shape=[3, 4], expected input with shape [*, 3, 4], but got input of size[4]',
      ),
    ],
  }),
  behaviour('B-041', {
    layers: ['GroupNorm'],
    line: 'takes any rank from 2, here up to 7',
    ask: [groups(2, 4), of(3, 4), of(2, 4, 3), of(2, 4, 2, 1, 3, 2), of(2, 4, 1, 2, 1, 2, 2)],
    claims: [
      shape('1 output', 3, 4),
      shape('2 output', 2, 4, 3),
      shape('3 output', 2, 4, 2, 1, 3, 2),
      shape('4 output', 2, 4, 1, 2, 1, 2, 2),
    ],
  }),
  behaviour('B-042', {
    layers: ['GroupNorm'],
    line: 'ranks 1 and 0 are refused',
    ask: [groups(2, 4), of(4), of()],
    claims: [1, 0].map((rank) =>
      refuses(String(2 - rank), 'RuntimeError', `Expected at least 2 dimensions for input tensor but received ${rank}`),
    ),
  }),
  behaviour('B-043', {
    layers: ['RMSNorm'],
    line: 'too small a rank is a ValueError that names how many axes it takes',
    ask: [rms(3, 4), of(4)],
    claims: [refuses('1', 'ValueError', 'Input tensor must have at least 2 dimensions, but got 1')],
  }),
  behaviour('B-044', {
    layers: ['RMSNorm'],
    line: 'the refusal of other trailing sizes prints [*5], without the comma of LayerNorm',
    ask: [rms(5), of(2, 4)],
    claims: [refuses('1', 'RuntimeError', MISMATCH('RMSNorm'))],
  }),
  behaviour('B-045', {
    layers: ['batch_norm', 'instance_norm'],
    line: 'F.batch_norm takes rank 6; to F.instance_norm axis 0 is always the batch',
    ask: {
      'batch-norm': [
        call('batch_norm', {
          input: drawn(45, [2, 3, 2, 2, 2, 2]),
          running_mean: numbers([0, 0, 0], [3]),
          running_var: numbers([1, 1, 1], [3]),
          training: bool(true),
        }),
      ],
      // Three samples of four channels of one value: unbatched it would be three channels of four values.
      'instance-norm': [call('instance_norm', { input: drawn(46, [3, 4]) })],
      'one-sample': [call('instance_norm', { input: numbers([1, 2, 3, 2, 4, 9], [1, 2, 3]) })],
    },
    claims: [
      shape('batch-norm:0 output', 2, 3, 2, 2, 2, 2),
      refuses(
        'instance-norm:0',
        'ValueError',
        'Expected more than 1 spatial element when training, got input size torch.Size([3, 4])',
      ),
      values('one-sample:0 output', [-1.2247, 0, 1.2247, -1.019, -0.3397, 1.3587], 1e-4),
    ],
  }),
  behaviour('B-046', {
    layers: ['BatchNorm1d', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'the output has the shape of the input, leaves it unchanged and shares no memory with it',
    ask: {
      batchnorm: [features('BatchNorm1d', 4), of(2, 4, 3), of(2, 4, 3)],
      instancenorm: [features('InstanceNorm1d', 4), of(2, 4, 3), of(2, 4, 3)],
      layernorm: [ln(3), of(2, 4, 3), of(2, 4, 3)],
      groupnorm: [groups(2, 4), of(2, 4, 3), of(2, 4, 3)],
      rmsnorm: [rms(3), of(2, 4, 3), of(2, 4, 3)],
      memory: { steps: [probe('memory-of-outputs')], layer: 'BatchNorm1d' },
    },
    claims: [
      ...['batchnorm', 'instancenorm', 'layernorm', 'groupnorm', 'rmsnorm'].flatMap((name) => [
        shape(`${name}:1 output`, 2, 4, 3),
        same(`${name}:2 output`, `${name}:1 output`),
        returns(`${name}:2`),
      ]),
      ...['BatchNorm1d', 'BatchNorm1d.eval', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm'].map(
        (name) =>
          ({ kind: 'text', at: { question: 'memory', step: 0, name }, is: 'changed False, shared False' }) as const,
      ),
    ],
  }),
];

// --- internal ---

/** Weight, bias and running statistics of their own for three channels: steps 0 to 3. */
function instance(): Step[] {
  return [
    construct('InstanceNorm2d', { num_features: int(3), ...AFFINE, track_running_stats: bool(true) }),
    setTensor('weight', numbers([2, -1, 0.5], [3])),
    setTensor('bias', numbers([1, 0, -3], [3])),
    setTensor('running_var', numbers([4, 2, 1], [3])),
  ];
}

function batched(t: ReturnType<typeof drawn>) {
  return { ...t, shape: [1, ...t.shape], strides: [t.shape[0] * t.strides[0], ...t.strides] };
}

// Which element types each layer takes, alone and mixed with parameters of another, and in which words it refuses.

import type { Dtype } from '../../ts-impl/tensor/dtype.ts';
import { isHalf } from '../../ts-impl/tensor/half.ts';
import type { Tensor } from '../../ts-impl/tensor/tensor.ts';
import type { Step, Value } from '../case.ts';
import { setTensor, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import type { Claim } from './claim.ts';
import { dtype, refuses, values, words } from './say.ts';
import { FALSE, halves, rows, TRUE } from './short.ts';
import { features, groups, probe } from './steps.ts';
import { type AskedIn, behaviour, numbers } from './write.ts';

type More = Readonly<Record<string, Value>>;
type Floating = Exclude<Dtype, 'int64'>;

const FLOATS: readonly Floating[] = ['float16', 'bfloat16', 'float32', 'float64'];
/** [2, 2, 2]: every set of two, and every channel, has mean 2 and variance 1. */
const LIST = [1, 3, 3, 1, 3, 1, 1, 3];
const NORMALISED = [-1, 1, 1, -1, 1, -1, -1, 1];

const LAYERS: Readonly<Record<string, (more: More) => Step>> = {
  BatchNorm1d: (more) => features('BatchNorm1d', 2, more),
  InstanceNorm1d: (more) => features('InstanceNorm1d', 2, { affine: TRUE, ...more }),
  LayerNorm: (more) => rows('LayerNorm', 2, more),
  GroupNorm: (more) => groups(2, 2, more),
  RMSNorm: (more) => rows('RMSNorm', 2, more),
};
const PLAIN: Readonly<Record<string, Step>> = {
  BatchNorm1d: features('BatchNorm1d', 2, { affine: FALSE, track_running_stats: FALSE }),
  InstanceNorm1d: features('InstanceNorm1d', 2),
  LayerNorm: rows('LayerNorm', 2, { elementwise_affine: FALSE }),
  GroupNorm: groups(2, 2, { affine: FALSE }),
  RMSNorm: rows('RMSNorm', 2, { elementwise_affine: FALSE }),
};

const typed = (
  type: Floating | 'int64',
  list: readonly number[] = LIST,
  shape: readonly number[] = [2, 2, 2],
): Tensor => (type === 'float16' || type === 'bfloat16' ? halves(list, shape, type) : numbers(list, shape, type));
const ofType = (type: Floating): More => ({ dtype: { kind: 'string', value: type } });

/** Questions `<layer>-<input>-<parameters>`, in lower case. */
const questionName = (...parts: readonly string[]) => parts.join('-').toLowerCase();

const SAME = 'mixed dtype (CPU): all inputs must share same datatype.';
const FLOAT = 'mixed dtype (CPU): expect parameter to have scalar type of Float';
/** How a layer with parameters of one type takes an input of another, or null where it does. */
function mixture(layer: string, input: Floating, parameters: Floating): string | null {
  if (layer === 'RMSNorm' || input === parameters) return null;
  if (parameters !== 'float32') return FLOAT;
  return isHalf(input) ? null : SAME;
}

const MIXTURES = Object.keys(LAYERS).flatMap((layer) =>
  FLOATS.flatMap((input) =>
    FLOATS.filter((parameters) => parameters !== input).map((parameters) => ({ layer, input, parameters })),
  ),
);

const scaled = (layer: string) => (layer === 'RMSNorm' ? LIST.map((x) => x / Math.sqrt(5)) : NORMALISED);
const near = (type: Floating) => (type === 'bfloat16' ? 8e-3 : type === 'float16' ? 1e-3 : 1e-5);

const KERNELS: Readonly<Record<string, string>> = {
  BatchNorm1d: 'batch_norm',
  InstanceNorm1d: 'batch_norm',
  LayerNorm: 'LayerNormKernelImpl',
  GroupNorm: 'GroupNormKernelImpl',
  RMSNorm: 'rms_norm',
};
const REJECTED = { int32: 'Int', int64: 'Long', bool: 'Bool', complex64: 'ComplexFloat' };

/** In words, as the oracle's probe gives them. */
function rejection(layer: string, plain: boolean, type: string, word: string): string {
  if (layer === 'RMSNorm' && type === 'complex64') return 'returns torch.complex64';
  if (!plain && (layer === 'LayerNorm' || layer === 'GroupNorm')) return `RuntimeError: ${SAME}`;
  return `NotImplementedError: "${KERNELS[layer]}" not implemented for '${word}'`;
}

export const DTYPES: readonly Behaviour[] = [
  behaviour('B-197', {
    layers: Object.keys(LAYERS),
    line: 'every layer takes float16, bfloat16, float32 and float64, and answers in the type of its input',
    ask: {
      ...Object.fromEntries(
        Object.entries(LAYERS).flatMap(([layer, make]) =>
          FLOATS.map((type) => [
            questionName(layer, type),
            { dtype: type, steps: [make({}), train(typed(type))] } satisfies AskedIn,
          ]),
        ),
      ),
      all: { layer: 'BatchNorm1d', steps: [probe('dtypes-accepted')] },
    },
    claims: Object.keys(LAYERS).flatMap((layer) =>
      FLOATS.flatMap((type): Claim[] => [
        dtype(`${questionName(layer, type)}:1 output`, type),
        values(`${questionName(layer, type)}:1 output`, scaled(layer), near(type)),
        words(`all:0 ${layer}.${type}`, `returns torch.${type}`),
      ]),
    ),
  }),
  behaviour('B-198', {
    layers: Object.keys(LAYERS),
    line: 'half-precision inputs go with float32 parameters, no other two types do but in RMSNorm; the first parameter decides the words',
    ask: {
      ...Object.fromEntries(
        MIXTURES.map(({ layer, input, parameters }) => [
          questionName(layer, input, parameters),
          { dtype: input, steps: [LAYERS[layer](ofType(parameters)), train(typed(input))] } satisfies AskedIn,
        ]),
      ),
      'buffers-float32': {
        dtype: 'bfloat16',
        steps: [
          LAYERS.BatchNorm1d({}),
          setTensor('running_mean', numbers([0, 0], [2])),
          setTensor('running_var', numbers([1, 1], [2])),
          train(typed('bfloat16')),
        ],
      },
      'buffers-bfloat16': {
        dtype: 'bfloat16',
        steps: [
          LAYERS.BatchNorm1d(ofType('float32')),
          setTensor('running_mean', halves([0, 0], [2], 'bfloat16')),
          setTensor('running_var', halves([1, 1], [2], 'bfloat16')),
          train(typed('bfloat16')),
        ],
      },
      'tracking-float64': [features('BatchNorm1d', 2, { affine: FALSE }), train(typed('float64'))],
      'tracking-bfloat16': {
        dtype: 'bfloat16',
        steps: [features('BatchNorm1d', 2, { affine: FALSE, ...ofType('float32') }), train(typed('bfloat16'))],
      },
    },
    claims: [
      ...MIXTURES.flatMap(({ layer, input, parameters }): Claim[] => {
        const question = questionName(layer, input, parameters);
        const words = mixture(layer, input, parameters);
        if (words !== null) return [refuses(`${question}:1`, 'RuntimeError', words)];
        return [dtype(`${question}:1 output`, input), values(`${question}:1 output`, scaled(layer), near(input))];
      }),
      refuses('buffers-float32:3', 'RuntimeError', 'expected scalar type BFloat16 but found Float'),
      refuses('buffers-bfloat16:3', 'RuntimeError', FLOAT),
      refuses('tracking-float64:1', 'RuntimeError', SAME),
      values('tracking-bfloat16:1 output', NORMALISED, near('bfloat16')),
    ],
  }),
  behaviour('B-199', {
    layers: Object.keys(LAYERS),
    line: 'integers, booleans and complex numbers are refused, but that RMSNorm takes complex ones; with parameters in other words',
    ask: {
      ...Object.fromEntries(
        Object.entries(LAYERS).map(([layer, make]) => [questionName(layer), [make({}), train(typed('int64'))]]),
      ),
      ...Object.fromEntries(
        Object.entries(PLAIN).map(([layer, step]) => [questionName(layer, 'plain'), [step, train(typed('int64'))]]),
      ),
      all: { layer: 'BatchNorm1d', steps: [probe('dtypes-rejected')] },
    },
    claims: Object.keys(LAYERS).flatMap((layer) =>
      [false, true].flatMap((plain): Claim[] => {
        const [type, ...message] = rejection(layer, plain, 'int64', 'Long').split(': ');
        const question = plain ? questionName(layer, 'plain') : questionName(layer);
        return [
          refuses(`${question}:1`, type, message.join(': ')),
          ...Object.entries(REJECTED).map(([name, word]) =>
            words(`all:0 ${layer}${plain ? '-plain' : ''}.${name}`, rejection(layer, plain, name, word)),
          ),
        ];
      }),
    ),
  }),
];

// The sample shapes of PyTorch's own tests of norms, each asked with and without weight and bias.

import { tensor, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import { type Arguments, float, int, ints, none, type Step, tensorValue } from '../case.ts';
import { backward, call } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import type { Claim } from './claim.ts';
import {
  type Affine,
  channelSets,
  normalised,
  rowSets,
  type Running,
  runningAfter,
  type Sets,
} from './closed-forms.ts';
import { names, refuses, shape, values } from './say.ts';
import { FALSE, TRUE } from './short.ts';
import { behaviour } from './write.ts';

/** One sample: a shape, and what the function gets besides. */
interface Sample {
  readonly name: string;
  readonly function: 'batch_norm' | 'layer_norm' | 'group_norm' | 'instance_norm';
  readonly shape: readonly number[];
  readonly eps?: number;
  readonly momentum?: number;
  /** batch_norm only; true where absent. */
  readonly training?: boolean;
  readonly groups?: number;
  /** layer_norm's axes from the end. */
  readonly axes?: number;
}

const SAMPLES: readonly Sample[] = [
  { name: 'batch-cube', function: 'batch_norm', shape: [5, 5, 5], eps: 0.6, momentum: 0.5 },
  { name: 'batch-eval', function: 'batch_norm', shape: [3, 2, 4], momentum: -1.2, training: false },
  { name: 'batch-column', function: 'batch_norm', shape: [3, 1], momentum: 0 },
  { name: 'batch-nothing', function: 'batch_norm', shape: [0] },
  { name: 'batch-nothing-eval', function: 'batch_norm', shape: [0], training: false },
  { name: 'batch-images', function: 'batch_norm', shape: [3, 2, 3, 4], eps: 0.5, momentum: -1 },
  { name: 'batch-pair', function: 'batch_norm', shape: [2, 1] },
  { name: 'batch-single', function: 'batch_norm', shape: [1, 2, 3] },
  { name: 'layer-whole', function: 'layer_norm', shape: [1, 2, 3], axes: 3, eps: 0.5 },
  { name: 'layer-negative', function: 'layer_norm', shape: [2, 2, 3], axes: 2, eps: -0.5 },
  { name: 'layer-one', function: 'layer_norm', shape: [1], axes: 1 },
  { name: 'layer-none', function: 'layer_norm', shape: [0, 1], axes: 1 },
  { name: 'group-single', function: 'group_norm', shape: [1, 6, 3], groups: 2, eps: 0.5 },
  { name: 'group-negative', function: 'group_norm', shape: [2, 6, 3], groups: 2, eps: -0.5 },
  { name: 'group-flat', function: 'group_norm', shape: [1, 3], groups: 1 },
  { name: 'group-none', function: 'group_norm', shape: [0, 2], groups: 1 },
  { name: 'group-cube', function: 'group_norm', shape: [5, 5, 5], groups: 1 },
  { name: 'instance-cube', function: 'instance_norm', shape: [5, 5, 5], eps: 0.6, momentum: 0.5 },
  { name: 'instance-negative', function: 'instance_norm', shape: [3, 2, 4], momentum: -1.2 },
  { name: 'instance-still', function: 'instance_norm', shape: [3, 2, 4], momentum: 0 },
  { name: 'instance-images', function: 'instance_norm', shape: [3, 2, 3, 4], eps: 0.5, momentum: -1 },
];
/** What parameters of no channel make of an input. */
const NO_ELEMENT = 'select(): index 0 out of range for tensor of size [0] at dimension 0';

/** What the backward of group_norm with a bias and no weight says. */
const NO_DEVICE = 'tensor does not have a device';

const size = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
/** Quarters between −6 and 6 in no order, so that every variance is above 0.5. */
const quarters = (sizes: readonly number[], factor: number): number[] =>
  Array.from({ length: size(sizes) }, (_, i) => (((i * factor) % 49) - 24) / 4);
const single = (list: readonly number[], sizes: readonly number[]): Tensor => tensor(list, sizes, 'float32');

/** Which of weight and bias are given. */
const GIVEN: Readonly<Record<string, readonly [boolean, boolean]>> = {
  both: [true, true],
  weight: [true, false],
  bias: [false, true],
  neither: [false, false],
};

export const SAMPLE_SHAPES: readonly Behaviour[] = [
  behaviour('B-219', {
    layers: ['batch_norm', 'layer_norm', 'group_norm', 'instance_norm'],
    line: 'the sample shapes of PyTorch’s own tests, each with and without weight and bias, give the closed form',
    ask: () =>
      Object.fromEntries(
        SAMPLES.flatMap((sample) =>
          Object.entries(GIVEN).map(([words, given]) => [`${sample.name}-${words}`, steps(sample, ...given)]),
        ),
      ),
    claims: () =>
      SAMPLES.flatMap((sample) =>
        Object.entries(GIVEN).flatMap(([words, given]) => claims(sample, `${sample.name}-${words}`, ...given)),
      ),
  }),
];

// --- internal ---

/** The shape of weight and bias. */
function parameterShape(sample: Sample): readonly number[] {
  if (sample.function === 'layer_norm') return sample.shape.slice(-(sample.axes ?? 1));
  return [sample.shape[1] ?? 0];
}

function parameters(sample: Sample, weight: boolean, bias: boolean): Affine {
  const count = size(parameterShape(sample));
  const list = (offset: number) => Array.from({ length: count }, (_, i) => (((i + offset) % 5) - 1.5) / 2);
  return { weight: weight ? list(0) : null, bias: bias ? list(3) : null };
}

function running({ shape: sizes }: Sample): Running {
  const places = Array.from({ length: sizes[1] ?? 0 }, (_, c) => c);
  return { mean: places.map((c) => c / 4 - 0.5), variance: places.map((c) => 1 + c / 2) };
}

function steps(sample: Sample, weight: boolean, bias: boolean): readonly Step[] {
  const given = parameters(sample, weight, bias);
  const own = parameterShape(sample);
  const optional = (list: readonly number[] | null) => (list === null ? none : tensorValue(single(list, own)));
  const { mean, variance } = running(sample);
  const channels = [mean.length];
  const tracked = {
    running_mean: tensorValue(single(mean, channels)),
    running_var: tensorValue(single(variance, channels)),
  };
  const input = single(quarters(sample.shape, 17), sample.shape);
  const options: Arguments = {
    ...(sample.eps === undefined ? {} : { eps: float(sample.eps) }),
    ...(sample.momentum === undefined ? {} : { momentum: float(sample.momentum) }),
  };
  const special: Record<Sample['function'], Arguments> = {
    batch_norm: { ...tracked, training: sample.training === false ? FALSE : TRUE },
    instance_norm: tracked,
    layer_norm: { normalized_shape: ints(own) },
    group_norm: { num_groups: int(sample.groups ?? 1) },
  };
  const more = { ...special[sample.function], weight: optional(given.weight), bias: optional(given.bias), ...options };
  const gradient = backward(single(quarters(sample.shape, 11), sample.shape));
  return [call(sample.function, { input, ...more }, true), gradient];
}

function sets(sample: Sample): Sets {
  switch (sample.function) {
    case 'batch_norm':
      return channelSets('batch', sample.shape);
    case 'instance_norm':
      return channelSets('instance', sample.shape);
    case 'group_norm':
      return channelSets({ groups: sample.groups ?? 1 }, sample.shape);
    case 'layer_norm': {
      const width = size(parameterShape(sample));
      return rowSets(size(sample.shape) / width, width);
    }
    default:
      return sample.function satisfies never;
  }
}

function claims(sample: Sample, question: string, weight: boolean, bias: boolean): Claim[] {
  if (sample.shape.length === 1 && sample.function === 'batch_norm' && (weight || bias)) {
    return [refuses(`${question}:0`, 'IndexError', NO_ELEMENT)];
  }
  const gradients = ['input.grad', ...(weight ? ['weight.grad'] : []), ...(bias ? ['bias.grad'] : [])];
  const bare = sample.function === 'group_norm' && bias && !weight;
  const always = [
    shape(`${question}:0 output`, ...sample.shape),
    bare ? refuses(`${question}:1`, 'RuntimeError', NO_DEVICE) : names(`${question}:1`, gradients),
  ];
  if (size(sample.shape) === 0) return always;
  const x = quarters(sample.shape, 17);
  const before = running(sample);
  const over = sets(sample);
  const used = sample.training === false ? before : undefined;
  const output = normalised(x, over, sample.eps ?? 1e-5, parameters(sample, weight, bias), used);
  const claimed = [...always, values(`${question}:0 output`, output, 2e-5)];
  if (sample.function !== 'batch_norm' && sample.function !== 'instance_norm') return claimed;
  const after = sample.training === false ? before : runningAfter(x, over, before, sample.momentum ?? 0.1);
  return [
    ...claimed,
    values(`${question}:0 running_mean`, after.mean, 1e-4),
    values(`${question}:0 running_var`, after.variance, 1e-4),
  ];
}

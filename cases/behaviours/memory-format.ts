// How outputs and gradients lie in memory, and that where an input lies changes few numbers or none.

import { toChannelsLast } from '../../ts-impl/tensor/memory-format.ts';
import { contiguous, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import { expand, permute, slice, transpose } from '../../ts-impl/tensor/views.ts';
import type { Step } from '../case.ts';
import { backward, evaluate, train } from '../families/row.ts';
import type { Behaviour } from './behaviour.ts';
import { channelSets, normalised, PLAIN, rowSets } from './closed-forms.ts';
import { same, values, words } from './say.ts';
import { flat, rows } from './short.ts';
import { features, groups, inspect } from './steps.ts';
import { type AskedIn, behaviour, drawn } from './write.ts';

const IMAGES = drawn(201, [2, 4, 3, 5]);
const VOLUMES = drawn(202, [2, 4, 3, 5, 2]);
const LINES = drawn(203, [2, 4, 5]);
/** The shape of LINES in memory of [2, 5, 4], repeated over samples, and with a gap after each element. */
const LAID: Readonly<Record<string, Tensor>> = {
  transposed: transpose(drawn(204, [2, 5, 4]), 1, 2),
  expanded: expand(drawn(205, [1, 4, 5]), [2, 4, 5]),
  sliced: slice(drawn(206, [2, 4, 10]), 2, 0, 10, 2),
};

const KEEPING: Readonly<Record<string, readonly [Step, Tensor, string]>> = {
  batch: [features('BatchNorm2d', 4), IMAGES, 'channels_last'],
  'batch-volumes': [features('BatchNorm3d', 4), VOLUMES, 'channels_last_3d'],
  group: [groups(2, 4), IMAGES, 'channels_last'],
  'group-volumes': [groups(2, 4), VOLUMES, 'channels_last_3d'],
};
const FORGETTING: Readonly<Record<string, readonly [Step, Tensor]>> = {
  instance: [features('InstanceNorm2d', 4), IMAGES],
  'instance-volumes': [features('InstanceNorm3d', 4), VOLUMES],
  layer: [rows('LayerNorm', 5), IMAGES],
  'layer-volumes': [rows('LayerNorm', 2), VOLUMES],
};
const LINED: Readonly<Record<string, Step>> = {
  batch: features('BatchNorm1d', 4),
  instance: features('InstanceNorm1d', 4),
  layer: rows('LayerNorm', 5),
  group: groups(2, 4),
  rms: rows('RMSNorm', 5),
};

/** [2, 4, 3, 5] in memory of [5, 4, 3, 2]. */
const TURNED = permute(drawn(207, [5, 4, 3, 2]), [3, 1, 2, 0]);
const PERMUTED: Readonly<Record<string, Step>> = {
  batch: features('BatchNorm2d', 4),
  instance: features('InstanceNorm2d', 4),
  layer: rows('LayerNorm', 5),
  group: groups(2, 4),
  rms: rows('RMSNorm', 5),
};

const last = (layer: Step, x: Tensor): AskedIn => ({
  layout: 'channels_last',
  steps: [
    layer,
    train(toChannelsLast(x)),
    inspect('output.memory_format'),
    evaluate(toChannelsLast(x)),
    inspect('output.memory_format'),
  ],
});

export const MEMORY_FORMAT: readonly Behaviour[] = [
  behaviour('B-201', {
    layers: ['BatchNorm2d', 'BatchNorm3d', 'GroupNorm', 'InstanceNorm2d', 'InstanceNorm3d', 'LayerNorm'],
    line: 'BatchNorm and GroupNorm answer channels_last in channels_last, InstanceNorm and LayerNorm always contiguous',
    ask: {
      ...Object.fromEntries(Object.entries(KEEPING).map(([name, [layer, x]]) => [name, last(layer, x)])),
      ...Object.fromEntries(Object.entries(FORGETTING).map(([name, [layer, x]]) => [name, last(layer, x)])),
    },
    claims: [
      ...Object.entries(KEEPING).flatMap(([name, [, , format]]) => [
        words(`${name}:2 output.memory_format`, format),
        words(`${name}:4 output.memory_format`, format),
      ]),
      ...Object.keys(FORGETTING).flatMap((name) => [
        words(`${name}:2 output.memory_format`, 'contiguous'),
        words(`${name}:4 output.memory_format`, 'contiguous'),
      ]),
    ],
  }),
  behaviour('B-202', {
    layers: ['BatchNorm1d', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'a transposed, expanded or sliced input has a contiguous output',
    ask: laidOut((layer, x) => [layer, train(x), inspect('output.is_contiguous', 'output.stride')]),
    claims: Object.keys(LINED).flatMap((layer) =>
      Object.keys(LAID).flatMap((layout) => [
        words(`${layer}-${layout}:2 output.is_contiguous`, 'True'),
        words(`${layer}-${layout}:2 output.stride`, '(20, 5, 1)'),
      ]),
    ),
  }),
  behaviour('B-203', {
    layers: ['BatchNorm1d', 'BatchNorm2d', 'InstanceNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm'],
    line: 'the gradient of an input lies as the input does where that is without gaps and repetition, and in order elsewhere',
    ask: {
      ...laidOut((layer, x) => [layer, train(x, true), backward(LINES), inspect('input.stride', 'input.grad.stride')]),
      images: {
        layout: 'channels_last',
        steps: [
          features('BatchNorm2d', 4),
          train(toChannelsLast(IMAGES), true),
          backward(IMAGES),
          inspect('input.grad.stride'),
        ],
      },
    },
    claims: [
      ...Object.keys(LINED).flatMap((layer) => [
        words(`${layer}-transposed:3 input.grad.stride`, '(20, 1, 4)'),
        words(`${layer}-expanded:3 input.stride`, '(0, 5, 1)'),
        words(`${layer}-expanded:3 input.grad.stride`, '(20, 5, 1)'),
        words(`${layer}-sliced:3 input.stride`, '(40, 10, 2)'),
        words(`${layer}-sliced:3 input.grad.stride`, '(20, 5, 1)'),
      ]),
      words('images:3 input.grad.stride', '(60, 1, 20, 4)'),
    ],
  }),
  behaviour('B-204', {
    layers: ['LayerNorm', 'GroupNorm', 'InstanceNorm2d', 'RMSNorm', 'BatchNorm2d'],
    line: 'a permuted input gives what its copy in order gives: the same bits but in BatchNorm and GroupNorm',
    ask: Object.fromEntries(
      Object.entries(PERMUTED).flatMap(([name, layer]) => [
        [name, { layout: 'transposed', steps: [layer, train(TURNED)] } satisfies AskedIn],
        [`${name}-copied`, [layer, train(contiguous(TURNED))]],
      ]),
    ),
    claims: [
      ...['layer', 'instance', 'group'].map((name) => same(`${name}:1 output`, `${name}-copied:1 output`)),
      ...['batch', 'rms'].map((name) => same(`${name}:1 output`, `${name}-copied:1 output`, 1e-6)),
      values('layer:1 output', normalised(flat(TURNED), rowSets(24, 5), 1e-5, PLAIN), 3e-6),
      values('batch:1 output', normalised(flat(TURNED), channelSets('batch', [2, 4, 3, 5]), 1e-5, PLAIN), 3e-6),
    ],
  }),
];

// --- internal ---

function laidOut(steps: (layer: Step, x: Tensor) => readonly Step[]): Record<string, AskedIn> {
  return Object.fromEntries(
    Object.entries(LINED).flatMap(([name, layer]) =>
      Object.entries(LAID).map(([layout, x]) => [`${name}-${layout}`, { layout, steps: steps(layer, x) }]),
    ),
  );
}

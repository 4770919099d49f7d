// The messages of the golden files: one of each kind, small enough to read byte by byte, with numbers that are exact everywhere.

import { type Case, float, int, none } from '../../cases/case.ts';
import { encodeAsk, encodeHello, encodeLoad, type Frames } from '../../ts-impl/conformance/subjects/wire/request.ts';
import { tensor } from '../../ts-impl/tensor/tensor.ts';

export interface GoldenMessage {
  readonly name: string;
  /** Who is asked: the oracle, or a worker with the document of `load`. */
  readonly subject: 'oracle' | 'snippet';
  readonly frames: Frames;
}

const evaluated: Case = {
  id: 'golden/layer',
  layer: 'BatchNorm1d',
  dtype: 'float32',
  layout: 'contiguous',
  steps: [
    { kind: 'construct', layer: 'BatchNorm1d', arguments: { num_features: int(1), eps: float(0), momentum: none } },
    { kind: 'set_tensor', name: 'running_mean', tensor: tensor([1], [1], 'float32') },
    { kind: 'forward', mode: 'eval', input: tensor([0, 2], [2, 1], 'float32'), gradient: true },
    { kind: 'backward', gradient: tensor([0.5, -0], [2, 1], 'float32'), accumulate: false, again: false },
    { kind: 'read', what: 'buffers' },
  ],
};

const refused: Case = {
  id: 'golden/refusal',
  layer: 'BatchNorm1d',
  dtype: 'float64',
  layout: 'contiguous',
  steps: [
    { kind: 'construct', layer: 'BatchNorm1d', arguments: { num_features: int(1) } },
    { kind: 'forward', mode: 'eval', input: tensor([3], [1], 'float64'), gradient: true },
    { kind: 'backward', gradient: tensor([1], [1], 'float64'), accumulate: false, again: false },
  ],
};

const unknown: Case = {
  ...refused,
  id: 'golden/unsupported',
  steps: [{ kind: 'construct', layer: 'Linear', arguments: {} }],
};

const inspected: Case = {
  id: 'golden/inspect',
  layer: 'InstanceNorm1d',
  dtype: 'float32',
  layout: 'contiguous',
  steps: [
    { kind: 'construct', layer: 'InstanceNorm1d', arguments: { num_features: int(3) } },
    { kind: 'forward', mode: 'eval', input: tensor([0, 2], [1, 2], 'float32'), gradient: true },
    {
      kind: 'inspect',
      names: ['eps', 'training', 'weight', 'class', 'output.stride', 'output.requires_grad', 'warnings'],
    },
    { kind: 'inspect', names: ['normalized_shape'] },
  ],
};

const text = 'class Twice(nn.Module):\n    def forward(self, x):\n        return x * 2\nimport nothing_of_that_name\n';

const twice: Case = {
  id: 'golden/snippet',
  layer: 'Twice',
  dtype: 'float32',
  layout: 'contiguous',
  steps: [
    { kind: 'construct', layer: 'Twice', arguments: {} },
    { kind: 'forward', mode: null, input: tensor([1.5], [1], 'float32'), gradient: false },
  ],
};

const stamp = (sequence: number) => ({ sequence, nonce: `once-${sequence}` });

export const GOLDEN_MESSAGES: readonly GoldenMessage[] = [
  { name: 'hello', subject: 'oracle', frames: encodeHello() },
  { name: 'ask', subject: 'oracle', frames: encodeAsk(stamp(1), true, [evaluated]) },
  { name: 'ask-refused', subject: 'oracle', frames: encodeAsk(stamp(2), false, [refused, unknown]) },
  { name: 'ask-inspect', subject: 'oracle', frames: encodeAsk(stamp(4), false, [inspected]) },
  { name: 'short', subject: 'oracle', frames: encodeAsk(stamp(3), false, [evaluated]).slice(0, 1) },
  { name: 'load', subject: 'snippet', frames: encodeLoad(stamp(1), 'notes.md', [{ line: 12, text }]) },
  { name: 'ask-snippet', subject: 'snippet', frames: encodeAsk(stamp(2), false, [twice]) },
];

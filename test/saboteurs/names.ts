// Saboteurs of names, dtypes, shapes and texts: right elements in the wrong dress. Each tells its fault in its line.

import type { NamedTensor } from '../../cases/case.ts';
import { fromStorage, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import { eachReturned, eachTensor, eachText, tensorsNamed } from './change.ts';
import { sabotage } from './sabotage.ts';
import type { Saboteur } from './saboteur.ts';

export const FLAT = sabotage(
  'flat',
  'flattens every output',
  tensorsNamed(/^output$/, (t) => fromStorage(t.dtype, [t.storage.length], t.storage)),
);
export const EXTRA_AXIS = sabotage(
  'extra-axis',
  'puts an axis of size 1 before every shape',
  eachTensor((t) => fromStorage(t.dtype, [1, ...t.shape], t.storage)),
);
export const WIDE = sabotage(
  'wide',
  'answers float32 in float64',
  eachTensor((t) =>
    t.storage instanceof Float32Array ? fromStorage('float64', t.shape, new Float64Array(t.storage)) : t,
  ),
);
export const NARROW = sabotage(
  'narrow',
  'answers float64 in float32, and 16-bit floats in the other 16-bit type',
  eachTensor(narrower),
);
export const COUNTS_IN_FLOATS = sabotage(
  'counts-in-floats',
  'answers whole numbers in float32',
  eachTensor((t) =>
    t.storage instanceof BigInt64Array ? fromStorage('float32', t.shape, Float32Array.from(t.storage, Number)) : t,
  ),
);
export const FORGETFUL = sabotage(
  'forgetful',
  'leaves out the last tensor of a step',
  eachReturned((r) => ({ ...r, tensors: r.tensors.slice(0, -1) })),
);
export const GENEROUS = sabotage(
  'generous',
  'adds a tensor nobody asked for',
  eachReturned((r) => ({ ...r, tensors: [...r.tensors, secret] })),
);
export const OTHER_NAMES = sabotage(
  'other-names',
  'calls weight gamma, bias beta and the running statistics moving ones',
  eachReturned((r) => ({ ...r, tensors: r.tensors.map((t) => ({ ...t, name: renamed(t.name) })) })),
);
export const BACKWARDS = sabotage(
  'backwards',
  'answers the tensors of a step in reverse order',
  eachReturned((r) => ({ ...r, tensors: r.tensors.toReversed() })),
);
export const OTHER_REPR = sabotage(
  'other-repr',
  'gives itself another repr',
  eachText((words, name) => (name === 'repr' ? 'MyNorm()' : words)),
);
export const OTHER_KEYS = sabotage(
  'other-keys',
  'says that all keys matched',
  eachText((words, name) =>
    name !== 'keys' ? words : /All keys/.test(words) ? `${words} more or less` : '<All keys matched successfully>',
  ),
);
export const OTHER_TEXTS = sabotage(
  'other-texts',
  'answers another text wherever there is one, of the same length where it is numbers',
  eachText((words) => {
    const turned = words.replace(/\d/g, (digit) => String(9 - Number(digit))).replace(/True|False/g, flipped);
    return turned === words ? `${words}?` : turned;
  }),
);
export const SILENT = sabotage(
  'silent',
  'leaves every text out',
  eachReturned((r) => ({ ...r, texts: {} })),
);
export const CHATTY = sabotage(
  'chatty',
  'prints',
  eachReturned((r) => ({ ...r, texts: { ...r.texts, stdout: 'mean 0.0' } })),
);
export const MUTE = sabotage(
  'mute',
  'answers every step that returns with nothing',
  eachReturned(() => ({ kind: 'returned', tensors: [], texts: {} })),
);

export const NAMES: readonly Saboteur[] = [
  FLAT,
  EXTRA_AXIS,
  WIDE,
  NARROW,
  COUNTS_IN_FLOATS,
  FORGETFUL,
  GENEROUS,
  OTHER_NAMES,
  BACKWARDS,
  OTHER_REPR,
  OTHER_KEYS,
  OTHER_TEXTS,
  SILENT,
  CHATTY,
  MUTE,
];

// --- internal ---

const secret: NamedTensor = { name: 'secret', tensor: fromStorage('float32', [1], new Float32Array(1)) };

function narrower(t: Tensor): Tensor {
  if (t.storage instanceof Float64Array) return fromStorage('float32', t.shape, Float32Array.from(t.storage));
  if (t.storage instanceof Uint16Array) {
    return { ...t, dtype: t.dtype === 'float16' ? 'bfloat16' : 'float16' };
  }
  return t;
}

const renamed = (name: string) =>
  name
    .replace('weight', 'gamma')
    .replace('bias', 'beta')
    .replace('running', 'moving')
    .replace('num_batches', 'batches');

const flipped = (word: string) => (word === 'True' ? 'False' : 'True');

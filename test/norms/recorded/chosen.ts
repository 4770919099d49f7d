// The cases whose answers are recorded: a share of each family and every parity case. Each has a name from which it is made again.

import { caseFromId } from '../../../cases/case-id.ts';
import {
  type Arguments,
  bool,
  type Case,
  type FunctionName,
  int,
  ints,
  type LayerName,
  none,
  type Step,
  tensorValue,
} from '../../../cases/case.ts';
import { BEHAVIOURS } from '../../../cases/behaviours/behaviours.ts';
import { FAMILY_NAMES, type FamilyName, generate, LISTED_FAMILIES, nthIndex } from '../../../cases/g1/generate.ts';
import { GRID } from '../../../cases/families/drawn.ts';
import type { FloatDtype } from '../../../ts-impl/tensor/dtype.ts';
import { type Tensor, tensor } from '../../../ts-impl/tensor/tensor.ts';
import { LAZY_LAYERS, LAZY_OPTIONS, lazyCases } from '../../conformance/subjects/lazy-cases.ts';
import { LAYOUTS, laidOut, madeUp, valuesOf } from '../made-up.ts';
import { caseFor, SUBJECTS } from '../parity-cases.ts';

const DTYPES = ['float32', 'float64'] as const;

/** What `npm run record` asks. A recorded file names its own cases, so that a longer list here makes none stale. */
export function chosenCases(): readonly Case[] {
  const cases: Case[] = [];
  for (const family of FAMILY_NAMES) {
    for (let n = 0; n < countOf(family); n++) cases.push(generate(family, 0, nthIndex(family, n)));
  }
  for (let i = 0; i < SUBJECTS.length; i++) {
    for (const dtype of DTYPES) for (let l = 0; l < LAYOUTS.length; l++) cases.push(parityCase(i, dtype, l));
  }
  for (let i = 0; i < LARGE.length; i++) cases.push(largeCase(i));
  for (let i = 0; i < WIDE.length; i++) cases.push(wideCase(i));
  for (let i = 0; i < ROWS.length; i++) cases.push(rowsCase(i));
  for (let i = 0; i < COLUMNS.length; i++) cases.push(columnsCase(i));
  for (let i = 0; i < CALLS.length; i++) cases.push(callCase(i));
  for (let i = 0; i < TINY.length; i++) cases.push(tinyCase(i));
  for (let i = 0; i < TINY.length; i++) cases.push(tinyRowsCase(i));
  for (const [i, layer] of LAZY_LAYERS.entries()) {
    for (const options of i === 0 ? LAZY_OPTIONS : LAZY_OPTIONS.slice(0, 1)) cases.push(...lazyCases(layer, options));
  }
  for (const { about, questions } of BEHAVIOURS) {
    if (about.kind === 'port') cases.push(...questions.map((question) => question.case));
  }
  return cases.filter((c) => !isLeftOut(c));
}

/** The case of a recorded id. Throws IdError or RangeError. */
export function caseOf(id: string): Case {
  const [kind, subject, dtype, layout] = id.split('/');
  if (kind === 'large') return largeCase(Number(subject));
  if (kind === 'wide') return wideCase(Number(subject));
  if (kind === 'rows') return rowsCase(Number(subject));
  if (kind === 'columns') return columnsCase(Number(subject));
  if (kind === 'call') return callCase(Number(subject));
  if (kind === 'tiny') return tinyCase(Number(subject));
  if (kind === 'tiny-rows') return tinyRowsCase(Number(subject));
  if (kind === 'lazy') return lazyCase(id);
  if (kind !== 'parity') return caseFromId(id);
  return parityCase(Number(subject), dtype === 'float32' ? 'float32' : 'float64', Number(layout));
}

/** Groups of a few cases that a test takes at a time: the family, or the layer with its dtype and layout. */
export function groupOf(id: string): string {
  const [kind, family, , , summary] = id.split('/');
  if (kind === 'b1') return `behaviour ${family}`;
  if (kind === 'lazy') return `lazy ${family} ${id.split('/')[2]}`;
  if (kind === 'parity' || kind === 'large' || kind === 'call' || kind.startsWith('tiny'))
    return `${kind} ${caseOf(id).layer}`;
  if (kind === 'columns') return `columns of [${COLUMNS[Number(family)].shape}]`;
  if (kind === 'rows') return `rows of ${ROWS[Number(family)].length}`;
  if (kind === 'wide') return `wide GroupNorm of [${WIDE[Number(family)].shape}]`;
  return `${family} ${summary.split('.')[0]}`;
}

// --- internal ---

/** Inputs long enough for the kernels that small ones are not worth; layer, its arguments, shape and whether it is channels_last. */
const LARGE: readonly (readonly [LayerName, Arguments, readonly number[], boolean, 'float64'?])[] = [
  ['LayerNorm', { normalized_shape: int(70) }, [61, 70], false],
  ['LayerNorm', { normalized_shape: int(768) }, [6, 768], false],
  ['LayerNorm', { normalized_shape: int(768), elementwise_affine: bool(false) }, [6, 768], false],
  ['RMSNorm', { normalized_shape: int(97) }, [50, 97], false],
  ['GroupNorm', { num_groups: int(2), num_channels: int(6) }, [2, 6, 19, 19], false],
  ['GroupNorm', { num_groups: int(2), num_channels: int(6), affine: bool(false) }, [2, 6, 19, 19], false],
  ['GroupNorm', { num_groups: int(2), num_channels: int(6) }, [2, 6, 19, 19], true],
  ['BatchNorm1d', { num_features: int(37) }, [120, 37], false],
  ['BatchNorm2d', { num_features: int(7) }, [3, 7, 15, 14], false],
  ['BatchNorm2d', { num_features: int(7) }, [3, 7, 15, 14], true],
  ['InstanceNorm2d', { num_features: int(5), affine: bool(true) }, [2, 5, 22, 21], false],
  ['RMSNorm', { normalized_shape: int(3) }, [5000, 3], false],
  ['RMSNorm', { normalized_shape: int(33) }, [1100, 33], false],
  ['BatchNorm1d', { num_features: int(37) }, [120, 37], false, 'float64'],
  ['BatchNorm2d', { num_features: int(9) }, [3, 9, 15, 14], false, 'float64'],
];

/** Channels last in groups as wide as a vector and with so many pixels that they are summed one channel at a time. */
const WIDE = [
  [2, 38, 3, 3],
  [2, 16, 3, 3],
  [1, 80, 3, 2],
  [3, 20, 5, 2],
  [1, 6, 33, 32],
  [1, 4, 46, 45],
  [2, 4, 46, 45],
  [2, 6, 32, 32],
  [1, 6, 64, 32],
].flatMap((shape) =>
  (
    [
      ['float32', 'float32'],
      ['float64', 'float64'],
      ['float16', 'float16'],
      ['float16', 'float32'],
      ['bfloat16', 'bfloat16'],
      ['bfloat16', 'float32'],
      ['float32', null],
      ['float16', null],
      ['bfloat16', null],
    ] as const
  ).map(([dtype, own]) => ({ shape, dtype, own })),
);

/** A half-precision dtype, and that of the parameters where there are any. */
const HALVES = [
  ['float16', 'float16'],
  ['float16', 'float32'],
  ['float16', null],
  ['bfloat16', 'bfloat16'],
  ['bfloat16', 'float32'],
  ['bfloat16', null],
] as const;

/** Rows of half precision around the lengths at which their sums are folded otherwise. */
const ROWS = [1, 5, 7, 8, 9, 15, 16, 17, 24, 31, 40].flatMap((length) =>
  HALVES.map(([dtype, own]) => ({ length, dtype, own })),
);

/** Columns of half precision: whole vectors of them and what is left over, and more rows than bfloat16 can count. */
const COLUMNS = [
  [5, 20],
  [5, 33],
  [300, 3],
  [3, 20, 7],
].flatMap((shape) =>
  (['contiguous', 'transposed'] as const).flatMap((layout) =>
    HALVES.map(([dtype, own]) => ({ shape, layout, dtype, own })),
  ),
);

type Shapes = Readonly<Record<string, readonly number[]>>;

/** Calls with tensors of shapes and dtypes that the families have not: most are refused, some only on their way back. */
const CALLS: readonly (readonly [LayerName, FunctionName, Shapes, Arguments])[] = [
  ...[true, false].flatMap((training) =>
    Array.of<Shapes>(
      { input: [2, 3, 4], weight: [1, 3] },
      { input: [2, 3, 4], bias: [1, 3] },
      { input: [2, 3, 4], bias: [3, 1], weight: [3] },
      { input: [4, 3], weight: [1, 3] },
      { input: [4, 3], weight: [3, 1], bias: [3] },
      { input: [4, 3], bias: [1, 3] },
      { input: [4, 3], weight: [3], bias: [3] },
      { input: [5] },
      { input: [] },
      { input: [2, 3, 4], running_mean: [1, 3], running_var: [3] },
      { input: [2, 3, 4], running_mean: [3], running_var: [1, 3] },
      { input: [2, 3, 4], running_mean: [3] },
      { input: [2, 3, 4], running_var: [3] },
      { input: [2, 3, 4], weight: [2] },
    ).map((shapes) => ['BatchNorm1d', 'batch_norm', shapes, { training: bool(training) }] as const),
  ),
  ...Array.of<Shapes>(
    { input: [5], running_mean: [5], running_var: [5] },
    { input: [] },
    { input: [], running_mean: [1], running_var: [1] },
  ).flatMap((shapes) =>
    Array.of<Arguments>({ training: bool(false) }, {}).map(
      (args) => ['BatchNorm1d', 'batch_norm', shapes, args] as const,
    ),
  ),
  ...Array.of<Shapes>(
    { input: [2, 3, 4], weight: [1, 3] },
    { input: [2, 3, 4], bias: [1, 3] },
    { input: [2, 3, 4], weight: [2] },
    { input: [2, 3, 4], bias: [2] },
    { input: [2, 3, 4], running_mean: [3] },
    { input: [2, 3, 4], running_var: [3] },
    { input: [2, 3, 4], running_mean: [1, 3], running_var: [3] },
    { input: [2, 3, 4], running_mean: [2], running_var: [3] },
    { input: [2, 3, 4], running_mean: [3], running_var: [4] },
    { input: [5] },
    { input: [] },
    { input: [5], running_mean: [5], running_var: [5] },
    { input: [], running_mean: [1], running_var: [1] },
  ).flatMap((shapes) =>
    Array.of<Arguments>({}, { use_input_stats: bool(false) }).map(
      (args) => ['InstanceNorm1d', 'instance_norm', shapes, args] as const,
    ),
  ),
  ...Array.of<Shapes>(
    { bias: [6] },
    { weight: [6] },
    { weight: [3] },
    { bias: [3] },
    { weight: [1, 6] },
    { bias: [1, 6] },
    { weight: [6, 1] },
    { input: [0, 6, 4], weight: [6], bias: [6] },
    { input: [2, 6, 0], weight: [6], bias: [6] },
    { input: [2, 6, 0], weight: [6] },
    { input: [2, 6, 0], bias: [6] },
  ).map((shapes) => ['GroupNorm', 'group_norm', { input: [2, 6, 4], ...shapes }, { num_groups: int(2) }] as const),
  ...Array.of<Shapes>({ bias: [4] }, { weight: [4] }, { weight: [3] }, { bias: [1, 4] }).map(
    (shapes) => ['LayerNorm', 'layer_norm', { input: [2, 4], ...shapes }, { normalized_shape: ints([4]) }] as const,
  ),
  ['LayerNorm', 'layer_norm', { input: [2, 4] }, { normalized_shape: ints([]) }],
  ['LayerNorm', 'layer_norm', { input: [2, 4] }, { normalized_shape: ints([3, 2, 4]) }],
  ['LayerNorm', 'layer_norm', { input: [2, 4], weight: [3, 4] }, { normalized_shape: ints([2, 4]) }],
];

/** Of products too small for the dtype, whose sums are a −0 that PyTorch does not answer. */
const TINY = [
  ['float32', 1e-30],
  ['float64', 1e-200],
  ['bfloat16', 1e-30],
] as const;

/** The least number of the dtype times a normalised value below a half: a weight's gradient of −0. */
function tinyRowsCase(i: number): Case {
  const dtype = TINY[i][0];
  const least = dtype === 'float64' ? 2 ** -1074 : dtype === 'float32' ? 2 ** -149 : 2 ** -133;
  const layer = 'LayerNorm';
  const rows = (row: readonly number[]) => tensor([...row, ...row, ...row], [3, 4], dtype);
  const steps: Step[] = [
    { kind: 'construct', layer, arguments: { normalized_shape: int(4) } },
    { kind: 'cast', dtype },
    { kind: 'forward', mode: 'train', input: rows([-3, -0.5, 0.5, 3]), gradient: true },
    { kind: 'backward', gradient: rows([least, least, -least, -0]), accumulate: false, again: false },
    { kind: 'read', what: 'all' },
  ];
  return { id: `tiny-rows/${i}`, layer, dtype, layout: 'contiguous', steps };
}

function countOf(family: FamilyName): number {
  if (family in LISTED_FAMILIES) return LISTED_FAMILIES[family as keyof typeof LISTED_FAMILIES].length; // just found in it
  return family === 'grid' ? GRID.length : family === 'ordinary' ? 150 : 40;
}

function parityCase(subject: number, dtype: (typeof DTYPES)[number], layout: number): Case {
  const made = caseFor(SUBJECTS[subject], dtype, LAYOUTS[layout], 100 + subject);
  const c = { ...made, id: `parity/${subject}/${dtype}/${layout}` };
  // Eval of a strided BatchNorm has no bits of its own, see isLeftOut.
  return layout > 0 && c.layer.startsWith('BatchNorm') ? { ...c, steps: c.steps.slice(0, -3) } : c;
}

/** Trained once and evaluated once, with a backward. */
function largeCase(i: number): Case {
  const [layer, args, shape, channelsLast, dtype = 'float32'] = LARGE[i];
  const laid = (seed: number) => laidOut(shape, channelsLast ? 'channels_last' : 'contiguous', dtype, seed);
  const steps: Step[] = [
    { kind: 'construct', layer, arguments: args },
    { kind: 'forward', mode: 'train', input: laid(7 + i), gradient: true },
    { kind: 'backward', gradient: laid(50 + i), accumulate: false, again: false },
    { kind: 'read', what: 'all' },
  ];
  if (!channelsLast) steps.push({ kind: 'forward', mode: 'eval', input: laid(90 + i), gradient: false });
  return { id: `large/${i}`, layer, dtype, layout: channelsLast ? 'channels_last' : 'contiguous', steps };
}

function wideCase(i: number): Case {
  const { shape, dtype, own } = WIDE[i];
  const [, C] = shape;
  const args: Arguments = { num_groups: int(2), num_channels: int(C), affine: bool(own !== null) };
  const steps = ownDtypeSteps('GroupNorm', args, C, own, i, (seed) => laidOut(shape, 'channels_last', dtype, seed));
  return { id: `wide/${i}`, layer: 'GroupNorm', dtype, layout: 'channels_last', steps };
}

function rowsCase(i: number): Case {
  const { length, dtype, own } = ROWS[i];
  const args: Arguments = { normalized_shape: int(length), elementwise_affine: bool(own !== null) };
  const steps = ownDtypeSteps('LayerNorm', args, length, own, i, (seed) => madeUp([3, length], dtype, seed));
  return { id: `rows/${i}`, layer: 'LayerNorm', dtype, layout: 'contiguous', steps };
}

/** Pure where the parameters have the input's dtype: then the running statistics have it too. */
function columnsCase(i: number): Case {
  const { shape, layout, dtype, own } = COLUMNS[i];
  const args: Arguments = { num_features: int(shape[1]), affine: bool(own !== null) };
  const steps = ownDtypeSteps('BatchNorm1d', args, shape[1], own, i, (seed) => laidOut(shape, layout, dtype, seed));
  if (own === dtype) steps.splice(1, 0, { kind: 'cast', dtype });
  return {
    id: `columns/${i}`,
    layer: 'BatchNorm1d',
    dtype,
    layout: layout === 'contiguous' ? layout : 'strided',
    steps,
  };
}

/** A layer with parameters of their own dtype, or none, in training and with a backward. */
function ownDtypeSteps(
  layer: LayerName,
  args: Arguments,
  size: number,
  own: FloatDtype | null,
  i: number,
  laid: (seed: number) => Tensor,
): Step[] {
  const steps: Step[] = [{ kind: 'construct', layer, arguments: args }];
  if (own !== null) {
    steps.push({ kind: 'set_tensor', name: 'weight', tensor: madeUp([size], own, i + 1) });
    steps.push({ kind: 'set_tensor', name: 'bias', tensor: madeUp([size], own, i + 2) });
  }
  steps.push({ kind: 'forward', mode: 'train', input: laid(i + 3), gradient: true });
  steps.push({ kind: 'backward', gradient: laid(i + 4), accumulate: false, again: false });
  steps.push({ kind: 'read', what: 'all' });
  return steps;
}

function callCase(i: number): Case {
  const [layer, name, shapes, given] = CALLS[i];
  const tensors = Object.entries(shapes).map(([key, shape], n) => {
    const t = madeUp(shape, 'float32', i + n);
    const positive = valuesOf(t).map(Math.abs);
    return [key, tensorValue(key === 'running_var' ? tensor(positive, shape, 'float32') : t)];
  });
  const required: Arguments = name === 'batch_norm' ? { running_mean: none, running_var: none } : {};
  const steps: Step[] = [
    {
      kind: 'call',
      function: name,
      arguments: { ...required, ...Object.fromEntries(tensors), ...given },
      gradient: true,
    },
    { kind: 'backward', gradient: madeUp(shapes.input, 'float32', i + 9), accumulate: false, again: false },
  ];
  return { id: `call/${i}`, layer, dtype: 'float32', layout: 'contiguous', steps };
}

/** Throws RangeError where there is none. */
function lazyCase(id: string): Case {
  for (const layer of LAZY_LAYERS) {
    if (!id.startsWith(`lazy/${layer.layer}/`)) continue;
    for (const options of LAZY_OPTIONS) for (const c of lazyCases(layer, options)) if (c.id === id) return c;
  }
  throw new RangeError(`there is no case ${id}`);
}

function tinyCase(i: number): Case {
  const [dtype, size] = TINY[i];
  const values = [size, -size, -size, size, -size, size, size, -size];
  const layer = 'BatchNorm1d';
  const of = (sign: number) =>
    tensor(
      values.map((x) => sign * x),
      [4, 2],
      dtype,
    );
  const steps: Step[] = [
    { kind: 'construct', layer, arguments: { num_features: int(2) } },
    { kind: 'forward', mode: 'train', input: of(1), gradient: true },
    { kind: 'backward', gradient: of(-1), accumulate: false, again: false },
    { kind: 'read', what: 'all' },
  ];
  return { id: `tiny/${i}`, layer, dtype, layout: 'contiguous', steps };
}

/** PyTorch's strided BatchNorm in eval takes a square root whose last bit depends on the machine: there is no answer to keep. */
function isLeftOut(c: Case): boolean {
  if (c.steps.some(({ kind }) => kind === 'double_backward')) return true; // near PyTorch's and not its bits
  if (c.steps.some(({ kind }) => kind === 'probe')) return true; // of PyTorch alone
  if (!/^(BatchNorm|batch_norm)/.test(c.layer) || c.layout === 'contiguous') return false;
  return c.steps.some(
    (s) =>
      (s.kind === 'forward' && s.mode === 'eval') ||
      (s.kind === 'call' && s.arguments.training?.kind === 'bool' && !s.arguments.training.value),
  );
}

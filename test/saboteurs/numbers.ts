// Saboteurs of numbers: right names, dtypes and shapes, and wrong elements. Each tells its fault in its line.

import type { Case, NamedTensor, Step } from '../../cases/case.ts';
import type { StepResult } from '../../ts-impl/conformance/outcome.ts';
import { sameShape } from '../../ts-impl/tensor/shape.ts';
import { contiguous, type Tensor } from '../../ts-impl/tensor/tensor.ts';
import { rankNext } from '../liars/rank-next.ts';
import { changed, eachReturned, eachTensor, elementwise, filledLike, tensorsNamed } from './change.ts';
import { sabotage } from './sabotage.ts';
import type { Saboteur } from './saboteur.ts';

export const ZEROS = sabotage(
  'zeros',
  'answers zeros everywhere',
  eachTensor((t) => filledLike(t, 0)),
);
export const IDENTITY = sabotage(
  'identity',
  'hands the input back as the output and the gradient as the input’s',
  identity,
);
export const INPUT_ECHO = sabotage('input-echo', 'fills every tensor with the numbers of the step’s input', inputEcho);
export const ECHO = sabotage('echo', 'answers the first output again for each later one', echo);
export const CONSTANT = sabotage(
  'constant',
  'answers 0.5 everywhere, 7 in whole numbers',
  eachTensor((t) => filledLike(t, t.dtype === 'int64' ? 7 : 0.5)),
);
export const NAN = sabotage(
  'nan',
  'answers NaN everywhere',
  eachTensor((t) => filledLike(t, Number.NaN)),
);
export const INFINITE = sabotage(
  'infinite',
  'answers Infinity for the last element',
  eachTensor((t) =>
    changed(t, (s) => {
      if (s instanceof Float32Array || s instanceof Float64Array) s.fill(Number.POSITIVE_INFINITY, -1);
    }),
  ),
);
/** Within the bound, and yet never to be called identical. */
export const ONE_ULP_OFF = sabotage(
  'one-ulp',
  'is one ULP above the truth everywhere',
  eachTensor((t) =>
    changed(t, (s) => {
      if (s instanceof Float32Array || s instanceof Float64Array) rankNext(s);
      else if (s instanceof Uint16Array) nextHalf(s);
    }),
  ),
);
export const NEGATED = sabotage(
  'negated',
  'answers everything with the other sign, that of zero too',
  eachTensor((t) => elementwise(t, { float: (v) => -v, bits: (v) => v ^ 0x8000, whole: (v) => -v })),
);
export const NO_ZERO_SIGN = sabotage(
  'no-zero-sign',
  'answers 0 for −0',
  eachTensor((t) => elementwise(t, { float: (v) => (v === 0 ? 0 : v), bits: (v) => (v === 0x8000 ? 0 : v) })),
);
export const NAN_FREE = sabotage(
  'nan-free',
  'answers 0 for NaN and the largest number for infinities',
  eachTensor((t) => {
    const most = t.dtype === 'float64' ? Number.MAX_VALUE : (2 - 2 ** -23) * 2 ** 127;
    return elementwise(t, { float: (v) => (Number.isNaN(v) ? 0 : Math.max(-most, Math.min(most, v))) });
  }),
);
export const SWAPPED = sabotage(
  'swapped',
  'answers the first two elements in each other’s place',
  eachTensor((t) =>
    changed(t, (s) => {
      if (s.length > 1) [s[0], s[1]] = [s[1], s[0]];
    }),
  ),
);
export const DETACHED = sabotage(
  'detached',
  'answers gradients of zeros',
  tensorsNamed(/\.grad2?$/, (t) => filledLike(t, 0)),
);
export const DOUBLED_GRADIENT = sabotage(
  'doubled-gradient',
  'answers twice the gradient',
  tensorsNamed(/\.grad2?$/, (t) => elementwise(t, { float: (v) => 2 * v, bits: (v) => v ^ 0x8000 })), // in 16 bits its negative, which needs no rounding
);
export const FORGETS_GRADIENT = sabotage(
  'forgets-gradient',
  'never accumulates: each backward answers its own share',
  differences,
);
export const STALE_BUFFERS = sabotage('stale-buffers', 'answers the running statistics it was born with', staleBuffers);
export const LATE_BUFFERS = sabotage(
  'late-buffers',
  'answers the buffers as they were at the read before',
  lateBuffers,
);
export const NEVER_COUNTS = sabotage(
  'never-counts',
  'answers 0 for num_batches_tracked',
  tensorsNamed(/^num_batches_tracked$/, (t) => filledLike(t, 0)),
);
export const COUNTS_ONE_MORE = sabotage(
  'counts-one-more',
  'counts one step more in num_batches_tracked',
  tensorsNamed(/^num_batches_tracked$/, (t) =>
    changed(t, (s) => {
      if (s instanceof BigInt64Array) s[0] += 1n;
    }),
  ),
);

export const NUMBERS: readonly Saboteur[] = [
  ZEROS,
  IDENTITY,
  INPUT_ECHO,
  ECHO,
  CONSTANT,
  NAN,
  INFINITE,
  ONE_ULP_OFF,
  NEGATED,
  NO_ZERO_SIGN,
  NAN_FREE,
  SWAPPED,
  DETACHED,
  DOUBLED_GRADIENT,
  FORGETS_GRADIENT,
  STALE_BUFFERS,
  LATE_BUFFERS,
  NEVER_COUNTS,
  COUNTS_ONE_MORE,
];

// --- internal ---

/** As a layer that does nothing: its output is its input, its input gradient the upstream one. */
function identity(results: readonly StepResult[], c: Case): readonly StepResult[] {
  return eachReturned((r, step) => ({
    ...r,
    tensors: r.tensors.map((entry) => {
      const given = entry.name === 'output' ? inputOf(step) : entry.name === 'input.grad' ? gradientOf(step) : null;
      return given === null ? entry : { ...entry, tensor: takenFor(entry.tensor, given) };
    }),
  }))(results, c);
}

function inputEcho(results: readonly StepResult[], c: Case): readonly StepResult[] {
  return eachTensor((t, _, step) => {
    const source = inputOf(step) ?? gradientOf(step);
    if (source === null || source.dtype !== t.dtype) return filledLike(t, 0);
    const from = contiguous(source).storage;
    return changed(t, (s) => {
      for (let i = 0; i < s.length && from.length > 0; i++) s[i] = from[i % from.length];
    });
  })(results, c);
}

function inputOf(step: Step): Tensor | null {
  if (step.kind === 'forward') return step.input;
  const input = step.kind === 'call' ? step.arguments.input : undefined;
  return input?.kind === 'tensor' ? input.tensor : null;
}

function gradientOf(step: Step): Tensor | null {
  return step.kind === 'backward' ? step.gradient : null;
}

/** `given` in the place of `t`, as it is where the dtype is another. */
function takenFor(t: Tensor, given: Tensor): Tensor {
  return t.dtype === given.dtype && sameShape(t.shape, given.shape) ? contiguous(given) : filledLike(t, 0);
}

function echo(results: readonly StepResult[]): readonly StepResult[] {
  let first: readonly NamedTensor[] | null = null;
  return results.map((r) => {
    if (r.kind !== 'returned' || r.tensors[0]?.name !== 'output') return r;
    first ??= r.tensors;
    return { ...r, tensors: first };
  });
}

/** Gradients that a step answers less those that the step before it answered, where it was to accumulate. */
function differences(results: readonly StepResult[], c: Case): readonly StepResult[] {
  let before: readonly NamedTensor[] = [];
  return results.map((r, i) => {
    const step = c.steps[i];
    if (r.kind !== 'returned' || step.kind !== 'backward') return r;
    const last = step.accumulate ? before : [];
    before = r.tensors;
    const tensors = r.tensors.map(({ name, tensor }) => {
      const old = last.find((entry) => entry.name === name)?.tensor;
      return { name, tensor: old === undefined ? tensor : minus(tensor, old) };
    });
    return { ...r, tensors };
  });
}

function minus(t: Tensor, other: Tensor): Tensor {
  return changed(t, (s) => {
    const less = other.storage;
    if (s instanceof BigInt64Array || s instanceof Uint16Array || s.length !== less.length) return;
    for (let i = 0; i < s.length; i++) s[i] -= Number(less[i]);
  });
}

const BUFFER = /^(running_mean|running_var|num_batches_tracked)$/;

function staleBuffers(results: readonly StepResult[], c: Case): readonly StepResult[] {
  return eachTensor((t, name) =>
    BUFFER.test(name) && name !== 'num_batches_tracked' ? filledLike(t, name === 'running_var' ? 1 : 0) : t,
  )(results, c);
}

function lateBuffers(results: readonly StepResult[], c: Case): readonly StepResult[] {
  const before = new Map<string, Tensor>();
  return eachTensor((t, name) => {
    if (!BUFFER.test(name)) return t;
    const last = before.get(name) ?? filledLike(t, name === 'running_var' ? 1 : 0);
    before.set(name, t);
    return sameShape(last.shape, t.shape) && last.dtype === t.dtype ? last : t;
  })(results, c);
}

function nextHalf(s: Uint16Array): void {
  for (let i = 0; i < s.length; i++) {
    const magnitude = s[i] & 0x7fff;
    if (s[i] === 0x8000) s[i] = 0;
    else if (s[i] & 0x8000) s[i]--;
    else if (magnitude !== 0) s[i]++;
    else s[i] = 1;
  }
}

// PyTorch's own noise: a sample of cases asked again with more threads and with the same values laid out otherwise, held against the first answers.

import type { Case, Step } from '../../cases/case.ts';
import { makeStorage } from '../tensor/dtype.ts';
import { isContiguous, type Tensor } from '../tensor/tensor.ts';
import { contiguousStrides, sizeOf } from '../tensor/shape.ts';
import { contiguous } from '../tensor/tensor.ts';
import { compareTensor } from './judge/compare-tensor.ts';
import type { Outcome } from './outcome.ts';
import type { Noise } from './report/report.ts';
import type { Judged } from './run.ts';
import type { Subject } from './subjects/subject.ts';

/** Every so-many-th case that passes, with its answer. */
export class NoiseSample {
  private readonly kept: { readonly case: Case; readonly outcome: Outcome }[] = [];
  private readonly every: number;
  private seen = 0;

  /** Keeps about `wanted` of `size` cases; none if `wanted` is 0. */
  constructor(wanted: number, size: number) {
    this.every = wanted === 0 ? 0 : Math.max(1, Math.floor(size / wanted));
  }

  get size(): number {
    return this.kept.length;
  }

  add({ case: c, expected: { outcome } }: Judged): void {
    if (this.every === 0 || this.seen++ % this.every !== 0) return;
    if (outcome.kind === 'returned') this.kept.push({ case: c, outcome });
  }

  /** Asks the oracle again with other layouts, and `threaded` (of so many threads) with the same. */
  async measure(
    oracle: Subject,
    threaded: { readonly oracle: Subject; readonly threads: number },
  ): Promise<readonly Noise[]> {
    const relaid = this.kept.flatMap(({ case: c, outcome }) => {
      const other = relayCase(c);
      return other === null ? [] : [{ case: other, outcome }];
    });
    return [await moved(this.kept, threaded.oracle, threaded.threads), await moved(relaid, oracle, null)];
  }
}

/** The same case with every input contiguous that was not, and dense in another order that was; null where no input can be laid out anew. */
export function relayCase(c: Case): Case | null {
  let changed = false;
  const relaid = (t: Tensor): Tensor => {
    const other = relay(t);
    if (other === null) return t;
    changed = true;
    return other;
  };
  const steps = c.steps.map((step): Step => {
    if (step.kind === 'forward') return { ...step, input: relaid(step.input) };
    if (step.kind !== 'call' || step.arguments.input?.kind !== 'tensor') return step;
    const input = { kind: 'tensor', tensor: relaid(step.arguments.input.tensor) } as const;
    return { ...step, arguments: { ...step.arguments, input } };
  });
  return changed ? { ...c, steps } : null;
}

// --- internal ---

async function moved(
  asked: readonly { readonly case: Case; readonly outcome: Outcome }[],
  oracle: Subject,
  threads: number | null,
): Promise<Noise> {
  const answers = await oracle.ask(
    asked.map((one) => one.case),
    { truth: false },
  );
  let elements = 0;
  let count = 0;
  let largest: Noise['largest'] = null;
  for (const [i, { case: c, outcome }] of asked.entries()) {
    const again = answers[i].outcome;
    if (outcome.kind !== 'returned' || again.kind !== 'returned') continue;
    outcome.steps.forEach((result, step) => {
      const other = again.steps[step];
      if (result.kind !== 'returned' || other?.kind !== 'returned') return;
      result.tensors.forEach(({ name, tensor }, k) => {
        const twin = other.tensors[k]?.tensor;
        if (twin === undefined || tensor.dtype === 'int64' || sizeOf(twin.shape) !== sizeOf(tensor.shape)) return;
        const seen = compareTensor(contiguous(tensor), contiguous(twin), { kind: 'ranks', ranks: 0 }, () => null);
        elements += seen.elements;
        count += seen.elements - seen.identical;
        if (seen.worst === null || seen.maxAbsolute === null || !Number.isFinite(seen.maxAbsolute)) return;
        const scale = Math.max(Math.abs(seen.worst.expected), Math.abs(seen.worst.actual), seen.maxAbsolute);
        const relative = scale === 0 ? 0 : seen.maxAbsolute / scale;
        if (relative > (largest?.relative ?? 0)) largest = { relative, case: c.id, step, tensor: name };
      });
    });
  }
  return { threads, cases: asked.length, elements, movedElements: count, largest };
}

/** The same values in index order if they were not, else with the axes' order in memory turned round; null where that is the same. */
function relay(t: Tensor): Tensor | null {
  if (sizeOf(t.shape) === 0) return null;
  if (!isContiguous(t)) return contiguous(t);
  const long = t.shape.filter((n) => n > 1).length;
  if (long < 2) return null;
  const { storage, shape } = contiguous(t);
  const strides = contiguousStrides([...shape].reverse()).toReversed(); // the first axis is the fastest
  const other = makeStorage(t.dtype, storage.length);
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < storage.length; i++) {
    let at = 0;
    for (let axis = 0; axis < shape.length; axis++) at += index[axis] * strides[axis];
    other[at] = storage[i];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return { dtype: t.dtype, shape, strides, offset: 0, storage: other };
}

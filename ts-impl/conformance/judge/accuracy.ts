// Where PyTorch itself is inaccurate: its answers held against the truth, the worst of each layer, dtype and direction. It judges no subject.

import type { Case, Step } from '../../../cases/case.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { sizeOf } from '../../tensor/shape.ts';
import { contiguous, type Tensor } from '../../tensor/tensor.ts';
import type { Answer, StepResult } from '../outcome.ts';
import { type Direction, directionOf } from '../place.ts';
import type { Truth } from './compare-tensor.ts';
import { elementsOf } from './elements.ts';
import { unitRoundoff } from './tolerance.ts';
import { type StepTruth, truthOf } from './truth/truth.ts';

/** An element of an answer of PyTorch's, and what it should be. */
export interface Inaccuracy {
  readonly layer: string;
  readonly dtype: Dtype;
  readonly direction: Direction;
  readonly case: string;
  readonly step: number;
  readonly tensor: string;
  readonly index: readonly number[];
  readonly answered: number;
  readonly truth: number;
  /** The error over the largest magnitude of its tensor: 1 where no digit is right. */
  readonly relative: number;
}

/** Answers of PyTorch's, looked at as they pass. Kept: one element per layer, dtype and direction. */
export class AccuracyTally {
  private readonly worst = new Map<string, Inaccuracy>();

  add(c: Case, { outcome, truth }: Answer): void {
    if (outcome.kind !== 'returned' && outcome.kind !== 'refused') return;
    if (truth === null || overflows(c)) return;
    const wide = c.dtype === 'float64' || (truth.kind !== 'returned' && truth.kind !== 'refused') ? null : truth.steps;
    const exact = isSmall(c) ? truthOf(c, outcome.steps) : null;
    let same = true; // a call that float64 answers and the narrower dtype refuses leaves another state behind
    outcome.steps.forEach((result, step) => {
      same &&= result.kind === wide?.[step]?.kind;
      const wideStep = same ? (wide?.[step] ?? null) : null;
      if (result.kind === 'returned') this.addStep(c, step, result, exact?.[step] ?? null, wideStep);
    });
  }

  /** Those with fewer than half of their digits right, in order of layer, dtype and direction. */
  inaccurate(): readonly Inaccuracy[] {
    return [...this.worst.keys()]
      .sort()
      .map((key) => this.worst.get(key) as Inaccuracy) // the keys are its own
      .filter(({ relative, dtype }) => relative > Math.sqrt(unitRoundoff(dtype)));
  }

  private addStep(
    c: Case,
    step: number,
    result: StepResult & { kind: 'returned' },
    exact: StepTruth | null,
    wide: StepResult | null,
  ): void {
    for (const { name, tensor } of result.tensors) {
      if (tensor.dtype === 'int64') continue;
      const values = elementsOf(contiguous(tensor)); // [elements]
      const truth = exact?.get(name) ?? wideTruth(wide, name);
      if (truth === null || truth.hi.length !== values.length) continue;
      const at = worstOf(values, truth, naturalScale(c.steps[step], name));
      if (at === null) continue;
      const direction = directionOf(c.steps[step], name);
      const key = `${c.layer} ${tensor.dtype} ${direction}`;
      if (at.relative <= (this.worst.get(key)?.relative ?? 0)) continue;
      const [answered, meant] = [values[at.i], truth.hi[at.i]];
      const where = { case: c.id, step, tensor: name, index: indexOf(at.i, tensor) };
      const { layer } = c;
      this.worst.set(key, {
        layer,
        dtype: tensor.dtype,
        direction,
        ...where,
        answered,
        truth: meant,
        relative: at.relative,
      });
    }
  }
}

// --- internal ---

/** Up to so many elements of input a case is worked out in double-double; above, PyTorch's float64 is the truth of what is narrower. */
const SMALL = 256;

function isSmall(c: Case): boolean {
  let elements = 0;
  for (const input of inputsOf(c)) elements += sizeOf(input.shape);
  return elements <= SMALL;
}

/** Whether squares of an input come near the largest number of its type: overflow is no inaccuracy, and would hide all others. */
function overflows(c: Case): boolean {
  const limit = LIMITS[c.dtype];
  for (const input of inputsOf(c)) {
    const values = elementsOf(contiguous(input));
    for (let i = 0; i < values.length; i++) if (!(Math.abs(values[i]) <= limit)) return true;
  }
  return false;
}

/** About the root of the largest number, less what a sum of some thousand squares needs; and for int64 nothing at all. */
const LIMITS: Readonly<Record<Dtype, number>> = {
  float16: 16,
  bfloat16: 1e17,
  float32: 1e17,
  float64: 1e152,
  int64: 0,
};

function* inputsOf(c: Case): Generator<Tensor> {
  for (const step of c.steps) {
    if (step.kind === 'forward') yield step.input;
    else if (step.kind === 'call' && step.arguments.input?.kind === 'tensor') yield step.arguments.input.tensor;
  }
}

function wideTruth(result: StepResult | null, name: string): Truth | null {
  if (result?.kind !== 'returned') return null;
  const found = result.tensors.find((entry) => entry.name === name);
  return found === undefined ? null : { hi: elementsOf(contiguous(found.tensor)), lo: null };
}

/** Below this magnitude an error is noise of a value that is meant to be nearly 0: 1 for an output, the largest upstream gradient for a gradient. */
function naturalScale(step: Step, name: string): number {
  if (name === 'output') return 1;
  if (step.kind !== 'backward') return SMALLEST;
  const upstream = elementsOf(contiguous(step.gradient));
  let scale = SMALLEST;
  for (let i = 0; i < upstream.length; i++) scale = Math.max(scale, Math.abs(upstream[i]));
  return scale;
}

/** Where subnormal numbers begin to lose digits that nobody can keep. */
const SMALLEST = 2 ** -100;

function worstOf(
  values: ArrayLike<number>,
  { hi, lo }: Truth,
  floor: number,
): { readonly i: number; readonly relative: number } | null {
  let scale = floor;
  let worst = -1;
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const error = Math.abs(values[i] - hi[i] - (lo === null ? 0 : lo[i]));
    if (!Number.isFinite(error)) continue;
    scale = Math.max(scale, Math.abs(values[i]), Math.abs(hi[i]));
    if (error > most) {
      most = error;
      worst = i;
    }
  }
  return worst < 0 ? null : { i: worst, relative: most / scale };
}

function indexOf(at: number, { shape }: Tensor): number[] {
  const index = new Array<number>(shape.length);
  let rest = at;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return index;
}

// One answer of a reply: outcome headers and their payload into Outcomes. The schema has been checked before.

import type { NamedTensor } from '../../../../cases/case.ts';
import { viewOfBytes } from '../../../tensor/bytes.ts';
import { type Dtype, itemSize } from '../../../tensor/dtype.ts';
import { contiguousStrides, sizeOf } from '../../../tensor/shape.ts';
import type { Answer, Outcome, StepResult, UndecidedReason } from '../../outcome.ts';

type TensorHeader = readonly [name: string, dtype: Dtype, shape: readonly number[], at: number];

type StepHeader =
  | {
      readonly kind: 'returned';
      readonly tensors: readonly TensorHeader[];
      readonly texts: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'refused'; readonly type: string; readonly message: string; readonly line: number | null }
  | { readonly kind: 'not_run' };

type OutcomeHeader =
  | { readonly kind: 'returned'; readonly steps: readonly StepHeader[] }
  | { readonly kind: 'refused'; readonly step: number; readonly steps: readonly StepHeader[] }
  | { readonly kind: 'unsupported'; readonly reason: string }
  | { readonly kind: 'undecided'; readonly reason: UndecidedReason };

export interface AnswerHeader {
  readonly outcome: OutcomeHeader;
  readonly truth: OutcomeHeader | null;
}

/** Tensors are views of the payload, which begins at a multiple of 8. One that lies outside it makes its outcome undecided. */
export function decodeAnswer(header: AnswerHeader, payload: Uint8Array): Answer {
  return {
    outcome: decodeOutcome(header.outcome, payload),
    truth: header.truth === null ? null : decodeOutcome(header.truth, payload),
  };
}

/** An answer that holds no outcome, and why. */
export function undecided(kind: UndecidedReason['kind'], message: string): Answer {
  return { outcome: { kind: 'undecided', reason: { kind, message } }, truth: null };
}

// --- internal ---

const NOT_RUN: StepResult = { kind: 'not_run' };

class Misplaced extends Error {}

function decodeOutcome(header: OutcomeHeader, payload: Uint8Array): Outcome {
  switch (header.kind) {
    case 'returned':
    case 'refused':
      try {
        const steps = header.steps.map((step, i) => decodeStep(step, payload, `steps[${i}]`));
        return header.kind === 'returned'
          ? { kind: header.kind, steps }
          : { kind: header.kind, step: header.step, steps };
      } catch (problem) {
        if (!(problem instanceof Misplaced)) throw problem;
        return { kind: 'undecided', reason: { kind: 'protocol', message: problem.message } };
      }
    case 'unsupported':
      return { kind: header.kind, reason: header.reason };
    case 'undecided':
      return { kind: header.kind, reason: header.reason };
    default:
      return header satisfies never;
  }
}

function decodeStep(step: StepHeader, payload: Uint8Array, place: string): StepResult {
  switch (step.kind) {
    case 'returned':
      return {
        kind: step.kind,
        tensors: step.tensors.map((t) => decodeTensor(t, payload, place)),
        texts: step.texts,
      };
    case 'refused':
      return step.line === null
        ? { kind: step.kind, type: step.type, message: step.message }
        : { kind: step.kind, type: step.type, message: step.message, line: step.line };
    case 'not_run':
      return NOT_RUN;
    default:
      return step satisfies never;
  }
}

function decodeTensor(header: TensorHeader, payload: Uint8Array, place: string): NamedTensor {
  const [name, dtype, shape, at] = header;
  const elements = sizeOf(shape);
  if (at % 8 !== 0 || at + elements * itemSize(dtype) > payload.length) {
    throw new Misplaced(
      `${place}.${name} lies at byte ${at} with ${elements} elements, outside the payload of ${payload.length} bytes`,
    );
  }
  const storage = viewOfBytes(dtype, payload, at, elements);
  return { name, tensor: { dtype, shape, strides: contiguousStrides(shape), offset: 0, storage } };
}

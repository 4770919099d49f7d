// Outcomes as a header and raw memory, for the child to send. What is read on the other side is checked there.

import { type Plain, type PlainMap, PayloadWriter } from '../../../../../cases/serialise.ts';
import type { Outcome, StepResult } from '../../../outcome.ts';

/** Outcomes one after the other, with the bytes that each takes of the payload. */
export function encodeOutcomes(outcomes: readonly Outcome[]): {
  readonly header: PlainMap;
  readonly payload: Uint8Array;
} {
  const payload = new PayloadWriter();
  const sizes: number[] = [];
  const answers = outcomes.map((outcome) => {
    const encoded = encodeOutcome(outcome, payload);
    sizes.push(payload.begin());
    return { outcome: encoded, truth: null };
  });
  return { header: { kind: 'answers', answers, sizes }, payload: payload.bytes() };
}

// --- internal ---

function encodeOutcome(outcome: Outcome, payload: PayloadWriter): Plain {
  switch (outcome.kind) {
    case 'returned':
      return { kind: outcome.kind, steps: outcome.steps.map((step) => encodeStep(step, payload)) };
    case 'refused':
      return {
        kind: outcome.kind,
        step: outcome.step,
        steps: outcome.steps.map((step) => encodeStep(step, payload)),
      };
    case 'unsupported':
      return { kind: outcome.kind, reason: outcome.reason };
    case 'undecided':
      return { kind: outcome.kind, reason: { kind: outcome.reason.kind, message: outcome.reason.message } };
    default:
      return outcome satisfies never;
  }
}

function encodeStep(step: StepResult, payload: PayloadWriter): Plain {
  switch (step.kind) {
    case 'returned':
      return {
        kind: step.kind,
        tensors: step.tensors.map(({ name, tensor }) => [
          name,
          tensor.dtype,
          tensor.shape,
          payload.add(tensor.storage),
        ]),
        texts: step.texts,
      };
    case 'refused':
      return { kind: step.kind, type: step.type, message: step.message, line: step.line ?? null };
    case 'not_run':
      return { kind: step.kind };
    default:
      return step satisfies never;
  }
}

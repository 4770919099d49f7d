// What is kept of an answer: texts and refusals whole, a tensor as its name, dtype, shape and a digest of its bits. It compares nothing.

import type { Outcome, StepResult } from '../../../ts-impl/conformance/outcome.ts';
import { rawBytes } from '../../../ts-impl/tensor/bytes.ts';
import { contiguous, type Tensor } from '../../../ts-impl/tensor/tensor.ts';

/** One line for each tensor, text and ending of a step. */
export type Digest = readonly (readonly string[])[];

/** Any NaN is the same as any other. */
export function digestOf(outcome: Outcome): Digest {
  switch (outcome.kind) {
    case 'returned':
    case 'refused':
      return outcome.steps.map(linesOf);
    case 'unsupported':
      return [[`unsupported: ${outcome.reason}`]];
    case 'undecided':
      return [[`undecided: ${outcome.reason.message}`]];
    default:
      return outcome satisfies never;
  }
}

// --- internal ---

function linesOf(result: StepResult): readonly string[] {
  switch (result.kind) {
    case 'returned':
      return [
        ...Object.entries(result.texts).map(([name, words]) => `${name}: ${words}`),
        ...result.tensors.map(({ name, tensor }) => `${name} ${tensor.dtype}[${tensor.shape}] ${hash(tensor)}`),
      ];
    case 'refused':
      return [`refused: ${result.type}: ${result.message}`];
    case 'not_run':
      return ['not run'];
    default:
      return result satisfies never;
  }
}

/** 53 bits of the elements' bytes: two multiplying hashes side by side. */
function hash(t: Tensor): string {
  const bytes = rawBytes(withOneNaN(contiguous(t)).storage);
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < bytes.length; i++) {
    high = Math.imul(high ^ bytes[i], 2654435761);
    low = Math.imul(low ^ bytes[i], 1597334677);
    low ^= low >>> 15;
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return ((high & 0x1fffff) * 2 ** 32 + (low >>> 0)).toString(36);
}

function withOneNaN(t: Tensor): Tensor {
  const storage = t.storage.slice();
  if (storage instanceof BigInt64Array) return t;
  const infinity = t.dtype === 'float16' ? 0x7c00 : 0x7f80;
  for (let i = 0; i < storage.length; i++) {
    if (storage instanceof Uint16Array) {
      if ((storage[i] & 0x7fff) > infinity) storage[i] = 0x7fff;
    } else if (Number.isNaN(storage[i])) storage[i] = Number.NaN;
  }
  return { ...t, storage };
}

// Outcomes out of a child's answer, checked against the wire's schema before anything is believed. It receives nothing.

import { Ajv, type ValidateFunction } from 'ajv';
import type { Outcome } from '../../../outcome.ts';
import { type AnswerHeader, decodeAnswer } from '../../wire/answer.ts';
import { ProtocolError } from '../../wire/header.ts';
import { REPLY_SCHEMA } from '../../wire/reply-schema.ts';

/** Reads what `encodeOutcomes` wrote. Throws ProtocolError. */
export function decodeOutcomes(header: unknown, payload: Uint8Array): Outcome[] {
  const isAnswers = validator();
  if (!isAnswers(header)) {
    const errors = (isAnswers.errors ?? []).map((e) => `reply${e.instancePath} ${e.message}`);
    throw new ProtocolError(`the answers break the schema: ${errors.join('; ')}`);
  }
  let end = 0;
  return header.answers.map((answer, i) => {
    const start = end;
    end += header.sizes[i] ?? 0;
    if (start % 8 !== 0 || end > payload.length) {
      throw new ProtocolError(`answer ${i} lies at bytes ${start} to ${end} of a payload of ${payload.length}`);
    }
    return decodeAnswer(answer, payload.subarray(start, end)).outcome;
  });
}

// --- internal ---

interface AnswersHeader {
  readonly kind: 'answers';
  readonly answers: readonly AnswerHeader[];
  readonly sizes: readonly number[];
}

let compiled: ValidateFunction<AnswersHeader> | null = null;

function validator(): ValidateFunction<AnswersHeader> {
  compiled ??= new Ajv({ discriminator: true, allowUnionTypes: true }).compile<AnswersHeader>({
    $schema: REPLY_SCHEMA.$schema,
    type: 'object',
    additionalProperties: false,
    required: ['kind', 'answers', 'sizes'],
    properties: {
      kind: { const: 'answers' },
      answers: { type: 'array', items: { $ref: '#/definitions/answer' } },
      sizes: { type: 'array', items: { type: 'integer', minimum: 0 } },
    },
    definitions: REPLY_SCHEMA.definitions,
  });
  return compiled;
}

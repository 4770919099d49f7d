// The JSON Schema of every reply's header. Strict: no field may be missing, none added.

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const sequence = { type: 'integer', minimum: 0 } as const;
const nonce = { type: 'string', maxLength: 64 } as const;
const texts = { type: 'object', additionalProperties: text } as const;
const dtype = { enum: ['float16', 'bfloat16', 'float32', 'float64', 'int64'] } as const;

export const REPLY_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: [
    record('welcome', { subject: text, version: nullable(text), capabilities: texts }),
    record('answer', {
      sequence,
      nonce,
      answers: { type: 'array', items: { $ref: '#/definitions/answer' } },
      sizes: { type: 'array', items: count },
    }),
    record('floor', { sequence, nonce, seconds: {} }),
    record('loaded', {
      sequence,
      nonce,
      classes: { type: 'array', items: { $ref: '#/definitions/class' } },
      functions: { type: 'array', items: { $ref: '#/definitions/function' } },
      failures: { type: 'array', items: { $ref: '#/definitions/failure' } },
    }),
    record('error', { sequence: nullable(sequence), nonce: nullable(nonce), reason: text, message: text }),
  ],
  definitions: {
    answer: closed({
      outcome: { $ref: '#/definitions/outcome' },
      truth: nullable({ $ref: '#/definitions/outcome' }),
    }),
    outcome: {
      type: 'object',
      required: ['kind'],
      discriminator: { propertyName: 'kind' },
      oneOf: [
        tagged('returned', { steps: steps() }),
        tagged('refused', { step: count, steps: steps() }),
        tagged('unsupported', { reason: text }),
        tagged('undecided', {
          reason: closed({
            kind: { enum: ['timeout', 'crash', 'memory', 'syntax', 'import', 'construct', 'protocol'] },
            message: text,
          }),
        }),
      ],
    },
    step: {
      type: 'object',
      required: ['kind'],
      discriminator: { propertyName: 'kind' },
      oneOf: [
        tagged('returned', { tensors: { type: 'array', items: { $ref: '#/definitions/tensor' } }, texts }),
        tagged('refused', { type: text, message: text, line: nullable(count) }),
        tagged('not_run', {}),
      ],
    },
    /** name, dtype, shape, at */
    tensor: {
      type: 'array',
      items: [text, dtype, { type: 'array', items: count }, count],
      minItems: 4,
      maxItems: 4,
      additionalItems: false,
    },
    class: closed({
      name: text,
      line: count,
      endLine: count,
      bases: { type: 'array', items: text },
      isModule: { type: 'boolean' },
      parameters: { type: 'array', items: { $ref: '#/definitions/parameter' } },
      forward: nullable({ type: 'array', items: { $ref: '#/definitions/parameter' } }),
      forwardLine: nullable(count),
      forwardEndLine: nullable(count),
      missing: { type: 'array', items: text },
    }),
    function: closed({
      name: text,
      line: count,
      endLine: count,
      parameters: { type: 'array', items: { $ref: '#/definitions/parameter' } },
      missing: { type: 'array', items: text },
    }),
    parameter: closed({
      name: text,
      kind: text,
      hasDefault: { type: 'boolean' },
      default: {},
      annotation: nullable(text),
    }),
    failure: closed({
      line: count,
      endLine: count,
      kind: { enum: ['syntax', 'import', 'memory', 'exit', 'error'] },
      type: text,
      message: text,
      name: nullable(text),
    }),
  },
} as const;

// --- internal ---

function closed(properties: Readonly<Record<string, unknown>>) {
  return { type: 'object', additionalProperties: false, required: Object.keys(properties), properties };
}

function tagged(kind: string, properties: Readonly<Record<string, unknown>>) {
  return closed({ kind: { const: kind }, ...properties });
}

function record(kind: string, properties: Readonly<Record<string, unknown>>) {
  return closed({ protocol: { const: 1 }, kind: { const: kind }, ...properties });
}

function nullable(schema: Readonly<Record<string, unknown>>) {
  return { anyOf: [{ type: 'null' }, schema] };
}

function steps() {
  return { type: 'array', items: { $ref: '#/definitions/step' } };
}

// Replies read from their frames, checked against the schema before anything is believed. It receives nothing.

import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { decodeValue, MalformedHeader, type Plain } from '../../../../cases/serialise.ts';
import type { Value } from '../../../../cases/case.ts';
import type { Answer } from '../../outcome.ts';
import { type AnswerHeader, decodeAnswer } from './answer.ts';
import { decodeHeader, PROTOCOL, ProtocolError } from './header.ts';
import { REPLY_SCHEMA } from './reply-schema.ts';

export interface LoadedParameter {
  readonly name: string;
  /** Python's kind in lower case: positional_only, positional_or_keyword, var_positional, keyword_only, var_keyword. */
  readonly kind: string;
  readonly hasDefault: boolean;
  /** null where there is none, or where no Value can hold it. */
  readonly default: Value | null;
  readonly annotation: string | null;
}

/** A class that a document defines. Lines are the document's, from 1. */
export interface LoadedClass {
  readonly name: string;
  readonly line: number;
  readonly endLine: number;
  readonly bases: readonly string[];
  readonly isModule: boolean;
  /** Of the constructor, `self` left out. */
  readonly parameters: readonly LoadedParameter[];
  readonly forward: readonly LoadedParameter[] | null;
  readonly forwardLine: number | null;
  readonly forwardEndLine: number | null;
  /** Global names that its code uses and nobody defines. */
  readonly missing: readonly string[];
}

export interface LoadedFunction {
  readonly name: string;
  readonly line: number;
  readonly endLine: number;
  readonly parameters: readonly LoadedParameter[];
  readonly missing: readonly string[];
}

/** A statement or block that did not run; the others did. */
export interface LoadFailure {
  readonly line: number;
  readonly endLine: number;
  readonly kind: 'syntax' | 'import' | 'memory' | 'exit' | 'error';
  readonly type: string;
  readonly message: string;
  /** Of the class or function that is not defined because of it. */
  readonly name: string | null;
}

export interface Loaded {
  readonly classes: readonly LoadedClass[];
  readonly functions: readonly LoadedFunction[];
  readonly failures: readonly LoadFailure[];
}

export type Reply =
  | {
      readonly kind: 'welcome';
      readonly subject: string;
      readonly version: string | null;
      readonly capabilities: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'answer'; readonly sequence: number; readonly nonce: string; readonly answers: readonly Answer[] }
  | { readonly kind: 'floor'; readonly sequence: number; readonly nonce: string; readonly seconds: number }
  | { readonly kind: 'loaded'; readonly sequence: number; readonly nonce: string; readonly loaded: Loaded }
  | {
      readonly kind: 'error';
      readonly sequence: number | null;
      readonly nonce: string | null;
      readonly reason: string;
      readonly message: string;
    };

/** Throws ProtocolError, whose text names what is wrong. An answer whose tensors lie wrong is undecided by itself. */
export function decodeReply(frames: readonly Uint8Array[]): Reply {
  if (frames.length === 0) throw new ProtocolError('the reply has no frame, expected a header');
  const header = decodeHeader(frames[0]);
  checkProtocol(header);
  const isReply = replyValidator();
  if (!isReply(header)) throw new ProtocolError(`the reply breaks the schema: ${reasons(isReply.errors ?? [])}`);
  const payloads = frames.slice(1);
  const expected = payloadsOf(header);
  if (payloads.length !== expected) {
    throw new ProtocolError(`the ${header.kind} has ${payloads.length} payload frames, expected ${expected}`);
  }
  switch (header.kind) {
    case 'welcome':
      return { kind: header.kind, subject: header.subject, version: header.version, capabilities: header.capabilities };
    case 'answer':
      return {
        kind: header.kind,
        sequence: header.sequence,
        nonce: header.nonce,
        answers: decodeAnswers(header, payloads[0]),
      };
    case 'floor':
      return {
        kind: header.kind,
        sequence: header.sequence,
        nonce: header.nonce,
        seconds: decodeSeconds(header.seconds),
      };
    case 'loaded':
      return {
        kind: header.kind,
        sequence: header.sequence,
        nonce: header.nonce,
        loaded: decodeLoaded(header, payloads[0]),
      };
    case 'error':
      return {
        kind: header.kind,
        sequence: header.sequence,
        nonce: header.nonce,
        reason: header.reason,
        message: header.message,
      };
    default:
      return header satisfies never;
  }
}

// --- internal ---

type ParameterHeader = Omit<LoadedParameter, 'default'> & { readonly default: Plain };
type ClassHeader = Omit<LoadedClass, 'parameters' | 'forward'> & {
  readonly parameters: readonly ParameterHeader[];
  readonly forward: readonly ParameterHeader[] | null;
};
type FunctionHeader = Omit<LoadedFunction, 'parameters'> & { readonly parameters: readonly ParameterHeader[] };
interface LoadedHeader {
  readonly kind: 'loaded';
  readonly sequence: number;
  readonly nonce: string;
  readonly classes: readonly ClassHeader[];
  readonly functions: readonly FunctionHeader[];
  readonly failures: readonly LoadFailure[];
}

interface AnswersHeader {
  readonly kind: 'answer';
  readonly sequence: number;
  readonly nonce: string;
  readonly answers: readonly AnswerHeader[];
  /** Bytes of each answer's part of the payload. */
  readonly sizes: readonly number[];
}

type ReplyHeader =
  | Extract<Reply, { kind: 'welcome' | 'error' }>
  | AnswersHeader
  | { readonly kind: 'floor'; readonly sequence: number; readonly nonce: string; readonly seconds: Plain }
  | LoadedHeader;

/** Compiled by the first reply: whoever hears none does not wait for it. */
let compiled: ValidateFunction<ReplyHeader> | null = null;

function replyValidator(): ValidateFunction<ReplyHeader> {
  compiled ??= new Ajv({ discriminator: true, allowUnionTypes: true }).compile<ReplyHeader>(REPLY_SCHEMA);
  return compiled;
}

/** First, since another version may look different in every other way. */
function checkProtocol(header: unknown): void {
  const spoken = typeof header === 'object' && header !== null && 'protocol' in header ? header.protocol : undefined;
  if (spoken !== PROTOCOL) throw new ProtocolError(`reply.protocol is ${spoken}, but this side speaks ${PROTOCOL}`);
}

function reasons(errors: readonly ErrorObject[]): string {
  return errors.map((e) => `reply${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`).join('; ');
}

function payloadsOf(header: ReplyHeader): number {
  switch (header.kind) {
    case 'answer':
    case 'loaded':
      return 1;
    case 'welcome':
    case 'floor':
    case 'error':
      return 0;
    default:
      return header satisfies never;
  }
}

function decodeAnswers({ answers, sizes }: AnswersHeader, payload: Uint8Array): Answer[] {
  if (sizes.length !== answers.length) {
    throw new ProtocolError(`the answer has ${sizes.length} sizes for ${answers.length} answers`);
  }
  // A frame may lie anywhere; only memory that begins at a multiple of 8 can be looked at in place.
  const aligned = payload.byteOffset % 8 === 0 ? payload : Uint8Array.prototype.slice.call(payload);
  let end = 0;
  const decoded = answers.map((one, i) => {
    const start = end;
    end += sizes[i];
    if (start % 8 !== 0 || end > aligned.length) {
      throw new ProtocolError(`answer ${i} lies at bytes ${start} to ${end} of a payload of ${aligned.length}`);
    }
    return decodeAnswer(one, aligned.subarray(start, end));
  });
  if (end !== aligned.length)
    throw new ProtocolError(`the payload has ${aligned.length} bytes, the sizes add up to ${end}`);
  return decoded;
}

function decodeSeconds(seconds: Plain): number {
  if (!(seconds instanceof Uint8Array) || seconds.length !== 8) {
    throw new ProtocolError('reply.seconds is no 8 raw bytes');
  }
  return new DataView(seconds.buffer, seconds.byteOffset, 8).getFloat64(0, true);
}

function decodeLoaded(header: LoadedHeader, payload: Uint8Array): Loaded {
  const parameters = (list: readonly ParameterHeader[], place: string): LoadedParameter[] =>
    list.map((p) => ({
      name: p.name,
      kind: p.kind,
      hasDefault: p.hasDefault,
      default: p.default === null ? null : decodeDefault(p.default, payload, `${place}.${p.name}`),
      annotation: p.annotation,
    }));
  return {
    classes: header.classes.map((c) => ({
      ...c,
      parameters: parameters(c.parameters, `${c.name}.__init__`),
      forward: c.forward === null ? null : parameters(c.forward, `${c.name}.forward`),
    })),
    functions: header.functions.map((f) => ({ ...f, parameters: parameters(f.parameters, f.name) })),
    failures: header.failures,
  };
}

/** A default travels as {value}, so that a default of None is not confused with having none. */
function decodeDefault(plain: Plain, payload: Uint8Array, place: string): Value {
  try {
    const wrapped = plain as { readonly value: Plain }; // decodeValue refuses whatever is not there
    return decodeValue(wrapped.value, payload, place);
  } catch (problem) {
    if (problem instanceof MalformedHeader) throw new ProtocolError(problem.message);
    throw problem;
  }
}

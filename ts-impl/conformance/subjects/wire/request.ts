// Requests as frames. It sends nothing.

import { encodeCaseHeader, PayloadWriter, type PlainMap } from '../../../../cases/serialise.ts';
import type { Case } from '../../../../cases/case.ts';
import { encodeHeader, PROTOCOL } from './header.ts';

/** Frame 0 is the header, frame 1 the payload of its cases, one after the other. */
export type Frames = readonly Uint8Array[];

/** A piece of a document, with the number (from 1) of its first line there. */
export interface SourceBlock {
  readonly line: number;
  readonly text: string;
}

/** What a reply must repeat: the number of the question, and a word that nobody can know before it was asked. */
export interface Stamp {
  readonly sequence: number;
  readonly nonce: string;
}

export function encodeHello(): Frames {
  return [encodeHeader({ protocol: PROTOCOL, kind: 'hello' })];
}

export function encodeAsk({ sequence, nonce }: Stamp, truth: boolean, cases: readonly Case[]): Frames {
  return withCases({ protocol: PROTOCOL, kind: 'ask', sequence, nonce, truth }, cases);
}

/** Asks for the seconds that bare PyTorch needs for these cases. */
export function encodeFloor({ sequence, nonce }: Stamp, cases: readonly Case[]): Frames {
  return withCases({ protocol: PROTOCOL, kind: 'floor', sequence, nonce }, cases);
}

export function encodeLoad({ sequence, nonce }: Stamp, file: string, blocks: readonly SourceBlock[]): Frames {
  const plain = blocks.map(({ line, text }) => ({ line, text }));
  return [encodeHeader({ protocol: PROTOCOL, kind: 'load', sequence, nonce, file, blocks: plain })];
}

// --- internal ---

function withCases(header: PlainMap, cases: readonly Case[]): Frames {
  const payload = new PayloadWriter();
  const sizes: number[] = [];
  const headers = cases.map((c) => {
    const encoded = encodeCaseHeader(c, payload);
    sizes.push(payload.begin());
    return encoded;
  });
  return [encodeHeader({ ...header, cases: headers, sizes }), payload.bytes()];
}

// Frames on the pipe between this process and a child that runs a module: who, which question, header, payload. It opens no pipe.

import { HEADER_LIMIT_BYTES, ProtocolError } from '../../wire/header.ts';

export interface Frame {
  /** Made anew for each child; a frame without it is not the child's harness speaking. */
  readonly nonce: string;
  readonly sequence: number;
  readonly header: Uint8Array;
  /** Begins at a multiple of 8 in memory. */
  readonly payload: Uint8Array;
}

/** Characters of a nonce, all of ASCII. */
export const NONCE_CHARACTERS = 32;

/** Far more than a message of cases, or of answers to them. */
const PAYLOAD_LIMIT_BYTES = 1 << 28;

export function encodeFrame({ nonce, sequence, header, payload }: Frame): Uint8Array {
  const bytes = new Uint8Array(PREFIX + header.length + payload.length);
  for (let i = 0; i < NONCE_CHARACTERS; i++) bytes[i] = nonce.charCodeAt(i);
  const view = new DataView(bytes.buffer);
  view.setUint32(NONCE_CHARACTERS, sequence);
  view.setUint32(NONCE_CHARACTERS + 4, header.length);
  view.setUint32(NONCE_CHARACTERS + 8, payload.length);
  bytes.set(header, PREFIX);
  bytes.set(payload, PREFIX + header.length);
  return bytes;
}

/** Puts the pieces of a stream together to frames. */
export class FrameReader {
  private pieces: Uint8Array[] = [];
  private held = 0;

  /** The frames that this piece completes. Throws ProtocolError for lengths that no frame has. */
  push(piece: Uint8Array): Frame[] {
    this.pieces.push(piece);
    this.held += piece.length;
    const frames: Frame[] = [];
    for (let frame = this.next(); frame !== null; frame = this.next()) frames.push(frame);
    return frames;
  }

  private next(): Frame | null {
    if (this.held < PREFIX) return null;
    const all = this.joined();
    const view = new DataView(all.buffer, all.byteOffset);
    const headerLength = view.getUint32(NONCE_CHARACTERS + 4);
    const payloadLength = view.getUint32(NONCE_CHARACTERS + 8);
    if (headerLength > HEADER_LIMIT_BYTES || payloadLength > PAYLOAD_LIMIT_BYTES) {
      throw new ProtocolError(`a frame claims ${headerLength} and ${payloadLength} bytes, which no answer has`);
    }
    const end = PREFIX + headerLength + payloadLength;
    if (this.held < end) return null;
    this.pieces = end === all.length ? [] : [all.subarray(end)];
    this.held -= end;
    return {
      nonce: String.fromCharCode(...all.subarray(0, NONCE_CHARACTERS)),
      sequence: view.getUint32(NONCE_CHARACTERS),
      header: all.subarray(PREFIX, PREFIX + headerLength),
      payload: Uint8Array.prototype.slice.call(all, PREFIX + headerLength, end),
    };
  }

  private joined(): Uint8Array {
    if (this.pieces.length > 1) {
      const all = new Uint8Array(this.held);
      let at = 0;
      for (const piece of this.pieces) {
        all.set(piece, at);
        at += piece.length;
      }
      this.pieces = [all];
    }
    return this.pieces[0];
  }
}

// --- internal ---

const PREFIX = NONCE_CHARACTERS + 12;

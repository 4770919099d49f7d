// The header of a message as MessagePack and back, hardened: no float, no __proto__, nothing over the size cap.

import { Int64BE, Uint64BE } from 'int64-buffer';
import msgpack from 'msgpack-lite';
import type { Plain, PlainMap } from '../../../../cases/serialise.ts';

export const PROTOCOL = 1;

/** Bytes that a header may have, in both directions. */
export const HEADER_LIMIT_BYTES = 16 << 20;

/** A message that breaks the protocol; the text says what is wrong in it. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

export function encodeHeader(header: PlainMap): Buffer {
  return msgpack.encode(forMsgpack(header), { codec: CODEC });
}

/** Throws ProtocolError for whatever is not one MessagePack map with harmless keys. */
export function decodeHeader(bytes: Uint8Array): unknown {
  if (bytes.length > HEADER_LIMIT_BYTES) {
    throw new ProtocolError(`the header has ${bytes.length} bytes; the limit is ${HEADER_LIMIT_BYTES}`);
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    if (FORBIDDEN_KEYS.some((key) => buffer.includes(key))) refuseForbiddenKeys(msgpack.decode(buffer, MAPS), 'header');
    return msgpack.decode(buffer, { codec: CODEC });
  } catch (problem) {
    if (problem instanceof ProtocolError) throw problem;
    throw new ProtocolError(`the header is no MessagePack: ${problem instanceof Error ? problem.message : problem}`);
  }
}

// --- internal ---

const CODEC = msgpack.createCodec();
const MAPS = { codec: msgpack.createCodec({ usemap: true }) };
const FORBIDDEN_KEYS = ['__proto__', 'constructor', 'prototype'];

/**
 * msgpack-lite knows bytes only as Buffer, and writes integers over 32 bits as floats unless they are int64-buffer's. Whatever
 * holds neither is given back itself, not copied.
 */
function forMsgpack(plain: Plain): unknown {
  if (typeof plain === 'number') return plain === (plain | 0) ? plain : wideInteger(plain);
  if (typeof plain !== 'object' || plain === null) return plain;
  if (plain instanceof Uint8Array) return Buffer.from(plain.buffer, plain.byteOffset, plain.length);
  if (Array.isArray(plain)) return listForMsgpack(plain);
  let copy: Record<string, unknown> | null = null;
  const map = plain as PlainMap; // lists and bytes have left above
  for (const key in map) {
    const item = forMsgpack(map[key]);
    if (item === map[key]) continue;
    copy ??= { ...map };
    copy[key] = item;
  }
  return copy ?? plain;
}

function listForMsgpack(list: readonly Plain[]): unknown {
  let copy: unknown[] | null = null;
  for (let i = 0; i < list.length; i++) {
    const item = forMsgpack(list[i]);
    if (item === list[i]) continue;
    copy ??= [...list];
    copy[i] = item;
  }
  return copy ?? list;
}

function wideInteger(n: number): unknown {
  if (!Number.isSafeInteger(n))
    throw new ProtocolError(`${n} is no integer below 2^53; a real number travels as {float}`);
  return n > 0 ? new Uint64BE(n) : new Int64BE(n);
}

/** Words like `constructor` are legal as values, so a suspicious header is decoded into Maps and its keys are looked at. */
function refuseForbiddenKeys(value: unknown, place: string): void {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) refuseForbiddenKeys(value[i], `${place}[${i}]`);
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      if (FORBIDDEN_KEYS.includes(String(key)))
        throw new ProtocolError(`${place} has the key ${key}, which is refused`);
      refuseForbiddenKeys(item, `${place}.${key}`);
    }
  }
}

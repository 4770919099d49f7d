// A header as MessagePack bytes and back, without any API of Node: for ids that must be the same everywhere. The wire has its own.

import msgpack from 'msgpack-lite';
import { MalformedHeader, type Plain } from './header.ts';

export function packHeader(header: Plain): Uint8Array {
  return msgpack.encode(withBuffers(header), { codec: CODEC });
}

/** Throws MalformedHeader for what is no MessagePack, or holds what a header may not. */
export function unpackHeader(bytes: Uint8Array): Plain {
  let raw: unknown;
  try {
    raw = msgpack.decode(bytes, { codec: CODEC });
  } catch (problem) {
    throw new MalformedHeader(`the header is no MessagePack: ${problem instanceof Error ? problem.message : problem}`);
  }
  return withArrays(raw, 'header', 0);
}

// --- internal ---

/** Bytes as ArrayBuffer (the one kind this library packs as such on every platform), maps as Map (no key is special). */
const CODEC = msgpack.createCodec({ uint8array: true, binarraybuffer: true, usemap: true });

const DEPTH_LIMIT = 32;

function withBuffers(plain: Plain): unknown {
  if (typeof plain !== 'object' || plain === null) return plain;
  if (plain instanceof Uint8Array) return new Uint8Array(plain).buffer;
  if (Array.isArray(plain)) return plain.map(withBuffers);
  return new Map(Object.entries(plain).map(([key, value]) => [key, withBuffers(value)]));
}

function withArrays(raw: unknown, place: string, depth: number): Plain {
  if (depth > DEPTH_LIMIT) throw new MalformedHeader(`${place} lies more than ${DEPTH_LIMIT} levels deep`);
  if (raw === null || typeof raw === 'boolean' || typeof raw === 'string') return raw;
  if (typeof raw === 'number') {
    if (Number.isSafeInteger(raw)) return raw;
    throw new MalformedHeader(`${place} is ${raw}; numbers of a header are whole and below 2^53`);
  }
  if (raw instanceof ArrayBuffer) return new Uint8Array(raw);
  if (Array.isArray(raw)) return raw.map((item, i) => withArrays(item, `${place}[${i}]`, depth + 1));
  if (!(raw instanceof Map)) throw new MalformedHeader(`${place} is ${typeof raw}, which a header may not hold`);
  const map: Record<string, Plain> = Object.create(null);
  for (const [key, value] of raw) {
    if (typeof key !== 'string' || key === '__proto__') {
      throw new MalformedHeader(`${place} has the key ${String(key)}; keys are strings other than __proto__`);
    }
    map[key] = withArrays(value, `${place}.${key}`, depth + 1);
  }
  return map;
}

// Frames as text that people and tests read: the header as JSON, then every byte of every frame in hexadecimal.

import { decodeHeader } from '../../ts-impl/conformance/subjects/wire/header.ts';
import type { Frames } from '../../ts-impl/conformance/subjects/wire/request.ts';

const BYTES_PER_LINE = 24;

export function renderFrames(frames: Frames): string {
  const header = JSON.stringify(decodeHeader(frames[0]), showBytes, 1)
    .replaceAll(/\[\n\s+([^[\]{}]*?)\n\s+\]/g, (_, items: string) => `[${items.replaceAll(/\s*\n\s*/g, ' ')}]`)
    .replaceAll(/\{\n\s+([^[\]{}]*?)\n\s+\}/g, (_, items: string) => `{${items.replaceAll(/\s*\n\s*/g, ' ')}}`);
  return `${header}\n\n${frames.map(renderFrame).join('\n')}`;
}

// --- internal ---

function renderFrame(frame: Uint8Array, index: number): string {
  const lines = [`frame ${index}: ${frame.length} bytes${index === 0 ? ', the header' : ''}`];
  for (let at = 0; at < frame.length; at += BYTES_PER_LINE) {
    const line = frame.subarray(at, at + BYTES_PER_LINE);
    const text = Array.from(line, (b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('');
    lines.push(
      `  ${Buffer.from(line)
        .toString('hex')
        .padEnd(2 * BYTES_PER_LINE)}  ${text}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Raw bytes, which JSON.stringify has made plain objects of by the time it asks. */
function showBytes(_: string, value: unknown): unknown {
  const isBuffer = typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer';
  return isBuffer && 'data' in value ? `bytes ${Buffer.from(value.data as number[]).toString('hex')}` : value; // Buffer.toJSON
}

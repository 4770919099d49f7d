// State dicts as .safetensors files: bytes in, named tensors out, and back. It opens no file and believes nothing that the bytes say.

import { rawBytes, storageFromBytes } from '../tensor/bytes.ts';
import { type Dtype, itemSize } from '../tensor/dtype.ts';
import { contiguous, fromStorage } from '../tensor/tensor.ts';
import type { StateDict, StateEntry } from './state-dict.ts';

/** A file has no state dict version: loading it is like loading a dict without metadata, as `safetensors.torch.load_file` gives. */
export interface SafetensorsFile extends StateDict {
  readonly version: null;
  /** The strings of `__metadata__`, by name; empty where there is none. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** What is wrong with a file, and where. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
}

/**
 * The tensors of a .safetensors file, in the order of its header, each with memory of its own. F16, BF16, F32, F64 and I64 are known.
 * Throws SafetensorsError for anything that is not as the format says to the byte: sizes, offsets, gaps, repeated names, what is left over.
 */
export function loadSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, start } = readHeader(bytes);
  const entries: StateEntry[] = [];
  const metadata = new Map<string, string>();
  const spans: Span[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) readMetadata(value, metadata);
    else {
      const span = readSpan(name, value);
      spans.push(span);
      if (span.end > bytes.length - start) {
        throw wrong(`${quote(name)} ends at byte ${span.end} of the data, which has ${bytes.length - start}`);
      }
      const storage = storageFromBytes(span.dtype, bytes, start + span.begin, (span.end - span.begin) / span.itemSize);
      entries.push({ name, tensor: fromStorage(span.dtype, span.shape, storage) });
    }
  }
  checkWithoutGaps(spans, bytes.length - start);
  return { entries, version: null, metadata };
}

/**
 * The file that holds these tensors, the same bytes as the Python package writes: the widest dtype first, then by name. The version of the
 * state dict has no place in it. Throws SafetensorsError for a name that is given twice or reserved.
 */
export function saveSafetensors(
  state: Pick<StateDict, 'entries'>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = state.entries.map(({ name, tensor }) => ({ name, tensor: contiguous(tensor) }));
  sorted.sort((a, b) => RANK[a.tensor.dtype] - RANK[b.tensor.dtype] || compareUtf8(a.name, b.name));
  const fields: string[] = [];
  const names = Object.keys(metadata).sort(compareUtf8);
  if (names.length > 0) {
    const strings = names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(metadata[name])}`);
    fields.push(`${JSON.stringify(METADATA)}:{${strings.join(',')}}`);
  }
  const seen = new Set<string>([METADATA]);
  let size = 0;
  for (const { name, tensor } of sorted) {
    if (seen.has(name)) throw wrong(`the name ${quote(name)} is given twice, or reserved for the metadata`);
    seen.add(name);
    const end = size + tensor.storage.byteLength;
    const dtype = JSON.stringify(WRITTEN[tensor.dtype]);
    fields.push(
      `${JSON.stringify(name)}:{"dtype":${dtype},"shape":[${tensor.shape.join(',')}],"data_offsets":[${size},${end}]}`,
    );
    size = end;
  }
  const text = new TextEncoder().encode(`{${fields.join(',')}}`);
  const padded = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + size).fill(SPACE, 8, 8 + padded);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  let at = 8 + padded;
  for (const { tensor } of sorted) {
    bytes.set(rawBytes(tensor.storage), at);
    at += tensor.storage.byteLength;
  }
  return bytes;
}

// --- internal ---

const METADATA = '__metadata__';
const SPACE = 0x20;

/** The format's own limit on the header. */
const MAX_HEADER_BYTES = 100_000_000;

const READ: ReadonlyMap<unknown, Dtype> = new Map([
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['F32', 'float32'],
  ['F64', 'float64'],
  ['I64', 'int64'],
]);
const WRITTEN: Readonly<Record<Dtype, string>> = {
  float16: 'F16',
  bfloat16: 'BF16',
  float32: 'F32',
  float64: 'F64',
  int64: 'I64',
};

/** The order in which dtypes are written. */
const RANK: Readonly<Record<Dtype, number>> = { int64: 0, float64: 1, float32: 2, bfloat16: 3, float16: 4 };

interface Span {
  readonly name: string;
  readonly dtype: Dtype;
  readonly itemSize: number;
  readonly shape: readonly number[];
  /** Bytes of the data, the end not included. */
  readonly begin: number;
  readonly end: number;
}

function wrong(message: string): SafetensorsError {
  return new SafetensorsError(message);
}

function quote(name: string): string {
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
  return JSON.stringify(shown);
}

function readHeader(bytes: Uint8Array): { readonly header: Readonly<Record<string, unknown>>; readonly start: number } {
  if (bytes.length < 8) throw wrong(`the file has ${bytes.length} bytes; the first 8 must say how long its header is`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw wrong(`the header would be ${length} bytes long; the format allows ${MAX_HEADER_BYTES}`);
  }
  const start = 8 + Number(length);
  if (start > bytes.length)
    throw wrong(`the header is ${length} bytes long, but ${bytes.length - 8} follow its length`);
  const text = decode(bytes.subarray(8, start));
  if (!text.startsWith('{')) throw wrong('the header does not begin with {');
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (problem) {
    throw wrong(`the header is no JSON: ${problem instanceof Error ? problem.message.slice(0, 120) : ''}`);
  }
  checkWriting(text);
  return { header: asMap(header, 'the header'), start };
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw wrong('the header is not UTF-8');
  }
}

/** What JSON.parse lets pass: a name given twice, of which it takes the last, and whole numbers written as 1.0. `text` is JSON that was parsed. */
function checkWriting(text: string): void {
  const open: (Set<string> | null)[] = []; // null for a list
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]|-?\d[\d.eE+-]*/g;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [word] = match;
    if (word === '{') open.push(new Set());
    else if (word === '[') open.push(null);
    else if (word === '}' || word === ']') open.pop();
    else if (word[0] !== '"') {
      if (!/^-?\d+$/.test(word))
        throw wrong(`the header holds the number ${word.slice(0, 30)}, which is not written as whole`);
    } else if (isName(text, token.lastIndex)) {
      const names = open[open.length - 1];
      const name = JSON.parse(word) as string; // a string of the JSON that was parsed
      if (names?.has(name)) throw wrong(`the header has the name ${quote(name)} twice`);
      names?.add(name);
    }
  }
}

/** Whether the string that ends before `at` is the name of something: a colon follows it. */
function isName(text: string, at: number): boolean {
  let next = at;
  while (' \t\n\r'.includes(text[next] ?? '.')) next++;
  return text[next] === ':';
}

function asMap(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(`${place} is no map`);
  return value as Readonly<Record<string, unknown>>; // just looked at; its values are still unknown
}

function readMetadata(value: unknown, into: Map<string, string>): void {
  for (const [name, word] of Object.entries(asMap(value, METADATA))) {
    if (typeof word !== 'string') throw wrong(`${METADATA} may hold strings alone, but ${quote(name)} is none`);
    into.set(name, word);
  }
}

function readSpan(name: string, value: unknown): Span {
  const fields = asMap(value, quote(name));
  const stray = Object.keys(fields).find((field) => field !== 'dtype' && field !== 'shape' && field !== 'data_offsets');
  if (stray !== undefined) throw wrong(`${quote(name)} has a field ${quote(stray)}, which is none of the format's`);
  const dtype = READ.get(fields.dtype);
  if (dtype === undefined) {
    const given = typeof fields.dtype === 'string' ? quote(fields.dtype) : typeof fields.dtype;
    throw wrong(`${quote(name)} has the dtype ${given}; those held here are ${[...READ.keys()].join(', ')}`);
  }
  const shape = wholeNumbers(fields.shape, `the shape of ${quote(name)}`);
  const offsets = wholeNumbers(fields.data_offsets, `data_offsets of ${quote(name)}`);
  if (offsets.length !== 2) throw wrong(`data_offsets of ${quote(name)} has ${offsets.length} numbers, expected 2`);
  const [begin, end] = offsets;
  const size = itemSize(dtype);
  const expected = bytesOf(shape, size);
  if (end - begin !== expected) {
    throw wrong(
      `${quote(name)} lies from byte ${begin} to ${end}, but ${WRITTEN[dtype]} of shape [${shape.join(', ')}] is ${expected} bytes`,
    );
  }
  return { name, dtype, itemSize: size, shape, begin, end };
}

function wholeNumbers(value: unknown, place: string): readonly number[] {
  if (!Array.isArray(value)) throw wrong(`${place} is no list`);
  return value.map((n: unknown) => {
    if (typeof n !== 'number' || !Number.isSafeInteger(n) || n < 0 || Object.is(n, -0)) {
      throw wrong(`${place} holds ${typeof n === 'number' ? n : typeof n}, expected whole numbers from 0`);
    }
    return n;
  });
}

/** Infinite, and so never equal to a span, where a factor leaves what can be counted. */
function bytesOf(shape: readonly number[], size: number): number {
  let bytes = size;
  for (const n of shape) {
    bytes *= n;
    if (!Number.isSafeInteger(bytes)) return Number.POSITIVE_INFINITY;
  }
  return bytes;
}

/** The data is the tensors one after the other and nothing else. */
function checkWithoutGaps(spans: readonly Span[], size: number): void {
  let at = 0;
  for (const { name, begin, end } of [...spans].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) {
      const how = begin < at ? `overlaps what ends at ${at}` : `leaves a gap from byte ${at}`;
      throw wrong(`${quote(name)} begins at byte ${begin} and ${how}`);
    }
    at = end;
  }
  if (at !== size) throw wrong(`the tensors take ${at} bytes, but the data has ${size}`);
}

/** By Unicode code points, as bytes of UTF-8 compare. */
function compareUtf8(a: string, b: string): number {
  const [x, y] = [a, b].map((s) => new TextEncoder().encode(s));
  for (let i = 0; i < x.length && i < y.length; i++) if (x[i] !== y[i]) return x[i] - y[i];
  return x.length - y.length;
}

// .safetensors files: by hand, there and back, hostile ones, and against the Python package in both directions.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { BatchNorm2d, loadSafetensors, SafetensorsError, saveSafetensors } from '../../ts-impl/norms/index.ts';
import type { StateEntry } from '../../ts-impl/norms/state-dict.ts';
import { rawBytes, storageFromBytes } from '../../ts-impl/tensor/bytes.ts';
import { DTYPES, type Dtype, itemSize } from '../../ts-impl/tensor/dtype.ts';
import { type Shape, sizeOf } from '../../ts-impl/tensor/shape.ts';
import { fromStorage, tensor } from '../../ts-impl/tensor/tensor.ts';
import { transpose } from '../../ts-impl/tensor/views.ts';
import { hasPython, PYTHON } from '../conformance/subjects/live-python.ts';
import { madeUp } from './made-up.ts';

/** A file of this header text and that many bytes of data. */
function file(header: string, data: number | Uint8Array = 0, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const tail = typeof data === 'number' ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + text.length + tail.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(tail, 8 + text.length);
  return bytes;
}

const field = (dtype: string, shape: string, offsets: string) =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

/** Any tensor of the five dtypes, bit patterns and all. */
const anyTensor = fc
  .tuple(fc.constantFrom(...DTYPES), fc.array(fc.nat(3), { maxLength: 4 }), fc.infiniteStream(fc.nat(255)))
  .map(([dtype, shape, stream]) => make(dtype, shape, stream));

function make(dtype: Dtype, shape: Shape, stream: Iterator<number>): StateEntry['tensor'] {
  const bytes = Uint8Array.from({ length: sizeOf(shape) * itemSize(dtype) }, () => Number(stream.next().value));
  return fromStorage(dtype, shape, storageFromBytes(dtype, bytes, 0, sizeOf(shape)));
}

const anyName = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((name) => name !== '__metadata__');
const anyState = fc
  .uniqueArray(fc.tuple(anyName, anyTensor), { selector: ([name]) => name, maxLength: 6 })
  .map((pairs): StateEntry[] => pairs.map(([name, t]) => ({ name, tensor: t })));
const anyMetadata = fc.dictionary(anyName, fc.string({ unit: 'grapheme', maxLength: 9 }), {
  maxKeys: 3,
  noNullPrototype: true,
});

/** What a file says, as plain data that can be compared. */
function plain(entries: readonly StateEntry[]): Record<string, unknown> {
  return Object.fromEntries(
    entries.map(({ name, tensor: t }) => [
      name,
      [t.dtype, [...t.shape], Buffer.from(rawBytes(t.storage)).toString('hex')],
    ]),
  );
}

describe('a file', () => {
  test('is read byte by byte as the format says', () => {
    const data = Uint8Array.from([...rawBytes(Float32Array.of(1.5, -2)), 0x00, 0x3c]);
    const header = `{"__metadata__":{"format":"pt"},"b":${field('F32', '[2]', '[0,8]')},"a":${field('F16', '[]', '[8,10]')}}   `;
    const { entries, metadata, version } = loadSafetensors(file(header, data));
    expect(version).toBeNull();
    expect([...metadata]).toEqual([['format', 'pt']]);
    expect(entries.map(({ name }) => name)).toEqual(['b', 'a']);
    expect(entries[0].tensor).toEqual(tensor([1.5, -2], [2], 'float32'));
    expect(entries[1].tensor).toMatchObject({ dtype: 'float16', shape: [], storage: Uint16Array.of(0x3c00) });
  });

  test('of nothing is legal, and tensors of no element lie anywhere between', () => {
    expect(loadSafetensors(file('{}')).entries).toEqual([]);
    const empty = loadSafetensors(
      file(`{"e":${field('F64', '[0,7]', '[0,0]')},"x":${field('I64', '[1]', '[0,8]')}}`, 8),
    );
    expect(empty.entries[0].tensor.shape).toEqual([0, 7]);
    expect(saveSafetensors({ entries: [] })).toEqual(file('{}      '));
  });

  test('holds what a layer saves, in an order of its own, and gives the layer back', () => {
    const layer = new BatchNorm2d(3, { dtype: 'float64' });
    layer.forward(madeUp([2, 3, 2, 2]));
    const bytes = saveSafetensors(layer.stateDict(), { format: 'pt' });
    expect((bytes.length - 8) % 8).toBe(0);
    const other = new BatchNorm2d(3, { dtype: 'float64' });
    expect(other.loadStateDict(loadSafetensors(bytes))).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect(plain(other.stateDict().entries)).toEqual(plain(layer.stateDict().entries));
  });

  test('takes views in index order, and gives memory of its own', () => {
    const view = transpose(tensor([1, 2, 3, 4, 5, 6], [2, 3], 'float32'), 0, 1);
    const bytes = saveSafetensors({ entries: [{ name: 'v', tensor: view }] });
    const [{ tensor: back }] = loadSafetensors(bytes).entries;
    expect(back).toEqual(tensor([1, 4, 2, 5, 3, 6], [3, 2], 'float32'));
    const before = bytes.slice();
    back.storage[0] = 9;
    expect(bytes).toEqual(before);
  });

  test('comes back as it went, from any place in memory', () => {
    fc.assert(
      fc.property(anyState, anyMetadata, fc.nat(9), (entries, metadata, shift) => {
        const bytes = saveSafetensors({ entries }, metadata);
        const shifted = new Uint8Array(bytes.length + shift).subarray(shift);
        shifted.set(bytes);
        const back = loadSafetensors(shifted);
        expect(plain(back.entries)).toEqual(plain(entries));
        expect(Object.fromEntries(back.metadata)).toEqual(metadata);
      }),
      { numRuns: 200 },
    );
  });

  test('cannot be written with a name twice, or the reserved one', () => {
    const one = { name: 'a', tensor: madeUp([1]) };
    expect(() => saveSafetensors({ entries: [one, one] })).toThrow(/"a" is given twice/);
    expect(() => saveSafetensors({ entries: [{ ...one, name: '__metadata__' }] })).toThrow(SafetensorsError);
  });
});

/** Each with a word of what is said of it. */
const HOSTILE: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['no bytes', new Uint8Array(0), /0 bytes/],
  ['seven bytes', new Uint8Array(7), /7 bytes/],
  ['a header longer than the file', file('{}', 0, 3n), /3 bytes long, but 2 follow/],
  ['a header of 2^63 bytes', file('{}', 0, 1n << 63n), /the format allows/],
  ['a header over the limit', file('{}', 0, 100_000_001n), /the format allows/],
  ['an empty header', file(''), /begin with/],
  ['a list', file('[]'), /begin with/],
  ['white space first', file(' {}'), /begin with/],
  ['a byte order mark', file('\uFEFF{}'), /begin with/],
  ['no JSON', file('{"a":}'), /no JSON/],
  ['two values', file('{}{}'), /no JSON/],
  ['no UTF-8', file('{"a', Uint8Array.of(0xff), 4n), /UTF-8/],
  ['a tensor that is no map', file('{"a":3}'), /no map/],
  ['a null', file('{"a":null}'), /no map/],
  ['a repeated tensor', file(`{"a":${field('F32', '[0]', '[0,0]')},"a":${field('F32', '[0]', '[0,0]')}}`), /"a" twice/],
  [
    'a name repeated by an escape',
    file(`{"a":${field('F32', '[0]', '[0,0]')},"\\u0061":${field('F32', '[0]', '[0,0]')}}`),
    /"a" twice/,
  ],
  ['a repeated field', file('{"a":{"dtype":"F32","dtype":"F64","shape":[0],"data_offsets":[0,0]}}'), /"dtype" twice/],
  ['repeated metadata', file('{"__metadata__":{"x":"1","x":"2"}}'), /"x" twice/],
  ['metadata of numbers', file('{"__metadata__":{"x":1}}'), /strings alone/],
  ['metadata of a list', file('{"__metadata__":[]}'), /no map/],
  ['a stray field', file('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"x":1}}'), /a field "x"/],
  ['no dtype', file('{"a":{"shape":[0],"data_offsets":[0,0]}}'), /dtype undefined/],
  ['an unknown dtype', file(`{"a":${field('I32', '[1]', '[0,4]')}}`, 4), /dtype "I32"/],
  ['a dtype of the prototype', file(`{"a":${field('constructor', '[1]', '[0,4]')}}`, 4), /dtype "constructor"/],
  ['no shape', file('{"a":{"dtype":"F32","data_offsets":[0,0]}}'), /no list/],
  ['a negative size', file(`{"a":${field('F32', '[-1]', '[0,0]')}}`), /-1, expected whole/],
  ['minus zero', file(`{"a":${field('F32', '[-0]', '[0,0]')}}`), /expected whole/],
  ['a size of 0.5', file(`{"a":${field('F32', '[0.5]', '[0,2]')}}`, 2), /0\.5, which is not written as whole/],
  ['a size of 1.0', file(`{"a":${field('F32', '[1.0]', '[0,4]')}}`, 4), /1\.0, which is not written as whole/],
  ['a size of 1e400', file(`{"a":${field('F32', '[1e400]', '[0,4]')}}`, 4), /1e400/],
  ['a size as a string', file(`{"a":${field('F32', '["1"]', '[0,4]')}}`, 4), /string/],
  [
    'sizes whose product overflows',
    file(`{"a":${field('F32', '[4294967296,4294967296]', '[0,0]')}}`),
    /Infinity bytes/,
  ],
  [
    'a product that overflows to nothing',
    file(`{"a":${field('F32', '[9007199254740991,4,0]', '[0,0]')}}`),
    /Infinity bytes/,
  ],
  ['one offset', file(`{"a":${field('F32', '[1]', '[0]')}}`, 4), /1 numbers/],
  ['three offsets', file(`{"a":${field('F32', '[1]', '[0,4,8]')}}`, 8), /3 numbers/],
  ['offsets the wrong way round', file(`{"a":${field('F32', '[1]', '[4,0]')}}`, 4), /from byte 4 to 0/],
  ['too few bytes for the shape', file(`{"a":${field('F64', '[1]', '[0,4]')}}`, 4), /is 8 bytes/],
  ['an end past the data', file(`{"a":${field('F32', '[2]', '[0,8]')}}`, 4), /ends at byte 8 of the data, which has 4/],
  [
    'an end past all memory',
    file(`{"a":${field('F32', '[2251799813685247]', '[0,9007199254740988]')}}`, 4),
    /which has 4/,
  ],
  ['bytes left over', file(`{"a":${field('F32', '[1]', '[0,4]')}}`, 5), /take 4 bytes, but the data has 5/],
  ['data of no tensor', file('{}', 1), /take 0 bytes/],
  ['a gap', file(`{"a":${field('F32', '[1]', '[0,4]')},"b":${field('F32', '[1]', '[8,12]')}}`, 12), /gap from byte 4/],
  ['a gap at first', file(`{"a":${field('F32', '[1]', '[4,8]')}}`, 8), /gap from byte 0/],
  ['an overlap', file(`{"a":${field('F32', '[2]', '[0,8]')},"b":${field('F32', '[1]', '[4,8]')}}`, 8), /overlaps/],
  [
    'the same bytes twice',
    file(`{"a":${field('F32', '[1]', '[0,4]')},"b":${field('F32', '[1]', '[0,4]')}}`, 4),
    /overlaps/,
  ],
];

describe('a hostile file is refused in words of its own', () => {
  test.each(HOSTILE)('%s', (_, bytes, words) => {
    expect(() => loadSafetensors(bytes)).toThrow(SafetensorsError);
    expect(() => loadSafetensors(bytes)).toThrow(words);
  });

  test('no byte changed, and no end cut off, gives anything but a file or a SafetensorsError', () => {
    const entries = [
      { name: 'weight', tensor: madeUp([3], 'float32') },
      { name: 'n', tensor: tensor([7], [], 'int64') },
    ];
    const whole = saveSafetensors({ entries }, { format: 'pt' });
    let refused = 0;
    const attempt = (bytes: Uint8Array) => {
      try {
        loadSafetensors(bytes);
      } catch (problem) {
        expect(problem).toBeInstanceOf(SafetensorsError);
        refused++;
      }
    };
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => attempt(whole.with(at, value))),
      { numRuns: 2000 },
    );
    for (let end = 0; end < whole.length; end++) attempt(whole.slice(0, end));
    expect(refused).toBeGreaterThan(whole.length);
  });

  test('names of the prototype are names', () => {
    const header = `{"__proto__":${field('F32', '[1]', '[0,4]')},"constructor":${field('F32', '[0]', '[4,4]')}}`;
    expect(loadSafetensors(file(header, 4)).entries.map(({ name }) => name)).toEqual(['__proto__', 'constructor']);
  });
});

// --- against the Python package ---

const PEER = fileURLToPath(new URL('./safetensors_peer.py', import.meta.url));
const hasPackage = hasPython && execaSync(PYTHON, ['-c', 'import safetensors'], { reject: false }).exitCode === 0;
const NO_PACKAGE = 'no Python with the package safetensors';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function askPeer(orders: readonly unknown[]): Promise<readonly unknown[]> {
  const { stdout } = await execa(PYTHON, [PEER], { input: JSON.stringify(orders) });
  return JSON.parse(stdout) as unknown[];
}

function asPath(bytes: Uint8Array, k: number): string {
  const path = join(folder, `${k}.safetensors`);
  writeFileSync(path, bytes);
  return path;
}

describe.skipIf(!hasPackage)(`the Python package${hasPackage ? '' : ` (${NO_PACKAGE})`}`, () => {
  const states = fc.sample(fc.tuple(anyState, anyMetadata), { numRuns: 150, seed: 5 });

  test('reads what is written here, and writes the same bytes', async () => {
    const written = states.map(([entries, metadata]) => saveSafetensors({ entries }, metadata));
    const read = await askPeer(written.map((bytes, k) => ({ kind: 'read', path: asPath(bytes, k) })));
    read.forEach((found, k) => {
      const [entries, metadata] = states[k];
      expect(found).toEqual({ tensors: plain(entries), metadata });
    });
    const orders = states.map(([entries, metadata]) => {
      const tensors = entries.map(({ name, tensor: t }) => [
        name,
        t.dtype,
        t.shape,
        Buffer.from(rawBytes(t.storage)).toString('hex'),
      ]);
      return { kind: 'write', tensors, metadata };
    });
    const theirs = await askPeer(orders);
    let same = 0;
    theirs.forEach((hex, k) => {
      const bytes = Buffer.from(String(hex), 'hex');
      expect(plain(loadSafetensors(bytes).entries)).toEqual(plain(states[k][0]));
      expect(Object.fromEntries(loadSafetensors(bytes).metadata)).toEqual(states[k][1]);
      if (Object.keys(states[k][1]).length > 1) return; // of several strings of metadata theirs come in any order
      expect(Buffer.from(written[k]).toString('hex')).toBe(String(hex));
      same++;
    });
    expect(same).toBeGreaterThan(60);
  });

  test('refuses what is refused here, but for dtypes that it knows besides and what it is laxer about', async () => {
    const found = await askPeer(HOSTILE.map(([, bytes], k) => ({ kind: 'read', path: asPath(bytes, k) })));
    const taken = found.flatMap((answer, k) => (JSON.stringify(answer).startsWith('{"error"') ? [] : [HOSTILE[k][0]]));
    expect(taken).toEqual([
      'white space first',
      'a repeated tensor',
      'a name repeated by an escape',
      'repeated metadata',
      'a stray field',
      'an unknown dtype',
      'a product that overflows to nothing',
    ]);
  });
});

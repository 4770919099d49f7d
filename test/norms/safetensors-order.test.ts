// In which order a .safetensors file holds its tensors: the header that the Python package 0.8 wrote for the same tensors; and spans in any order.

import { expect, test } from 'vitest';
import { loadSafetensors, SafetensorsError, saveSafetensors } from '../../ts-impl/norms/index.ts';
import { tensor } from '../../ts-impl/tensor/tensor.ts';

const HEADER =
  '{"__metadata__":{"x":"1"},"z":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},"é":{"dtype":"I64","shape":[1],"data_offsets":[16,24]},"a":{"dtype":"F64","shape":[1],"data_offsets":[24,32]},"aa":{"dtype":"F32","shape":[0,2],"data_offsets":[32,32]},"aaa":{"dtype":"F32","shape":[1],"data_offsets":[32,36]},"b":{"dtype":"F32","shape":[1],"data_offsets":[36,40]},"\uffee":{"dtype":"F32","shape":[1],"data_offsets":[40,44]},"😀":{"dtype":"F32","shape":[1],"data_offsets":[44,48]},"ab":{"dtype":"BF16","shape":[1],"data_offsets":[48,50]},"c":{"dtype":"F16","shape":[1],"data_offsets":[50,52]}}';

function headerOf(bytes: Uint8Array): string {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return new TextDecoder().decode(bytes.subarray(8, 8 + length)).trimEnd();
}

test('the widest dtype first, then names as bytes of UTF-8 compare', () => {
  const entries = [
    { name: 'b', tensor: tensor([1.5], [1], 'float32') },
    { name: 'a', tensor: tensor([2], [1], 'float64') },
    { name: 'é', tensor: tensor([1], [1], 'int64') },
    { name: 'z', tensor: tensor([1, 2], [2], 'int64') },
    { name: 'c', tensor: tensor([1], [1], 'float16') },
    { name: 'ab', tensor: tensor([3], [1], 'bfloat16') },
    { name: 'aa', tensor: tensor([], [0, 2], 'float32') },
    { name: '😀', tensor: tensor([2.5], [1], 'float32') },
    { name: '\uffee', tensor: tensor([3.5], [1], 'float32') },
    { name: 'aaa', tensor: tensor([4.5], [1], 'float32') },
  ];
  for (const given of [entries, [...entries].reverse()]) {
    const bytes = saveSafetensors({ entries: given }, { x: '1' });
    expect(headerOf(bytes)).toBe(HEADER);
    expect(bytes.length).toBe(652);
  }
  const twoWords = saveSafetensors({ entries: [] }, { b: '2', a: '1', ab: '3' });
  expect(headerOf(twoWords)).toBe('{"__metadata__":{"a":"1","ab":"3","b":"2"}}');
});

/** A file whose two tensors of one float32 each lie from these bytes on. */
function twoSpans(first: number, second: number, size: number): Uint8Array {
  const at = (begin: number) => `{"dtype":"F32","shape":[1],"data_offsets":[${begin},${begin + 4}]}`;
  const text = new TextEncoder().encode(`{"first":${at(first)},"second":${at(second)}}`);
  const bytes = new Uint8Array(8 + text.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

test('spans may be named in any order, but leave no gap and do not overlap', () => {
  expect(
    loadSafetensors(twoSpans(4, 0, 8))
      .entries.map(({ name }) => name)
      .sort(),
  ).toEqual(['first', 'second']);
  expect(() => loadSafetensors(twoSpans(0, 5, 9))).toThrow('"second" begins at byte 5 and leaves a gap from byte 4');
  expect(() => loadSafetensors(twoSpans(2, 0, 6))).toThrow('"first" begins at byte 2 and overlaps what ends at 4');
});

test('words of a refusal', () => {
  const refused = (text: string) => () => {
    const header = new TextEncoder().encode(text);
    const bytes = new Uint8Array(8 + header.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(header, 8);
    loadSafetensors(bytes);
  };
  expect(refused('{"a"')).toThrow(/^the header is no JSON: ./);
  const long = 'x'.repeat(61);
  const of = (name: string) => `{"${name}":{"dtype":"F3","shape":[],"data_offsets":[0,4]}}`;
  expect(refused(of(long))).toThrow(`"${'x'.repeat(60)}…" has the dtype`);
  expect(refused(of('x'.repeat(60)))).toThrow(`"${'x'.repeat(60)}" has the dtype`);
  expect(refused(of('a'))).toThrow(/those held here are \w+, \w+/);
  expect(refused('{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}')).toThrow('the shape of "a"');
  expect(refused('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,-4]}}')).toThrow('data_offsets of "a"');
  expect(refused('{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,4]}}')).toThrow('of shape [2, 3] is 24 bytes');
  expect(refused('{"a" :1,"a":2}')).toThrow('the name "a" twice');
  expect(refused('{"a"\t\r\n:1,"a":2}')).toThrow('the name "a" twice');
  const problem = (() => {
    try {
      refused('[]')();
      return null;
    } catch (error) {
      return error;
    }
  })();
  expect(problem).toBeInstanceOf(SafetensorsError);
  expect(problem).toMatchObject({ name: 'SafetensorsError' });
});

// What the table of bits says: identical, or which layouts are not and by how much.

import { expect, test } from 'vitest';
import { type BitCount, bitsRows, DIRECTIONS } from '../../../ts-impl/conformance/report/bits.ts';

const count = (change: Partial<BitCount>): BitCount => ({
  layer: 'GroupNorm',
  dtype: 'float32',
  direction: 'forward',
  layout: 'contiguous',
  elements: 1000,
  identical: 1000,
  maxUlp: 0,
  ...change,
});
const word = (counts: readonly BitCount[], direction: BitCount['direction'] = 'forward') =>
  bitsRows(counts)[0].words[DIRECTIONS.indexOf(direction)];

test('identical only where every element of every layout is', () => {
  expect(word([count({}), count({ layout: 'strided' })])).toBe('identical');
  expect(word([count({}), count({ layout: 'strided', identical: 999, maxUlp: 3 })])).toBe(
    'identical but strided 99.90 %, 3 ULP',
  );
  expect(word([count({ identical: 0, maxUlp: 7 })])).toBe('contiguous 0.0 %, 7 ULP');
});

test('one element of many is never rounded away', () => {
  expect(word([count({ elements: 1e7, identical: 1e7 - 1, maxUlp: 1 })])).toBe('contiguous > 99.99 %, 1 ULP');
});

test('modes of one layout are added up, and the larger distance stands', () => {
  expect(word([count({ identical: 500, maxUlp: 9 }), count({ maxUlp: 2 })])).toBe('contiguous 75.0 %, 9 ULP');
  expect(word([count({ identical: 999, maxUlp: 'NaN' }), count({ identical: 999, maxUlp: 2 })])).toContain(
    'NaN on one side',
  );
});

test('a direction that was not asked is no claim', () => {
  expect(word([count({})], 'backward')).toBe('—');
  expect(word([count({ elements: 0, identical: 0, maxUlp: null })])).toBe('—');
});

test('dtypes of which the same is said share a row, others have their own', () => {
  const rows = bitsRows([
    count({ dtype: 'float16' }),
    count({ dtype: 'float32', identical: 1, maxUlp: 4 }),
    count({ dtype: 'float64' }),
    count({ dtype: 'int64', direction: 'buffers' }),
  ]);
  expect(rows.map(({ dtypes }) => dtypes)).toEqual([['float16', 'float64'], ['float32'], ['int64']]);
  expect(rows[2].words).toEqual(['—', '—', 'identical', '—']);
});

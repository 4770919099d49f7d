// Tolerances: how they are read, the table of torch to the digit, and a reason in every row.

import { describe, expect, test } from 'vitest';
import {
  BOUND_ROWS,
  formatTolerance,
  parseTolerance,
  rowBudgets,
  TORCH_ROWS,
  unitRoundoff,
} from '../../../ts-impl/conformance/judge/tolerance.ts';
import { DTYPES } from '../../../ts-impl/tensor/dtype.ts';

describe('parseTolerance', () => {
  test.each(['bound', 'torch', 'ulp:0', 'ulp:4'])('%s is read and written back', (words) => {
    expect(formatTolerance(parseTolerance(words))).toBe(words);
  });

  test.each(['', 'ulp', 'ulp:', 'ulp:-1', 'ulp:1.5', 'ulp:1e3', 'exact', 'Bound'])(
    '"%s" is refused with what is right',
    (words) => {
      expect(() => parseTolerance(words)).toThrow(/expected bound, torch or ulp:N/);
    },
  );
});

test('the rows of torch are those of torch.testing.assert_close', () => {
  const rows = Object.fromEntries(
    DTYPES.map((dtype) => [dtype, [TORCH_ROWS[dtype].relative, TORCH_ROWS[dtype].absolute]]),
  );
  expect(rows).toEqual({
    float16: [1e-3, 1e-5],
    bfloat16: [1.6e-2, 1e-5],
    float32: [1.3e-6, 1e-5],
    float64: [1e-7, 1e-7],
    int64: [0, 0],
  });
});

test('every row has a reason', () => {
  const reasons = [...Object.values(TORCH_ROWS), ...Object.values(BOUND_ROWS)].map(({ reason }) => reason);
  expect(reasons.length).toBe(DTYPES.length + 3);
  for (const reason of reasons) expect(reason.length).toBeGreaterThan(20);
});

test('a row becomes absolute + relative · |expected|', () => {
  expect([...rowBudgets({ absolute: 1, relative: 0.5 }, [-2, 0, 4])]).toEqual([2, 1, 3]);
});

test('one rounding costs half an epsilon', () => {
  expect(unitRoundoff('float32')).toBe(2 ** -24);
  expect(unitRoundoff('float64')).toBe(2 ** -53);
  expect(1 + unitRoundoff('float64')).toBe(1);
});

// The table of bytes per second, over a clock and a PyTorch that are made up.

import { expect, test } from 'vitest';
import type { Case } from '../../cases/case.ts';
import { measureThroughput, renderThroughput, type Throughput } from '../../ts-impl/cli/throughput.ts';

test('both sides see the same tensors, and the speeds are bytes of input and output over the median time', async () => {
  const asked: Case[] = [];
  const oracle = {
    floor: async ([c]: readonly Case[]) => {
      asked.push(c);
      return 0.5;
    },
  };
  let clock = 0;
  const now = () => (clock += 1000); // each forward of the port takes a second
  const rows: Throughput[] = [];
  for await (const row of measureThroughput(oracle, now, 1, new AbortController().signal, [[2, 64]])) rows.push(row);

  const forwards = asked[0].steps.filter((step) => step.kind === 'forward').length;
  expect(forwards).toBe(40);
  const float32 = rows.filter((row) => row.dtype === 'float32');
  expect(float32.map((row) => row.layer)).toEqual(['BatchNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm']);
  const bytes = 2 * forwards * 2 * 64 * 4;
  expect(float32[0].port).toBeCloseTo(bytes / 1e9, 12);
  expect(float32[0].torch).toBeCloseTo(bytes / 0.5 / 1e9, 12);
  expect(renderThroughput(float32)).toMatch(/BatchNorm1d\s*│\s*2×64\s*│\s*float32/);
});

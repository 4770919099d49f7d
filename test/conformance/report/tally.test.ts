// Counting: the worst elements are kept in order of their share, cells add up, and NaN stays the largest distance.

import { describe, expect, test } from 'vitest';
import { CellTally, shareOf, Tally } from '../../../ts-impl/conformance/report/tally.ts';
import type { TensorVerdict, Verdict, VerdictKind } from '../../../ts-impl/conformance/verdict.ts';
import { type Tensor, tensor } from '../../../ts-impl/tensor/tensor.ts';
import { caseOf } from '../judge/hand-made.ts';

function tensorVerdict(absolute: number, budget: number, more: Partial<TensorVerdict> = {}): TensorVerdict {
  const worst = {
    index: [0],
    expected: 1,
    actual: 1 + absolute,
    ulp: 3,
    absolute,
    relative: absolute,
    budget,
    nearer: null,
    oracleError: null,
    subjectError: null,
  };
  return {
    step: 0,
    tensor: 'output',
    direction: 'forward',
    mode: 'train',
    dtype: 'float32',
    elements: 4,
    identical: 3,
    within: 1,
    differs: 0,
    maxUlp: 3,
    maxAbsolute: absolute,
    maxRelative: absolute,
    worst,
    oracleAtFault: 0,
    ...more,
  };
}

const verdict = (id: string, kind: VerdictKind, tensors: readonly TensorVerdict[] = []): Verdict => ({
  case: id,
  kind,
  tensors,
  problems: [],
});

test('an error takes nothing of a budget that has no end', () => {
  expect(shareOf(1, 4)).toBe(0.25);
  expect(shareOf(0, 0)).toBe(0);
  expect(shareOf(Number.NaN, 4)).toBe(Number.POSITIVE_INFINITY);
  expect(shareOf(Number.NaN, Number.POSITIVE_INFINITY)).toBe(0);
});

describe('Tally', () => {
  test('ranks an allowed NaN below a number, and one that differs above', () => {
    const tally = new Tally();
    const one = (id: string, absolute: number, differs: number) =>
      tally.add(verdict(id, 'within', [tensorVerdict(absolute, 4, { differs })]));
    one('x1/allowed', Number.NaN, 0);
    one('x1/number', 1, 0);
    one('x1/wrong', Number.NaN, 1);
    expect(tally.worst().map((worst) => worst.case)).toEqual(['x1/wrong', 'x1/number', 'x1/allowed']);
  });

  test('counts each verdict once in its class', () => {
    const tally = new Tally();
    const kinds: VerdictKind[] = ['identical', 'within', 'within', 'differs', 'refused', 'unsupported', 'undecided'];
    for (const kind of kinds) tally.add(verdict('x1/a', kind));
    expect(tally.totals()).toEqual({
      cases: 7,
      identical: 1,
      within: 2,
      differs: 1,
      refused: 1,
      unsupported: 1,
      undecided: 1,
    });
  });

  test('keeps the five largest shares, largest first, the earlier of equals', () => {
    const tally = new Tally();
    const shares = [0.1, 0.9, 0.5, 0.9, 0.2, 0.7, 0.05];
    for (const [i, share] of shares.entries()) tally.add(verdict(`x1/${i}`, 'within', [tensorVerdict(share, 1)]));
    expect(tally.worst().map((w) => w.case)).toEqual(['x1/1', 'x1/3', 'x1/5', 'x1/2', 'x1/4']);
  });

  test('puts what is not finite first, in words that JSON has', () => {
    const tally = new Tally();
    tally.add(verdict('x1/a', 'differs', [tensorVerdict(5, 1)]));
    tally.add(verdict('x1/b', 'differs', [tensorVerdict(Number.NaN, 1, { differs: 1 })]));
    tally.add(verdict('x1/c', 'within', [tensorVerdict(0, 0)]));
    expect(tally.worst().map((w) => [w.case, w.absolute])).toEqual([
      ['x1/b', 'NaN'],
      ['x1/a', 5],
      ['x1/c', 0],
    ]);
  });
});

describe('CellTally', () => {
  test('adds up elements, counts a case once a cell, and keeps NaN', () => {
    const cells = new CellTally();
    const input = tensor([1, 2, 3, 4], [2, 2], 'float32');
    const c = caseOf([{ kind: 'forward', mode: 'train', input, gradient: false }]);
    cells.add(c, verdict('x1/a', 'within', [tensorVerdict(1, 2), tensorVerdict(1, 2)]));
    cells.add(c, verdict('x1/b', 'differs', [tensorVerdict(1, 2, { maxUlp: Number.NaN })]));
    cells.add(
      c,
      verdict('x1/c', 'within', [
        tensorVerdict(1, 2, { maxUlp: 9 }),
        tensorVerdict(1, 2, { direction: 'backward', maxUlp: null }),
      ]),
    );
    expect(cells.all()).toMatchObject([
      { direction: 'backward', layout: 'contiguous', cases: 1, elements: 4, maxUlp: null },
      { direction: 'forward', cases: 3, elements: 16, identicalElements: 12, within: 4, differs: 0, maxUlp: 'NaN' },
    ]);
  });

  test('files each step under the layout that its own input has', () => {
    const cells = new CellTally();
    const dense = tensor([1, 2, 3, 4, 5, 6], [2, 3], 'float32');
    const turned = { ...dense, shape: [3, 2], strides: [1, 3] };
    const forward = (input: Tensor) => ({ kind: 'forward', mode: 'train', input, gradient: false }) as const;
    const tensors = [0, 1].map((step) => ({ ...tensorVerdict(1, 2), step }));
    cells.add(caseOf([forward(dense), forward(turned)]), verdict('x1/a', 'within', tensors));
    expect(cells.all().map(({ layout, elements }) => [layout, elements])).toEqual([
      ['contiguous', 4],
      ['strided', 4],
    ]);
  });
});

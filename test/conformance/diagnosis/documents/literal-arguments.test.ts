// Arguments that a user writes for a constructor are read as Python reads literals, and anything else is refused with what is wrong.

import { describe, expect, it } from 'vitest';
import { bool, float, int, ints, list, none, text } from '../../../../cases/case.ts';
import { parseLiteralCall } from '../../../../ts-impl/conformance/diagnosis/documents/literal-arguments.ts';

describe('parseLiteralCall', () => {
  it('reads values by position and by name, ints and floats apart', () => {
    expect(parseLiteralCall('6, eps=1e-3, affine=True, momentum=None')).toMatchObject({
      name: null,
      positional: [int(6)],
      named: { eps: float(1e-3), affine: bool(true), momentum: none },
    });
  });

  it('reads a call, lists, tuples, strings and negative numbers', () => {
    expect(parseLiteralCall(`My_Norm((6, 5, 7), mode='train', axis=-1, sizes=[[1], []], x=.5)`)).toMatchObject({
      name: 'My_Norm',
      positional: [ints([6, 5, 7])],
      named: { mode: text('train'), axis: int(-1), sizes: list([ints([1]), list([])]), x: float(0.5) },
    });
  });

  it('reads nothing as no arguments', () =>
    expect(parseLiteralCall('  ')).toMatchObject({ positional: [], named: {} }));

  it.each([
    ['6, eps=', /missing at its end/],
    ['eps=1e-3, 6', /without a name follows/],
    ['eps=1, eps=2', /eps is given twice/],
    ['dim=size', /size is a name/],
    ['6 7', /expected ","/],
    ['a=__import__("os")', /__import__ is a name/],
    ['6 @ 7', /no Python literal/],
    ['(6', /missing|expected/],
  ])('refuses %s', (source, why) => {
    expect(parseLiteralCall(source)).toMatchObject({ problem: expect.stringMatching(why) });
  });
});

// Case ids: remade from their numbers or read whole, and every malformed one refused with its rule.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caseFromId, decodeCaseFile, encodeCaseFile, IdError, withLiteralId } from '../../cases/case-id.ts';
import { FAMILY_NAMES, generate, nthIndex } from '../../cases/g1/generate.ts';
import { cases, expectSame } from './arbitrary-cases.ts';

const families = fc.constantFrom(...FAMILY_NAMES);

describe('generated ids', () => {
  test('remake their case', () => {
    fc.assert(
      fc.property(families, fc.maxSafeInteger(), fc.maxSafeInteger(), (family, s, i) => {
        const c = generate(family, Math.abs(s), nthIndex(family, Math.abs(i) % 2 ** 40));
        expect(c.id).toMatch(/^g1\/[A-Za-z0-9._=/-]+$/);
        expectSame(caseFromId(c.id), c);
      }),
    );
  });

  test('name the case in words', () => {
    expect(generate('refusals', 0, 0).id).toBe('g1/refusals/0/0/BatchNorm1d.f32.3.train.rank-1');
    expect(generate('empty', 7, 0).id).toBe('g1/empty/7/0/BatchNorm1d.f32.0x3.train-eval.train-0x3');
  });
});

describe('literal ids', () => {
  test('hold any case whole', () => {
    fc.assert(
      fc.property(cases, (c) => {
        const literal = withLiteralId(c);
        expect(literal.id).toMatch(/^x1\/[A-Za-z0-9_-]+$/);
        const back = caseFromId(literal.id);
        expect(back.id).toBe(literal.id);
        expectSame(back, c);
        expect(decodeCaseFile(encodeCaseFile(c))).toEqual(back);
      }),
      { numRuns: 50 },
    );
  });

  test('do not depend on the id the case had', () => {
    const c = generate('ordinary', 0, 1);
    expect(withLiteralId(withLiteralId(c)).id).toBe(withLiteralId(c).id);
  });
});

describe('caseFromId', () => {
  const literal = withLiteralId(generate('refusals', 0, 0)).id;

  test.each([
    ['', /begins with none of g1\/ .* b1\/ .* and x1\//],
    ['g2/ordinary/0/0/x', /begins with none of/],
    ['g1/ordinary/0/0', /has 4 parts; a generated id is g1\/<family>\/<seed>\/<index>\/<summary>/],
    ['g1/sunny/0/0/x', /names the family "sunny"; the families are ordinary, large-mean/],
    ['g1/toString/0/0/x', /names the family "toString"/],
    ['g1/ordinary/-1/0/x', /has the seed "-1"; it is a whole number below 2\^53/],
    ['g1/ordinary/0/01/x', /has the index "01"/],
    ['g1/ordinary/0/9007199254740992/x', /has the index "9007199254740992"/],
    ['g1/refusals/0/900/x', /has the index 900, and refusals has no such row/],
    ['g1/ordinary/0/0/LayerNorm.f32.1.train', /does not match its case, whose id is g1\/ordinary\/0\/0\/BatchNorm1d/],
    ['g1/ordinary/0/0/a b', /holds " "; an id is made of letters/],
    ['x1/é', /holds "é"; an id is made of/],
    ['x1/', /has 0 bytes; it is cut short/],
    ['x1/A', /no bytes give; it is cut short/],
    ['x1/a=b.', /holds "=" after x1\/; base64url/],
    [`x1/${'A'.repeat(40)}`, /the literal case does not read/],
    [`x1/AAAAAQ${'A'.repeat(40)}`, /claims 16777216 bytes, more than its 34 can hold/],
    [`x1/${'_'.repeat(40)}`, /claims 4294967295 bytes; the limit is/],
    [literal.slice(0, -9), /the literal case does not read/],
    [literal.replace(/^x1\/../, 'x1/AA'), /the literal case does not read/],
  ])('refuses %s', (id, message) => {
    expect(() => caseFromId(id)).toThrow(IdError);
    expect(() => caseFromId(id)).toThrow(message);
  });

  test('answers every damaged literal id with a case or an IdError', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(literal.length - 4), fc.constantFrom('A', 'q', '9', '_'), (at, letter) => {
        const id = `${literal.slice(0, 3 + at)}${letter}${literal.slice(4 + at)}`;
        try {
          expect(caseFromId(id).id).toBe(id);
        } catch (problem) {
          expect(problem).toBeInstanceOf(IdError);
          refused++;
        }
      }),
    );
    expect(refused).toBeGreaterThan(0);
  });
});

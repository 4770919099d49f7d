// The table of bits in README.md is the one that the committed claims make; that the claims are true is asked of live PyTorch elsewhere.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withBits } from '../../ts-impl/conformance/report/render-bits.ts';
import { readClaims } from '../../ts-impl/conformance/subjects/embedded/claims-file.ts';

const README = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');

test('README.md has the table of the claims', () => {
  const claims = readClaims();
  expect(withBits(README, claims)).toBe(README);
  expect(README).toContain('| BatchNorm2d |');
});

test('a claim that changes changes the table, and a document without a place for it is refused', () => {
  const claims = readClaims();
  const [first, ...others] = claims.rows;
  const worse = {
    ...claims,
    rows: [{ ...first, identical: first.identical - 1, within: first.within + 1, maxUlp: 1 }, ...others],
  };
  expect(withBits(README, worse)).not.toBe(README);
  expect(() => withBits('# Nothing here', claims)).toThrow(/no lines/);
});

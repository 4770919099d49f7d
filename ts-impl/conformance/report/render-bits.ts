// The table of bits in README.md, made from the measured claims of the embedded oracle. It returns text.

import type { Claims } from '../subjects/embedded/claim.ts';
import { bitsRows, DIRECTIONS } from './bits.ts';

/** Between these lines of README.md, and nowhere else, the table stands. */
const BEGIN = '<!-- bits: made by `npx normative claims` -->';
const END = '<!-- end of bits -->';

/** The document with its table made anew. Throws where it has no place for it. */
export function withBits(document: string, claims: Claims): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md has no lines ${BEGIN} and ${END} to put the table between`);
  return `${document.slice(0, begin)}${BEGIN}\n${renderBits(claims)}${document.slice(end)}`;
}

// --- internal ---

function renderBits(claims: Claims): string {
  const rows = bitsRows(claims.rows);
  const elements = claims.rows.reduce((sum, row) => sum + row.elements, 0);
  const identical = claims.rows.reduce((sum, row) => sum + row.identical, 0);
  const thousands = (n: number) => n.toLocaleString('en-GB');
  return [
    `Against torch ${claims.torch} (${claims.threads} thread, ${claims.capability}): ${thousands(claims.cases)} cases, ${thousands(elements)} elements,`,
    `${thousands(identical)} of them with PyTorch's very bits. Measured on \`${claims.suites.join('` and `')}\`.`,
    '',
    `| layer | dtypes | ${DIRECTIONS.map((direction) => direction.replace('_', ' ')).join(' | ')} |`,
    `|---|---|${DIRECTIONS.map(() => '---|').join('')}`,
    ...rows.map(({ layer, dtypes, words }) => `| ${layer} | ${dtypes.join(', ')} | ${words.join(' | ')} |`),
    '',
  ].join('\n');
}

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

/** Rows of which the same is said are one; gradients of gradients, which are nowhere identical throughout, are one sentence. */
function renderBits(claims: Claims): string {
  const once = claims.rows.filter(({ direction }) => direction !== 'double_backward');
  const shown = DIRECTIONS.filter((direction) => direction !== 'double_backward');
  const merged = new Map<string, { layers: string[]; dtypes: readonly string[]; words: readonly string[] }>();
  for (const { layer, dtypes, words } of bitsRows(once.filter(({ dtype }) => dtype !== 'int64'))) {
    const key = `${dtypes.join()} ${words.join()}`;
    const row = merged.get(key);
    if (row === undefined) merged.set(key, { layers: [layer], dtypes, words });
    else row.layers.push(layer);
  }
  const twice = claims.rows.filter(({ direction }) => direction === 'double_backward');
  return [
    `Against torch ${claims.torch} (${claims.threads} thread, ${claims.capability}): ${thousands(claims.cases)} cases of \`${claims.suites.join('` and `')}\`,`,
    `${thousands(sum(once, 'elements'))} elements, ${thousands(sum(once, 'identical'))} of them with PyTorch's very bits. Of ${thousands(sum(twice, 'elements'))} elements of gradients of`,
    `gradients ${thousands(sum(twice, 'identical'))} have them, ${thousands(sum(twice, 'within'))} are within the bound and ${thousands(sum(twice, 'differs'))} are not.`,
    '',
    `| layers | dtypes | ${shown.join(' | ')} |`,
    `|---|---|${shown.map(() => '---|').join('')}`,
    ...[...merged.values()].map(
      ({ layers, dtypes, words }) =>
        `| ${layers.join(', ')} | ${dtypes.join(', ')} | ${shown.map((direction) => words[DIRECTIONS.indexOf(direction)]).join(' | ')} |`,
    ),
    '',
  ].join('\n');
}

function sum(rows: Claims['rows'], name: 'elements' | 'identical' | 'within' | 'differs'): number {
  return rows.reduce((total, row) => total + row[name], 0);
}

function thousands(n: number): string {
  return n.toLocaleString('en-GB');
}

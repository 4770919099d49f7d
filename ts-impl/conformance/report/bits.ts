// How many elements have PyTorch's very bits, per layer, dtype, direction and layout, in words for a table. It counts nothing itself.

import type { ReportNumber } from '../finding.ts';
import type { Direction } from '../place.ts';

/** Counted elements of one layer, dtype, direction and layout; several with the same four are added up. */
export interface BitCount {
  readonly layer: string;
  readonly dtype: string;
  readonly direction: Direction;
  readonly layout: string;
  readonly elements: number;
  readonly identical: number;
  readonly maxUlp: ReportNumber | null;
}

export interface BitsRow {
  readonly layer: string;
  /** Those of which the same is said. */
  readonly dtypes: readonly string[];
  /** What to say of each of `DIRECTIONS`. */
  readonly words: readonly string[];
}

export const DIRECTIONS: readonly Direction[] = ['forward', 'backward', 'buffers', 'double_backward'];

/** The rows of each layer, dtypes of which the same is said in one, in the order in which they come. */
export function bitsRows(counts: readonly BitCount[]): readonly BitsRow[] {
  const rows: BitsRow[] = [];
  for (const [layer, ofLayer] of grouped(counts, ({ layer }) => layer)) {
    const own: BitsRow[] = [];
    for (const [dtype, ofDtype] of grouped(ofLayer, (count) => count.dtype)) {
      const words = DIRECTIONS.map((direction) => describe(ofDtype.filter((count) => count.direction === direction)));
      const at = own.findIndex((row) => row.words.every((word, i) => word === words[i]));
      if (at < 0) own.push({ layer, dtypes: [dtype], words });
      else own[at] = { ...own[at], dtypes: [...own[at].dtypes, dtype] };
    }
    rows.push(...own);
  }
  return rows;
}

// --- internal ---

/** No element was asked. */
const NONE = '—';

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

interface Sum {
  elements: number;
  identical: number;
  maxUlp: number | null;
}

/** `identical` where every layout is; else the layouts that are not, each with its share and the largest distance. */
function describe(counts: readonly BitCount[]): string {
  const layouts = new Map<string, Sum>();
  for (const { layout, elements, identical, maxUlp } of counts) {
    const sum = layouts.get(layout) ?? { elements: 0, identical: 0, maxUlp: null };
    layouts.set(layout, sum);
    sum.elements += elements;
    sum.identical += identical;
    const ulp = maxUlp === null ? null : Number(maxUlp);
    // Nothing is above NaN (one side alone was NaN), so it stays.
    if (ulp !== null && (ulp > (sum.maxUlp ?? -1) || Number.isNaN(ulp))) sum.maxUlp = ulp;
  }
  const asked = [...layouts].filter(([, { elements }]) => elements > 0);
  if (asked.length === 0) return NONE;
  const off = asked.filter(([, { elements, identical }]) => identical < elements);
  if (off.length === 0) return 'identical';
  const same = asked.length - off.length;
  const words = off.map(
    ([layout, { elements, identical, maxUlp }]) =>
      `${layout} ${share(identical, elements)}${maxUlp === null ? '' : `, ${ulps(maxUlp)}`}`,
  );
  return same === 0 ? words.join('; ') : `identical but ${words.join('; ')}`;
}

/** Never 100 % for less than all. */
function share(identical: number, elements: number): string {
  const percent = (100 * identical) / elements;
  return `${percent > 99.99 ? '> 99.99' : percent.toFixed(percent < 99 ? 1 : 2)} %`;
}

function ulps(distance: number): string {
  if (Number.isNaN(distance)) return 'NaN on one side';
  return distance > 1e6 ? `${distance.toExponential(1)} ULP` : `${distance} ULP`;
}

// Measures claims: the port held against a live oracle, each tensor counted under its kind. Cases are given; nothing is written.

import type { Case } from '../../../../cases/case.ts';
import { parseTolerance } from '../../judge/tolerance.ts';
import { run } from '../../run.ts';
import { placesOf } from '../../place.ts';
import type { Subject } from '../subject.ts';
import { type Claim, type ClaimKey, type Claims, keyOf, type WordsClaim, wordOf } from './claim.ts';

/** The counts over all cases, in a fixed order. `onCase` is called after each. */
export async function measureClaims(
  suites: readonly { readonly name: string; readonly cases: Iterable<Case> }[],
  oracle: Subject,
  port: Subject,
  onCase: () => void = () => {},
): Promise<Claims> {
  const rows = new Map<string, Counted>();
  const texts = new Map<string, Mutable<WordsClaim>>();
  const refusals = new Map<string, Mutable<WordsClaim>>();
  let cases = 0;
  for (const suite of suites) {
    for await (const { case: c, expected, actual, verdict } of run(suite.cases, oracle, port, OPTIONS)) {
      cases++;
      onCase();
      const places = placesOf(c);
      const seen = new Set<Counted>();
      for (const tensor of verdict.tensors) {
        const { step, dtype, elements, identical, within, differs, maxUlp } = tensor;
        const row = rowOf(rows, keyOf(c, c.steps[step], places[step], tensor.tensor, dtype));
        if (!seen.has(row)) row.cases++;
        seen.add(row);
        row.elements += elements;
        row.identical += identical;
        row.within += within;
        row.differs += differs;
        // Nothing is above NaN (one side alone was NaN), so it stays.
        if (maxUlp !== null && (maxUlp > (row.maxUlp ?? -1) || Number.isNaN(maxUlp))) row.maxUlp = maxUlp;
      }
      if (!('steps' in expected.outcome) || !('steps' in actual.outcome)) continue;
      for (const [i, one] of expected.outcome.steps.entries()) {
        const other = actual.outcome.steps[i];
        if (one.kind === 'refused') {
          const same = other?.kind === 'refused' && other.type === one.type && other.message === one.message;
          count(refusals, c.layer, same);
        }
        if (one.kind !== 'returned' || c.steps[i].kind === 'inspect') continue;
        for (const [name, text] of Object.entries(one.texts)) {
          count(texts, c.layer, other?.kind === 'returned' && other.texts[name] === text);
        }
      }
    }
  }
  const { capability, threads } = oracle.capabilities;
  return {
    torch: oracle.version ?? 'unknown',
    capability: capability?.toLowerCase() ?? null,
    threads: threads === undefined ? null : Number(threads),
    suites: suites.map((suite) => suite.name),
    cases,
    rows: sorted(rows),
    texts: sorted(texts),
    refusals: sorted(refusals),
  };
}

// --- internal ---

const OPTIONS = { tolerance: parseTolerance('bound'), truth: false };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Counted = Mutable<Claim>;

function count(rows: Map<string, Mutable<WordsClaim>>, layer: string, same: boolean): void {
  const row = rows.get(layer) ?? { layer, asked: 0, identical: 0 };
  rows.set(layer, row);
  row.asked++;
  if (same) row.identical++;
}

function rowOf(rows: Map<string, Counted>, key: ClaimKey): Counted {
  const word = wordOf(key);
  const known = rows.get(word);
  if (known !== undefined) return known;
  const fresh: Counted = { ...key, cases: 0, elements: 0, identical: 0, within: 0, differs: 0, maxUlp: null };
  rows.set(word, fresh);
  return fresh;
}

function sorted<T>(rows: ReadonlyMap<string, T>): T[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

// Why cases of a norm in JavaScript were unsupported, counted by reason: entries for what a report calls skipped. It judges nothing.

import type { Judged } from '../run.ts';
import type { SubjectFacts } from '../subjects/subject.ts';
import type { Skipped } from './report.ts';

/** Reasons of one norm that are told; the rest are counted together. */
const TOLD = 6;

/** The reasons as cases pass. */
export class UnsupportedReasons {
  private readonly counts = new Map<string, Map<string, number>>();

  /** Counts a case that is unsupported; others pass. `name` is the norm's. */
  add(name: string, { verdict, expected, actual }: Judged): void {
    if (verdict.kind !== 'unsupported') return;
    const reasons = this.counts.get(name) ?? new Map<string, number>();
    this.counts.set(name, reasons);
    for (const { outcome } of [actual, expected]) {
      if (outcome.kind !== 'unsupported') continue;
      const reason = withoutCase(outcome.reason);
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      return;
    }
  }

  /** One entry for each reason, the most frequent first. */
  skipped(sourceOf: (name: string) => SubjectFacts['source']): Skipped[] {
    return [...this.counts].flatMap(([name, reasons]) => {
      const ranked = [...reasons].sort(([, a], [, b]) => b - a);
      const rest = ranked.slice(TOLD).reduce((sum, [, count]) => sum + count, 0);
      const told = ranked.slice(0, TOLD).map(([reason, count]) => ({ reason, count }));
      if (rest > 0) told.push({ reason: 'other reasons; replay one and it says which', count: rest });
      return told.map(({ reason, count }) => ({
        name: `${name}: ${count} ${count === 1 ? 'case' : 'cases'}`,
        source: sourceOf(name),
        reason,
      }));
    });
  }
}

// --- internal ---

/** The same words for cases that differ in a number of a step or in PyTorch's text alone. */
function withoutCase(reason: string): string {
  return reason.replace(/ step \d+/, ' a step').replace(/ \(\w*Error: [\s\S]*\)/, '');
}

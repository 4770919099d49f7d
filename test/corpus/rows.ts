// The report of a snippet, turned into one row for each subject that was expected in it. It adds nothing up.

import type { Audited } from './audit-corpus.ts';
import { holdFindings } from './hold-findings.ts';
import type { Snippet } from './read-corpus.ts';
import type { Scored } from './score.ts';

export interface Row extends Scored {
  readonly snippet: Snippet;
  readonly subject: string;
}

export function rowsOf(snippet: Snippet, { subjects, skipped, milliseconds }: Audited): Row[] {
  const names = Object.keys(snippet.subjects);
  return names.map((subject) => {
    const expected = snippet.subjects[subject];
    const held = holdFindings(expected, subjects.find((s) => s.name === subject) ?? null);
    const because = skipped.filter((s) => s.name === subject || s.name === '').map((s) => s.reason);
    return {
      snippet,
      subject,
      held: { ...held, remarks: [...held.remarks, ...because] },
      faithful: Object.keys(expected.findings).length === 0,
      milliseconds: milliseconds / names.length,
    };
  });
}

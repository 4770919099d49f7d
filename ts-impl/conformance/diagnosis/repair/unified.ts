// Two texts of one file as a unified diff, in the form that `patch -p0` and `git apply -p0` take.

import { applyPatch, structuredPatch } from 'diff';

/** Empty where nothing changed. The file is called what it was called by the user. */
export function unifiedDiff(file: string, before: string, after: string): string {
  const { hunks } = structuredPatch(file, file, before, after, '', '', { context: CONTEXT_LINES });
  if (hunks.length === 0) return '';
  const head = (mark: string) => `${mark} ${file}${/\s/.test(file) ? '\t' : ''}`;
  const parts = hunks.map(({ oldStart, oldLines, newStart, newLines, lines }) =>
    [`@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`, ...lines].join('\n'),
  );
  return `${[head('---'), head('+++'), ...parts].join('\n')}\n`;
}

/** `text` with the change from `before` to `after` made to it; null where it no longer finds its place. */
export function layOver(text: string, before: string, after: string): string | null {
  if (before === after) return text;
  const patch = structuredPatch('a', 'a', before, after, '', '', { context: 1 });
  const laid = applyPatch(text, patch);
  return laid === false ? null : laid;
}

// --- internal ---

const CONTEXT_LINES = 3;

const range = (start: number, lines: number) => (lines === 1 ? `${start}` : `${start},${lines}`);

// The comments and docstrings of Python code, as passages that speak of the class or function they stand in. It runs nothing.

import { type Passage, passagesOf } from './passage.ts';

/** `firstLine`: the line of the document on which `code` begins. What stands outside every class and function speaks of none. */
export function pythonPassages(code: string, firstLine: number): Passage[] {
  return proseIn(code).flatMap(({ text, line, owner }) =>
    passagesOf(text, firstLine + line).map((p) => ({
      ...p,
      titles: [owner, ...p.titles],
      section: -(firstLine + line), // prose counts its sections from 0
      owner,
    })),
  );
}

// --- internal ---

interface Prose {
  readonly text: string;
  /** Lines before it in the code. */
  readonly line: number;
  /** The class or function around it. */
  readonly owner: string;
}

/** Strings are seen so that a `#` in one begins no comment; a string that is a statement of its own is a docstring. */
const PIECE =
  /(?<long>[rRbBuUfF]{0,2}(?<quote>"""|''')(?<inner>[\s\S]*?)\k<quote>)|(?<short>[rRbBuUfF]{0,2}("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))|#(?<comment>[^\n]*)/g;

function proseIn(code: string): Prose[] {
  const found: Prose[] = [];
  for (const m of code.matchAll(PIECE)) {
    const before = code.slice(0, m.index);
    const line = before.split('\n').length - 1;
    const alone = before.slice(before.lastIndexOf('\n') + 1).trim() === '';
    const { inner, comment } = m.groups ?? {};
    const text = comment ?? (alone ? inner : undefined);
    const owner = ownerOf(before);
    if (text === undefined || owner === null || /^\s*(type:|noqa|pylint|fmt:|!)/.test(text)) continue;
    const last = found.at(-1);
    const goesOn = last !== undefined && last.line + last.text.split('\n').length === line && last.owner === owner;
    if (comment !== undefined && alone && goesOn) {
      found[found.length - 1] = { ...last, text: `${last.text}\n${comment.trim()}` };
    } else found.push({ text: comment === undefined ? dedented(text) : comment.trim(), line, owner });
  }
  return found;
}

/** The last class or function at the left edge before it; null where it stands at the left edge itself. */
function ownerOf(before: string): string | null {
  if (!/[ \t]/.test(before.slice(before.lastIndexOf('\n') + 1)[0] ?? '')) return null;
  return Array.from(before.matchAll(/^(?:class|def)\s+(\w+)/gm), (m) => m[1]).at(-1) ?? null;
}

/** Indented text is code to Markdown. */
const dedented = (text: string) => text.replace(/^[ \t]+/gm, '');

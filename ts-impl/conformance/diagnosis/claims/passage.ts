// The prose of a Markdown or text document: its paragraphs with their lines and the titles they stand under. It judges nothing.

import type { Nodes, Parents, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';

/** A paragraph, title, or comment, as written but for marks such as `**`, which are blanks. */
export interface Passage {
  readonly text: string;
  /** The line in the document of a place in `text`. */
  readonly lineAt: (offset: number) => number;
  /** What it stands under, outermost first: headings, and the first lines of the list items around it. */
  readonly titles: readonly string[];
  /** Names its innermost title; passages of one section share it. */
  readonly section: number;
  /** The class or function that a comment or docstring stands in, of which it speaks; null for prose. */
  readonly owner: string | null;
}

/** The paragraphs of `source`, in order. `firstLine`: the line of the document on which `source` begins. */
export function passagesOf(source: string, firstLine = 1): Passage[] {
  const tree = fromMarkdown(source);
  const text = withoutMarks(source, tree);
  const passages: Passage[] = [];
  const walk = (parent: Parents, around: Place): void => {
    let place = around;
    for (const node of parent.children) {
      const start = node.position?.start.offset;
      const end = node.position?.end.offset;
      if (start === undefined || end === undefined) continue;
      switch (node.type) {
        case 'heading':
          place = underHeading(place, plain(text.slice(start, end)), node.depth, start);
          passages.push(passageAt(text, start, end, firstLine, place));
          break;
        case 'paragraph':
          if (!TABLE.test(text.slice(start, end))) passages.push(passageAt(text, start, end, firstLine, place));
          break;
        case 'code':
          if (MATHS.has(node.lang ?? '')) passages.push(passageAt(text, start, end, firstLine, place));
          break;
        case 'listItem': {
          const [first, ...rest] = node.children;
          if (first === undefined) break;
          walk({ type: 'root', children: [first] }, place);
          walk({ type: 'root', children: rest }, underItem(place, first, text, start));
          break;
        }
        case 'list':
        case 'blockquote':
          walk(node, place);
          break;
        default: // tables, HTML, rules, definitions
          break;
      }
    }
  };
  walk(tree, { titles: [], section: 0 });
  return passages;
}

// --- internal ---

interface Title {
  readonly text: string;
  /** Of a heading; list items lie deeper than any. */
  readonly depth: number;
}

interface Place {
  readonly titles: readonly Title[];
  readonly section: number;
}

const ITEM_DEPTH = 7;
const TABLE = /^\s*\|?[\s:|-]*-{3,}[\s:|-]*\|?\s*$/m;
const MATHS = new Set(['math', 'latex', 'tex', 'katex']);

function passageAt(text: string, start: number, end: number, firstLine: number, place: Place): Passage {
  const before = text.slice(0, start).split('\n').length - 1 + firstLine;
  const slice = text.slice(start, end);
  return {
    text: slice,
    lineAt: (offset) => before + slice.slice(0, offset).split('\n').length - 1,
    titles: place.titles.map((t) => t.text),
    section: place.section,
    owner: null,
  };
}

function underHeading({ titles }: Place, title: string, depth: number, section: number): Place {
  return { titles: [...titles.filter((t) => t.depth < depth), { text: title, depth }], section: section + 1 };
}

/** An item's first line is the title of what stands under it. */
function underItem(place: Place, first: Nodes, text: string, section: number): Place {
  const [start, end] = [first.position?.start.offset, first.position?.end.offset];
  if (first.type !== 'paragraph' || start === undefined || end === undefined) return place;
  const title = plain(text.slice(start, end));
  if (title.length > LONGEST_TITLE) return place;
  return { titles: [...place.titles, { text: title, depth: ITEM_DEPTH }], section: section + 1 };
}

/** A longer first line is a sentence of its own. */
const LONGEST_TITLE = 60;

const plain = (text: string) => text.replace(/^#+|#+\s*$/gm, '').trim();

/** The source with blanks in the place of emphasis, link addresses and quote marks; mathematics and code are left alone. */
function withoutMarks(source: string, tree: Root): string {
  const chars = source.split('');
  const kept = new Uint8Array(source.length);
  for (const m of source.matchAll(/\$\$[\s\S]+?\$\$|\$[^$\n]+\$/g)) kept.fill(1, m.index, m.index + m[0].length);
  const blank = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      if (chars[i] !== '\n' && kept[i] === 0) chars[i] = ' ';
    }
  };
  const visit = (node: Nodes): void => {
    const start = node.position?.start.offset;
    const end = node.position?.end.offset;
    if (start !== undefined && end !== undefined && 'children' in node) {
      const last = node.children.at(-1)?.position?.end.offset;
      if (node.type === 'strong') blankBoth(blank, start, end, 2);
      // `a*b + c*d` looks like emphasis to Markdown: a mark between letters is multiplication.
      if (node.type === 'emphasis' && !/[\w)\]]/.test(source[start - 1] ?? ' ')) blankBoth(blank, start, end, 1);
      if (node.type === 'link' && last !== undefined) {
        blank(start, start + 1);
        blank(last, end);
      }
      if (node.type === 'blockquote') {
        for (const mark of source.slice(start, end).matchAll(/^[ \t]*(>[ \t]?)+/gm)) {
          blank(start + mark.index, start + mark.index + mark[0].length);
        }
      }
      for (const child of node.children) visit(child);
    }
    if (node.type === 'image' && start !== undefined && end !== undefined) blank(start, end);
  };
  visit(tree);
  return chars.join('');
}

function blankBoth(blank: (from: number, to: number) => void, start: number, end: number, length: number): void {
  blank(start, start + length);
  blank(end - length, end);
}

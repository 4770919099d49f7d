// A passage cut into sentences, and these into the clauses that speak of one layer each. It knows no claim.

import type { NormKind } from '../axes/norm-kind.ts';
import { kindsIn } from './layer-words.ts';
import type { Passage } from './passage.ts';

/** Inline code or mathematics within a sentence. */
export interface Span {
  readonly kind: 'code' | 'latex';
  readonly text: string;
  /** Where `text` begins in the sentence. */
  readonly at: number;
}

export interface Sentence {
  readonly text: string;
  /** The text with blanks where code and mathematics stand. */
  readonly words: string;
  readonly spans: readonly Span[];
  /** Where it begins in its passage. */
  readonly at: number;
  readonly passage: Passage;
  /** The layers that it names itself. */
  readonly kinds: readonly NormKind[];
}

/** Sentences; one that names several layers is cut further, at semicolons and words such as `while`. */
export function sentencesOf(passage: Passage): Sentence[] {
  const spans = spansOf(passage.text);
  const masked = mask(passage.text, spans, 'x');
  return pieces(masked, END).flatMap((range) => {
    const whole = sentenceAt(passage, spans, range);
    if (whole.kinds.length < 2) return [whole];
    return pieces(masked.slice(...range), TURN).map(([a, b]) =>
      sentenceAt(passage, spans, [range[0] + a, range[0] + b]),
    );
  });
}

export const lineOf = (sentence: Sentence, offset = 0): number => sentence.passage.lineAt(sentence.at + offset);

// --- internal ---

/** A full stop ends a sentence only before a blank, and not after an abbreviation. */
const END =
  /(?<!\b(?:e\.g|i\.e|etc|vs|cf|resp|w\.r\.t|approx|Eq|eq|Fig|fig|dim|No))\.(?=\s|$)\s*|[!?](?=\s|$)\s*|[。！？]\s*|\n(?=\s*[-*•]\s)/;
const TURN = /[;；]\s*|,?\s+(?=(?:while|whereas|but)\s)|，(?=而)/;

type Range = readonly [number, number];

function pieces(text: string, separator: RegExp): Range[] {
  const ranges: Range[] = [];
  let from = 0;
  for (const m of text.matchAll(new RegExp(separator, 'g'))) {
    ranges.push([from, m.index + m[0].length]);
    from = m.index + m[0].length;
  }
  ranges.push([from, text.length]);
  return ranges.filter(([a, b]) => text.slice(a, b).trim() !== '');
}

const SPAN =
  /\$\$([\s\S]+?)\$\$|\$([^$\n]+)\$|\\\(([\s\S]+?)\\\)|\\\[([\s\S]+?)\\\]|```\w*\n([\s\S]*?)```|(?<!`)`([^`\n]+)`(?!`)/g;

function spansOf(text: string): (Span & { readonly end: number; readonly from: number })[] {
  return Array.from(text.matchAll(SPAN), (m) => {
    const inner = m.slice(1).find((group) => group !== undefined) ?? '';
    const at = m.index + m[0].indexOf(inner);
    return { kind: m[6] === undefined ? 'latex' : 'code', text: inner, at, from: m.index, end: m.index + m[0].length };
  });
}

function mask(text: string, spans: readonly { readonly from: number; readonly end: number }[], fill: string): string {
  let masked = text;
  for (const { from, end } of spans) {
    masked = masked.slice(0, from) + fill.repeat(end - from) + masked.slice(end);
  }
  return masked;
}

function sentenceAt(passage: Passage, spans: ReturnType<typeof spansOf>, [start, end]: Range): Sentence {
  const text = passage.text.slice(start, end);
  const own = spans.filter((s) => s.from >= start && s.end <= end);
  const words = mask(passage.text, spans, ' ').slice(start, end);
  return {
    text,
    words,
    spans: own.map(({ kind, text: inner, at }) => ({ kind, text: inner, at: at - start })),
    at: start,
    passage,
    kinds: kindsIn(text), // names in code count: `nn.BatchNorm2d` is one
  };
}

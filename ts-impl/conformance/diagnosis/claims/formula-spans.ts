// The formulas of a sentence: its mathematics, its inline code, and runs of plain text that read as one. What they say is not its business.

import { type Formula, formulasIn } from './formula.ts';
import type { Sentence } from './sentence.ts';

export interface FoundFormula {
  readonly formula: Formula;
  readonly quote: string;
  /** Where the quote begins in the sentence. */
  readonly at: number;
}

export function formulasOf(sentence: Sentence): FoundFormula[] {
  const inSpans = sentence.spans.flatMap(({ kind, text, at }) =>
    formulasIn(halfWidth(text), kind === 'latex' || /\\[a-z]{2}/.test(text) ? 'latex' : 'plain').map((formula) => ({
      formula,
      quote: oneLine(text),
      at: at + text.length - text.trimStart().length,
    })),
  );
  return [...inSpans, ...runsIn(halfWidth(sentence.words)).flatMap(({ text, at }) => readRun(text, at))];
}

// --- internal ---

interface Run {
  readonly text: string;
  readonly at: number;
}

/** The same length, so that places keep. */
const halfWidth = (text: string) =>
  text.replace(/[（）［］＋－＊／＝，]/g, (c) => '()[]+-*/=,'['（）［］＋－＊／＝，'.indexOf(c)]);
const oneLine = (text: string) => text.trim().replace(/\s+/g, ' ');

/** English words that are also letters of formulas. A word that is none of these ends a run. */
const WORDS =
  'mean|means|var|std|variance|eps|epsilon|gamma|beta|sqrt|rsqrt|input|inputs|output|out|momentum|running|batch|mu|sigma|sigma2|weight|bias|scale|shift|max|min|sum|Var|Mean|Std|old|new|rms|RMS|normalized|normalised|norm|square|pow|moving|alpha|decay';
const PIECE = new RegExp(
  String.raw`[ \t]+|\d+(?:\.\d+)?(?:[eE][-−]?\d+)?|(?:${WORDS})(?![\w])|[A-Za-z]\w*[_.]\w[\w.]*|[A-Za-z][₀-₉ᵢⱼ\u0300-\u036f]*(?![A-Za-z])|[\u0370-\u03ff][\w\u2080-\u209c²]*|[x-zX-Z]\d?(?![A-Za-z])|\+=|<-|\*\*|[-+*/^=()[\],−·×∗⋅⊙÷√∑²←𝔼]`,
  'uy',
);

/** Stretches of pieces between ordinary words, with an operator that a norm's formula has. */
function runsIn(text: string): Run[] {
  const runs: Run[] = [];
  let from = 0;
  let at = 0;
  const close = (): void => {
    const run = text.slice(from, at);
    if (/[/√*×·⋅=←]|sqrt|\+=/.test(run) && run.trim().length > 4) runs.push({ text: run, at: from });
  };
  while (at < text.length) {
    PIECE.lastIndex = at;
    const m = PIECE.exec(text);
    if (m !== null && !(at > from && /\w/.test(text[at - 1]) && /\w/.test(text[at]))) {
      at += m[0].length;
      continue;
    }
    close();
    // The rest of an ordinary word is no formula either.
    at += /^[\w]+/.exec(text.slice(at))?.[0].length ?? 1;
    from = at;
  }
  close();
  return runs;
}

/** A run may begin and end with words of the sentence; they are taken off until the rest reads as a formula. */
function readRun(text: string, at: number): FoundFormula[] {
  const pieces = Array.from(text.matchAll(new RegExp(PIECE, 'gu')), (m) => ({ text: m[0], at: m.index })).filter(
    (p) => p.text.trim() !== '',
  );
  for (let skip = 0; skip < Math.min(4, pieces.length); skip++) {
    for (let drop = 0; drop < Math.min(4, pieces.length - skip); drop++) {
      const first = pieces[skip];
      const last = pieces[pieces.length - 1 - drop];
      const quote = text.slice(first.at, last.at + last.text.length);
      if (twoWords(quote)) continue;
      const formulas = formulasIn(quote, 'plain');
      if (formulas.length > 0)
        return formulas.map((formula) => ({ formula, quote: oneLine(quote), at: at + first.at }));
    }
  }
  return [];
}

/** Words side by side are a phrase, not a product. */
const twoWords = (quote: string): boolean => /[A-Za-z]{3,}[ \t]+[A-Za-z]{3,}/.test(quote);

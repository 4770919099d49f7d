// Formulas cut into tokens, whether written in LaTeX, in code or in plain text with Greek letters. It parses nothing.

export type Token =
  | { readonly kind: 'number'; readonly value: number; readonly at: number }
  | { readonly kind: 'name'; readonly name: string; readonly at: number }
  /** `sub` begins an index; `open` and `close` are brackets of any kind. */
  | { readonly kind: 'sign'; readonly sign: Sign; readonly at: number };

export type Sign = '+' | '-' | '*' | '/' | '^' | '=' | '+=' | '-=' | ',' | 'open' | 'close' | 'sub' | 'end';

/** The tokens of `text`; null where it holds a character that no formula has. */
export function tokensOf(text: string, syntax: 'latex' | 'plain'): Token[] | null {
  const tokens: Token[] = [];
  const pattern = new RegExp(syntax === 'latex' ? LATEX : PLAIN, 'uy');
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const m = pattern.exec(text);
    if (m === null) return null;
    const token = tokenFor(m.groups ?? {}, at);
    if (token !== null) tokens.push(token);
    at += m[0].length;
  }
  return tokens;
}

// --- internal ---

const NUMBER = String.raw`(?<number>\d+(?:\.\d+)?(?:[eE][-−+]?\d+)?|\.\d+)`;
const SIGNS = String.raw`(?<sign>\+=|-=|\*\*|:=|<-|//|[-+*/^=(){}\[\],|←≡≜≈−–·×∗⋅⊙∘÷√∑Σ²½&])`;
const GREEK = String.raw`\u0370-\u03ff\u1f00-\u1fff\u{1d6a8}-\u{1d7cb}`;
/** Bars, hats and dots over a letter, and small digits and letters below it. */
const ACCENTS = String.raw`\u0300-\u036f\u2080-\u209c`;
const LETTER = `[A-Za-z_${GREEK}ŷ𝔼]`;
const PLAIN = String.raw`(?<space>\s+)|${NUMBER}|${SIGNS}|(?<name>(?:(?!Σ)${LETTER})[\w${GREEK}${ACCENTS}ᵢⱼ]*(?:\.[A-Za-z_]\w*)*)`;
const LATEX = String.raw`(?<space>\s+|\\[,;:! ]|~|\\(?:left|right|big|Big|bigg|Bigg|bigl|bigr|Bigl|Bigr|quad|qquad|displaystyle|limits|nolimits)(?![A-Za-z])\.?)|(?<stop>\\\\|\\begin\{\w+\*?\}|\\end\{\w+\*?\})|\\(?<command>[A-Za-z]+)|\\(?<brace>[{}|])|(?<below>_)|${NUMBER}|${SIGNS}|(?<name>[A-Za-z${GREEK}][${ACCENTS}']*)|(?<mark>\\[_%#])|(?<full>[.;:])`;

const OPERATORS: Readonly<Record<string, Sign>> = {
  '+': '+',
  '-': '-',
  '−': '-',
  '–': '-',
  '*': '*',
  '·': '*',
  '×': '*',
  '∗': '*',
  '⋅': '*',
  '⊙': '*',
  '∘': '*',
  '/': '/',
  '÷': '/',
  '^': '^',
  '**': '^',
  '=': '=',
  ':=': '=',
  '<-': '=',
  '←': '=',
  '≡': '=',
  '≜': '=',
  '≈': '=',
  '+=': '+=',
  '-=': '-=',
  ',': ',',
  '(': 'open',
  '[': 'open',
  '{': 'open',
  ')': 'close',
  ']': 'close',
  '}': 'close',
};

const COMMANDS: Readonly<Record<string, Sign>> = {
  cdot: '*',
  times: '*',
  odot: '*',
  circ: '*',
  ast: '*',
  otimes: '*',
  leftarrow: '=',
  gets: '=',
  triangleq: '=',
  equiv: '=',
  coloneqq: '=',
  approx: '=',
  div: '/',
  over: '/',
  lbrack: 'open',
  rbrack: 'close',
};

function tokenFor(groups: Readonly<Record<string, string | undefined>>, at: number): Token | null {
  const { space, number, sign, name, stop, command, below, brace } = groups;
  if (space !== undefined || sign === '&') return null;
  if (number !== undefined) return { kind: 'number', value: Number(number.replace('−', '-')), at };
  if (name !== undefined) return { kind: 'name', name, at };
  if (stop !== undefined || groups.full !== undefined) return { kind: 'sign', sign: 'end', at };
  if (below !== undefined) return { kind: 'sign', sign: 'sub', at };
  if (brace !== undefined) return { kind: 'sign', sign: brace === '{' ? 'open' : brace === '}' ? 'close' : 'end', at };
  if (command !== undefined) {
    const known = COMMANDS[command];
    return known === undefined ? { kind: 'name', name: command, at } : { kind: 'sign', sign: known, at };
  }
  switch (sign) {
    case '√':
      return { kind: 'name', name: 'sqrt', at };
    case '∑':
    case 'Σ':
      return { kind: 'name', name: 'sum', at };
    case '²':
      return { kind: 'name', name: SQUARED, at };
    default: {
      const known = OPERATORS[sign ?? ''];
      return known === undefined ? { kind: 'sign', sign: 'end', at } : { kind: 'sign', sign: known, at };
    }
  }
}

/** The name of the token ² . */
export const SQUARED = '²';

// Formulas as trees: a small grammar of sums, products, roots and calls that reads what notes write. What it can't read is null.

import { SQUARED, type Sign, type Token, tokensOf } from './formula-tokens.ts';

export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly of: readonly Expression[] }
  | { readonly kind: 'sum'; readonly terms: readonly Expression[] }
  | { readonly kind: 'negative'; readonly of: Expression }
  | { readonly kind: 'product'; readonly over: readonly Expression[]; readonly under: readonly Expression[] }
  | { readonly kind: 'power'; readonly base: Expression; readonly exponent: Expression };

/** `left = right`; `left` is null for a formula without an equals sign. */
export interface Formula {
  readonly left: Expression | null;
  readonly sign: '=' | '+=' | '-=';
  readonly right: Expression;
}

/** The formulas in `text`: of `a = b = c` two, of several lines several. Empty where it is none. */
export function formulasIn(text: string, syntax: 'latex' | 'plain'): Formula[] {
  const tokens = tokensOf(text, syntax);
  if (tokens === null) return [];
  return split(tokens).flatMap((line) => new Parser(line).formulas());
}

// --- internal ---

/** Cut at line ends and full stops, and at commas outside brackets. */
function split(tokens: readonly Token[]): Token[][] {
  const lines: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    const sign = token.kind === 'sign' ? token.sign : null;
    if (sign === 'open') depth++;
    if (sign === 'close') depth--;
    if (sign === 'end' || (sign === ',' && depth <= 0)) lines.push([]);
    else lines[lines.length - 1].push(token);
  }
  return lines.filter((line) => line.length > 1);
}

class Unreadable extends Error {}

/** Letters written upright or bold are the same letters. */
const STYLES = new Set([
  'mathrm',
  'mathbf',
  'mathbb',
  'mathcal',
  'mathit',
  'boldsymbol',
  'bm',
  'rm',
  'bf',
  'text',
  'textbf',
  'textit',
  'textrm',
  'operatorname',
  'mathsf',
  'texttt',
  'mathtt',
  'vec',
]);
const ACCENTS: Readonly<Record<string, string>> = {
  hat: 'hat',
  widehat: 'hat',
  bar: 'mean',
  overline: 'mean',
  tilde: 'tilde',
  widetilde: 'tilde',
  dot: 'dot',
};
const FRACTIONS = new Set(['frac', 'dfrac', 'tfrac', 'cfrac']);
const LARGEST_DEPTH = 60;

class Parser {
  private readonly tokens: readonly Token[];
  private at = 0;
  private depth = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  formulas(): Formula[] {
    try {
      const sides: Expression[] = [this.sum()];
      const signs: ('=' | '+=' | '-=')[] = [];
      while (this.at < this.tokens.length) {
        const sign = this.sign();
        if (sign !== '=' && sign !== '+=' && sign !== '-=') return [];
        this.at++;
        signs.push(sign);
        sides.push(this.sum());
      }
      if (sides.length === 1) return [{ left: null, sign: '=', right: sides[0] }];
      return signs.map((sign, i) => ({ left: sides[i], sign, right: sides[i + 1] }));
    } catch (problem) {
      if (problem instanceof Unreadable) return [];
      throw problem;
    }
  }

  private sum(): Expression {
    if (++this.depth > LARGEST_DEPTH) throw new Unreadable();
    const terms: Expression[] = [];
    let minus = this.take('-');
    if (!minus) this.take('+');
    for (;;) {
      const term = this.product();
      terms.push(minus ? { kind: 'negative', of: term } : term);
      if (this.take('+')) minus = false;
      else if (this.take('-')) minus = true;
      else break;
    }
    this.depth--;
    return terms.length === 1 ? terms[0] : { kind: 'sum', terms };
  }

  private product(): Expression {
    const over: Expression[] = [this.power()];
    const under: Expression[] = [];
    for (;;) {
      if (this.take('*')) over.push(this.power());
      else if (this.take('/')) under.push(this.power());
      else if (this.begins()) over.push(this.power());
      else break;
    }
    return over.length === 1 && under.length === 0 ? over[0] : { kind: 'product', over, under };
  }

  private power(): Expression {
    let base = this.atom();
    for (;;) {
      if (this.name() === SQUARED) {
        this.at++;
        base = { kind: 'power', base, exponent: { kind: 'number', value: 2 } };
      } else if (this.take('^')) {
        base = { kind: 'power', base, exponent: this.take('-') ? { kind: 'negative', of: this.atom() } : this.atom() };
      } else if (this.sign() === 'sub') {
        base = this.indexed(base);
      } else return base;
    }
  }

  private atom(): Expression {
    const token = this.tokens[this.at];
    if (token === undefined) throw new Unreadable();
    if (token.kind === 'number') {
      this.at++;
      return { kind: 'number', value: token.value };
    }
    if (token.kind === 'sign') {
      if (token.sign === '-') {
        this.at++;
        return { kind: 'negative', of: this.atom() };
      }
      const [inner] = this.brackets();
      if (inner === undefined) throw new Unreadable();
      return inner;
    }
    this.at++;
    return this.named(token.name);
  }

  private named(name: string): Expression {
    if (FRACTIONS.has(name)) {
      const over = this.atom();
      return { kind: 'product', over: [over], under: [this.atom()] };
    }
    if (STYLES.has(name)) return this.named(this.word());
    const accent = ACCENTS[name];
    if (accent !== undefined) return { kind: 'symbol', name: `${this.word()}_${accent}` };
    if (name === 'sum') {
      while (this.sign() === 'sub' || this.sign() === '^') {
        this.at++;
        this.skipIndex();
      }
      // `sum((x − m)²) / n` ends with its brackets; `Σ x²` goes on.
      return { kind: 'call', name, of: [this.sign() === 'open' ? this.power() : this.product()] };
    }
    if (name === 'sqrt' && this.sign() !== 'open') return { kind: 'call', name, of: [this.power()] };
    if (this.sign() === 'open' && this.isCall(name)) return { kind: 'call', name, of: this.brackets() };
    return { kind: 'symbol', name };
  }

  /** A letter before a bracket is a factor, but for the letters of expectation and variance; a word is a function. */
  private isCall(name: string): boolean {
    return name.replace(/_.*$/, '').length > 2 ? !LETTERS.has(name) : /^(E|𝔼|V|D|M)$/.test(name) || name === 'mu';
  }

  /** The expressions between brackets; the words before `=` in `dim=0` are dropped with their values. */
  private brackets(): Expression[] {
    if (!this.take('open')) throw new Unreadable();
    const inner: Expression[] = [];
    while (!this.take('close')) {
      const item = this.sum();
      if (this.take('=')) this.sum();
      else inner.push(item);
      if (!this.take(',') && this.sign() !== 'close') throw new Unreadable();
    }
    return inner;
  }

  private indexed(base: Expression): Expression {
    this.at++;
    const from = this.at;
    this.skipIndex();
    const words = this.tokens
      .slice(from, this.at)
      .flatMap((t) =>
        t.kind === 'name' && !STYLES.has(t.name) ? [t.name] : t.kind === 'number' ? [String(t.value)] : [],
      );
    const index = words.every((w) => w.length === 1) ? words.join('') : words.join('_');
    if (base.kind === 'symbol') return { kind: 'symbol', name: `${base.name}_${index}` };
    if (base.kind === 'power')
      return {
        ...base,
        base: base.base.kind === 'symbol' ? { kind: 'symbol', name: `${base.base.name}_${index}` } : base.base,
      };
    return base;
  }

  private skipIndex(): void {
    while (STYLES.has(this.name() ?? '')) this.at++;
    if (this.sign() !== 'open') {
      this.at++;
      return;
    }
    for (let depth = 0; this.at < this.tokens.length; this.at++) {
      if (this.sign() === 'open') depth++;
      if (this.sign() === 'close' && --depth === 0) {
        this.at++;
        return;
      }
    }
    throw new Unreadable();
  }

  /** The letters between braces as one word: `\text{running\_mean}`, `\hat{x}`. */
  private word(): string {
    const from = this.at;
    this.skipIndex();
    const tokens = this.tokens.slice(from, this.at);
    const words = tokens.flatMap((t) =>
      t.kind === 'name' && !STYLES.has(t.name) ? [t.name] : t.kind === 'sign' && t.sign === 'sub' ? ['_'] : [],
    );
    if (words.length === 0) throw new Unreadable();
    return words.join('');
  }

  private begins(): boolean {
    const token = this.tokens[this.at];
    if (token === undefined) return false;
    return token.kind === 'sign' ? token.sign === 'open' : token.kind === 'name' ? token.name !== SQUARED : false;
  }

  private sign(): Sign | null {
    const token = this.tokens[this.at];
    return token?.kind === 'sign' ? token.sign : null;
  }

  private name(): string | null {
    const token = this.tokens[this.at];
    return token?.kind === 'name' ? token.name : null;
  }

  private take(sign: Sign): boolean {
    if (this.sign() !== sign) return false;
    this.at++;
    return true;
  }
}

/** Words that are letters. */
const LETTERS = new Set([
  'gamma',
  'beta',
  'alpha',
  'sigma',
  'epsilon',
  'varepsilon',
  'eps',
  'rho',
  'lambda',
  'momentum',
  'weight',
  'bias',
  'scale',
  'self.gamma',
  'self.weight',
  'self.momentum',
  'self.scale',
  'self.beta',
  'self.eps',
]);

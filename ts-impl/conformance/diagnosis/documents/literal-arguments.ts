// The arguments of a Python call, written as literals: `6, affine=True` or `BatchNorm2d(6, eps=1e-3)`. It evaluates nothing else.

import { bool, float, int, list, none, text, type Value } from '../../../../cases/case.ts';

export interface LiteralCall {
  /** As it was written. */
  readonly source: string;
  /** The class that it is meant for; null for any. */
  readonly name: string | null;
  readonly positional: readonly Value[];
  readonly named: Readonly<Record<string, Value>>;
}

/** The call, or what is wrong with the text. */
export function parseLiteralCall(source: string): LiteralCall | { readonly problem: string } {
  const call = /^\s*([A-Za-z_]\w*)\s*\((.*)\)\s*$/s.exec(source);
  try {
    const reader = new Reader(call === null ? source : call[2]);
    const { positional, named } = reader.arguments();
    return { source, name: call?.[1] ?? null, positional, named };
  } catch (problem) {
    if (problem instanceof NoLiteral) return { problem: problem.message };
    throw problem;
  }
}

// --- internal ---

class NoLiteral extends Error {}

const TOKEN =
  /\s*(?:(?<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?<number>[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)|(?<word>[A-Za-z_]\w*)|(?<sign>[()[\],=]))/y;

interface Token {
  readonly kind: 'string' | 'number' | 'word' | 'sign' | 'end';
  readonly text: string;
}

class Reader {
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(source: string) {
    const token = new RegExp(TOKEN);
    let at = 0;
    while (source.slice(at).trim() !== '') {
      token.lastIndex = at;
      const found = token.exec(source);
      const [kind, text] = Object.entries(found?.groups ?? {}).find(([, value]) => value !== undefined) ?? [];
      if (found === null || kind === undefined || text === undefined)
        throw new NoLiteral(`"${source.slice(at).trim()}" is no Python literal`);
      this.#tokens.push({ kind: kind as Token['kind'], text }); // the groups of TOKEN are named by its kinds
      at = token.lastIndex;
    }
  }

  arguments(): { positional: Value[]; named: Record<string, Value> } {
    const positional: Value[] = [];
    const named: Record<string, Value> = {};
    while (this.#peek().kind !== 'end') {
      if (this.#peek().kind === 'word' && this.#peek(1).text === '=') {
        const { text: name } = this.#next();
        this.#next();
        if (name in named) throw new NoLiteral(`${name} is given twice`);
        named[name] = this.#value();
      } else {
        if (Object.keys(named).length > 0) throw new NoLiteral('a value without a name follows one with a name');
        positional.push(this.#value());
      }
      if (this.#peek().kind !== 'end') this.#expect(',');
    }
    return { positional, named };
  }

  #value(): Value {
    const token = this.#next();
    switch (token.kind) {
      case 'string':
        return text(token.text.slice(1, -1).replace(/\\(.)/g, '$1'));
      case 'number': {
        const digits = token.text.replaceAll('_', '');
        return /^[+-]?\d+$/.test(digits) ? int(Number(digits)) : float(Number(digits));
      }
      case 'word':
        if (token.text === 'None') return none;
        if (token.text === 'True' || token.text === 'False') return bool(token.text === 'True');
        throw new NoLiteral(`${token.text} is a name; write numbers, strings, True, False, None, lists and tuples`);
      case 'sign':
        if (token.text === '(' || token.text === '[') return list(this.#items(token.text === '(' ? ')' : ']'));
        throw new NoLiteral(`a value is missing before "${token.text}"`);
      case 'end':
        throw new NoLiteral('a value is missing at its end');
      default:
        return token.kind satisfies never;
    }
  }

  #items(close: string): Value[] {
    const items: Value[] = [];
    while (this.#peek().text !== close) {
      items.push(this.#value());
      if (this.#peek().text !== close) this.#expect(',');
    }
    this.#next();
    return items;
  }

  #expect(sign: string): void {
    const token = this.#next();
    if (token.text !== sign) throw new NoLiteral(`expected "${sign}" before "${token.text || 'its end'}"`);
  }

  #peek(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? { kind: 'end', text: '' };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }
}

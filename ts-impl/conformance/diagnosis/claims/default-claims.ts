// Claims on defaults: "eps defaults to 1e-3", "momentum (default: 0.9)". A number without the word default is an example.

import type { NormKind } from '../axes/norm-kind.ts';
import type { Statement } from './claim.ts';

/** What a sentence says of the defaults of eps and momentum. */
export function defaultStatements(text: string, kind: NormKind): Statement[] {
  const statements: Statement[] = [];
  for (const form of FORMS) {
    for (const m of text.matchAll(form)) {
      const { name = '', number = '' } = m.groups ?? {};
      const value = numberOf(number);
      const isEps = !/^(momentum|动量)$/i.test(name);
      if (value === null || (!isEps && kind !== 'BatchNorm')) continue;
      const axis = isEps ? 'eps.value' : 'momentum.default';
      statements.push({
        axis,
        value,
        fits: null,
        told: `${isEps ? 'eps' : 'momentum'} is ${value} by default`,
        quote: m[0].trim(),
        at: m.index,
      });
    }
  }
  return statements.filter((s, i) => statements.findIndex((o) => o.axis === s.axis) === i);
}

// --- internal ---

const NAME = String.raw`(?<![\w.])\\?(?<name>eps|epsilon|varepsilon|ε|ϵ|momentum|动量)(?![\w.])`;
const NUMBER = String.raw`(?<number>10\s*\^?\s*\{?[-−⁻]\s*[\d⁰¹²³⁴⁵⁶⁷⁸⁹]+\}?|\d+(?:\.\d+)?(?:[eE][-−]?\d+)?|\.\d+)(?![\w%^]|\.\d)`;
/** No other number, and no other name, may stand between. */
const GAP = String.raw`(?:(?!eps|momentum|ε)[^\d.;\n]){0,28}?`;
const FORMS: readonly RegExp[] = [
  new RegExp(String.raw`${NAME}${GAP}(?:\bdefaults?\b|\bdefault value\b|默认)${GAP}${NUMBER}`, 'giu'),
  new RegExp(
    String.raw`(?:\bdefault(?:\s+value)?\s+(?:of|for)|\bdefault|默认的?)\s*(?:the\s+)?[\x60$]?${NAME}${GAP}${NUMBER}`,
    'giu',
  ),
  new RegExp(
    String.raw`${NAME}\s*[\x60$]?\s*(?:=|is|of)\s*[\x60$]?${NUMBER}[\x60$]?\s*(?:by default|\(?(?:the )?default\b)`,
    'giu',
  ),
];

const SMALL = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** `1e-5`, `0.001`, `10^{-5}` or `10⁻⁵`. */
function numberOf(written: string): number | null {
  const plain = written.replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹]/g, (digit) => String(SMALL.indexOf(digit))).replace(/[−⁻]/g, '-');
  const power = /^10\s*\^?\s*\{?\s*(-\s*\d+)\}?$/.exec(plain);
  const value = power === null ? Number(plain) : Number(`1e${power[1].replace(/\s/g, '')}`);
  return Number.isFinite(value) && value > 0 ? value : null;
}

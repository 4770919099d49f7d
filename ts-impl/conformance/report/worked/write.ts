// Arithmetic as people write it on one line: brackets where they are needed, six digits. Text only.

/** Six digits or so, no exponent that can be helped. */
export function num(v: number, digits = 6): string {
  if (Number.isNaN(v)) return 'NaN';
  if (!Number.isFinite(v)) return v > 0 ? '∞' : '-∞';
  const rounded = Number(v.toPrecision(digits));
  const small = rounded !== 0 && Math.abs(rounded) < 1e-6;
  return small ? rounded.toExponential() : String(Object.is(rounded, -0) ? 0 : rounded);
}

export const plus = (a: string, b: string) => `${a} + ${bracketed(b)}`;

export const minus = (a: string, b: string) => `${a} - ${bracketed(b)}`;

export const by = (a: string, b: string) => `${bracketed(a)}·${bracketed(b)}`;

export const root = (inside: string) => `√(${inside})`;

export const over = (top: string, bottom: string) => `${/ [+-] /.test(top) ? `(${top})` : top}/${bottom}`;

/** A sum in brackets, or the count of what is summed where there are many. */
export function list(values: readonly number[]): string {
  if (values.length > LISTED)
    return `(${values
      .slice(0, 2)
      .map((v) => num(v))
      .join(' + ')} + …)`;
  return values.length === 1 ? num(values[0]) : `(${values.map((v) => bracketed(num(v))).join(' + ')})`;
}

/** The sum of the squares around `centre`. */
export function squares(values: readonly number[], centre: number): string {
  const term = (v: number) => (centre === 0 ? `${bracketed(num(v))}²` : `(${num(v)}${signed(-centre)})²`);
  const shown = values.length > LISTED ? [...values.slice(0, 2).map(term), '…'] : values.map(term);
  return shown.length === 1 ? shown[0] : `(${shown.join(' + ')})`;
}

// --- internal ---

/** Terms of a sum that are written out. */
const LISTED = 4;

const bracketed = (text: string) => (text.startsWith('-') ? `(${text})` : text);

const signed = (v: number) => (v < 0 ? `-${num(-v)}` : `+${num(v)}`);

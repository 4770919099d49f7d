// The Finding: one departure from PyTorch, named in the vocabulary of conventions, with its witness and evidence.

/** A real number in a report; JSON has no word for the last four. */
export type ReportNumber = number | 'NaN' | 'Infinity' | '-Infinity' | '-0';

export interface Finding {
  readonly kind: 'convention' | 'claim';
  /** The axis, such as `momentum.rule`. */
  readonly convention: string;
  readonly level: 'error' | 'note';
  /** Values of the axis: a word of its table, or a number for `eps.value` and `momentum.default`. */
  readonly expected: string | number;
  readonly actual: string | number;
  readonly message: string;
  readonly location: Location | null;
  readonly repair: string | null;
  readonly witnesses: readonly Witness[];
  readonly evidence: Evidence;
}

/** Lines are counted from 1 in the document as it was given. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly endLine: number;
}

export interface Refusal {
  readonly type: string;
  readonly message: string;
}

/** One case that shows the departure, with what went in and what each side gave. */
export interface Witness {
  readonly case: string;
  readonly step: number;
  readonly tensor: string;
  readonly input: readonly ReportNumber[];
  readonly expected: readonly ReportNumber[] | Refusal;
  readonly actual: readonly ReportNumber[] | Refusal;
  readonly stdout: string | null;
  readonly replay: string;
}

export interface Evidence {
  /** Cases not used to find it, and how many of them the model with all findings reproduces. */
  readonly heldOut: number;
  readonly explained: number;
  /** The nearest other explanation and a case on which it fails. */
  readonly rival: { readonly convention: string; readonly actual: string; readonly case: string } | null;
}

/** A difference that no combination of conventions explains. */
export interface Unexplained {
  readonly case: string;
  readonly step: number;
  readonly tensor: string;
  readonly message: string;
}

/** A float64 as a report writes it. */
export function toReportNumber(x: number): ReportNumber {
  if (Number.isNaN(x)) return 'NaN';
  if (x === Number.POSITIVE_INFINITY) return 'Infinity';
  if (x === Number.NEGATIVE_INFINITY) return '-Infinity';
  return Object.is(x, -0) ? '-0' : x;
}

// The Report: what a run of `check` or `audit` found, as it is written to disk. A type alone; docs/report.schema.json says the same to others.

import type { Finding, ReportNumber, Unexplained } from '../finding.ts';
import type { Direction } from '../place.ts';

export const REPORT_SCHEMA = 'normative.report/1';

export interface Report {
  readonly schema: typeof REPORT_SCHEMA;
  readonly normative: string;
  readonly command: 'check' | 'audit';
  readonly seed: number;
  readonly suite: string | null;
  readonly oracle: OracleFacts;
  readonly verdict: Conclusion;
  readonly exitCode: number;
  readonly subjects: readonly SubjectReport[];
  readonly cells: readonly Cell[];
  readonly skipped: readonly Skipped[];
  readonly totals: Totals;
  /** What PyTorch's own answers are worth; null where none was held against the truth. */
  readonly accuracy: Accuracy | null;
  /** The only field in which two runs of the same question differ. */
  readonly durationMs: number;
}

export type Conclusion = 'agrees' | 'differs' | 'undecided';

export interface OracleFacts {
  readonly name: string;
  readonly version: string | null;
  readonly threads: number | null;
  readonly capability: string | null;
}

export interface SubjectReport {
  /** Class, function or export as written; for the port the layer. */
  readonly name: string;
  readonly kind: 'port' | 'python' | 'js' | 'framework';
  readonly version: string | null;
  readonly source: Source | null;
  readonly layer: string | null;
  readonly layerFrom: 'option' | 'name' | 'behaviour';
  readonly closest: Closest | null;
  readonly equivalent: Equivalent | null;
  /** PyTorch's names to the subject's. */
  readonly mapping: Readonly<Record<string, string>>;
  readonly verdict: Conclusion;
  readonly reason: Reason | null;
  readonly totals: Totals;
  readonly worst: readonly Worst[];
  readonly findings: readonly Finding[];
  readonly unexplained: readonly Unexplained[];
}

/** 1-based line of the `class` or `def` in the document. */
export interface Source {
  readonly file: string;
  readonly line: number;
}

export type OptionValue = null | boolean | number | string | readonly OptionValue[];

export interface Equivalent {
  readonly layer: string;
  readonly options: Readonly<Record<string, OptionValue>>;
}

export interface Closest extends Equivalent {
  /** How many findings are left against it. */
  readonly findings: number;
}

export interface Reason {
  readonly kind: 'timeout' | 'crash' | 'memory' | 'syntax' | 'import' | 'construct' | 'protocol';
  readonly message: string;
}

/** Counts of cases; each case is in exactly one of the last six, which add up to `cases`. */
export interface Totals {
  readonly cases: number;
  readonly identical: number;
  readonly within: number;
  readonly differs: number;
  readonly refused: number;
  readonly unsupported: number;
  readonly undecided: number;
}

export interface Worst {
  readonly case: string;
  readonly step: number;
  readonly tensor: string;
  readonly index: readonly number[];
  readonly expected: ReportNumber;
  readonly actual: ReportNumber;
  readonly ulp: ReportNumber;
  readonly absolute: ReportNumber;
  readonly relative: ReportNumber;
  readonly budget: ReportNumber;
  readonly nearer: 'subject' | 'oracle' | 'tie' | null;
}

/** Cases of one kind; counts but `cases` are of elements, and identicalElements + within + differs = elements. */
export interface Cell {
  readonly layer: string;
  readonly dtype: string;
  readonly direction: Direction;
  readonly mode: 'train' | 'eval';
  readonly layout: string;
  readonly cases: number;
  readonly elements: number;
  readonly identicalElements: number;
  readonly within: number;
  readonly differs: number;
  readonly maxUlp: ReportNumber | null;
}

export interface Accuracy {
  /** The worst answers of PyTorch's with fewer than half of their digits right, one of each layer, dtype and direction. */
  readonly inaccurate: readonly Inaccurate[];
  /** How far PyTorch is from itself with other threads and other layouts; null where it was not asked again. */
  readonly noise: readonly Noise[] | null;
}

export interface Inaccurate {
  readonly layer: string;
  readonly dtype: string;
  readonly direction: Cell['direction'];
  readonly case: string;
  readonly step: number;
  readonly tensor: string;
  readonly index: readonly number[];
  readonly answered: ReportNumber;
  readonly truth: ReportNumber;
  /** The error over the largest magnitude of the tensor: 1 where no digit is right. */
  readonly relative: number;
}

export interface Noise {
  /** What was changed: the number of threads, or null for the layout of the input. */
  readonly threads: number | null;
  readonly cases: number;
  readonly elements: number;
  readonly movedElements: number;
  /** The largest move over the largest magnitude of its tensor; null where nothing moved. */
  readonly largest: {
    readonly relative: number;
    readonly case: string;
    readonly step: number;
    readonly tensor: string;
  } | null;
}

export interface Skipped {
  readonly name: string;
  readonly source: Source | null;
  readonly reason: string;
}

export const NO_TOTALS: Totals = {
  cases: 0,
  identical: 0,
  within: 0,
  differs: 0,
  refused: 0,
  unsupported: 0,
  undecided: 0,
};

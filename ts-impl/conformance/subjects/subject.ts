// A subject: anything that can answer Cases. The port, the oracle, a snippet, a framework and a miniature liar all look like this.

import type { Case } from '../../../cases/case.ts';
import type { Answer } from '../outcome.ts';

export interface AskOptions {
  /** Ask for the float64 trajectory too; subjects that are no oracle answer `truth: null`. */
  readonly truth: boolean;
}

export interface Subject {
  readonly name: string;
  readonly kind: 'oracle' | 'port' | 'python' | 'js' | 'framework';
  readonly version: string | null;
  /** Facts for the report, such as `threads` and `capability`; empty where there are none. */
  readonly capabilities: Readonly<Record<string, string>>;
  /** How many cases to hand over at once, and how many such batches may be in flight. */
  readonly batch: { readonly cases: number; readonly window: number };
  /**
   * Answers every case, in order, one answer each. Never rejects for what a case or the subject's code does: that is a
   * `refused`, `unsupported` or `undecided` outcome.
   */
  ask(cases: readonly Case[], options: AskOptions): Promise<readonly Answer[]>;
  /** The case as both sides are asked it, where this subject can't be asked it as it is; the id stays. */
  asked?(c: Case): Case;
  /**
   * What of both answers can be held against each other, for a subject that speaks other words than PyTorch's or has fewer parts.
   * Without it, everything.
   */
  comparable?(
    c: Case,
    answers: { readonly expected: Answer; readonly actual: Answer },
  ): {
    readonly expected: Answer;
    readonly actual: Answer;
  };
  /** What a report says of it for a layer; without it, it is called by the layer's name. */
  about?(layer: string): SubjectFacts | null;
  /** Parts that are not asked of it, with the reason. */
  readonly notAsked?: readonly {
    readonly name: string;
    readonly source: SubjectFacts['source'];
    readonly reason: string;
  }[];
  /** What `normative replay` needs beside a case's id to ask it again, such as `--subject js:norm.js#LayerNorm` or `--oracle embedded`. */
  readonly replayWords?: string;
  /** Ends what it started; calling it twice is harmless. */
  close(): Promise<void>;
}

export interface SubjectFacts {
  /** The class, function or export as written. */
  readonly name: string;
  /** 1-based line. */
  readonly source: { readonly file: string; readonly line: number } | null;
  readonly layerFrom: 'option' | 'name';
}

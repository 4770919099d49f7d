// What a diagnosis is asked with and what it answers. Types only.

import type { Case, LayerName } from '../../../cases/case.ts';
import type { Location } from '../finding.ts';
import type { Outcome } from '../outcome.ts';
import type { SubjectReport } from '../report/report.ts';
import type { Subject } from '../subjects/subject.ts';
import type { Clues } from './axes/axis.ts';

export interface DiagnoseOptions {
  /** The layer to hold it against; null to go by its name, then by its behaviour. */
  readonly layer: LayerName | null;
  /** Hold it against the layer with running statistics, where that is not PyTorch's default. */
  readonly tracked?: boolean;
  readonly oracle: Subject;
  readonly locate: (clues: Clues) => Location | null;
  /** Whether the source of the class holds such words; unknown counts as no. */
  readonly mentions?: (words: RegExp) => boolean;
  readonly replay: (id: string) => string;
  /** As a repair is tried with: no witness, no closest layer; skipped at once where one of these conventions is departed from. */
  readonly brief?: readonly string[] | null;
}

/** What a diagnosis says of a subject; its name, kind and source are the caller's. */
export type SubjectDiagnosis = Pick<
  SubjectReport,
  | 'layer'
  | 'layerFrom'
  | 'closest'
  | 'equivalent'
  | 'mapping'
  | 'verdict'
  | 'reason'
  | 'totals'
  | 'worst'
  | 'findings'
  | 'unexplained'
>;

/** What a diagnosis took: cases put to the specimen, and messages to it. */
export interface Cost {
  readonly questions: number;
  readonly roundTrips: number;
}

export type Diagnosed =
  /** `explains`: whether the model with all its conventions gives what the subject gave to a case in PyTorch's words. */
  | {
      readonly kind: 'diagnosed';
      readonly diagnosis: SubjectDiagnosis;
      readonly explains: ((c: Case, given: Outcome) => boolean) | null;
      /** Facts that are no findings, for people. */
      readonly remarks: readonly string[];
    }
  /** It is no norm; `reason` says what it does instead. */
  | { readonly kind: 'skipped'; readonly reason: string };

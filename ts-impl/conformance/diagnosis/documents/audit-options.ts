// What an audit of documents is given, and what each of its parts becomes. Types alone.

import type { LayerName } from '../../../../cases/case.ts';
import type { Skipped, SubjectReport } from '../../report/report.ts';
import type { ForeignModule, ForeignModuleOptions } from '../../subjects/js/foreign/foreign-module.ts';
import type { Subject } from '../../subjects/subject.ts';
import type { Host } from '../../subjects/workers.ts';
import type { Block } from './block.ts';
import type { DocumentKind } from './document.ts';
import type { UserWords } from './user-words.ts';

export type Entry = SubjectReport | Skipped;

export interface AuditDocument {
  /** As the user named it. */
  readonly file: string;
  readonly bytes: Uint8Array;
  /** What it is; null to go by its name. */
  readonly as?: DocumentKind | null;
  /** It was found in a folder or by a pattern: that it can't be read is no error then. */
  readonly found?: boolean;
  /** It is a module of JavaScript or TypeScript: its path, and the export meant, null for all. */
  readonly module?: { readonly path: string; readonly export: string | null };
}

export type OpenModule = (options: ForeignModuleOptions) => Promise<ForeignModule>;

export interface AuditOptions {
  readonly normative: string;
  readonly oracle: Subject;
  readonly host: Host;
  /** The layer to hold every norm against; null to go by names and behaviour. */
  readonly layer: LayerName | null;
  /** What the user says of how norms are made and what their names are for. */
  readonly words?: UserWords;
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  /** Workers at a time. */
  readonly jobs: number;
  readonly onProgress?: (name: string) => void;
  /** Called with each subject that has findings: returns it with the repairs that it found for them. */
  readonly repair?: Repair;
  /** How a module is opened; tests that run from source open it otherwise. */
  readonly openModule?: OpenModule;
  /** Called with facts about a subject that are no findings, for people. */
  readonly onRemarks?: (source: SubjectReport['source'], remarks: readonly string[]) => void;
}

/** `again` audits the same subject in changed blocks, briefly; null where it is no norm there any more, or still departs in one of `gone`. */
export type Repair = (
  subject: SubjectReport,
  blocks: readonly Block[],
  again: (changed: readonly Block[], gone: readonly string[]) => Promise<SubjectReport | null>,
) => Promise<SubjectReport>;

// The wrong claims of one audited document, put behind the findings of its subjects. The front door of this room.

import type { SubjectReport } from '../../report/report.ts';
import type { Block } from '../documents/block.ts';
import type { DocumentKind } from '../documents/document.ts';
import { findClaims } from './find-claims.ts';
import { kindOfSubject, withWrongClaims } from './hold-claims.ts';
import { proseOf } from './prose-of.ts';

export interface ClaimingDocument {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly as: DocumentKind | null;
  readonly blocks: readonly Block[];
}

/** The subjects of the document, each with the wrong claims that belong to it. Without a subject there is nothing to stand beside. */
export function withClaimsOf(document: ClaimingDocument, subjects: readonly SubjectReport[]): SubjectReport[] {
  if (subjects.length === 0) return [];
  const { file, bytes, as, blocks } = document;
  const norms = subjects.flatMap((s) => {
    const kind = kindOfSubject(s);
    return kind === null || s.source === null ? [] : [{ kind, line: s.source.line }];
  });
  return withWrongClaims(file, subjects, findClaims(proseOf(file, bytes, as, blocks), norms));
}

// Documents read from disk for audit and replay. What is in them is not its business.

import { readFileSync } from 'node:fs';
import type { AuditDocument } from '../conformance/diagnosis/documents/audit.ts';
import { UsageError } from './edge.ts';

/** Throws UsageError where the file can't be read. */
export function readDocument(file: string): AuditDocument {
  try {
    return { file, bytes: readFileSync(file) };
  } catch (problem) {
    const why = problem instanceof Error ? problem.message : String(problem);
    throw new UsageError(`${file} can't be read (${why}); give audit the path of a .py, .md or .txt file`);
  }
}
